"""Weights carried into a tool's names and layout and back, and refused where something is wrong."""

import struct

import numpy as np
import pytest

from mmcourse.tools import export, layouts, weights

SIZES = weights.Sizes(V=13, T=7, C=3, side=15, patch=5, D=6, M=11, encoder=2, decoder=3, heads=3)


@pytest.fixture(scope="module")
def drawn():
    return weights.draw(np.random.default_rng(0), SIZES)


@pytest.mark.parametrize("tool", weights.TOOLS)
def test_there_and_back_changes_nothing(drawn, tool):
    back = weights.carry_back(weights.carry(drawn, SIZES, tool), SIZES, tool)
    assert list(back) == list(drawn)
    for name, array in drawn.items():
        np.testing.assert_array_equal(back[name], array, err_msg=name)


@pytest.mark.parametrize("tool", weights.TOOLS)
def test_every_weight_is_carried_once(tool):
    carried = [name for _, ours in weights.TOOLS[tool](SIZES).values() for name in ours]
    assert sorted(carried) == sorted(weights.shapes(SIZES))


@pytest.mark.parametrize(
    ("layout", "ours", "theirs"),
    [
        (layouts.TURNED, [[[1, 2, 3], [4, 5, 6]]], [[1, 4], [2, 5], [3, 6]]),
        (layouts.stacked(2), [[[1, 2]], [[3, 4]]], [[1, 2], [3, 4]]),
        (layouts.side_by_side(2), [[[1, 2, 3]], [[4, 5, 6]]], [[1, 4], [2, 5], [3, 6]]),
        (layouts.into_heads(2), [[[1, 5, 9], [2, 6, 10], [3, 7, 11], [4, 8, 12]]],
         [[[1, 2], [3, 4]], [[5, 6], [7, 8]], [[9, 10], [11, 12]]]),
        (layouts.out_of_heads(2), [[[1, 2, 3, 4], [5, 6, 7, 8]]], [[[1, 5], [2, 6]], [[3, 7], [4, 8]]]),
        (layouts.heads_of_bias(3), [[1, 2, 3, 4, 5, 6]], [[1, 2], [3, 4], [5, 6]]),
    ],
)  # fmt: skip
def test_layouts_by_hand(layout, ours, theirs):
    ours = [np.array(a) for a in ours]
    assert layout.there(*ours).tolist() == theirs
    for back, a in zip(layout.back(np.array(theirs)), ours, strict=True):
        assert back.tolist() == a.tolist()


def test_a_convolution_kernel_by_hand():
    """Output 0, input 1, row 2, column 3 of ours stands at row 2, column 3, input 1, output 0."""
    ours = np.zeros((2, 3, 4, 5))
    ours[0, 1, 2, 3] = 1
    assert np.argwhere(layouts.CHANNELS_LAST.there(ours)).tolist() == [[2, 3, 1, 0]]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda w: w.pop("decoder.2.cross_w_k"), r"decoder\.2\.cross_w_k is missing"),
        (lambda w: w.update(extra=np.zeros(3)), r"extra is superfluous"),
        (lambda w: w.update(patch_bias=np.zeros((6, 1))), r"patch_bias: expected \(6,\), came \(6, 1\)"),
        (lambda w: w.update({"encoder.0.w_in": w["encoder.0.w_in"].T}), r"w_in: expected \(11, 6\), came \(6, 11\)"),
    ],
)
@pytest.mark.parametrize("tool", weights.TOOLS)
def test_wrong_weights_are_refused(drawn, tool, change, said):
    wrong = dict(drawn)
    change(wrong)
    with pytest.raises(ValueError, match=rf"^weights: .*{said}.* Try: the Sizes"):
        weights.carry(wrong, SIZES, tool)


@pytest.mark.parametrize("tool", weights.TOOLS)
def test_wrong_weights_of_a_tool_are_refused(drawn, tool):
    carried = weights.carry(drawn, SIZES, tool)
    name, array = next((n, a) for n, a in carried.items() if a.ndim == 2)
    for wrong, said in (
        ({n: a for n, a in carried.items() if n != name}, "is missing"),
        (carried | {"rotary": array}, "rotary is superfluous"),
        (carried | {name: array[1:]}, "expected .*, came"),
    ):
        with pytest.raises(ValueError, match=rf"^weights from {tool}: .*{said}"):
            weights.carry_back(wrong, SIZES, tool)


def test_many_problems_are_told_in_short(drawn):
    with pytest.raises(ValueError, match=r"is missing; .* is missing; .* is missing; and \d+ more\."):
        weights.check({}, SIZES)


@pytest.mark.parametrize("change", [{"patch": 4}, {"heads": 4}, {"encoder": 0}])
def test_sizes_that_do_not_fit_are_refused(change):
    with pytest.raises(
        ValueError, match="expected sizes >= 1, a side of whole patches, a D of whole heads, came Sizes"
    ):
        weights.shapes(SIZES._replace(**change))


def test_an_unknown_tool_is_refused(drawn):
    with pytest.raises(ValueError, match=r"expected a tool of \('pytorch', 'keras', 'huggingface'\), came 'caffe'"):
        weights.carry(drawn, SIZES, "caffe")


# ---- safetensors


def test_safetensors_keeps_names_and_numbers(drawn, tmp_path):
    export.save(drawn, tmp_path / "w.safetensors")
    found = export.load(tmp_path / "w.safetensors")
    assert set(found) == set(drawn)
    for name, array in drawn.items():
        np.testing.assert_array_equal(found[name], array)


def test_safetensors_takes_turned_arrays_as_they_read(tmp_path):
    """A transposed array is a view with other strides; the file must hold the numbers in reading order."""
    turned = np.arange(6.0).reshape(2, 3).T
    export.save({"a": turned}, tmp_path / "a.safetensors")
    content = (tmp_path / "a.safetensors").read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    assert np.frombuffer(content[8 + length :]).tolist() == [0, 3, 1, 4, 2, 5]
    assert export.load(tmp_path / "a.safetensors")["a"].tolist() == turned.tolist()


def test_a_file_that_is_no_safetensors_is_refused(tmp_path):
    path = tmp_path / "w.safetensors"
    with pytest.raises(FileNotFoundError):
        export.load(path)
    path.write_bytes(b"PK\x03\x04 something else altogether")
    with pytest.raises(ValueError, match=r"^expected a safetensors file, came .*w\.safetensors, damaged or another"):
        export.load(path)
