"""Build a release and try it as a stranger would: `make release`.

Wheel and sdist go to dist/. The wheel is installed in a fresh environment outside the clone, where commands
are run on a drawn picture. A wheel built from the sdist must hold the same files. Says what it did, and
how much an installation takes on disk.
"""

import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"
MOST_BYTES = 8 * 10**6
DRAW = """
import numpy as np, imageio.v3 as iio, pathlib
rows, columns = np.mgrid[:60, :72] / 7
picture = np.stack([127 + 100 * np.sin(rows + k) * np.cos(columns) for k in range(3)], axis=-1)
pathlib.Path('photos').mkdir()
for name in ('my.png', 'photos/a.png', 'photos/b.png'):
    iio.imwrite(name, picture.astype('uint8'))
"""
SMOKE = [
    ["--version"],
    ["info", "fsrcnn", "-s", "3"],
    ["upscale", "my.png", "-s", "3"],
    ["upscale", "my.png", "-s", "2.5", "-m", "fsrcnn-s", "-o", "large.png"],
    ["evaluate", "photos", "-s", "3", "-m", "fsrcnn"],
    ["gradcheck", "-m", "fsrcnn(4,2,1)", "-s", "3"],
    ["train", "quick", "--data", "photos", "--steps", "3", "--batch", "16", "-o", "run"],
    ["explore", "run/model.npz", "-o", "page.html", "--no-open"],
    ["exercises", "list"],
]


def run(*command: object, **options: object) -> str:
    """Run a command; end the program with its output if it fails."""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False, **options)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def build(source: Path, kind: str, folder: Path) -> Path:
    """A wheel or an sdist of a source."""
    run(sys.executable, "-m", "build", f"--{kind}", "--outdir", folder, source)
    return max(folder.glob("*.whl" if kind == "wheel" else "*.tar.gz"), key=lambda path: path.stat().st_mtime)


def members(wheel: Path) -> dict[str, int]:
    """Names and checksums of what a wheel holds, but its record."""
    with zipfile.ZipFile(wheel) as archive:
        return {m.filename: m.CRC for m in archive.infolist() if not m.filename.endswith("RECORD")}


def main() -> None:
    """Build, check, install, try."""
    wheel, sdist = build(ROOT, "wheel", DIST), build(ROOT, "sdist", DIST)
    for file in (wheel, sdist):
        print(f"{file.name}: {file.stat().st_size / 1e6:.2f} MB")
        if file.stat().st_size > MOST_BYTES:
            sys.exit(f"{file.name} is larger than {MOST_BYTES / 1e6:.0f} MB")
    inside = members(wheel)
    models = [name for name in inside if name.startswith("npsr/models/") and name.endswith(".npz")]
    print(f"{len(inside)} files in the wheel, {len(models)} of them models")
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        run("tar", "xzf", sdist, "-C", work)
        again = build(work / sdist.name.removesuffix(".tar.gz"), "wheel", work)
        if members(again) != inside:
            sys.exit("the wheel built from the sdist holds other files")
        venv.create(work / "environment", with_pip=True)
        binaries = work / "environment" / "bin"
        before = size(work / "environment")
        run(binaries / "python", "-m", "pip", "install", "--quiet", wheel)
        print(f"`pip install npsr` takes {(size(work / 'environment') - before) / 1e6:.0f} MB on disk")
        run(binaries / "python", "-c", DRAW, cwd=work)
        for words in SMOKE:
            run(binaries / "npsr", *words, cwd=work)
            print("npsr", *words)
        found = run(
            binaries / "python", "-c", "import npsr; print(sum(map(len, npsr.released().values())))", cwd=work
        )
        if int(found) != len(models):
            sys.exit(f"{found.strip()} models are found after installing, but {len(models)} are in the wheel")


def size(folder: Path) -> int:
    """Bytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    main()
