"""Pictures and files that several tests use, made on the spot."""

import io
import struct

import numpy as np
from PIL import Image

RGB = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
ALPHA = np.dstack([RGB, RGB[..., 0]])
GREY16 = np.random.default_rng(1).integers(0, 2**16, (5, 7), dtype=np.uint16)


def encoded(image, kind, **options):
    """The bytes of a file."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def cmyk_profile():
    """An ICC profile whose inks are greys: CIE L* = 100 (1 − k)(1 − 0.3 c − 0.4 m − 0.3 y)."""
    corners = np.array(np.meshgrid([0, 1], [0, 1], [0, 1], [0, 1], indexing="ij")).reshape(4, -1).T
    lightness = (1 - corners[:, 3]) * (1 - corners[:, :3] @ [0.3, 0.4, 0.3])
    table = np.stack([255 * lightness, np.full(16, 128), np.full(16, 128)], axis=1).round().astype(np.uint8)
    ramp = bytes(range(256))
    identity = struct.pack(">9i", *(65536 * (k % 4 == 0) for k in range(9)))
    lut = b"mft1\0\0\0\0\4\3\2\0" + identity + 4 * ramp + table.tobytes() + 3 * ramp
    white = b"XYZ \0\0\0\0" + bytes.fromhex("0000f6d6000100000000d32d")
    text = b"text\0\0\0\0inks for tests\0"
    tags, body, at = b"", b"", 128 + 4 + 12 * 3
    for name, content in ((b"A2B0", lut), (b"wtpt", white), (b"cprt", text)):
        padded = content + bytes(-len(content) % 4)
        tags += name + struct.pack(">II", at + len(body), len(content))
        body += padded
    head = struct.pack(">I4xI4s4s4s", at + len(body), 0x02100000, b"prtr", b"CMYK", b"Lab ")
    head += bytes(12) + b"acsp" + bytes(28) + bytes.fromhex("0000f6d6000100000000d32d")
    return head.ljust(128, b"\0") + struct.pack(">I", 3) + tags + body


def moving(kind, alpha=False, count=4, **options):
    """An animation of a square that moves, its frames and the milliseconds of each."""
    frames = np.zeros((count, 20, 30, 4), np.uint8)
    frames[..., 3] = 0 if alpha else 255
    for k, frame in enumerate(frames):
        frame[5:12, 3 + 5 * k : 10 + 5 * k] = [200, 40 * k, 90, 255]
    times = [100, 50, 70, 200][:count]
    pictures = [Image.fromarray(frame) for frame in frames]
    if kind == "WEBP":
        options |= {"lossless": True}
    if kind == "GIF" and alpha:
        options |= {"disposal": 2}
    content = encoded(pictures[0], kind, save_all=True, append_images=pictures[1:], duration=times, **options)
    return content, frames, times
