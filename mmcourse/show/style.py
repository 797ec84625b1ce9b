"""One look for every figure, and a font that has Chinese."""

import hashlib
import importlib.util
from pathlib import Path

import matplotlib as mpl
from matplotlib import font_manager

# Okabe & Ito's eight colours, which colour-blind readers can tell apart, in the order in which we use them.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442", "#000000")
FONT_SHA256 = "5cf8b2a0576d5680284ab03a7a8219499d59bbe981a79bb3dc0031f251c39736"


def setup():
    """Set fonts, colours and sizes for this notebook."""
    families = ["DejaVu Sans"]
    font = chinese_font()
    if font is not None:
        font_manager.fontManager.addfont(font)
        families.append(font_manager.FontProperties(fname=font).get_name())
    mpl.rcParams.update(
        {
            "font.family": families,  # a glyph that the first lacks is looked up in the second
            "axes.prop_cycle": mpl.cycler(color=COLOURS),
            "axes.spines.top": False,
            "axes.spines.right": False,
            "figure.dpi": 100,
            "figure.constrained_layout.use": True,
            "image.cmap": "cividis",
            "legend.frameon": False,
        }
    )


def chinese_font():
    """The path of Noto Sans SC from the package zhplot, or None where it is missing or not the file we know."""
    spec = importlib.util.find_spec(
        "zhplot"
    )  # only the file is wanted: importing it would change matplotlib's settings
    if spec is None:
        return None
    font = Path(spec.origin).parent / "fonts" / "NotoSansSC-Regular.ttf"
    known = font.is_file() and hashlib.sha256(font.read_bytes()).hexdigest() == FONT_SHA256
    return font if known else None
