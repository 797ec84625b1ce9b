"""Put a figure on the page with a text that says what it shows."""

import base64
import html
import io

SHORTEST_ALT = 20


def figure(fig, alt, dpi=100):
    """Display a matplotlib figure under its alternative text, and close it.

    The figure goes out as an HTML image, because JupyterLab gives PNG outputs no alternative text; where there is no
    HTML, and for a reader who cannot see, `alt` stands for the picture.

    Parameters
    ----------
    fig : matplotlib.figure.Figure
    alt : str
        What the figure shows, in a sentence: not "attention plot" but "the word cat looks at the top left region".
    dpi : int
        Pixels per inch.

    Raises
    ------
    ValueError
        If `alt` has fewer than 20 characters.
    """
    from IPython.display import display

    alt = " ".join(alt.split())
    if len(alt) < SHORTEST_ALT:
        raise ValueError(
            f"alt should say what the figure shows, in at least {SHORTEST_ALT} characters; got {alt!r}. "
            "Try: what would you tell a friend on the telephone?"
        )
    display({"text/html": as_html(fig, alt, dpi), "text/plain": alt}, raw=True)


def as_html(fig, alt, dpi=100):
    """The figure as one `<img>` with its alternative text; closes the figure."""
    from matplotlib import pyplot as plt

    png = io.BytesIO()
    fig.savefig(png, format="png", dpi=dpi, bbox_inches="tight")
    plt.close(fig)  # or the notebook would show it a second time, without its text
    source = base64.b64encode(png.getvalue()).decode()
    return f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{source}">'
