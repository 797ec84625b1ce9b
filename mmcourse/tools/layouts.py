"""What each framework calls the captioner's weights, and how it lays them out.

A table is {their name: (layout, our names)}. A layout goes both ways: there(*ours) -> theirs, back(theirs) -> ours.

    pytorch       matrices (out, in) as ours; queries, keys and values of self-attention in one matrix (3D, D)
    keras         Dense kernels (in, out); attention kernels with an axis for the heads; convolutions (h, w, in, out)
    huggingface   ViT as PyTorch's linear layers; GPT-2's Conv1D (in, out), with q, k, v side by side: (D, 3D)
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

QKV = ("w_q", "w_k", "w_v"), ("b_q", "b_k", "b_v")


class Layout(NamedTuple):
    there: Callable
    back: Callable


SAME = Layout(lambda a: a, lambda a: (a,))
TURNED = Layout(lambda a: a.T, lambda a: (a.T,))
LEADING_ONE = Layout(lambda a: a[None], lambda a: (a[0],))
LEADING_ONES = Layout(lambda a: a[None, None], lambda a: (a[0, 0],))
CHANNELS_LAST = Layout(lambda a: a.transpose(2, 3, 1, 0), lambda a: (a.transpose(3, 2, 0, 1),))


def stacked(parts):
    """Several arrays (out, …) in one (parts · out, …), as PyTorch keeps q, k and v."""
    return Layout(lambda *a: np.concatenate(a), lambda a: tuple(np.split(a, parts)))


def side_by_side(parts):
    """Several matrices (out, in) in one (in, parts · out), as GPT-2's Conv1D keeps q, k and v."""
    return Layout(lambda *a: np.concatenate(a).T, lambda a: tuple(np.split(a.T, parts)))


def into_heads(heads):
    """A matrix (D, in) as (in, heads, D / heads): Keras' kernel of queries, keys and values."""
    return Layout(lambda a: a.T.reshape(a.shape[1], heads, -1), lambda a: (a.reshape(len(a), -1).T,))


def out_of_heads(heads):
    """A matrix (out, D) as (heads, D / heads, out): Keras' kernel of an attention's output."""
    return Layout(lambda a: a.T.reshape(heads, -1, len(a)), lambda a: (a.reshape(-1, a.shape[-1]).T,))


def heads_of_bias(heads):
    """A bias (D,) as (heads, D / heads)."""
    return Layout(lambda a: a.reshape(heads, -1), lambda a: (a.ravel(),))


def pytorch(sizes):
    """For `mmcourse.tools.pytorch.Captioner`, made of torch.nn's own layers; their blocks bear our names."""
    table = {
        "patch.weight": (SAME, ["patch_weight"]), "patch.bias": (SAME, ["patch_bias"]),
        "class_token": (SAME, ["class_token"]),
        "image_position": (SAME, ["image_position"]),
        "word_table.weight": (SAME, ["word_table"]),
        "word_position": (SAME, ["word_position"]),
        **_norm("image_norm", "image_norm"), **_norm("word_norm", "word_norm"),
    }  # fmt: skip
    for part, i in _blocks(sizes):
        block, last = f"{part}.{i}.", "norm3" if part == "decoder" else "norm2"
        table |= _norm(block + "norm1", block + "norm1") | _norm(block + last, block + "norm2")
        table |= _torch_attention(block + "self_attn.", block)
        table |= _linear(block + "linear1", block, "in") | _linear(block + "linear2", block, "out")
        if part == "decoder":
            table |= _norm(block + "norm2", block + "cross_norm")
            table |= _torch_attention(block + "multihead_attn.", block + "cross_")
    return table


def keras(sizes):
    """For `mmcourse.tools.with_keras.Captioner`: a weight's path is layer/variable or layer/part/variable."""
    table = {
        "patch/kernel": (CHANNELS_LAST, ["patch_weight"]), "patch/bias": (SAME, ["patch_bias"]),
        "class/token": (SAME, ["class_token"]),
        "image_position/table": (SAME, ["image_position"]),
        "word_table/embeddings": (SAME, ["word_table"]),
        "word_position/table": (SAME, ["word_position"]),
        **_keras_norm("image_norm", "image_norm"), **_keras_norm("word_norm", "word_norm"),
    }  # fmt: skip
    for part, i in _blocks(sizes):
        ours, theirs = f"{part}.{i}.", f"{part}_{i}_"
        table |= _keras_norm(theirs + "norm1", ours + "norm1") | _keras_norm(theirs + "norm2", ours + "norm2")
        table |= _keras_attention(theirs + "attention/", ours, sizes.heads)
        table |= _dense(theirs + "in", ours, "in") | _dense(theirs + "out", ours, "out")
        if part == "decoder":
            table |= _keras_norm(theirs + "cross_norm", ours + "cross_norm")
            table |= _keras_attention(theirs + "cross/", ours + "cross_", sizes.heads)
    return table


