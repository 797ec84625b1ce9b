"""Measured cells: the same numbers as scikit-learn's, in two views, and one clear error where they are missing."""

import importlib.util

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer

from mmcourse.data import tumours
from mmcourse.data.tumours import MEASURES, VIEWS, TumoursError


@pytest.fixture(autouse=True)
def nothing_was_fetched(tmp_path, monkeypatch):
    monkeypatch.setenv("MMCOURSE_CACHE", str(tmp_path / "cache"))


def test_the_views_hold_every_measure_once_and_as_scikit_learn_reads_it():
    ours, theirs = tumours.load(), load_breast_cancer()
    assert sorted(VIEWS["size"] + VIEWS["shape"]) == sorted(MEASURES)
    names = [name.replace("error", "standard error") for name in theirs.feature_names]
    names = [f"standard error {n.removesuffix(' standard error')}" if n.endswith("error") else n for n in names]
    assert {view: x.shape for view, x in ours.views.items()} == {"size": (569, 9), "shape": (569, 21)}
    for view, x in ours.views.items():
        np.testing.assert_array_equal(x, theirs.data[:, [names.index(column) for column in tumours.columns(view)]])
    np.testing.assert_array_equal(ours.ill, theirs.target == list(theirs.target_names).index("malignant"))
    assert (len(ours), ours.ill.sum()) == (569, 212)


def test_reading_needs_no_scikit_learn(run_python):
    run_python("import sys; from mmcourse.data import tumours; tumours.load(); assert 'sklearn' not in sys.modules")


def test_a_missing_file_is_told(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(TumoursError, match=r"scikit-learn==1\.9\.1: it is not installed here.*or tumours\.fetch\(\)"):
        tumours.load()
