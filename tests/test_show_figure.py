"""`mmcourse.show.figure`: a figure never appears without its text."""

import base64
import html.parser
import io

import pytest
from matplotlib import pyplot as plt
from PIL import Image

from mmcourse.show.figure import figure

ALT = 'A line rises from "low" at 0 to <high> at 1'


@pytest.fixture
def shown(monkeypatch):
    """The bundles that reach the page."""
    bundles = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: bundles.append(data))
    return bundles


def line():
    fig, ax = plt.subplots(figsize=(3, 2))
    ax.plot([0, 1])
    return fig


def test_the_picture_and_its_text_arrive(shown):
    figure(line(), alt=ALT.replace(" at 0", "\n    at 0"), dpi=50)
    assert shown[0]["text/plain"] == ALT
    parser = html.parser.HTMLParser()
    tags = []
    parser.handle_starttag = lambda tag, attributes: tags.append((tag, dict(attributes)))
    parser.feed(shown[0]["text/html"])
    [(tag, attributes)] = tags
    assert (tag, attributes["alt"]) == ("img", ALT)
    head, _, data = attributes["src"].partition(",")
    assert head == "data:image/png;base64"
    width, height = Image.open(io.BytesIO(base64.b64decode(data))).size
    assert 120 <= width <= 160, "3 inches at 50 dpi, trimmed"
    assert 80 <= height <= 110


def test_the_figure_is_closed_so_that_it_does_not_appear_twice(shown):
    fig = line()
    figure(fig, alt=ALT)
    assert not plt.fignum_exists(fig.number)


@pytest.mark.parametrize("alt", ["", "attention plot", "a" + " " * 40 + "b"])
def test_a_figure_without_a_sentence_is_refused(shown, alt):
    with pytest.raises(ValueError, match="at least 20 characters; got"):
        figure(line(), alt=alt)
    plt.close("all")
    assert not shown
