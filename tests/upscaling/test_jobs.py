"""From what is named to what is done."""

import os
import socket
from pathlib import Path

import pytest

import npsr
from npsr.images.photograph import ImageError
from npsr.upscaling import jobs as module
from npsr.upscaling.jobs import PIPE, plan_jobs


@pytest.fixture
def tree(tmp_path):
    for name in ("a.png", "b.jpg", "notes.txt", "sub/c.PNG", "sub/deep/d.png", ".hidden/e.png", ".f.png"):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return tmp_path


def plan(*inputs, output=None, force=False, suffix=lambda path: path.suffix):
    return plan_jobs(inputs, output, "_m_x2", suffix, {".png", ".jpg"}, force)[0]


def test_a_folder_is_mirrored(tree):
    expected = {"a_m_x2.png", "b_m_x2.jpg", "sub/c_m_x2.PNG", "sub/deep/d_m_x2.png"}
    for output, root in ((None, tree / "in_m_x2"), (tree / "out", tree / "out")):
        jobs = plan(tree / "in", output=output)
        assert {job.target.relative_to(root).as_posix() for job in jobs} == expected
        assert all(job.mirrored and not job.problem for job in jobs)


def test_files_lie_beside_or_in_a_folder(tree):
    [job] = plan(tree / "in/a.png")
    assert job.target == tree / "in/a_m_x2.png"
    one, two = plan(tree / "in/a.png", tree / "in/sub/c.PNG")
    assert (one.target, two.target) == (tree / "in/a_m_x2.png", tree / "in/sub/c_m_x2.PNG")
    one, two, _ = plan(tree / "in/a.png", tree / "in/sub", output=tree / "out")
    assert (one.target, two.target) == (tree / "out/a_m_x2.png", tree / "out/sub/c_m_x2.PNG")
    [job] = plan(tree / "in/a.png", output=tree / "in")
    assert job.target == tree / "in/a_m_x2.png"
    [job] = plan(tree / "in/a.png", output=tree / "new")
    assert job.target == tree / "new/a_m_x2.png"
    [job] = plan(tree / "in/a.png", output=tree / "new.webp")
    assert job.target == tree / "new.webp"


def test_results_among_the_originals_are_not_originals(tree):
    out = tree / "in" / "out"
    for job in plan(tree / "in", output=out):
        job.target.parent.mkdir(parents=True, exist_ok=True)
        job.target.write_bytes(b"")
    jobs = plan(tree / "in", output=out)
    assert len(jobs) == 4
    assert all(job.done for job in jobs)
    assert not any(job.done for job in plan(tree / "in", output=out, force=True))


def test_originals_are_never_replaced(tree):
    [job] = plan(tree / "in/a.png", output=tree / "in/a.png", force=True)
    assert "would replace an original" in job.problem
    (tree / "in/b.png").write_bytes(b"")
    (tree / "in/b_m_x2.png").write_bytes(b"")
    by_source = {job.source.name: job for job in plan(tree / "in", output=tree / "in", force=True)}
    assert "would replace an original" in by_source["b.png"].problem
    link = tree / "link.png"
    link.symlink_to(tree / "in/a.png")
    [job] = plan(tree / "in/a.png", output=link, force=True)
    assert "would replace an original" in job.problem


def test_two_that_would_become_one(tree):
    (tree / "in/a.jpg").write_bytes(b"")
    jobs = plan(tree / "in", suffix=lambda path: ".webp")
    assert not any(job.problem for job in jobs)
    assert {job.target.name for job in jobs} >= {"a_m_x2.webp", "a_m_x2.png.webp"}
    for name in ("a.jpg", "a.png"):  # what keeps its format keeps its name
        jobs = plan(tree / "in", suffix=lambda path, name=name: name[1:])
        (kept,) = (job for job in jobs if job.source.name == name)
        assert kept.target.name == name.replace(".", "_m_x2.")
    jobs = plan(tree / "in/a.png", tree / "in/a.png")
    assert ["would both become" in job.problem for job in jobs] == [False, True]


def test_pipes(tree):
    [job] = plan(PIPE)
    assert (job.source, job.target) == (PIPE, PIPE)
    [job] = plan(tree / "in/a.png", output=PIPE)
    assert job.target == PIPE
    [job] = plan(PIPE, output=tree / "x.png")
    assert job.target == tree / "x.png"
    for inputs, output in (((PIPE, tree / "in/a.png"), None), ((tree / "in",), PIPE)):
        with pytest.raises(ImageError, match="cannot go through a pipe"):
            plan(*inputs, output=output)


