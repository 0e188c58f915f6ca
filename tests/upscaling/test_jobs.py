"""From what is named to what is done."""

from pathlib import Path

import pytest

from npsr.images.photograph import ImageError
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
    problems = [job.problem for job in jobs if job.problem]
    assert len(problems) == 1
    assert "would both become" in problems[0]


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
