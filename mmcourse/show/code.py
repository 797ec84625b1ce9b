"""Source code on the page."""

import html
import inspect


def twins(ours, theirs, titles=("NumPy, by hand", "PyTorch")):
    """Two functions (or lists of functions) side by side, without their docstrings; what IPython shows is HTML."""
    from IPython.display import HTML
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    look = HtmlFormatter(noclasses=True, style="default", prestyles="font-size:80%;line-height:1.35")
    cells = []
    for title, functions in zip(titles, (ours, theirs), strict=True):
        functions = functions if isinstance(functions, list | tuple) else [functions]
        code = "\n\n".join(source(f) for f in functions)
        cells.append(
            f'<td style="vertical-align:top;text-align:left"><b>{html.escape(title)}</b>'
            f"{highlight(code, PythonLexer(), look)}</td>"
        )
    return HTML(f"<table><tr>{''.join(cells)}</tr></table>")


def source(function):
    """The function's source without its docstring."""
    code = inspect.getsource(function)
    doc = function.__doc__
    if doc and (start := code.find('"""')) >= 0:
        end = code.index('"""', start + 3) + 3
        code = code[:start].rstrip(" ") + code[end:].lstrip("\n")
    return code.rstrip()
