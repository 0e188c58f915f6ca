"""EXIF stays the bytes that it was: what no longer holds is taken out, and what is damaged costs itself."""

import io
import struct

import numpy as np
import pytest
from helpers.pictures import RGB, encoded
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from npsr.images.files import Photograph, read_image, write_image
from npsr.images.metadata.exif import build_exif, open_exif, read_tree, scale_exif
from npsr.images.metadata.ifd import Entry, read_head

MAKER = Entry(0x10F, 2, 6, b"Maker\0")
ORDERS = ["<", ">"]


def tables(content):
    """All entries of EXIF, by the table's tag and their own."""
    file = io.BytesIO(content)
    return {
        (tag, entry.tag): (entry.type, entry.length, entry.value)
        for tag, table in read_tree(file, *read_head(file)).items()
        for entry in table.entries
        if entry.tag not in (0x8769, 0x8825, 0xA005)
    }


ODD = {
    "text as undefined": Entry(0x10F, 7, 6, b"Maker\0"),
    "text without an end": Entry(0x131, 1, 4, b"abcd"),
    "text in Latin-1": Entry(0x13B, 2, 7, b"J\xfcrgen\0"),
    "number instead of text": Entry(0x13B, 3, 1, b"\5\0"),
    "undefined number": Entry(0x11A, 5, 1, bytes(8)),
    "signed for unsigned": Entry(0x9204, 5, 1, b"\xff" * 8),
    "float": Entry(0x9998, 12, 1, struct.pack("<d", 1.5)),
    "signed byte": Entry(0x9997, 6, 1, b"\xff"),
    "empty text": Entry(0x10E, 2, 0, b""),
    "large unit": Entry(0x128, 4, 1, struct.pack("<I", 70000)),
    "rating": Entry(0x4746, 3, 1, b"\5\0"),
}


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("where", [0, 0x8769, 0x8825])
def test_odd_values_keep_their_type_and_bytes(name, where):
    entry = ODD[name]
    content = build_exif(
        {0: [MAKER]} | {where: [entry] if where or entry.tag == 0x10F else [MAKER, entry]}, "<"
    )
    found = open_exif(b"Exif\0\0" + content)
    assert not found.lost
    assert tables(found.content) == tables(content)
    assert tables(found.content)[where, entry.tag] == (entry.type, entry.length, entry.value)


@pytest.mark.parametrize("order", ORDERS)
def test_what_no_longer_holds_is_taken_out_and_nothing_is_moved(order):
    def short(tag, value):
        return Entry(tag, 3, 1, struct.pack(f"{order}H", value))

    note = Entry(0x927C, 7, 20, b"a note of the maker's")
    first = [MAKER, short(0x100, 7), short(0x101, 5), short(0x112, 6), Entry(0x13B, 2, 6, b"Alice\0")]
    inner = [short(0xA002, 7), note, short(0xA003, 5), Entry(0x9003, 2, 5, b"2001\0")]
    content = build_exif({0: first, 0x8769: inner, 0xA005: [short(0x1001, 7), short(0x1003, 1)]}, order)
    found = open_exif(content)
    assert found.orientation == 6
    assert set(tables(found.content)) == {
        (0, 0x10F),
        (0, 0x13B),
        (0x8769, 0x927C),
        (0x8769, 0x9003),
        (0xA005, 0x1003),
    }
    assert found.content.index(note.value) == content.index(note.value)
    assert len(found.content) == len(content)


@pytest.mark.parametrize(
    ("entry", "orientation"),
    [
        (Entry(0x112, 3, 1, b"\0\0"), 1),
        (Entry(0x112, 3, 1, b"\x09\0"), 1),
        (Entry(0x112, 4, 1, b"\6\0\0\0"), 6),
        (Entry(0x112, 1, 1, b"\6"), 6),
        (Entry(0x112, 2, 2, b"6\0"), 1),
        (Entry(0x112, 7, 2, b"\6\0"), 1),
        (Entry(0x112, 3, 2, b"\6\0\0\0"), 6),
    ],
)
def test_orientations_of_every_kind(entry, orientation):
    found = open_exif(build_exif({0: [MAKER, entry]}, "<"))
    assert found.orientation == orientation
    assert set(tables(found.content)) == {(0, 0x10F)}


def test_a_thumbnail_is_cut_off_where_it_ends_all():
    content = encoded(Image.fromarray(RGB), "JPEG", exif=build_exif({0: [MAKER]}, "<"))
    plain = build_exif({0: [MAKER]}, "<")
    small = b"\xff\xd8 a small picture \xff\xd9"
    second = struct.pack("<H", 2) + struct.pack("<HHII", 0x201, 4, 1, len(plain) + 30)
    second += struct.pack("<HHII", 0x202, 4, 1, len(small)) + bytes(4)
    whole = bytearray(plain + second + small)
    struct.pack_into("<I", whole, 8 + 2 + 12, len(plain))
    found = open_exif(bytes(whole))
    assert found.content == plain
    assert b"Maker" in content


