"""Tools: one captioner four times, with the same weights, the same logits and the same captions.

    scratch      NumPy, of the blocks of `mmcourse.transformer`
    pytorch      torch.nn's own Transformer layers
    with_keras   Keras 3, on PyTorch (or on TensorFlow, where that is installed)
    huggingface  Transformers' VisionEncoderDecoderModel, a tokenizer, and the folder that a hub would hold
    with_onnx    the PyTorch half exported, and run by onnxruntime
    weights      the sizes, and the weights by our names: drawn, checked, carried into each tool and back
    layouts      what each tool calls them, and how it turns them
    greedy       greedy search on arrays
    export       safetensors
    backend      the command that tries Keras on another backend
    packages     which tools are here: `available`, `optional`

Each of the first five has build(weights, sizes) -> model, logits(model, images, words) -> array and
captions(model, images) -> rows of word numbers. `mmcourse.checkpoints.captioner` ships trained weights.

The network: patches of the image and a class token go through encoder blocks (a ViT); a decoder that may look at them
writes the words (GPT-2 with cross-attention). Both normalise first, GELU is the tanh form, layer norms add 1e-5 to the
variance, and the table of words is the output layer too.

Axis letters: N images, C channels, P patches of an image, D width of a token, M width between the layers of an MLP,
T words at most, V entries of the vocabulary.

Papers:
    Dosovitskiy et al. 2021, "An image is worth 16x16 words", arXiv:2010.11929: eqs 1 to 4 are the encoder.
    Vaswani et al. 2017, "Attention is all you need", arXiv:1706.03762: section 3.1, the decoder.
    Radford et al. 2019, "Language models are unsupervised multitask learners": section 2.3, the layout of GPT-2.
    Press & Wolf 2017, "Using the output embedding to improve language models", arXiv:1608.05859: one table for both.
    Hendrycks & Gimpel 2016, "Gaussian error linear units", arXiv:1606.08415: section 2, both forms of GELU.

Importing this room imports none of the tools.
"""

import os

from mmcourse.tools.packages import available, optional

os.environ.setdefault("KERAS_BACKEND", "torch")  # before anybody imports Keras, whose own choice is TensorFlow

__all__ = ["available", "optional"]
