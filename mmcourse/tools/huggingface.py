"""The captioner as Hugging Face Transformers has it: no line of it is ours, a configuration says what it is.

    model = huggingface.build(weights, sizes)           # VisionEncoderDecoderModel: a ViT that a GPT-2 looks at
    huggingface.save(folder, model, words)              # the folder that the hub would hold, with a tokenizer
    model, tokenizer = huggingface.load(folder)
    model.generate(pixels)                              # greedy, with the keys and values of earlier words kept

Nothing is downloaded: `HF_HUB_OFFLINE` is set before the library is imported. Defaults that are not ours: a ViT's layer
norm adds 1e-12 and its GELU is the exact one, GPT-2 drops one number in ten while it learns.
"""

import os
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    GPT2Config,
    PreTrainedTokenizerFast,
    VisionEncoderDecoderConfig,
    VisionEncoderDecoderModel,
    ViTConfig,
    logging,
)

from mmcourse.captioning.words import BEGIN, END, PAD
from mmcourse.tools.greedy import cut
from mmcourse.tools.pytorch import arrays as arrays_of_module
from mmcourse.tools.weights import carry

logging.set_verbosity_error()  # its warnings go to stderr, where a notebook should have nothing
logging.disable_progress_bar()


def configuration(sizes):
    """What tells Transformers which network this is."""
    V, T, C, side, patch, D, M, encoder, decoder, heads = sizes
    eyes = ViTConfig(
        image_size=side, patch_size=patch, num_channels=C, hidden_size=D, intermediate_size=M,
        num_hidden_layers=encoder, num_attention_heads=heads, hidden_act="gelu_pytorch_tanh", layer_norm_eps=1e-5,
    )  # fmt: skip
    pen = GPT2Config(
        vocab_size=V, n_positions=T, n_embd=D, n_inner=M, n_layer=decoder, n_head=heads,
        activation_function="gelu_pytorch_tanh", layer_norm_epsilon=1e-5, add_cross_attention=True, is_decoder=True,
        resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, bos_token_id=BEGIN, eos_token_id=END, pad_token_id=PAD,
    )  # fmt: skip
    return VisionEncoderDecoderConfig.from_encoder_decoder_configs(
        eyes, pen, decoder_start_token_id=BEGIN, eos_token_id=END, pad_token_id=PAD
    )


def build(weights, sizes):
    """The model with our weights and their dtype, in evaluation mode."""
    model = VisionEncoderDecoderModel(configuration(sizes))
    model.encoder.pooler = None  # it sums an image up in one vector, which nobody asks for
    state = {name: torch.tensor(a) for name, a in carry(weights, sizes, "huggingface").items()}
    state["decoder.lm_head.weight"] = state["decoder.transformer.wte.weight"]
    model.to(state["decoder.lm_head.weight"].dtype).load_state_dict(state)
    model.generation_config.max_length = sizes.T + 1  # `BEGIN` counts; its own choice is 20
    return model.eval().requires_grad_(False)


def arrays(model):
    """The model's weights by its own names, for `carry_back`."""
    return {name: a for name, a in arrays_of_module(model).items() if name != "decoder.lm_head.weight"}


def logits(model, images, words):
    """(N, T, V) for images (N, C, side, side) and words (N, T) int64; arrays go in and come out."""
    return model(pixel_values=torch.tensor(images), decoder_input_ids=torch.tensor(words)).logits.numpy()


def captions(model, images):
    """Greedy captions of images (N, C, side, side): N tuples of word numbers."""
    return cut(model.generate(torch.tensor(images))[:, 1:])  # without the `BEGIN`


def tokenizer(words):
    """The vocabulary `words`, a `mmcourse.captioning.words.Words`, as a tokenizer of Transformers.

    It has no entry for words that it does not know, and so refuses them.
    """
    pad, begin, end = words.entries[PAD], words.entries[BEGIN], words.entries[END]
    inner = Tokenizer(models.WordLevel({entry: number for number, entry in enumerate(words.entries)}))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    inner.post_processor = processors.TemplateProcessing(
        single=f"{begin} $A {end}", special_tokens=[(begin, BEGIN), (end, END)]
    )
    return PreTrainedTokenizerFast(tokenizer_object=inner, pad_token=pad, bos_token=begin, eos_token=end)


def save(folder, model, words):
    """Write what the hub would hold: configurations, weights (safetensors) and the tokenizer of `words`."""
    model.save_pretrained(folder)
    tokenizer(words).save_pretrained(folder)


def load(folder):
    """(model, tokenizer) from a folder that `save` wrote. Raises FileNotFoundError if it is none."""
    if not (Path(folder) / "config.json").is_file():
        raise FileNotFoundError(f"expected config.json in {folder}, came none. Try: huggingface.save(folder, …) first")
    model = VisionEncoderDecoderModel.from_pretrained(folder).eval().requires_grad_(False)
    model.encoder.pooler = None
    return model, PreTrainedTokenizerFast.from_pretrained(folder)
