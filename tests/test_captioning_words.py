"""Captions as numbers and back, and regions that know their place."""

import numpy as np
import pytest

from mmcourse.captioning.words import BEGIN, END, PAD, Standard, Words, placed, standard

CAPTIONS = [("a", "small", "cat"), ("two", "cats"), ("a", "cow")]


@pytest.fixture
def words():
    return Words(CAPTIONS)


def test_the_vocabulary_is_three_marks_and_the_words_sorted(words):
    assert words.entries == ("<pad>", "<begin>", "<end>", "a", "cat", "cats", "cow", "small", "two")
    assert len(words) == 9
    assert (words.entries[PAD], words.entries[BEGIN], words.entries[END]) == words.entries[:3]


def test_captions_are_framed_and_padded_to_the_longest(words):
    encoded = words.encode(CAPTIONS)
    assert encoded.dtype == np.int64
    assert encoded.tolist() == [[1, 3, 7, 4, 2], [1, 8, 5, 2, 0], [1, 3, 6, 2, 0]]


def test_no_caption_and_an_empty_one(words):
    assert words.encode([]).shape == (0, 0)
    assert words.encode([()]).tolist() == [[BEGIN, END]]


def test_what_was_encoded_is_read_back(words):
    assert [words.decode(row) for row in words.encode(CAPTIONS)] == CAPTIONS


def test_reading_stops_at_the_first_end(words):
    assert words.decode([3, 6, END, 4, END]) == ("a", "cow")
    assert words.decode([BEGIN, 3, PAD, 6]) == ("a", "cow"), "a caption that was cut off has no end"
    assert words.decode([END, 3]) == ()


def test_numbers_of_torch_are_read_too(words):
    torch = pytest.importorskip("torch")
    assert words.decode(torch.tensor([1, 8, 5, 2, 0])) == ("two", "cats")


def test_the_order_of_the_captions_does_not_matter():
    assert Words(CAPTIONS[::-1]).entries == Words(CAPTIONS).entries == Words([Words(CAPTIONS).entries[3:]]).entries


def test_an_unknown_word_is_named_with_those_near_it(words):
    with pytest.raises(ValueError, match=r"^Words: 'catz' is not one of the 6 words known\. Near it: cats?, cats?$"):
        words.encode([("a", "cat"), ("two", "catz")])
    with pytest.raises(ValueError, match=r"'zeppelin' is not one of the 6 .* Try: Words\(captions\) of captions that"):
        words.encode([("a", "zeppelin")])
    chinese = Words([("一", "只", "猫头鹰"), ("两", "只", "猫")])
    with pytest.raises(ValueError, match=r"'猫头' is not one of the 5 words known\. Near it: 猫头鹰, 猫$"):
        chinese.encode([("一", "只", "猫头")])


@pytest.mark.parametrize("mark", ["<pad>", "<begin>", "<end>"])
def test_a_mark_is_no_word(words, mark):
    with pytest.raises(ValueError, match=f"'{mark}' is not one of the 6 words known"):
        words.encode([("a", mark)])
    assert Words([("a", mark)]).entries == ("<pad>", "<begin>", "<end>", "a")


@pytest.mark.parametrize("captions", [[], [()], [("<end>",)]])
def test_a_vocabulary_needs_a_word(captions):
    with pytest.raises(ValueError, match=r"^Words: expected at least one word"):
        Words(captions)


# ---- regions


def test_standardised_training_regions_have_mean_0_and_deviation_1():
    regions = np.random.default_rng(0).normal([5.0, -300.0, 0.0], [7.0, 100.0, 30.0], (11, 9, 3)).astype(np.float32)
    scale = standard(regions)
    seen = placed(regions, scale)[..., :3]
    np.testing.assert_allclose(seen.mean((0, 1)), 0, atol=1e-5)
    np.testing.assert_allclose(seen.std((0, 1)), 1, atol=1e-3)


def test_a_channel_that_never_changes_stays_finite():
    regions = np.full((2, 4, 1), 3.0, np.float32)
    np.testing.assert_array_equal(placed(regions, standard(regions))[..., 0], 0)


def test_other_images_are_told_by_the_scale_of_the_training_images():
    scale = Standard(np.array([1.0, 10.0]), np.array([2.0, 5.0]))
    seen = placed(np.array([[[5.0, 0.0]]]), scale)
    assert seen.dtype == np.float32
    np.testing.assert_allclose(seen, [[[2, -2, 2, 2]]])  # (5 - 1) / 2, (0 - 10) / 5, and the only row and column


def test_each_region_is_told_its_row_and_its_column():
    side, images = 3, 2
    seen = placed(np.zeros((images, side * side, 1)), Standard(np.zeros(1), np.ones(1)))
    assert seen.shape == (images, 9, 1 + 3 + 3)
    for image in seen:
        for region, (row, column) in zip(image, np.ndindex(side, side), strict=True):
            assert region[1:4].tolist() == [2 * (row == i) for i in range(side)]
            assert region[4:].tolist() == [2 * (column == i) for i in range(side)]


def test_no_image_gives_no_region():
    assert placed(np.empty((0, 4, 1)), Standard(np.zeros(1), np.ones(1))).shape == (0, 4, 5)


@pytest.mark.parametrize("shape", [(2, 5, 3), (2, 4, 2), (2, 3), (2, 2, 2, 3)])
def test_regions_that_do_not_fit_are_named(shape):
    with pytest.raises(ValueError, match=r"^placed: expected regions \(N, side², 3\), came \(2, "):
        placed(np.zeros(shape), Standard(np.zeros(3), np.ones(3)))
