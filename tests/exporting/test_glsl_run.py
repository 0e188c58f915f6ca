"""The interpreter of hook shaders by itself: shaders by hand, whose results are known, and damaged ones."""

import numpy as np
import pytest

from npsr.exporting.glsl_expression import ShaderError
from npsr.exporting.glsl_run import read_shader

DOUBLED = """// Four copies, each with its own constant, interleaved.
//!HOOK LUMA
//!WHEN OUTPUT.w LUMA.w / 1.4 >
//!BIND HOOKED
//!SAVE A
//!COMPONENTS 4
vec4 hook()
{
    vec4 r = vec4(0.0, 0.25, 0.5, 0.75); // a remark
    r += 2.0 * vec4(1.0) * LUMA_texOff(vec2(1.0, -2.0)).x - LUMA_tex(LUMA_pos).xxxx;
    return r;
}
//!HOOK LUMA
//!BIND A
//!WIDTH LUMA.w 2 *
//!HEIGHT LUMA.h 2 *
vec4 hook() {
    vec2 f = fract(A_pos * A_size);
    ivec2 i = ivec2(f * vec2(2.0));
    vec4 r = A_tex(A_pos + (vec2(0.5) - f) * A_pt);
    return vec4(r[i.y*2 + i.x], 0.0, 0.0, 1.0);
}
"""


def shader(tmp_path, text):
    path = tmp_path / "by_hand.glsl"
    path.write_text(text)
    return read_shader(path)


def returning(expression, before=""):
    return f"//!HOOK LUMA\n//!BIND LUMA\nvec4 hook() {{\n{before}\nreturn {expression};\n}}\n"


def test_offsets_borders_and_interleaving(tmp_path, rng):
    x = rng.random((5, 4), np.float32)
    padded = np.pad(x, 2, "edge")
    taps = 2 * padded[0:5, 3:7] - x  # a row two above, a column one to the right
    y = shader(tmp_path, DOUBLED)(x, 2)
    for a, b in np.ndindex(2, 2):
        np.testing.assert_allclose(y[a::2, b::2], taps + 0.25 * (2 * a + b), rtol=0, atol=1e-6)


def test_a_pass_waits_for_its_condition(tmp_path, rng):
    x = rng.random((5, 4), np.float32)
    with pytest.raises(ShaderError, match=r"//!BIND A: no pass before has saved it"):
        shader(tmp_path, DOUBLED)(x, 1)


@pytest.mark.parametrize(
    "expression, value",
    {
        "mat4(1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)"
        " * vec4(10.0, 1.0, 9.0, 9.0)": 15,  # matrices are listed by columns: 1·10 + 5·1
        "vec4(mat3(vec3(1.0), vec3(2.0, 3.0, 4.0), vec3(5.0))[1][2])": 4,
        "vec4(vec2(8.0, 7.0).y - 6.0 / 4.0)": 5.5,
        "max(vec4(-3.0), 0.0) + vec4(0.5) * min(vec4(-3.0), 0.0)": -1.5,
        "vec4(abs(floor(-1.5)))": 2,
        "vec4(fract(-0.25), 0.0, 0.0, 1.0)": 0.75,
        "vec4(ivec2(2.9, 0.0).x * 3)": 6,
        "vec4(1e-3 + -2.5E+1)": -24.999,
    }.items(),
)
def test_expressions(tmp_path, expression, value):
    y = shader(tmp_path, returning(expression))(np.zeros((2, 3)), 1)
    np.testing.assert_allclose(y, np.full((2, 3), value), rtol=1e-6)


def test_components_that_are_not_kept(tmp_path):
    text = returning("vec4(7.0)").replace("//!BIND", "//!SAVE A\n//!COMPONENTS 2\n//!BIND")
    text += (
        returning("vec4(dot)")
        .replace("BIND LUMA", "BIND A")
        .replace("dot", "A_tex(A_pos).z + A_tex(A_pos).w")
    )
    assert shader(tmp_path, text)(np.zeros((1, 1)), 1) == 1


def test_textures_of_half_floats(tmp_path):
    third = shader(tmp_path, returning("vec4(0.3333333)"))
    x = np.zeros((1, 1))
    assert third(x, 1) == np.float32(0.3333333)
    assert third(x, 1, half=True) == np.float16(0.3333333)


@pytest.mark.parametrize(
    "text, said",
    {
        "": "there is no pass",
        "vec4 hook() { return vec4(1.0); }": "there is no pass",
        returning("vec4(1.0)").replace("LUMA", "MAIN", 1): "line 1: //!HOOK MAIN is beyond",
        "//!COMPUTE 32 32\n": "beyond the subset that is run",
        returning("vec4(1.0)", "#define x y"): "line 4: #define x y is beyond",
        returning("vec4(1.0)", "for (int i = 0; i < 3; i++)"): "line 4",
        returning("vec4(1.0) if True else 2"): "beyond the subset of GLSL",
        returning("__import__(1)"): "beyond the subset of GLSL",
        returning("vec4('a')"): "beyond the subset of GLSL",
        returning("vec4(1.0)", "r += vec4(1.0);"): "r has no value yet",
        returning("vec4(1.0).xyzzy"): "beyond",
        returning("vec4(vec2(1.0).z)"): "component z is asked of 2",
        returning("vec4(1.0) + vec3(1.0)"): "4 and 3 components",
        returning("vec4(1.0, 2.0)"): "2 numbers are given for 4",
        returning("vec4(1.0)[4]"): "an index is 4 to 4",
        returning("vec4(1.0)[1.0]"): "an index is no whole number",
        returning("vec4(3 / 2)"): "division of whole numbers",
        returning("1.0"): "a pass returns no vec4",
        returning("B_tex(LUMA_pos)"): "beyond",
        returning("LUMA_texOff(vec2(0.5, 0.0))"): "sampled between pixels",
        returning("vec4(1.0)").replace("BIND LUMA", "WIDTH LUMA.w 2"): "no expression of a size",
        returning("vec4(1.0)").replace("BIND LUMA", "WIDTH 0"): "a pass makes 0×",
        returning("vec4(1.0)").replace("BIND LUMA", "WIDTH 1e9"): "a pass makes 1e+09×",
        returning("vec4(1.0)").replace("BIND LUMA", "WHEN / LUMA.w"): "no expression of a size",
    }.items(),
)
def test_what_is_beyond_the_subset_is_named(tmp_path, text, said):
    with pytest.raises(ShaderError, match="by_hand.glsl") as error:
        shader(tmp_path, text)(np.zeros((3, 3)), 1)
    assert said in str(error.value)


def test_files_that_are_none(tmp_path):
    with pytest.raises(ShaderError, match="cannot be read"):
        read_shader(tmp_path / "none.glsl")
    (tmp_path / "bytes.glsl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ShaderError, match="is no text"):
        read_shader(tmp_path / "bytes.glsl")
