"""Valid animations of random frames, made by hand, and what independent decoders see in them."""

import io
import struct
import zlib
from fractions import Fraction
from typing import Any

import av
import imagecodecs
import numpy as np
from PIL import Image

from helpers.pictures import encoded
from helpers.valid_files import Valid, chunk, random_chunks, random_exif, random_words, random_xmp

ROWS, COLUMNS = 18, 22


def valid_animation(number: int, rng: np.random.Generator) -> Valid:
    """A random animation of a random format; every format has its turn."""
    make = (_apng, _gif, _webp, _apng, _gif, _avif)[number % 6]
    return make(number, rng)


def _places(rng: Any, even: bool = False) -> list[tuple[int, int, int, int]]:
    """Left, top, width and height of each frame; the first fills the picture."""
    places = [(0, 0, COLUMNS, ROWS)]
    for _ in range(int(rng.integers(1, 5))):
        left, top = int(rng.integers(0, COLUMNS - 2)), int(rng.integers(0, ROWS - 2))
        left, top = (left // 2 * 2, top // 2 * 2) if even else (left, top)
        places.append((left, top, int(rng.integers(1, COLUMNS - left)), int(rng.integers(1, ROWS - top))))
    return places


def _alone(frames: np.ndarray, times: list[Fraction]) -> tuple[np.ndarray, tuple[Fraction, ...]]:
    """Frames of which none is as the one before, with the times of those that are."""
    kept, lasting = [0], [times[0]]
    for k in range(1, len(frames)):
        if (frames[k] == frames[kept[-1]]).all():
            lasting[-1] += times[k]
        else:
            kept.append(k)
            lasting.append(times[k])
    return frames[kept], tuple(lasting)


def _put_together(parts: Any) -> np.ndarray:
    """Frames by the specifications of PNG and WebP, pixel by pixel; alpha is 0 or 255.

    Each part is its pixels, RGBA, left, top, whether it is laid over others, and what becomes of it: 0
    nothing, 1 it is cleared, 2 it is as before.
    """
    canvas, seen = np.zeros((ROWS, COLUMNS, 4), np.uint8), []
    for number, (pixels, left, top, over, disposal) in enumerate(parts):
        before = canvas.copy()
        for y, x in np.ndindex(pixels.shape[:2]):
            if not over or pixels[y, x, 3]:
                canvas[top + y, left + x] = pixels[y, x]
        seen.append(canvas.copy())
        for y, x in np.ndindex(pixels.shape[:2]):
            if disposal == 1 or (disposal == 2 and number == 0):
                canvas[top + y, left + x] = 0
            elif disposal == 2:
                canvas[top + y, left + x] = before[top + y, left + x]
    return np.stack(seen)


def _in_colours(values: np.ndarray, depth: int, colours: bytes, clear: bytes) -> np.ndarray:
    """RGBA of a PNG's numbers."""
    if colours:
        table = np.full((len(colours) // 3, 4), 255, np.uint8)
        table[:, :3] = np.frombuffer(colours, np.uint8).reshape(-1, 3)
        table[: len(clear), 3] = np.frombuffer(clear, np.uint8)
        return table[values[..., 0]]
    values = (values * (255 // (2**depth - 1))).astype(np.uint8)
    channels = values.shape[2]
    alpha = values[..., -1:] if channels % 2 == 0 else np.full_like(values[..., :1], 255)
    return np.dstack([values[..., :3] if channels > 2 else np.repeat(values[..., :1], 3, axis=2), alpha])


def decoded(content: bytes, kind: str) -> np.ndarray:
    """What libavcodec shows of a GIF or an animated PNG, RGBA."""
    with av.open(
        io.BytesIO(content), format=kind, options={"ignore_loop": "1"} if kind == "gif" else {}
    ) as file:
        return np.stack([frame.to_ndarray(format="rgba") for frame in file.decode(video=0)])


def _visible(pixels: np.ndarray) -> np.ndarray:
    """RGBA in which what nobody sees is black."""
    if pixels.shape[-1] == 3:
        pixels = np.concatenate([pixels, np.full_like(pixels[..., :1], 255)], axis=-1)
    return pixels * (pixels[..., 3:] > 0)


def _valid(name: str, content: bytes, seen: np.ndarray, times: list[Fraction], planted: Any) -> Valid:
    """A record of it; frames without alpha if all are opaque."""
    assert len(seen) == len(times), f"{name}: another decoder sees {len(seen)} frames of {len(times)}"
    if seen.shape[-1] == 4 and (seen[..., 3] == 255).all():
        seen = seen[..., :3]
    return Valid(name, content, np.ascontiguousarray(seen), planted, tuple(times))


def _apng(number: int, rng: Any) -> Valid:
    """Frames of any colour type of 8 bits and less, disposed of and blended at random."""
    colour = int(rng.choice([0, 2, 3, 4, 6]))
    depth = int(rng.choice({0: [1, 2, 4, 8], 3: [1, 2, 4, 8]}.get(colour, [8])))
    channels, shades = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour], 2**depth
    stored = [(b"PLTE", rng.bytes(3 * shades))] if colour == 3 else []
    if colour == 3 and rng.random() < 0.5:
        stored.append(
            (b"tRNS", bytes(rng.choice([0, 255], int(rng.integers(1, shades + 1))).astype(np.uint8)))
        )
    places, sequence, frames, times, parts = _places(rng), 0, [], [], []
    for k, (left, top, width, height) in enumerate(places):
        values = rng.integers(0, shades, (height, width, channels))
        if channels % 2 == 0:
            values[..., -1] = rng.choice([0, 255], (height, width))
        numerator, denominator = int(rng.integers(1, 40)), int(rng.choice([0, 3, 7, 100, 1000]))
        times.append(Fraction(1000 * numerator, denominator or 100))
        head = struct.pack(">IIIIIHH", sequence, width, height, left, top, numerator, denominator)
        disposal, blend = int(rng.integers(0, 3)), int(rng.integers(0, 2))
        frames.append((b"fcTL", head + bytes((disposal, blend))))
        pixels = _in_colours(values, depth, dict(stored).get(b"PLTE", b""), dict(stored).get(b"tRNS", b""))
        parts.append((pixels, left, top, blend, disposal))
        data = zlib.compress(_lines(values, depth))
        frames.append((b"fdAT", struct.pack(">I", sequence + 1) + data) if k else (b"IDAT", data))
        sequence += 1 + (k > 0)
    chunks, _, planted = random_chunks(rng, 3 if colour == 3 else channels, exif=False)
    head = struct.pack(">IIBBBBB", COLUMNS, ROWS, depth, colour, 0, 0, 0)
    plain = [(b"IHDR", head), (b"acTL", struct.pack(">II", len(places), int(rng.integers(0, 4))))]
    rest = [*stored, *frames, (b"IEND", b"")]
    signature = b"\x89PNG\r\n\x1a\n"
    content = signature + b"".join(chunk(*each) for each in [*plain, *chunks, *rest])
    seen = _put_together(parts)
    if colour == 6:
        assert (_visible(decoded(content, "apng")) == _visible(seen)).all(), "libavcodec sees something else"
    return _valid(f"{number}.png", content, seen, times, planted)


def _lines(values: np.ndarray, depth: int) -> bytes:
    """Rows as a PNG packs them, unfiltered."""
    if depth < 8:
        bits = (values[..., 0, None] >> np.arange(depth - 1, -1, -1)) & 1
        values = np.packbits(bits.reshape(len(values), -1).astype(np.uint8), axis=1)
    rows = values.astype(np.uint8).reshape(len(values), -1)
    return b"".join(b"\0" + row.tobytes() for row in rows)


def gif(screen: tuple[int, int], frames: Any, blocks: bytes = b"", colours: bytes = bytes(12)) -> bytes:
    """A GIF of frames, each (left, top, rows of four colours, disposal, transparent or None, hundredths)."""
    content = b"GIF89a" + struct.pack("<HHBBB", *screen, 0x91, 0, 0) + colours + blocks
    for left, top, values, disposal, clear, hundredths in frames:
        codes = [code for value in values.ravel() for code in (4, int(value))] + [5]
        bits = np.array(codes)[:, None] >> np.arange(3) & 1  # each colour after a code that forgets
        data = np.packbits(bits.ravel().astype(np.uint8), bitorder="little").tobytes()
        parts = [data[k : k + 255] for k in range(0, len(data), 255)]
        flags = disposal << 2 | (clear is not None)
        content += b"\x21\xf9\4" + struct.pack("<BHBB", flags, hundredths, clear or 0, 0)
        content += b"," + struct.pack("<4HB", left, top, *values.shape[::-1], 0) + b"\2"
        content += b"".join(bytes((len(part),)) + part for part in parts) + b"\0"
    return content + b";"


def _gif(number: int, rng: Any) -> Valid:
    """Frames with transparent pixels that stay, or give place to those before or to nothing."""
    clear = 3 if rng.random() < 0.7 else None
    frames, times, words = [], [], random_words(rng)
    for left, top, width, height in _places(rng):
        disposal = int(rng.choice([0, 1, 2, 3] if clear else [0, 1]))
        hundredths = int(rng.integers(2, 40))
        values = rng.integers(0, 4, (height, width))
        frames.append((left, top, values, disposal if frames or disposal != 3 else 1, clear, hundredths))
        times.append(Fraction(10 * hundredths))
    loops = b"\x21\xff\x0bNETSCAPE2.0\3\1" + struct.pack("<H", int(rng.integers(0, 4))) + b"\0"
    comment = b"\x21\xfe" + bytes((len(words),)) + words + b"\0"
    content = gif((COLUMNS, ROWS), frames, loops + comment, rng.bytes(12))
    return _valid(f"{number}.gif", content, decoded(content, "gif"), times, [(words, "comment")])


def _webp(number: int, rng: Any) -> Valid:
    """Lossless and lossy frames at any even place, blended and disposed of at random."""
    body, times, parts, alpha = b"", [], [], bool(rng.random() < 0.6)
    for left, top, width, height in _places(rng, even=True):
        pixels = rng.integers(0, 256, (height, width, 4 if alpha else 3), np.uint8)
        if alpha:
            pixels[..., 3] = rng.choice([0, 255], (height, width))
        still = encoded(Image.fromarray(pixels), "WEBP", lossless=bool(rng.random() < 0.7), exact=True)
        coded = still[12:]
        if coded.startswith(b"VP8X"):
            coded = coded[18:]
        milliseconds = int(rng.integers(1, 400))
        times.append(Fraction(milliseconds))
        head = b"".join(
            n.to_bytes(3, "little") for n in (left // 2, top // 2, width - 1, height - 1, milliseconds)
        )
        disposal, alone = int(rng.integers(0, 2)), int(rng.integers(0, 2))
        frame = head + bytes((disposal | alone << 1,)) + coded
        parts.append((imagecodecs.webp_decode(still, hasalpha=True), left, top, not alone, disposal))
        body += b"ANMF" + struct.pack("<I", len(frame)) + frame + bytes(len(frame) % 2)
    background = bytes(4) if rng.random() < 0.5 else rng.bytes(4)
    planted: list[tuple[bytes, str]] = (
        [(background, "the colour to show behind it")] if any(background) else []
    )
    packet, found = random_xmp(rng)
    extra = b"XMP " + struct.pack("<I", len(packet)) + packet + bytes(len(packet) % 2)
    flags = 0x02 | 0x04 | (0x10 if alpha or any(part[4] for part in parts) else 0)
    sides = (COLUMNS - 1).to_bytes(3, "little") + (ROWS - 1).to_bytes(3, "little")
    head = b"VP8X" + struct.pack("<IB3x", 10, flags) + sides
    moving = b"ANIM" + struct.pack("<I4sH", 6, background, int(rng.integers(0, 4)))
    inner = b"WEBP" + head + moving + body + extra
    content = b"RIFF" + struct.pack("<I", len(inner)) + inner
    return _valid(f"{number}.webp", content, _put_together(parts), times, planted + found)


def _avif(number: int, rng: Any) -> Valid:
    frames = rng.integers(0, 256, (int(rng.integers(2, 5)), ROWS, COLUMNS, 3), np.uint8)
    times = [int(time) for time in rng.integers(10, 400, len(frames))]
    raw, _, planted = random_exif(rng, upright=True)
    first, *rest = map(Image.fromarray, frames)
    content = encoded(first, "AVIF", save_all=True, append_images=rest, duration=times, exif=raw, speed=10)
    return _valid(
        f"{number}.avif",
        content,
        imagecodecs.avif_decode(content),
        [Fraction(time) for time in times],
        planted,
    )


def shown_alike(seen: np.ndarray, times: Any, expected: np.ndarray, lasting: Any, grain: int) -> str:
    """Why two animations do not show the same, or nothing; times may differ by a grain of milliseconds."""
    one, one_times = _alone(_visible(seen), list(times))
    other, other_times = _alone(_visible(expected), list(lasting))
    if one.shape != other.shape:
        return f"{one.shape} for {other.shape}"
    if (one != other).any():
        return f"{int((one != other).any(axis=-1).sum())} pixels differ"
    if len(one) == 1:  # one picture, which has no times
        return ""
    apart = max(abs(a - b) for a, b in zip(one_times, other_times, strict=True))
    return f"times {one_times} for {other_times}" if apart > grain else ""
