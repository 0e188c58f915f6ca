"""Windows' rules, simulated: names of devices, long paths, files that are open elsewhere."""

import errno
import ntpath
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from npsr.images.photograph import ImageError, errors
from npsr.system import files, windows
from npsr.upscaling import jobs


@pytest.fixture
def on_windows(monkeypatch):
    monkeypatch.setattr(windows, "ON_WINDOWS", True)


@pytest.mark.parametrize(
    "name",
    ["CON", "nul", "aux.png", "COM1.tif", "lpt9.tar.gz", "con .txt", "COM².png", "aux.", "prn ", "CONIN$"],
)
def test_names_of_devices(name):
    assert windows.refusal(name)


@pytest.mark.parametrize(
    "name", ["photo.", "photo ", "photo.png .", "a:b.png", "a?.png", 'a".png', "a\n.png"]
)
def test_names_that_mean_another_file(name):
    assert windows.refusal(name)


@pytest.mark.parametrize(
    "name",
    ["console.png", "com10.tif", "aux_fsrcnn_x3.png", "COM.png", ".hidden", "..", "a b.c.png", "Ä.png"],
)
def test_names_that_are_free(name):
    assert windows.refusal(name) == ""


@pytest.mark.parametrize("target", ["CON.png", "aux/photo.png", "photo.png."])
def test_nothing_is_written_under_such_a_name(tmp_path, on_windows, target):
    with pytest.raises(OSError, match="choose another name"):
        files.make_folder((tmp_path / target).parent)
        with files.atomic_write(tmp_path / target):
            pass
    assert not list(tmp_path.iterdir())


def test_elsewhere_they_are_names_like_others(tmp_path):
    files.make_folder(tmp_path / "aux")
    with files.atomic_write(tmp_path / "aux" / "CON.png") as file:
        file.write(b"x")
    assert (tmp_path / "aux" / "CON.png").read_bytes() == b"x"


def test_long_paths_get_a_form_without_a_limit(on_windows, monkeypatch):
    monkeypatch.setattr(windows, "os", SimpleNamespace(path=ntpath))
    deep = "\\".join(["folder"] * 40)
    for path, long in {
        f"C:\\{deep}\\a.png": f"\\\\?\\C:\\{deep}\\a.png",
        f"\\\\server\\share\\{deep}\\a.png": f"\\\\?\\UNC\\server\\share\\{deep}\\a.png",
        f"\\\\?\\C:\\{deep}\\a.png": f"\\\\?\\C:\\{deep}\\a.png",
        "C:\\short\\a.png": "C:\\short\\a.png",
    }.items():
        assert str(windows.long_form(Path(path))) == long
    edge = "C:\\" + "a" * 256
    assert len(edge) == windows.LONGEST
    assert str(windows.long_form(Path(edge))) == edge
    assert str(windows.long_form(Path(edge), room=1)) == f"\\\\?\\{edge}"


def test_a_temporary_name_has_its_room(tmp_path):
    with files.atomic_write(tmp_path / "a.png"):
        (temporary,) = tmp_path.iterdir()
        assert len(temporary.name) - len("a.png") <= files.ROOM


def test_a_long_path_that_is_not_found_says_why(on_windows):
    told, path = "Windows may not find paths above 259 characters", Path("/" + "folder/" * 40 + "a.png")
    with pytest.raises(ImageError, match=told), errors(path):
        raise FileNotFoundError(errno.ENOENT, "No such file")


def open_elsewhere(monkeypatch, times, number=errno.EACCES):
    """Refuse renames so many times, as if another program had the file open; all that are asked for."""
    asked, true = [], Path.replace

    def replace(temporary, path):
        asked.append(path)
        if len(asked) <= times:
            raise OSError(number, os.strerror(number))
        return true(temporary, path)

    monkeypatch.setattr(Path, "replace", replace)
    return asked


@pytest.mark.parametrize("number", [errno.EACCES, errno.EBUSY])
def test_a_file_that_is_open_for_a_moment_is_waited_for(tmp_path, monkeypatch, number):
    (tmp_path / "a.png").write_bytes(b"old")
    asked = open_elsewhere(monkeypatch, 3, number)
    with files.atomic_write(tmp_path / "a.png", force=True) as file:
        file.write(b"new")
    assert len(asked) == 4
    assert (tmp_path / "a.png").read_bytes() == b"new"


def test_a_file_that_stays_open_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(windows, "PATIENCE", 0.05)
    (tmp_path / "a.png").write_bytes(b"old")
    asked = open_elsewhere(monkeypatch, 10**9)
    told = r"a\.png cannot be replaced .* another program may have it open"
    with pytest.raises(PermissionError, match=told), files.atomic_write(tmp_path / "a.png", True) as file:
        file.write(b"new")
    assert len(asked) > 1
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


def test_other_errors_are_not_waited_for(tmp_path, monkeypatch):
    asked = open_elsewhere(monkeypatch, 10**9, errno.EXDEV)
    with pytest.raises(OSError, match="cross-device"), files.atomic_write(tmp_path / "a.png", True):
        pass
    assert len(asked) == 1


@pytest.mark.parametrize("force", [False, True])
def test_a_file_is_closed_before_it_is_renamed(tmp_path, on_windows, monkeypatch, force):
    """Windows renames no file that is open, not even in the same program."""
    if not Path("/proc/self/fd").is_dir():
        pytest.skip("no /proc here that lists open files")

    def refused(source, *_):
        opened = [os.path.realpath(one) for one in Path("/proc/self/fd").iterdir()]
        if os.path.realpath(source) in opened:
            raise PermissionError(errno.EACCES, "The process cannot access the file")

    true = {"replace": Path.replace, "link": os.link}
    monkeypatch.setattr(Path, "replace", lambda *paths: (refused(*paths), true["replace"](*paths))[1])
    monkeypatch.setattr(files.os, "link", lambda *paths: (refused(*paths), true["link"](*paths))[1])
    monkeypatch.setattr(windows, "PATIENCE", 0)
    with files.atomic_write(tmp_path / "a.png", force) as file:
        file.write(b"new")
    assert (tmp_path / "a.png").read_bytes() == b"new"


def test_whether_case_counts_where_no_name_tells(monkeypatch):
    ask = jobs._ignores_case.__wrapped__
    assert not ask(Path("/"))
    monkeypatch.setattr(windows, "ON_WINDOWS", True)
    assert ask(Path("/"))