def huggingface(sizes):
    """For transformers' VisionEncoderDecoderModel of a ViT and a GPT-2 with cross-attention.

    The output layer is the word table once more, so it has no entry of its own.
    """
    table = {
        "encoder.embeddings.patch_embeddings.projection.weight": (SAME, ["patch_weight"]),
        "encoder.embeddings.patch_embeddings.projection.bias": (SAME, ["patch_bias"]),
        "encoder.embeddings.cls_token": (LEADING_ONES, ["class_token"]),
        "encoder.embeddings.position_embeddings": (LEADING_ONE, ["image_position"]),
        "decoder.transformer.wte.weight": (SAME, ["word_table"]),
        "decoder.transformer.wpe.weight": (SAME, ["word_position"]),
        **_norm("encoder.layernorm", "image_norm"), **_norm("decoder.transformer.ln_f", "word_norm"),
    }  # fmt: skip
    for i in range(sizes.encoder):
        ours, theirs = f"encoder.{i}.", f"encoder.layers.{i}."
        table |= _norm(theirs + "layernorm_before", ours + "norm1") | _norm(theirs + "layernorm_after", ours + "norm2")
        for letter in "qkvo":
            table |= _linear(f"{theirs}attention.{letter}_proj", ours, letter)
        table |= _linear(theirs + "mlp.fc1", ours, "in") | _linear(theirs + "mlp.fc2", ours, "out")
    for i in range(sizes.decoder):
        ours, theirs = f"decoder.{i}.", f"decoder.transformer.h.{i}."
        table |= _norm(theirs + "ln_1", ours + "norm1") | _norm(theirs + "ln_2", ours + "norm2")
        table |= _norm(theirs + "ln_cross_attn", ours + "cross_norm")
        table |= _conv1d(theirs + "attn.c_attn", ours, "qkv") | _conv1d(theirs + "attn.c_proj", ours, "o")
        table |= _conv1d(theirs + "crossattention.q_attn", ours + "cross_", "q")
        table |= _conv1d(theirs + "crossattention.c_attn", ours + "cross_", "kv")
        table |= _conv1d(theirs + "crossattention.c_proj", ours + "cross_", "o")
        table |= _conv1d(theirs + "mlp.c_fc", ours, ["in"]) | _conv1d(theirs + "mlp.c_proj", ours, ["out"])
    return table


def _blocks(sizes):
    return [("encoder", i) for i in range(sizes.encoder)] + [("decoder", i) for i in range(sizes.decoder)]


def _norm(theirs, ours):
    return {f"{theirs}.{end}": (SAME, [f"{ours}_{end}"]) for end in ("weight", "bias")}


def _linear(theirs, ours, name):
    return {f"{theirs}.weight": (SAME, [f"{ours}w_{name}"]), f"{theirs}.bias": (SAME, [f"{ours}b_{name}"])}


def _torch_attention(theirs, ours):
    w, b = ([ours + name for name in names] for names in QKV)
    fused = {theirs + "in_proj_weight": (stacked(3), w), theirs + "in_proj_bias": (stacked(3), b)}
    return fused | _linear(theirs + "out_proj", ours, "o")


def _conv1d(theirs, ours, names):
    w, b = ([f"{ours}{kind}_{name}" for name in names] for kind in "wb")
    return {f"{theirs}.weight": (side_by_side(len(w)), w), f"{theirs}.bias": (stacked(len(b)), b)}


def _keras_norm(theirs, ours):
    return {f"{theirs}/gamma": (SAME, [f"{ours}_weight"]), f"{theirs}/beta": (SAME, [f"{ours}_bias"])}


def _dense(theirs, ours, name):
    return {f"{theirs}/kernel": (TURNED, [f"{ours}w_{name}"]), f"{theirs}/bias": (SAME, [f"{ours}b_{name}"])}


def _keras_attention(theirs, ours, heads):
    table = {}
    for part in ("query", "key", "value"):
        table[f"{theirs}{part}/kernel"] = into_heads(heads), [f"{ours}w_{part[0]}"]
        table[f"{theirs}{part}/bias"] = heads_of_bias(heads), [f"{ours}b_{part[0]}"]
    table[f"{theirs}attention_output/kernel"] = out_of_heads(heads), [f"{ours}w_o"]
    return table | {f"{theirs}attention_output/bias": (SAME, [f"{ours}b_o"])}
