"""The captioner as ONNX: the computation itself in a file, which runs without Python's layers, and in other languages.

    with_onnx.save(pytorch.build(weights, sizes), folder)   # encoder.onnx and decoder.onnx
    model = with_onnx.load(folder, sizes)                   # onnxruntime runs them

Two graphs, because a caption needs the first once and the second for every word. Their batch may have any size, and
so may the words read; all other sizes, and the weights, are fixed in the file.
"""

import contextlib
import io
import logging
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import torch
from onnxruntime import InferenceSession, SessionOptions

from mmcourse.tools import pytorch
from mmcourse.tools.greedy import greedy
from mmcourse.tools.weights import Sizes

PARTS = ("encoder", "decoder")


class Captioner(NamedTuple):
    """Two sessions of onnxruntime."""

    encoder: InferenceSession
    decoder: InferenceSession
    sizes: Sizes


def save(model, folder):
    """Write a `pytorch.Captioner` as encoder.onnx and decoder.onnx into an existing folder."""
    C, side, any_size = model.sizes.C, model.sizes.side, torch.export.Dim.DYNAMIC
    images = torch.zeros(2, C, side, side, dtype=model.class_token.dtype)  # examples: the exporter follows them through
    memory, words = model.encode(images), torch.zeros(2, 3, dtype=torch.long)
    for name, method, inputs, dynamic in (
        ("encoder", model.encode, (images,), ({0: any_size},)),
        ("decoder", model.decode, (memory, words), ({0: any_size}, {0: any_size, 1: any_size})),
    ):
        with _quiet():
            torch.onnx.export(
                _Part(model, method).eval(), inputs, Path(folder) / f"{name}.onnx",
                dynamic_shapes=dynamic, external_data=False, verbose=False,
            )  # fmt: skip


def load(folder, sizes):
    """The `Captioner` that `save` wrote. Raises FileNotFoundError if a file is missing."""
    options = SessionOptions()
    options.intra_op_num_threads = 1
    for path in (paths := [Path(folder) / f"{name}.onnx" for name in PARTS]):
        if not path.is_file():
            raise FileNotFoundError(f"expected {path.name} in {folder}, came none. Try: with_onnx.save(model, folder)")
    return Captioner(*(InferenceSession(path, options, ["CPUExecutionProvider"]) for path in paths), sizes)


def build(weights, sizes):
    """The `Captioner` with our weights and their dtype, by way of PyTorch and two files."""
    with TemporaryDirectory() as folder:
        save(pytorch.build(weights, sizes), folder)
        return load(folder, sizes)


def logits(model, images, words):
    """(N, T, V) for images (N, C, side, side) and words (N, T) int64; arrays go in and come out."""
    return decode(model, encode(model, images), words)


def captions(model, images):
    """Greedy captions of images (N, C, side, side): N tuples of word numbers."""
    return greedy(lambda memory, words: decode(model, memory, words), encode(model, images), model.sizes.T)


def encode(model, images):
    """The memory (N, 1 + P, D), an array."""
    return model.encoder.run(None, {"images": images})[0]


def decode(model, memory, words):
    """Logits (N, T, V) of words (N, T) int64."""
    return model.decoder.run(None, {"memory": memory, "words": words})[0]


@contextlib.contextmanager
def _quiet():
    """The exporter tells at length what it did not find or simplify; errors are exceptions, and still arrive."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        logging.disable(before)


class _Part(torch.nn.Module):
    """A method of a module as a module of its own, which is what the exporter takes."""

    def __init__(self, model, method):
        super().__init__()
        self.model, self.forward = model, method
