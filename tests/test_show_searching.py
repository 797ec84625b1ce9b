"""A beam search as tables, and the widget that steps through it, without a browser."""

import html
import re

import numpy as np
import pytest
from matplotlib.figure import Figure

from mmcourse import show
from mmcourse.captioning.decoding import beam_search, beam_steps

ENTRIES = ("<begin>", "<end>", "a", "b & c")
BEGIN, END, A, B = range(4)


def step(state, words):
    """How a sentence goes on, by the last word alone: what is read twice is said once more."""
    chances = {BEGIN: [0.0, 0.1, 0.6, 0.3], A: [0.0, 0.7, 0.2, 0.1], B: [0.0, 0.2, 0.3, 0.5]}
    with np.errstate(divide="ignore"):
        return np.log([chances[int(w)] for w in words]), state


START = (np.zeros(1),)


def steps(width=2, longest=4):
    return list(beam_steps(step, START, BEGIN, END, width, longest))


def rows(table):
    """{sentence: [(word, log p, sum, what was told)]} of a table."""
    found, cells = {}, None
    for row in re.findall("<tr.*?</tr>", table)[1:]:
        texts = [html.unescape(t) for t in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)]
        if len(texts) == 1:
            cells = found.setdefault(texts[0], [])
        else:
            cells.append(tuple(texts))
    return found


def test_the_table_says_how_each_sentence_may_go_on():
    first, second = steps()[:2]
    assert rows(show.beam(first, END, ENTRIES, most=3)) == {
        "<begin> …": [
            ("a", "-0.51", "-0.51", "kept"),
            ("b & c", "-1.20", "-1.20", "kept"),
            ("<end>", "-2.30", "-2.30", ""),
        ]
    }
    found = rows(show.beam(second, END, ENTRIES))
    assert list(found) == ["a …", "b & c …"]
    assert "b & c" not in show.beam(second, END, ENTRIES), "words are text, not HTML"
    assert found["a …"][:2] == [("<end>", "-0.36", "-0.87", "finished"), ("a", "-1.61", "-2.12", "")]
    assert found["b & c …"][0] == ("b & c", "-0.69", "-1.90", "kept")


def test_what_is_told_is_what_the_search_kept():
    """At every step, for every continuation: also where a sentence ends in the word with which it could go on."""
    for width in (1, 2, 3, 7):
        for now in steps(width):
            kept = {(p, END if h.finished else h.words[-1]): h.finished for p, h in
                    zip(now.parents, now.kept, strict=True)}  # fmt: skip
            expected = [
                "" if (p, w) not in kept else "finished" if kept[p, w] else "kept"
                for p, log_probs in enumerate(now.log_probs)
                for w in np.argsort(-log_probs, kind="stable")
            ]
            found = rows(show.beam(now, END, ENTRIES))
            assert [told for cells in found.values() for *_, told in cells] == expected


def test_all_that_was_kept_is_shown():
    first = rows(show.beam(steps(width=3)[0], END, ENTRIES, most=1))["<begin> …"]
    assert [told for *_, told in first] == ["kept", "kept", "finished"]
    later = rows(show.beam(steps(width=2)[1], END, ENTRIES, most=1))
    assert [len(cells) for cells in later.values()] == [1, 1], "and of the rest only the likeliest"


def test_of_equally_likely_words_those_kept_are_shown():
    def even(state, words):
        return np.full((len(words), 4), np.log(0.25)), state

    now = next(beam_steps(even, START, BEGIN, END, 2, 3))
    assert [row[0] for row in rows(show.beam(now, END, ENTRIES, most=2))["<begin> …"]] == ["<begin>", "<end>"]


@pytest.fixture
def searching():
    """(the widget's parts, the calls of the search)."""
    calls = []

    def search(example, width, length_penalty):
        calls.append((example, width, length_penalty))
        found = list(beam_steps(step, START, BEGIN, END, width, 4, length_penalty))
        answers = beam_search(step, START, BEGIN, END, width, 4, length_penalty)[0]
        return Figure(), f"scene <{example}> with a thing or two", found, answers

    left, table = show.searcher(search, 5, END, ENTRIES).children
    return (*left.children, table), calls


def test_the_searcher_starts_with_the_first_step_of_the_first_scene(searching):
    (example, width, penalty, place, picture, _, table), calls = searching
    assert calls == [(0, 3, 0.0)]
    assert [c.description for c in (example, width, penalty, place)] == [
        "scene", "beam width", "length penalty", "step",
    ]  # fmt: skip
    assert (place.value, place.max) == (1, len(steps(3)))
    assert 'alt="scene &lt;0&gt; with a thing or two"' in picture.value
    assert table.value == show.beam(steps(3)[0], END, ENTRIES)


def test_stepping_shows_the_chosen_step_and_searches_no_more(searching):
    (*_, place, _, _, table), calls = searching
    for at in range(place.max, 0, -1):
        place.value = at
        assert table.value == show.beam(steps(3)[at - 1], END, ENTRIES)
    assert len(calls) == 1


def test_another_choice_searches_anew(searching):
    (example, width, penalty, _, picture, answers, _), calls = searching
    example.value = 4
    width.value = 2
    penalty.value = 1.0
    assert calls[1:] == [(4, 3, 0.0), (4, 2, 0.0), (4, 2, 1.0)]
    assert "scene &lt;4&gt;" in picture.value
    best = beam_search(step, START, BEGIN, END, 2, 4, 1.0)[0]
    listed = re.findall("<li>(.*?)</li>", answers.value)
    assert [html.unescape(line) for line in listed] == [
        f"{' '.join(ENTRIES[w] for w in h.words)} ({h.score:.2f})" for h in best
    ]
    example.value = 9
    assert calls[-1][0] == 4, "there is no scene beyond the last"


def test_a_shorter_search_shows_its_last_step(searching):
    (_, width, _, place, _, _, table), _ = searching
    place.value = place.max
    assert place.value > len(steps(1))
    width.value = 1
    assert place.value == place.max == len(steps(1))
    assert table.value == show.beam(steps(1)[-1], END, ENTRIES)


def test_one_width_is_a_choice_too():
    def search(example, width, length_penalty):
        return Figure(), "a scene with a thing or two", steps(width), []

    left, table = show.searcher(search, 1, END, ENTRIES, widths=(2,), penalties=(0.5,)).children
    assert [c.value for c in left.children[:3]] == [0, 2, 0.5]
    assert table.value == show.beam(steps(2)[0], END, ENTRIES)
