"""Cells from 569 breast lumps, measured under a microscope: how big their nuclei are, and what shape they have.

    cells = tumours.load()
    cells.views["size"], cells.views["shape"]     # (569, 9) and (569, 21) float64
    cells.ill                                     # (569,) bool: 212 are malignant

Real measurements, which come with scikit-learn as a file; it is read there and nothing is imported. Where it is
missing, `fetch()` brings the same file from its public home. The two views are of one photograph: they are groups of
measures, not two instruments, and they tell much of the same. 37 % of these lumps are malignant, since they were
referred; of people who are screened, fewer than one in a hundred is ill.
"""

from dataclasses import dataclass

import numpy as np

from mmcourse.data import packaged

MEASURES = (
    "radius", "texture", "perimeter", "area", "smoothness", "compactness", "concavity", "concave points", "symmetry",
    "fractal dimension",
)  # fmt: skip
OF = ("mean", "standard error", "worst")  # of the nuclei in the picture
VIEWS = {"size": ("radius", "perimeter", "area")}
VIEWS["shape"] = tuple(measure for measure in MEASURES if measure not in VIEWS["size"])
CELLS = packaged.Part(
    "scikit-learn==1.9.1",
    "sklearn",
    "datasets/data/breast_cancer.csv",
    "fed3eb72d0575ef6192293f5093c6e801b1476b577d0386bf4455504522172ed",
    "https://raw.githubusercontent.com/scikit-learn/scikit-learn/1.9.1/sklearn/datasets/data/breast_cancer.csv",
)


class TumoursError(RuntimeError):
    """The measurements are missing, or are not the ones that the course is pinned to."""


@dataclass(frozen=True)
class Cells:
    """N lumps: views, {name: (N, C) float64} with the columns of `columns(name)`, and ill (N,) bool."""

    views: dict[str, np.ndarray]
    ill: np.ndarray

    def __len__(self):
        return len(self.ill)


def columns(view):
    """What each column of a view is: "mean radius", "mean perimeter", …"""
    return tuple(f"{of} {measure}" for of in OF for measure in VIEWS[view])


def load():
    """All lumps, as `Cells`. Raises TumoursError if the file is missing or changed."""
    lines = packaged.read(CELLS, TumoursError, "tumours.fetch()").decode("ascii").splitlines()
    table = np.array([line.split(",") for line in lines[1:]], float)  # the first line counts lumps and columns
    names = [f"{of} {measure}" for of in OF for measure in MEASURES]
    views = {view: table[:, [names.index(column) for column in columns(view)]] for view in VIEWS}
    return Cells(views, table[:, -1] == 0)


def fetch():
    """Bring the file from its public home (0.1 MB). Raises mmcourse.data.download.DownloadError."""
    packaged.fetch(CELLS)
