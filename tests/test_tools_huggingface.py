"""The captioner as Transformers has it: its folder, its tokenizer, nothing fetched and nothing on stderr."""

import json
import os

import numpy as np
import pytest

pytest.importorskip("transformers")

from mmcourse.captioning.words import Words
from mmcourse.tools import greedy, huggingface, weights

SIZES = weights.Sizes(V=11, T=7, C=3, side=10, patch=5, D=6, M=13, encoder=1, decoder=2, heads=2)


@pytest.fixture(scope="module")
def words():
    return Words([("a", "small", "cat", "on", "the", "grass"), ("two", "cats")])


@pytest.fixture(scope="module")
def saved(tmp_path_factory, words):
    """(folder, the model saved there, images)."""
    rng = np.random.default_rng(3)
    folder = tmp_path_factory.mktemp("captioner")
    model = huggingface.build(weights.draw(rng, SIZES), SIZES)
    huggingface.save(folder, model, words)
    return folder, model, rng.standard_normal((11, 3, 10, 10), dtype=np.float32)


def test_what_is_loaded_is_what_was_saved(saved):
    folder, model, images = saved
    loaded, _ = huggingface.load(folder)
    read = np.random.default_rng(0).integers(0, 11, (11, 5))
    np.testing.assert_array_equal(huggingface.logits(loaded, images, read), huggingface.logits(model, images, read))
    assert huggingface.captions(loaded, images) == huggingface.captions(model, images)
    assert not loaded.training
    assert not any(p.requires_grad for p in loaded.parameters())


def test_its_weights_come_back_by_our_names(saved):
    folder, _, _ = saved
    loaded, _ = huggingface.load(folder)
    back = weights.carry_back(huggingface.arrays(loaded), SIZES, "huggingface")
    drawn = weights.draw(np.random.default_rng(3), SIZES)
    for name, array in drawn.items():
        np.testing.assert_array_equal(back[name], array, err_msg=name)


def test_the_output_layer_is_the_table_of_words(saved):
    folder, model, _ = saved
    for one in (model, huggingface.load(folder)[0]):
        assert one.decoder.lm_head.weight is one.decoder.transformer.wte.weight
    names = json.loads((folder / "config.json").read_text(encoding="utf8"))
    assert names["decoder"]["tie_word_embeddings"] is True


def test_the_tokenizer_reads_as_words_do(saved, words):
    _, tokenizer = huggingface.load(saved[0])
    assert (
        tokenizer("two cats on the grass")["input_ids"]
        == words.encode([("two", "cats", "on", "the", "grass")])[0].tolist()
    )
    batch = tokenizer(["a cat", "two small cats"], padding=True)
    assert batch["input_ids"] == words.encode([("a", "cat"), ("two", "small", "cats")]).tolist()
    assert batch["attention_mask"] == [[1, 1, 1, 1, 0], [1, 1, 1, 1, 1]]


def test_the_tokenizer_writes_as_words_do(saved, words):
    folder, model, images = saved
    _, tokenizer = huggingface.load(folder)
    written = [" ".join(words.decode(caption)) for caption in huggingface.captions(model, images)]
    rows = [greedy.cut([row])[0] for row in model.generate(huggingface.torch.tensor(images))[:, 1:].tolist()]
    assert tokenizer.batch_decode([list(row) for row in rows], skip_special_tokens=True) == written


def test_the_tokenizer_refuses_unknown_words(saved):
    _, tokenizer = huggingface.load(saved[0])
    with pytest.raises(Exception, match="UNK"):
        tokenizer("a zebra on the grass")


def test_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"^expected config\.json in .*, came none\. Try: huggingface\.save"):
        huggingface.load(tmp_path)


def test_offline_and_quiet(saved, tmp_path, run_python):
    """In a fresh interpreter: the folder is read with the hub out of reach, and stderr stays empty."""
    code = (
        "import sys, io; sys.stderr = io.StringIO();"
        "from mmcourse.tools import huggingface; import numpy as np, os;"
        f"model, tokenizer = huggingface.load({str(saved[0])!r});"
        "print(huggingface.captions(model, np.ones((2, 3, 10, 10), 'float32')));"
        "print(repr(sys.stderr.getvalue()), os.environ['HF_HUB_OFFLINE'])"
    )
    free = {n: v for n, v in os.environ.items() if n != "HF_HUB_OFFLINE"}
    captions, rest = run_python(code, env=free | {"HF_HOME": str(tmp_path)}).strip().splitlines()
    assert captions == str(huggingface.captions(saved[1], np.ones((2, 3, 10, 10), "float32")))
    assert rest == "'' 1"
