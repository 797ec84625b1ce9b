"""Expected, got and their difference from an entry's numbers, as inline SVG: a millisecond each, for whole classes."""

import base64
import io
import math

import numpy as np
from matplotlib import colormaps
from PIL import Image

from mmcourse.grading.picture import drawable

from .web import tag, text

PANEL, CELL = (186, 150), 34  # the most that a panel takes, and the side of the largest cell
LEFT, TOP, GAP = 34, 26, 52
NEAR = 3  # rows and columns on each side of the largest difference whose numbers are printed
COLOURS = colormaps["PuOr"].with_extremes(bad="#888888")


def svg(picture: dict) -> str:
    """Three heatmaps with one scale, and in words what they show."""
    panels, spot = _panels(picture), picture["spot"]
    rows, columns = panels["expected"].shape
    width, height = (min(most / n, CELL) for most, n in zip(PANEL, (columns, rows), strict=True))
    largest = max((np.abs(p[drawable(p)]).max(initial=0.0) for p in panels.values()), default=0.0) or 1.0
    step = max(columns * width, 88) + GAP
    parts = [f"<title>{_alternative(picture, panels)}</title>"]
    for i, (name, panel) in enumerate(panels.items()):
        x = LEFT + i * step
        parts.append(_image(_coloured(panel, largest), x, TOP, columns * width, rows * height))
        parts.append(_label(name, x + columns * width / 2, TOP - 9, "middle", "name"))
        parts += _ticks(picture, x, width, height)
        ring = f'cx="{x + (spot[1] + 0.5) * width:.1f}" cy="{TOP + (spot[0] + 0.5) * height:.1f}" r="9"'
        parts.append(f'<circle {ring} class="halo"/><circle {ring} class="ring"/>')
    across, down = LEFT + 3 * step - GAP + 10, TOP + rows * height + 24
    parts += _scale(largest, LEFT, down, across - LEFT - 10)
    size = {"width": f"{across:.0f}", "height": f"{down + 28:.0f}"}
    return tag(
        "svg", "".join(parts), role="img", class_="heatmap", viewBox="0 0 {width} {height}".format(**size), **size
    )


def numbers(picture: dict) -> str:
    """Two tables with the numbers near the largest difference, for those who read rather than look."""
    rows, columns = (_near(at, n) for at, n in zip(picture["spot"], _shape(picture), strict=True))
    first = _first(picture)
    head = tag("tr", "<td></td>" + "".join(tag("th", str(first[1] + c), scope="col") for c in columns))
    tables = []
    for name in ("expected", "got"):
        body = ""
        for r in rows:
            cells = (_number(picture[name][r][c], [r, c] == picture["spot"]) for c in columns)
            body += tag("tr", tag("th", str(first[0] + r), scope="row") + "".join(cells))
        tables.append(tag("table", tag("caption", name + leading(picture)) + head + body, class_="numbers"))
    return tag("div", "".join(tables), class_="beside")


def _number(value, largest_difference: bool) -> str:
    shown = text(f"{float(value):.4g}")
    return tag("td", tag("strong", shown) if largest_difference else shown)


def _panels(picture: dict) -> dict[str, np.ndarray]:
    expected, got = (np.array([[float(x) for x in row] for row in picture[name]]) for name in ("expected", "got"))
    with np.errstate(all="ignore"):
        return {"expected": expected, "got": got, "got − expected": got - expected}


def _shape(picture: dict) -> tuple[int, int]:
    return len(picture["expected"]), len(picture["expected"][0])


def _first(picture: dict) -> list[int]:
    """The index, in the whole array, of the first row and column of the cut."""
    row, column = [0, 0, *picture["at"]][-2:]
    return [row - picture["spot"][0], column - picture["spot"][1]]


def leading(picture: dict) -> str:
    """Which matrix of a larger array this is."""
    leading = picture["at"][:-2]
    return f" at [{', '.join(map(str, leading))}, …]" if leading else ""


def _near(at: int, length: int) -> range:
    return range(max(at - NEAR, 0), min(at + NEAR + 1, length))


def _alternative(picture: dict, panels: dict) -> str:
    (rows, columns), spot = _shape(picture), tuple(picture["spot"])
    return text(
        f"Three heatmaps of {rows} rows and {columns} columns{leading(picture)}: expected, got, and got minus "
        f"expected. A ring marks the largest difference, at {picture['at']}: "
        f"expected {panels['expected'][spot]:.4g}, got {panels['got'][spot]:.4g}."
    )


def _coloured(panel, largest) -> np.ndarray:
    shown = np.where(drawable(panel), panel, np.nan)
    return COLOURS((shown / largest + 1) / 2, bytes=True)[..., :3]


def _image(colours: np.ndarray, x, y, width, height) -> str:
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(colours)).save(file, "png")
    data = base64.b64encode(file.getvalue()).decode()
    size = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    sharp = 'preserveAspectRatio="none" image-rendering="pixelated"'
    return f'<image {size} {sharp} href="data:image/png;base64,{data}"/><rect {size} class="frame"/>'


def _label(words: str, x: float, y: float, anchor: str, kind: str = "tick") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}">{text(words)}</text>'


def _ticks(picture: dict, x: float, width: float, height: float) -> list[str]:
    """The index of the first and last row and column, where there is such an axis."""
    (rows, columns), first, axes = _shape(picture), _first(picture), len(picture["at"])
    down = [_label(str(first[0] + r), x - 5, TOP + (r + 0.5) * height + 4, "end") for r in sorted({0, rows - 1})]
    under = TOP + rows * height + 14
    along = [_label(str(first[1] + c), x + (c + 0.5) * width, under, "middle") for c in sorted({0, columns - 1})]
    return [*(down if axes > 1 else []), *(along if axes else [])]


def _scale(largest: float, x: float, y: float, width: float) -> list[str]:
    """The colours from −largest to largest, and what grey means."""
    bar = _coloured(np.linspace(-largest, largest, 101)[None], largest)
    ends = ((f"{-largest:.3g}", x, "start"), ("0", x + width / 2, "middle"), (f"{largest:.3g}", x + width, "end"))
    marks = [_label(words.replace("-", "−"), at, y + 22, anchor) for words, at, anchor in ends]
    return [_image(bar, x, y, width, 8), *marks] if math.isfinite(largest) else []
