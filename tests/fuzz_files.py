"""Files of every format, fed to `npsr upscale`: python tests/fuzz_files.py --count 10000 [--valid]

Without `--valid` they are damaged. Each is a good file, truncated or with bytes changed, moved, taken out or
put in. A batch goes through a process of its own. What must hold: the process ends with 0 or 2 in time,
prints no traceback, changes no original, leaves no file half written, and every result that it calls done
can be read and has its size.

With `--valid` they are sound, of random layouts and with random inventories. Each must be enlarged, the
enlargement be that of the pixels that an independent decoder sees, and everything that the file holds besides
be in the output, or named in a note.
"""

import argparse
import hashlib
import io
import json
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from fractions import Fraction
from itertools import islice
from pathlib import Path

import imagecodecs
import numpy as np
import tifffile
from helpers.damaged_files import damaged, good_files
from helpers.valid_animations import shown_alike, valid_animation
from helpers.valid_files import keeps, valid_file
from helpers.valid_tools import heic, tagged
from helpers.valid_videos import make_video, wrong_video
from PIL import Image

import npsr

ROOT = Path(__file__).parents[1]
BATCH = 250
SECONDS = 600
MEMORY = 3 * 2**30


def run_batch(folder, files, environment=None, target=None, check=True):
    """Feed files to a process, to be written in some format; return outcomes and what is wrong.

    With `check` results are read again.
    """
    originals, out, summary = folder / "in", folder / "out", folder / "summary.json"
    originals.mkdir()
    for name, content in files.items():
        (originals / name).write_bytes(content)
    names = sorted(originals.iterdir())
    options = ["-o", out, "-s", "2", "-m", "bicubic", "--max-pixels", "1", "--json", summary]
    options += ["-f", target] if target else []
    command = [sys.executable, "-W", "ignore", "-m", "npsr", "upscale", *names, *options]
    try:
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            cwd=ROOT,
            env=environment,
            timeout=SECONDS,
            preexec_fn=_limit_memory,
        )
    except subprocess.TimeoutExpired:
        return Counter(), [f"it hangs: {folder}"]
    wrong = []
    if done.returncode not in (0, 2):
        wrong.append(f"it ends with {done.returncode}: {done.stderr[-2000:].decode(errors='replace')}")
    if b"MemoryError" in done.stderr or b"allocate" in done.stderr:
        wrong.append(f"it takes more than {MEMORY} bytes: {done.stderr[-2000:].decode(errors='replace')}")
    if b"Traceback" in done.stderr:
        wrong.append(f"it shows a traceback: {done.stderr[-2000:].decode(errors='replace')}")
    digest = {path.name: hashlib.sha256(path.read_bytes()).digest() for path in originals.iterdir()}
    if digest != {name: hashlib.sha256(content).digest() for name, content in files.items()}:
        wrong.append("an original is not what it was")
    outcomes = json.loads(summary.read_text())["files"] if summary.exists() else []
    if len(outcomes) != len(files):
        wrong.append(f"{len(files)} files, but {len(outcomes)} outcomes")
    wrong += _wrong_results(out, outcomes) if check else []
    return Counter(outcome["status"] for outcome in outcomes), wrong


