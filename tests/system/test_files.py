"""Atomic writing."""

import errno
import os

import pytest

from npsr.system import files
from npsr.system.folders import one_line


def test_a_failed_write_leaves_nothing_and_keeps_the_old(tmp_path):
    path = tmp_path / "a.txt"
    for force in (False, True):
        with pytest.raises(RuntimeError), files.atomic_write(path, force) as file:
            file.write(b"half")
            raise RuntimeError
    assert not list(tmp_path.iterdir())
    path.write_bytes(b"old")
    with pytest.raises(RuntimeError), files.atomic_write(path, force=True) as file:
        raise RuntimeError
    assert path.read_bytes() == b"old"
    with files.atomic_write(path, force=True) as file:
        file.write(b"new")
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"new"]


def test_a_full_disk_names_the_file(tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.fsync", full)
    message = "No space left on device: '.*net.npz'"
    with pytest.raises(OSError, match=message), files.atomic_write(tmp_path / "net.npz") as file:
        file.write(b"something")
    assert not list(tmp_path.iterdir())


def test_a_file_that_appears_meanwhile_is_kept(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    with pytest.raises(FileExistsError, match="is kept"), files.atomic_write(path) as file:
        file.write(b"mine")
        path.write_bytes(b"theirs")
    assert path.read_bytes() == b"theirs"

    def no_links(*_):
        raise OSError("no hard links here")

    monkeypatch.setattr(files.os, "link", no_links)
    with files.atomic_write(tmp_path / "b.txt") as file:
        file.write(b"b")
    assert (tmp_path / "b.txt").read_bytes() == b"b"


def test_folders_are_no_files(tmp_path):
    with pytest.raises(IsADirectoryError), files.atomic_write(tmp_path, force=True):
        pass
    with pytest.raises(FileNotFoundError, match="does not exist"), files.atomic_write(tmp_path / "x" / "y"):
        pass


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_only_regular_files_are_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", files.Path(os.devnull)):
        with pytest.raises(FileExistsError, match="is kept"):
            files.check_target(path, force=False)
        with pytest.raises(OSError, match="not a regular file"), files.atomic_write(path, force=True):
            pass
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]


def test_through_a_link_the_file_that_it_names_is_written(tmp_path):
    """A link to a file that is not there counts as one that exists: it is not replaced unasked."""
    link, named = tmp_path / "link", tmp_path / "named"
    link.symlink_to(named)
    with pytest.raises(FileExistsError, match="is kept"), files.atomic_write(link):
        pass
    assert not named.exists()
    for content in (b"first", b"second"):
        with files.atomic_write(link, force=True) as file:
            file.write(content)
        assert link.is_symlink()
        assert named.read_bytes() == content
    (tmp_path / "nowhere").symlink_to(tmp_path / "none" / "file")
    nowhere = files.atomic_write(tmp_path / "nowhere", force=True)
    with pytest.raises(OSError, match=r"none.* (does not exist|cannot be written)"), nowhere:
        pass


def test_the_next_write_removes_what_a_killed_one_left_but_not_what_goes_on(tmp_path):
    path = tmp_path / "a [1].png"
    left, same = tmp_path / ".a [1].png.npsr-abcd1234.part", tmp_path / ".b.png.npsr-abcd1234.part"
    other = tmp_path / ".a [1].png.abcd1234.part"  # of another program
    for file in (left, same, other):
        file.write_bytes(b"half")
    with files.atomic_write(path) as file:
        assert not left.exists()
        assert not same.exists()
        with files.atomic_write(path) as second:  # as another process would
            assert files.Path(file.name).exists()
            second.write(b"second")
        assert path.read_bytes() == b"second"
        path.unlink()
        file.write(b"first")
    assert {one.name for one in tmp_path.iterdir()} == {path.name, other.name}
    assert path.read_bytes() == b"first"


def test_names_as_long_as_file_systems_allow(tmp_path):
    for name in ("ü" * 125 + ".png", "a" * 251 + ".png"):
        with files.atomic_write(tmp_path / name) as file:
            file.write(b"x")
        assert (tmp_path / name).read_bytes() == b"x"
    with pytest.raises(OSError, match="too long"), files.atomic_write(tmp_path / ("a" * 252 + ".png")):
        pass
    assert len(list(tmp_path.iterdir())) == 2


def test_links_in_circles_are_no_targets(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OSError, match="leads in a circle"), files.atomic_write(tmp_path / "a", force=True):
        pass


def test_messages_are_one_line():
    assert one_line("a\nb\tü\u2028\udcff.png") == "a\\nb\\tü\\u2028\\udcff.png"
