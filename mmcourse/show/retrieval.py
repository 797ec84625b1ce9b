"""What a search finds, and a box to search in."""

import html

from matplotlib import pyplot as plt

from mmcourse.show.figure import as_html


def found(images, titles, columns=5, size=1.5):
    """Pictures in the order in which they were found, each under a short title. Returns the Figure.

    images: N arrays (height, width, 3).   titles: N strings.
    """
    rows = -(-len(images) // columns)
    fig, axes = plt.subplots(rows, columns, figsize=(size * columns, (size + 0.45) * rows), squeeze=False)
    for ax in axes.flat:
        ax.set_axis_off()
    for ax, (image, title) in zip(axes.flat, zip(images, titles, strict=True), strict=False):
        ax.imshow(image)
        ax.set_title(title, fontsize=8)
    return fig


def search_box(search, query):
    """A widget: type a query, see what is found. Returns it.

    search(text) -> (Figure, its description). What a ValueError says is shown in place of the pictures.
    """
    import ipywidgets as w

    field = w.Text(value=query, description="find", continuous_update=False, layout={"width": "520px"})
    answer = w.HTML()

    def update(_=None):
        try:
            answer.value = as_html(*search(field.value))
        except ValueError as problem:
            answer.value = f"<p>{html.escape(str(problem))}</p>"

    field.observe(update, "value")
    update()
    return w.VBox([field, answer])
