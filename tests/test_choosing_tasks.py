"""The tasks of the study of choosing: tokens by hand, and splits in which nothing leaks."""

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from mmcourse.data import sensors
from mmcourse.studies import choosing_tasks as tasks


def test_cells_are_squares_read_like_text():
    image = np.arange(24).reshape(1, 4, 6)
    found = tasks.cells(image, 2)
    assert found.shape == (1, 6, 4)
    assert found[0, 0].tolist() == [0, 1, 6, 7]
    assert found[0, 2].tolist() == [4, 5, 10, 11]
    assert found[0, 3].tolist() == [12, 13, 18, 19]


def test_moments_are_pieces_and_their_averages():
    series = np.arange(14.0).reshape(1, 7, 2)
    assert tasks.moments(series, 3)[0].tolist() == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]
    assert tasks.averaged(series, 3)[0].tolist() == [[2, 3], [8, 9]]


def test_words_stand_in_their_order_and_unknown_ones_are_zeros():
    ids = tasks.vocabulary(["so it was you", "it was"])
    assert ids == {"it": 0, "so": 1, "was": 2, "you": 3}
    found = tasks.worded(["Was zebra you so it", ""], ids, 4)
    assert found[0].argmax(1).tolist() == [2, 0, 3, 1]
    assert found[0].sum(1).tolist() == [2, 0, 2, 2], "√4 each, and nothing for the zebra"
    assert not found[1].any()


def test_features_are_standardised_by_training_alone():
    rng = np.random.default_rng(0)
    train, test = rng.normal(3, 2, (50, 3, 2)), rng.normal(9, 2, (20, 3, 2))
    x, y = tasks.standardised(train, test)
    np.testing.assert_allclose(x.mean((0, 1)), 0, atol=1e-6)
    np.testing.assert_allclose(x.std((0, 1)), 1, atol=2e-3)
    assert y.mean() > 2


def test_filters_do_not_mind_the_light_and_find_where_something_is():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (5, 32, 32, 3), np.uint8)
    steady = tasks.steady(images)
    assert abs(steady.mean((1, 2, 3))).max() < 1e-5
    torch.testing.assert_close(tasks.steady(images // 2), steady, atol=0.1, rtol=0.1)
    filters = tasks.filters(steady, rng)
    assert filters.shape == (tasks.FILTERS, 3, tasks.SIDE, tasks.SIDE)
    torch.testing.assert_close(filters.square().sum((1, 2, 3)), torch.ones(tasks.FILTERS))
    empty = torch.zeros(1, 3, 32, 32)
    empty[0, :, 20:28, 2:10] = filters[3]
    found = tasks.filtered(empty, filters)[0]
    assert found.shape == (16, tasks.FILTERS)
    assert found[8:, 3].max() > found[:8, 3].max()


@pytest.mark.parametrize("task", ["two sensors", "digits"])
def test_parts_are_as_told(task):
    parts = tasks.load(task)
    assert tuple(parts) == tasks.PARTS
    assert len(parts["test"]) == tasks.TESTS[task]
    np.testing.assert_array_equal(parts["test"].groups, tasks.groups_of_test(task))
    for data in parts.values():
        assert len(data.tokens) == len(tasks.MODALITIES[task])
        assert {len(x) for x in data.tokens} == {len(data), len(data.groups)}
        assert set(data.labels.tolist()) == set(range(tasks.CLASSES[task]))


def test_windows_of_a_recording_belong_together_and_people_are_in_one_split():
    people = [set(sensors.load(split).windows(tasks.WINDOW, tasks.STEP)[2].tolist()) for split in tasks.PARTS]
    assert sum(map(len, people)) == len(set.union(*people)) == 10
    groups = tasks.groups_of_test("two sensors")
    _, y, who = sensors.load("test").windows(tasks.WINDOW, tasks.STEP)
    for group in range(groups.max() + 1):
        assert len(set(y[groups == group].tolist())) == len(set(who[groups == group].tolist())) == 1


def test_the_first_examples_keep_their_labels():
    data = tasks.load("digits")["test"]
    few = data.first(7)
    assert len(few) == len(few.groups) == 7
    torch.testing.assert_close(few.tokens[1], data.tokens[1][:7])


def test_an_unknown_task_is_named():
    with pytest.raises(ValueError, match=r"expected one of the tasks .*'digits'.*, came 'digit'"):
        tasks.load("digit")