@pytest.mark.parametrize(
    ("damage", "words", "kept"),
    [
        (lambda c: c[:3] + b"X" + c[4:], "EXIF, which is damaged", False),
        (lambda c: b"garbage" * 5, "EXIF, which is damaged", False),
        (lambda c: b"", "EXIF, which is damaged", False),
        (
            lambda c: c.replace(b"\x69\x87\4\0\1\0\0\0", b"\x69\x87\4\0\1\0\0\0\xff\xff\xff\x7f")[: len(c)],
            "damaged",
            True,
        ),
        (lambda c: c[:-8], "EXIF's tag 0x9003, which is damaged", True),
    ],
)
def test_damage_costs_itself_and_is_said(damage, words, kept):
    content = build_exif({0: [MAKER], 0x8769: [Entry(0x9003, 2, 20, b"2024:01:02 03:04:05\0")]}, "<")
    found = open_exif(damage(content))
    assert any(words in item.name for item in found.lost)
    assert (found.content is not None and (0, 0x10F) in tables(found.content)) == kept


def test_an_orientation_told_elsewhere_turns_what_exif_says():
    def ratio(tag, number):
        return Entry(tag, 5, 1, struct.pack("<II", number, 1))

    subject = Entry(0x9214, 3, 2, struct.pack("<2H", 10, 20))
    content = build_exif({0: [ratio(0x11A, 100), ratio(0x11B, 200)], 0x8769: [MAKER, subject]}, "<")
    assert tables(open_exif(content).content) == tables(content)
    found = open_exif(content, file_orientation=6)
    assert tables(found.content)[0, 0x11A][2] == struct.pack("<II", 200, 1)
    assert (0x8769, 0x9214) not in tables(found.content)
    assert "subject" in found.lost[0].name


@given(st.binary(max_size=80), st.integers(0, 200), st.sampled_from(ORDERS))
def test_no_bytes_trouble(junk, at, order):
    content = bytearray(build_exif({0: [MAKER], 0x8769: [MAKER], 0x8825: [MAKER]}, order))
    content[at : at + len(junk)] = junk
    found = open_exif(bytes(content))
    if found.content:
        assert scale_exif(found.content, 2.5, 2)
        write = io.BytesIO()
        from npsr.images.encoding import encode

        for suffix in (".tif", ".png", ".jpg"):
            assert isinstance(
                encode(write, suffix, Photograph(RGB, exif=found.content), RGB.shape, [RGB]), tuple
            )
            write = io.BytesIO()


@pytest.mark.parametrize("order", ORDERS)
def test_resolutions_grow_with_the_picture(order):
    def ratio(tag, a, b=1):
        return Entry(tag, 5, 1, struct.pack(f"{order}II", a, b))

    subject = Entry(0x9214, 3, 4, struct.pack(f"{order}4H", 10, 20, 3, 4))
    content = build_exif(
        {0: [ratio(0x11A, 72), ratio(0x11B, 1, 3)], 0x8769: [ratio(0xA20E, 4000), subject]}, order
    )
    large, costs = scale_exif(content, 2.5, 3)
    found = tables(large)
    assert not costs
    assert struct.unpack(f"{order}II", found[0, 0x11A][2]) == (180, 1)
    assert struct.unpack(f"{order}II", found[0, 0x11B][2]) == (1, 1)
    assert struct.unpack(f"{order}II", found[0x8769, 0xA20E][2]) == (10000, 1)
    assert struct.unpack(f"{order}4H", found[0x8769, 0x9214][2]) == (25, 60, 8, 12)
    _, costs = scale_exif(build_exif({0: [MAKER, Entry(0x11A, 2, 3, b"72\0")]}, order), 2, 2)
    assert "0x011a" in costs[0].name


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("pixels", [RGB, RGB.astype(np.uint16) * 257], ids=["by Pillow", "by rows"])
def test_into_a_tiff_and_out_of_it(tmp_path, order, pixels):
    """A layout that EXIF claims for the source never reaches the output's own."""
    wrong = [
        Entry(t, 3, 1, struct.pack(f"{order}H", v))
        for t, v in ((0x100, 3), (0x106, 6), (0x115, 1), (0x103, 6))
    ]
    gps = [Entry(1, 2, 2, b"N\0"), Entry(2, 10, 1, struct.pack(f"{order}ii", -47, 3))]
    inner = [Entry(0x9003, 2, 5, b"2001\0"), Entry(0x9286, 7, 11, b"ASCII\0\0\0yes")]
    exif = build_exif(
        {0: [MAKER, *wrong], 0x8769: inner, 0x8825: gps, 0xA005: [Entry(1, 2, 4, b"R98\0")]}, order
    )
    told = write_image(tmp_path / "a.tif", Photograph(pixels, exif=exif))
    assert told == ()
    found = read_image(tmp_path / "a.tif")
    np.testing.assert_array_equal(found.pixels, pixels)
    expected = {
        key: value
        for key, value in tables(exif).items()
        if key[1] < 0x100 or key[1] > 0x115 or key[1] == 0x10F
    }
    values = {key: value for key, value in tables(found.exif).items() if key[1] not in (0x11A, 0x11B, 0x128)}
    assert {key: value[:2] for key, value in values.items()} == {
        key: value[:2] for key, value in expected.items()
    }
    assert values[0x8825, 2][2] == struct.pack("<ii", -47, 3)
    assert values[0x8769, 0x9286] == (7, 11, b"ASCII\0\0\0yes")
