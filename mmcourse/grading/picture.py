"""Expected, got and their difference as three small heatmaps."""

import base64
import html
import io

import numpy as np

from .comparing import differences

SIDE = 24  # at most so many rows and columns are drawn


def img_tag(expected: np.ndarray, got: np.ndarray) -> str:
    """An <img> with the slice that holds the largest difference, and what it shows in words for those who listen."""
    place = np.unravel_index(differences(expected, got).argmax(), expected.shape)
    expected, got, leading, spot = cut(expected, got, place)
    title = f" at [{', '.join(map(str, leading))}, …]" if leading else ""
    png = base64.b64encode(_png(expected, got, title, spot)).decode()
    alt = (
        f"Three heatmaps of {expected.shape[0]} rows and {expected.shape[1]} columns{title}: expected, got, and "
        f"got minus expected. A ring marks the largest difference, at row {spot[0]}, column {spot[1]}: "
        f"expected {expected[spot]:.3g}, got {got[spot]:.3g}."
    )
    return f'<img alt="{html.escape(alt)}" style="max-width:100%; background:white" src="data:image/png;base64,{png}">'


def cut(expected, got, place):
    """The matrix around `place`: the last two axes, cut to SIDE, the leading indices, and the place within it."""
    *leading, row, column = (0, 0, *place) if len(place) == 0 else (0, *place) if len(place) == 1 else place
    parts = []
    for array in (expected, got):
        matrix = np.atleast_2d(array)[tuple(leading)]
        parts.append(matrix[_window(row, matrix.shape[0]), _window(column, matrix.shape[1])])
    spot = tuple(int(i - _window(i, n).start) for i, n in zip((row, column), matrix.shape, strict=True))
    return *parts, tuple(map(int, leading)), spot


def _window(index, length) -> slice:
    start = int(np.clip(index - SIDE // 2, 0, max(length - SIDE, 0)))
    return slice(start, start + SIDE)


def _png(expected, got, title, spot) -> bytes:
    from matplotlib import colormaps
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with np.errstate(all="ignore"):
        panels = {"expected": expected, "got": got, "got − expected": got - expected}
    largest = max(np.abs(p[drawable(p)]).max(initial=0.0) for p in panels.values()) or 1.0
    colours = colormaps["PuOr"].with_extremes(bad="#888888")  # NaN and infinity in grey
    figure = Figure(figsize=(7.2, 2.4), dpi=90)
    canvas = FigureCanvasAgg(figure)
    room = {"width_ratios": (1, 1, 1, 0.06), "left": 0.05, "right": 0.93, "bottom": 0.12, "top": 0.88}
    *axes, bar = figure.subplots(1, 4, gridspec_kw=room)
    for axis, (name, panel) in zip(axes, panels.items(), strict=True):
        shown = np.where(drawable(panel), panel, np.nan)
        image = axis.imshow(shown, cmap=colours, vmin=-largest, vmax=largest, aspect="auto")
        axis.set_title(name + title, fontsize=9)
        axis.tick_params(labelsize=7)
    axes[2].plot(spot[1], spot[0], "o", markersize=11, markerfacecolor="none", color="black")
    figure.colorbar(image, cax=bar).ax.tick_params(labelsize=7)
    file = io.BytesIO()
    canvas.print_png(file)
    return file.getvalue()


def drawable(panel):
    """Finite, and small enough for the axes of a picture: minus infinity mended by `nan_to_num` is not."""
    return np.abs(panel) < 1e100