def test_outputs_that_do_not_fit(tree):
    with pytest.raises(NotADirectoryError, match="must be a folder"):
        plan(tree / "in", output=tree / "in/a.png")
    with pytest.raises(FileExistsError, match="is kept"):
        plan(tree / "in/a.png", output=tree / "in/b.jpg")
    with pytest.raises(FileNotFoundError, match="does not exist"):
        plan(tree / "in/a.png", output=tree / "none/x.png")
    (tree / "empty").mkdir()
    with pytest.raises(ImageError, match="holds no image"):
        plan(tree / "empty")


def test_folders_with_equal_names(tmp_path):
    for name in ("one/photos/a.png", "two/photos/a.png"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_bytes(b"")
    jobs = plan(tmp_path / "one/photos", tmp_path / "two/photos", output=tmp_path / "out")
    assert [bool(job.problem) for job in jobs] == [False, True]
    assert jobs[0].target == Path(tmp_path / "out/photos/a_m_x2.png")


def plan_and_rest(folder, output=None):
    return plan_jobs([folder], output, "_m_x2", lambda path: path.suffix, {".png", ".jpg"})


def test_what_is_passed_over_is_counted(tree):
    (tree / "in/linked").symlink_to(tree / "in/sub")
    (tree / "in/other.TXT").write_bytes(b"")
    (tree / "in/README").write_bytes(b"")
    jobs, passed = plan_and_rest(tree / "in")
    assert len(jobs) == 4
    assert passed == {".txt": 2, "hidden": 2, "linked folder": 1, "without ending": 1}
    with pytest.raises(ImageError, match=r"holds no image .*; 1 file passed over: 1 \.txt"):
        (tree / "texts").mkdir()
        (tree / "texts/a.txt").write_bytes(b"")
        plan_and_rest(tree / "texts")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_links_in_circles_dead_links_and_special_files_are_jobs(tree):
    """Reading tells what is wrong with the links; special files, which may wait forever, are not read."""
    (tree / "in/loop.png").symlink_to("loop.png")
    (tree / "in/dead.png").symlink_to("nowhere.png")
    os.mkfifo(tree / "in/pipe.png")
    name = os.path.relpath(tree / "in/socket.png")  # addresses are short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(name)
        by_name = {job.source.name: job for job in plan(tree / "in")}
    assert not by_name["loop.png"].problem + by_name["dead.png"].problem
    for special in ("pipe.png", "socket.png"):
        assert "is not a regular file" in by_name[special].problem
    assert len(by_name) == 8
    [job] = plan(tree / "in/loop.png")
    assert not job.problem
    with pytest.raises(ImageError, match="loop.png cannot be read: Too many levels of symbolic links"):
        npsr.read_image(job.source)
    with pytest.raises(OSError, match="leads in a circle"):
        plan(tree / "in/a.png", output=tree / "in/loop.png", force=True)


def test_a_folder_that_cannot_be_read_is_a_problem_beside_the_others(tree, monkeypatch):
    scan = os.scandir

    def refused(folder):
        if str(folder).endswith("deep"):
            raise PermissionError(13, "Permission denied", str(folder))
        return scan(folder)

    monkeypatch.setattr(os, "scandir", refused)
    found = plan(tree / "in")
    assert [job.source.name for job in found if not job.problem] == ["a.png", "b.jpg", "c.PNG"]
    assert [job.problem for job in found if job.problem] == [
        f"the folder {tree / 'in/sub/deep'} cannot be read: Permission denied"
    ]
    one, two = plan(tree / "in/a.png", tree / "in/.hidden")
    assert (one.problem, two.source.name) == ("", "e.png")
    (tree / "empty").mkdir()
    one, two = plan(tree / "empty", tree / "in/a.png", output=tree / "out")
    assert "holds no image" in one.problem
    assert not two.problem


def test_names_that_differ_in_case_meet_where_the_file_system_ignores_it(tmp_path, monkeypatch):
    for name in ("a.png", "A.png"):
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / name).write_bytes(b"")
    if len(list((tmp_path / "in").iterdir())) < 2:
        pytest.skip("the file system of this folder ignores case itself")
    assert not any(job.problem for job in plan(tmp_path / "in"))
    monkeypatch.setattr(module, "_ignores_case", lambda folder: True)
    assert sum("would both become" in job.problem for job in plan(tmp_path / "in")) == 1
