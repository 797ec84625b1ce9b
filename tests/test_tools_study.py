"""The study of tools: lines are counted as a reader would, and a kept line says what is still so."""

import inspect

import numpy as np
import pytest

pytest.importorskip("torch")

from mmcourse.studies import tools as study
from mmcourse.tools import scratch

needs_results = pytest.mark.skipif(
    len(study.results()) < len(study.TOOLS), reason="the study is not complete: python -m mmcourse.studies.tools"
)


def test_lines_by_hand():
    source = '''"""A docstring
over two lines."""

import os  # counts once


def f(x):
    """Another."""
    # a comment
    y = [
        x,
    ]
    text = """not a docstring,
    so it counts"""
    return y, text
'''
    assert study.code_lines(source) == 8


def test_lines_of_nothing():
    assert study.code_lines("") == study.code_lines("# only a comment\n\n") == 0


def test_a_module_that_imports_more_loads_more():
    assert study.loads("json")() > study.loads("sys")()


@needs_results
def test_the_kept_numbers_of_lines_are_those_of_the_files():
    kept = {tool: line["lines"] for tool, line in study.results().items()}
    assert kept == {tool: study.code_lines(inspect.getsource(study.module(tool))) for tool in study.TOOLS}


@needs_results
def test_what_was_kept_is_possible():
    for tool, line in study.results().items():
        assert line["bytes a weight"] >= 4, tool
        assert line["largest difference"] <= 1e-5, tool
        assert line["import"] > 1, tool
    assert study.results()["scratch"]["largest difference"] == 0
    assert "huggingface" in study.as_text()


def test_numpy_s_own_file_takes_four_bytes_a_weight_and_some_names(monkeypatch):
    from mmcourse.tools import weights

    sizes = weights.Sizes(V=9, T=5, C=7, side=2, patch=1, D=8, M=12, encoder=1, decoder=1, heads=2)
    shipped = type("Shipped", (), {"weights": weights.draw(np.random.default_rng(0), sizes), "sizes": sizes})
    numbers = sum(a.nbytes for a in shipped.weights.values())
    assert numbers < study.bytes_of("scratch", shipped) < numbers + 400 * len(shipped.weights)
    assert study.module("scratch") is scratch
