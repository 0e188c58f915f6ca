"""What a submission is told besides its first wrong number: whose fault it is, and what it did on the way."""

import json
import re

import pytest
from helpers.running import run

from exercises.test_tasks import solution, verdicts
from npsr.exercises.examining import NOT_DONE, RIGHT


def changed(number, *replacements):
    """Verdicts on a right solution with some of its text replaced."""
    source = solution(number, "loops")
    for text, new in replacements:
        assert text in source
        source = source.replace(text, new)
    return {verdict.function: verdict for verdict in verdicts(number, source)}


def test_the_function_that_is_wrong_is_blamed_and_not_the_one_that_calls_it():
    found = changed(8, ("(9, 1, d)", "(9, 1, 1)"))
    assert "calls" not in found["weights"].hint
    for name in ("multiplications", "speed_up", "largest_d"):
        assert found[name].hint.startswith("It calls weights, which is wrong: mend that first.")
    found = changed(8, ("    total = 0\n", "    raise NotImplementedError\n"))
    assert {found[name].status for name in ("weights", "speed_up", "largest_d")} == {NOT_DONE}
    assert found["speed_up"].what == "it calls weights, which is not done yet"
    assert found["receptive_field"].status == RIGHT


def test_results_that_are_the_argument_are_wrong_except_where_a_view_will_do():
    early = "    if before == after == 0:\n        return {}\n"
    found = changed(7, ("    N, C, H, W", early.format("x") + "    N, C, H, W"))
    assert "memory of its argument x" in found["pad_replicate"].what
    found = changed(7, ("    N, C, P, Q", early.format("dpadded[:]") + "    N, C, P, Q"))
    assert "memory of its argument dpadded" in found["pad_replicate_backward"].what
    assert "image[tuple(" in solution(12, "odd")  # a view of the picture
    assert {verdict.status for verdict in verdicts(12, solution(12, "odd"))} == {RIGHT}


@pytest.mark.parametrize("key", ["x.shape", "(x.shape, x.sum(), weight.sum())", "x.sum()"])
def test_results_kept_by_shape_or_sum_are_found(key):
    look = f"    key = repr(({key}, weight.shape, stride, x.dtype))\n"
    look += "    if key in KEPT: return KEPT[key].copy()\n"
    keep = "    KEPT[key] = y.copy()\n"
    found = changed(1, ("    N, C, H, W", look + "    N, C, H, W"), ("    return y", keep + "    return y"))
    assert found["conv2d"].hint.startswith("This is what an earlier call with other numbers gave")


def test_numbers_that_print_alike_are_printed_until_they_differ():
    found = changed(11, ("math.sqrt(s_hat) + 1e-8", "math.sqrt(s_hat)"))["adam_step"]
    first, second = re.match(r"theta\[0\] is (.+), but must be ([^ ]+)", found.what).groups()
    assert first != second
    assert "ε is forgotten" in found.hint


def test_what_is_printed_is_told_once_and_a_warning_in_a_line(capsys, tmp_path):
    once = "    print('hello')\n    raise ValueError('no')\n    N, C, H, W"
    source = "import warnings\nwarnings.warn('mind this')\n" + solution(1, "loops")
    (tmp_path / "01_convolution.py").write_text(source.replace("    N, C, H, W", once))
    code, out, err = run(capsys, "exercises", "check", tmp_path, "1", "--json", "-")
    (found,) = json.loads(out)["exercises"]
    assert code == 1
    assert found["printed"] == "UserWarning: mind this (line 2)\nhello\n"
    assert "0 of 1 right" in err

    (tmp_path / "01_convolution.py").write_text(
        source.replace("    N, C, H, W", "    print(x.shape)\n    x[...] = 0\n    N, C, H, W")
    )
    out = run(capsys, "exercises", "check", tmp_path, "1")[1]
    assert out.count("(1, 1, 5, 5)") == 1  # though it is called twice
