"""Pages that show what strangers wrote: all of it escaped and bounded; nothing in them runs or is fetched."""

import base64
import hashlib
import html
import re
import unicodedata
from importlib.resources import files

LONGEST = 2000  # characters of one text
STATES = {"right": "right", "wrong": "wrong", "error": "error", "not attempted": "none"}  # their names in pages.css
JOINERS = "\n\t\u200c\u200d"  # lines, and what Persian, Hindi and emoji are joined with


def text(value, longest: int = LONGEST) -> str:
    """The value as text for HTML, cut if need be. Characters that cannot be seen are named: some turn text around."""
    whole = str(value)
    shown = "".join(map(_visible, whole[:longest]))
    more = f" … ({len(whole) - longest} more characters)" if len(whole) > longest else ""
    return html.escape(shown + more)


def prose(value) -> str:
    """The same, with `code` between backquotes set as code."""
    return re.sub(r"`([^`\n]+)`", r"<code>\1</code>", text(value))


def tag(name: str, content: str, **attributes) -> str:
    """An element whose content is HTML already. Attributes are escaped here; `class_` stands for class."""
    said = "".join(f' {key.rstrip("_").replace("_", "-")}="{text(value)}"' for key, value in attributes.items())
    return f"<{name}{said}>{content}</{name}>"


def document(title: str, body: str) -> str:
    """A whole page that needs no other file. Its policy lets a browser run nothing, even if an escape were missed."""
    style = files(__package__).joinpath("pages.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n<meta name="robots" content="noindex">\n'
        f"<title>{text(title, 200)}</title>\n<style>{style}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _visible(character: str) -> str:
    seen = character.isprintable() or character in JOINERS or unicodedata.category(character) == "Zs"
    return character if seen else f"⟨U+{ord(character):04X}⟩"
