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
import struct
import subprocess
import sys
import tempfile
from collections import Counter
from itertools import islice
from pathlib import Path

import imagecodecs
import numpy as np
import pillow_heif
import tifffile
from helpers.pictures import cmyk_profile, encoded, moving
from helpers.valid_files import keeps, valid_file
from PIL import Image

import npsr

ROOT = Path(__file__).parents[1]
BATCH = 250
SECONDS = 600
MEMORY = 3 * 2**30


def good_files():
    """Small files of every format and kind, by name."""
    rng = np.random.default_rng(0)
    rgb = rng.integers(0, 256, (12, 17, 3), dtype=np.uint8)
    rgb[:, 8:] = rgb[0, 0]
    rgba, deep = np.dstack([rgb, rgb[..., 0]]), rgb.astype(np.uint16) * 257
    colour, exif = Image.fromarray(rgb), Image.Exif()
    exif[0x010F], exif[0x0112] = "Maker", 6
    files = {
        "rgb.png": encoded(colour, "PNG", exif=exif),
        "alpha.png": encoded(Image.fromarray(rgba), "PNG"),
        "palette.png": encoded(colour.quantize(9), "PNG", transparency=2),
        "grey16.png": encoded(Image.fromarray(deep[..., 0]), "PNG"),
        "one_bit.png": encoded(Image.fromarray(rgb[..., 0] > 99), "PNG"),
        "base.jpg": encoded(colour, "JPEG", exif=exif),
        "progressive.jpg": encoded(colour, "JPEG", progressive=True),
        "grey.jpg": encoded(colour.convert("L"), "JPEG"),
        "inks.jpg": encoded(colour.convert("CMYK"), "JPEG", icc_profile=cmyk_profile()),
        "two.jpg": encoded(colour, "MPO", save_all=True, append_images=[colour]),
        "lossy.webp": encoded(colour, "WEBP"),
        "lossless.webp": encoded(Image.fromarray(rgba), "WEBP", lossless=True, exif=exif),
        "plain.bmp": encoded(colour, "BMP"),
        "still.gif": encoded(colour, "GIF"),
        "moving.gif": moving("GIF", alpha=True)[0],
        "moving.webp": moving("WEBP")[0],
        "moving.png": moving("PNG", alpha=True)[0],
        "lzw.tif": encoded(colour, "TIFF", compression="tiff_lzw"),
        "palette.tif": encoded(colour.quantize(9), "TIFF"),
        "jpeg.tif": encoded(colour, "TIFF", compression="jpeg"),
    }
    if "AVIF" in Image.SAVE:
        files["still.avif"] = encoded(colour, "AVIF")
        files["moving.avif"] = moving("AVIF")[0]
    heic = io.BytesIO()
    pillow_heif.from_pillow(colour).save(heic, quality=80, exif=exif.tobytes())
    files["phone.heic"] = heic.getvalue()
    files["still.jxl"] = imagecodecs.jpegxl_encode(rgb, lossless=True)
    for name, pixels, options in (
        ("strips.tif", rgb, {"rowsperstrip": 5}),
        (
            "tiles.tif",
            rgba,
            {"tile": (16, 16), "compression": "adobe_deflate", "extrasamples": ["unassalpha"]},
        ),
        ("deep.tif", deep, {"compression": "lzw", "predictor": True}),
        ("planes.tif", np.moveaxis(deep, 2, 0), {"planarconfig": "separate", "bigtiff": True}),
    ):
        buffer = io.BytesIO()
        tifffile.imwrite(buffer, pixels, photometric="rgb", **options)
        files[name] = buffer.getvalue()
    return files | _written_here(deep, rgb)


def _written_here(deep, rgb):
    """What only this program writes: 16-bit colour PNG; and raw arrays."""
    from npsr.images.files import Photograph, encode

    png, npy = io.BytesIO(), io.BytesIO()
    encode(png, ".png", Photograph(deep), deep.shape, [deep])
    np.save(npy, rgb)
    return {"deep.png": png.getvalue(), "raw.npy": npy.getvalue()}


