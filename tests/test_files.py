"""Atomic writing."""

import pytest

from npsr import files


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