def _limit_memory():
    """What would need more is at fault, and must not take it from others."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def _wrong_results(out, outcomes):
    """Results that should not be there, or cannot be read, or have another size."""
    from npsr.images.animations.files import open_animation
    from npsr.images.files import read_image

    expected = {Path(o["target"]).resolve(): o for o in outcomes if o["status"] == "done"}
    found = {path.resolve() for path in out.iterdir()} if out.exists() else set()
    wrong = [f"{path} is there, but is no result" for path in found - set(expected)]
    for path, outcome in expected.items():
        try:
            picture = open_animation(path, 10**9) or read_image(path)
            shape = picture.shape if hasattr(picture, "shape") else picture.pixels.shape
        except (ValueError, OSError) as error:
            wrong.append(f"{path}: {error}")
            continue
        if shape[:2] != (outcome["height"], outcome["width"]):
            wrong.append(f"{path} has {shape}, but should have {outcome['height']}×{outcome['width']}")
    return wrong


def batches(count, seed):
    """Damaged files, by batches."""
    rng, good = np.random.default_rng(seed), good_files()
    names = list(good)
    for start in range(0, count, BATCH):
        batch = {}
        for k in range(start, min(start + BATCH, count)):
            name = names[k % len(names)]
            batch[f"{k}_{name}"] = damaged(good[name], rng)
        yield batch


def valid_batches(count, seed):
    """Sound files, by batches, each with the format that it is to be written in; None for videos.

    Each seed begins at another turn, so that several short runs hold all that one long run holds.
    """
    rng = np.random.default_rng(seed)
    number, made = 5 * seed, 0
    while made < count:
        turn, left = number % len(TURNS), count - made
        kind, target = TURNS[turn]
        size = min(left, VIDEOS if kind == "videos" else SOUND)
        yield target, kind, _valid_batch(kind, target, made, size, rng)
        made += size
        number += 1


TURNS = (
    ("pictures", "png"),
    ("pictures", "tif"),
    ("animations", "png"),
    ("tagged", "png"),
    ("pictures", "webp"),
    ("tagged", "tif"),
    ("videos", None),
    ("pictures", "avif"),
    ("animations", "webp"),
    ("tagged", "jpg"),
    ("pictures", "gif"),
    ("pictures", "bmp"),
    ("animations", "gif"),
    ("tagged", "webp"),
    ("pictures", "npy"),
    ("pictures", "jpg"),
    ("videos", None),
)
"""What batches hold, and the formats that they are written in, in turn."""
SOUND, VIDEOS = 60, 20
"""Pictures, and videos, of a batch."""


def _valid_batch(kind, target, start, size, rng):
    """The files of a batch; a folder with them, too, where other programs make them."""
    if kind == "videos":
        folder = Path(tempfile.mkdtemp(prefix="made"))
        return folder, [make_video(folder, start + k, rng) for k in range(size)]
    if kind == "animations":
        return None, [valid_animation(start + k, rng) for k in range(size)]
    pictures = (heic(k, rng) if k % 12 == 11 else valid_file(k, rng) for k in range(start, 10**9))
    files = list(islice((file for file in pictures if fits(target, file.pixels)), size))
    if kind == "tagged":
        with tempfile.TemporaryDirectory() as folder:
            files = tagged(files, Path(folder), rng)
    return None, files


def fits(target, pixels):
    """Whether a format holds such pixels."""
    transparent = pixels.ndim == 3 and pixels.shape[2] % 2 == 0
    deep = pixels.dtype == np.uint16
    return not (deep and target not in ("png", "tif", "npy")) and not (
        transparent and target in ("jpg", "bmp")
    )


def run_valid_batch(folder, target, files, environment=None, made=None):
    """Enlarge sound files; return the outcomes by kind, and what went wrong.

    Videos lie in the folder `made`.
    """
    contents = {file.name: (made / file.name).read_bytes() if made else file.content for file in files}
    counts, wrong = run_batch(folder, contents, environment, target, check=not made)
    summary = json.loads((folder / "summary.json").read_text())["files"]
    outcomes = {Path(outcome["source"]).name: outcome for outcome in summary}
    for file in files:
        outcome = outcomes[file.name]
        if outcome["status"] != "done":
            wrong.append(f"{file.name} is refused: {outcome['message']}")
            continue
        result, notes = Path(outcome["target"]), "; ".join(outcome["told"])
        if made:
            told = wrong_video(file, made / file.name, result, notes)
            wrong += [f"{file.name}: {line}" for line in told]
            continue
        content = result.read_bytes()
        wrong += [
            f"{file.name}: {word} is neither kept nor named in {notes!r}"
            for token, word in file.planted
            if not keeps(content, token) and word not in notes
        ]
        wrong += _wrong_frames(file, target, content) if file.times else _wrong_pixels(file, target, content)
    return counts, wrong


def _wrong_frames(file, target, content):
    """Whether a lossless animation shows something else than the enlarged frames, or for another time."""
    if target not in ("png", "webp"):
        return []
    expected = np.stack([npsr.upscale(frame, 2, "bicubic") for frame in file.pixels])
    with Image.open(io.BytesIO(content)) as image:
        frames, times = [], []
        for number in range(image.n_frames):
            image.seek(number)
            frames.append(np.array(image.convert("RGBA")))
            times.append(Fraction(image.info.get("duration", 0)))
    wrong = shown_alike(np.stack(frames), times, expected, file.times, 1)
    return [f"{file.name}: {wrong}"] if wrong else []


def _wrong_pixels(file, target, content):
    """Whether a lossless output differs from the enlargement of the pixels that another decoder saw."""
    if target not in ("png", "tif", "npy", "bmp"):
        return []
    expected = npsr.upscale(file.pixels, 2, "bicubic")
    decoders = {"png": imagecodecs.png_decode, "bmp": imagecodecs.bmp_decode}
    read = decoders.get(target) or {"tif": tifffile.imread, "npy": np.load}[target]
    found = read(content if target in decoders else io.BytesIO(content))
    if target == "bmp" and expected.ndim == 2:
        expected = np.dstack([expected] * 3) if found.ndim == 3 else expected
    if found.shape == expected.shape and (found == expected).all():
        return []
    differ = f"{found.shape} {expected.shape}" if found.shape != expected.shape else ""
    return [f"{file.name}: its pixels are not those that another decoder sees {differ}"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--valid", action="store_true", help="sound files instead of damaged ones")
    options = parser.parse_args()
    total, kinds, failures = Counter(), Counter(), 0
    made = (
        valid_batches(options.count, options.seed) if options.valid else batches(options.count, options.seed)
    )
    for batch in made:
        folder = Path(tempfile.mkdtemp(prefix="fuzz"))
        if options.valid:
            target, kind, (made_in, files) = batch
            counts, wrong = run_valid_batch(folder, target, files, made=made_in)
            kinds[kind] += len(files)
            if made_in:
                shutil.rmtree(made_in)
        else:
            counts, wrong = run_batch(folder, batch)
        total += counts
        failures += len(wrong)
        for line in wrong:
            print(f"{folder}: {line}")
        if not wrong:
            subprocess.run(["rm", "-r", folder], check=True)
        inputs = f"{total.total()} inputs" + (f" ({dict(kinds)})" if kinds else "")
        print(f"{inputs}: {dict(total)}, {failures} faults", flush=True)
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, Pillow {Image.__version__}, ", end="")
    print(f"tifffile {tifffile.__version__}, seed {options.seed}")
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
