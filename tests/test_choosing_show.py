"""Pictures of choosing: what is drawn is what was handed in, and the box asks again whenever something is changed."""

import numpy as np
import pytest
from matplotlib import pyplot as plt

from mmcourse.show import choosing as show


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_a_map_writes_in_brackets_what_may_be_chance():
    differences = np.array([[0.051, -0.2, 0.0], [0.007, 0.1, -0.03]])
    apart = np.array([[True, True, False], [False, True, False]])
    ax = show.method_map(differences, apart, ["sum", "late"], ["digits", "speech + text", "two sensors"]).axes[0]
    assert [t.get_text() for t in ax.texts] == ["+0.051", "-0.200", "(+0.000)", "(+0.007)", "+0.100", "(-0.030)"]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["sum", "late"]
    np.testing.assert_array_equal(ax.images[0].get_array(), differences)
    low, high = ax.images[0].get_clim()
    assert -low == high == 0.2, "no difference is the middle of the colours"


def test_a_map_needs_as_many_of_everything():
    with pytest.raises(ValueError, match=r"of \(1, 2\), methods by tasks, came \(2, 2\) and \(1, 2\)"):
        show.method_map(np.zeros((2, 2)), np.zeros((1, 2), bool), ["sum"], ["a", "b"])


def test_a_front_goes_through_its_methods_and_the_others_are_squares():
    points = {"late": (0.5, 0.1), "sum": (1.0, 0.05), "tensor": (2.0, 0.3)}
    ax = show.pareto(points, ["late", "tensor"], "cost", "gain").axes[0]
    line, *marks = ax.lines
    assert line.get_xydata().tolist() == [[0.5, 0.1], [2.0, 0.3]]
    assert [m.get_marker() for m in marks] == ["o", "s", "o"]
    assert [m.get_xydata()[0].tolist() for m in marks] == [list(p) for p in points.values()]
    assert [t.get_text() for t in ax.texts] == list(points)
    with pytest.raises(ValueError, match=r"came \['gated'\]"):
        show.pareto(points, ["gated"], "cost", "gain")


def test_a_chart_has_a_box_a_question_and_a_box_an_answer():
    rows = [
        ("few examples?", "late", "in 3 of 3"),
        ("may one fail?", "tensor", "in 5 of 7"),
        ("otherwise", "sum", "in 2"),
    ]
    ax = show.decision_chart(rows).axes[0]
    said = [t.get_text() for t in ax.texts if t.get_text()]
    assert said == [
        *("few examples?", "late", "in 3 of 3", "yes", "no"),
        *("may one fail?", "tensor", "in 5 of 7", "yes", "no"),
        *("otherwise", "sum", "in 2"),
    ]
    with pytest.raises(ValueError, match=r"at least two rows .*, came 1"):
        show.decision_chart(rows[:1])


def test_the_box_asks_again_and_shows_what_went_wrong():
    asked = []

    def look(*described):
        asked.append(described)
        if described[3] == 7:
            raise ValueError("no experiment is <so> small")
        return [("late", "cheap & as good", [("digits", 0.9, "sum", 0.02, -0.01, 0.05)])]

    box = show.choosing_box(look)
    controls, answer = box.children[0].children, box.children[1]
    assert asked == [(2, False, False, 4000, None)]
    assert "<b>late</b>: cheap &amp; as good" in answer.value
    assert "<td>digits</td><td>0.900</td><td>+0.020 (-0.010 to +0.050) to sum</td>" in answer.value
    controls[0].value, controls[1].value, controls[2].value, controls[4].value = 3, True, True, 1.0
    assert asked[-1] == (3, True, True, 4000, 1.0)
    controls[3].value = 7
    assert answer.value == "<p>no experiment is &lt;so&gt; small</p>"
