"""Source code on the page."""

import html
import inspect


def twins(ours, theirs, titles=("NumPy, by hand", "PyTorch")):
    """Two functions (or lists of functions) side by side, without their docstrings; what IPython shows is HTML."""
    cells = []
    for title, functions in zip(titles, (ours, theirs), strict=True):
        functions = functions if isinstance(functions, list | tuple) else [functions]
        cells.append(
            f'<td style="vertical-align:top;text-align:left"><b>{html.escape(title)}</b>{highlighted(*functions)}</td>'
        )
    return _as_html(f"<table><tr>{''.join(cells)}</tr></table>")


def listing(*functions):
    """Functions or classes one under the other, without their docstrings; what IPython shows is HTML."""
    return _as_html(highlighted(*functions))


def highlighted(*functions):
    """The functions' sources as HTML with colours."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    look = HtmlFormatter(noclasses=True, style="default", prestyles="font-size:80%;line-height:1.35")
    return highlight("\n\n".join(map(source, functions)), PythonLexer(), look)


def _as_html(text):
    from IPython.display import HTML

    return HTML(text)


def source(function):
    """The function's source without its docstring."""
    code = inspect.getsource(function)
    doc = function.__doc__
    if doc and (start := code.find('"""')) >= 0:
        end = code.index('"""', start + 3) + 3
        code = code[:start].rstrip(" ") + code[end:].lstrip("\n")
    return code.rstrip()