def damaged(content, rng):
    """A file with one to four injuries."""
    data = bytearray(content)
    for _ in range(rng.integers(1, 5)):
        at, length = int(rng.integers(0, len(data) + 1)), int(rng.integers(1, 9))
        match rng.integers(0, 7):
            case 0:
                del data[at:]
            case 1 if at < len(data):
                data[at] = rng.integers(0, 256)
            case 2 if at < len(data):
                data[at] ^= 1 << rng.integers(0, 8)
            case 3:
                del data[at : at + length]
            case 4:
                data[at:at] = rng.bytes(length)
            case 5:  # a length, a side or an offset
                number = int(rng.choice([0, 1, 255, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1]))
                data[at : at + 4] = struct.pack(rng.choice([">I", "<I"]), number)
            case 6:
                to = int(rng.integers(0, len(data) + 1))
                data[to : to + length] = data[at : at + length]
    return bytes(data)


def run_batch(folder, files, environment=None, target=None):
    """Feed files to a process, to be written in some format; return outcomes and what is wrong."""
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
    wrong += _wrong_results(out, outcomes)
    return Counter(outcome["status"] for outcome in outcomes), wrong


def _limit_memory():
    """What would need more is at fault, and must not take it from others."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def _wrong_results(out, outcomes):
    """Results that should not be there, or cannot be read, or have another size."""
    from npsr.images.animations import open_animation
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
    """Sound files, by batches, each with the format that it is to be written in."""
    rng = np.random.default_rng(seed)
    targets = ("png", "tif", "png", "tif", "webp", "avif", "jpg", "gif", "bmp", "npy")
    for start in range(0, count, BATCH):
        target = targets[start // BATCH % len(targets)]
        files = (valid_file(k, rng) for k in range(start, 10**9))
        fit = (file for file in files if fits(target, file.pixels))
        yield target, list(islice(fit, min(BATCH, count - start)))


def fits(target, pixels):
    """Whether a format holds such pixels."""
    transparent = pixels.ndim == 3 and pixels.shape[2] % 2 == 0
    deep = pixels.dtype == np.uint16
    return not (deep and target not in ("png", "tif", "npy")) and not (
        transparent and target in ("jpg", "bmp")
    )


def run_valid_batch(folder, target, files, environment=None):
    """Enlarge sound files; return the outcomes by kind, and what went wrong."""
    counts, wrong = run_batch(folder, {file.name: file.content for file in files}, environment, target)
    summary = json.loads((folder / "summary.json").read_text())["files"]
    for file in files:
        outcome = next(o for o in summary if Path(o["source"]).name == file.name)
        if outcome["status"] != "done":
            wrong.append(f"{file.name} is refused: {outcome['message']}")
            continue
        content = Path(outcome["target"]).read_bytes()
        notes = "; ".join(outcome["told"])
        wrong += [
            f"{file.name}: {word} is neither kept nor named in {notes!r}"
            for token, word in file.planted
            if not keeps(content, token) and word not in notes
        ]
        wrong += _wrong_pixels(file, target, content)
    return counts, wrong


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
    total, failures = Counter(), 0
    made = (
        valid_batches(options.count, options.seed) if options.valid else batches(options.count, options.seed)
    )
    for number, batch in enumerate(made):
        folder = Path(tempfile.mkdtemp(prefix="fuzz"))
        counts, wrong = run_valid_batch(folder, *batch) if options.valid else run_batch(folder, batch)
        done = len(batch[-1]) if options.valid else len(batch)
        total += counts
        failures += len(wrong)
        for line in wrong:
            print(f"{folder}: {line}")
        if not wrong:
            subprocess.run(["rm", "-r", folder], check=True)
        print(f"{BATCH * number + done} inputs: {dict(total)}, {failures} faults", flush=True)
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, Pillow {Image.__version__}, ", end="")
    print(f"tifffile {tifffile.__version__}, seed {options.seed}")
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
