"""What the tests of feedback pages and class reports share: lines as the grader writes them, and a page taken apart."""

import base64
import hashlib
import html.parser
import itertools
import re

from mmcourse.classroom.entry import entry
from mmcourse.grading import grade, questions

SECRET = 271828182845904523
TAGS = """
    html head meta title style body main h1 h2 h3 h4 p div section footer span strong code bdi ul li a table caption
    thead tr th td figure figcaption details summary svg image rect circle path text
"""
ATTRIBUTES = """
    lang charset http-equiv content name class id dir href scope role aria-hidden viewbox preserveaspectratio width
    height x y cx cy r d text-anchor transform image-rendering
"""
VOID = ("meta",)
# What students may call themselves, their files and their errors, and how a page must not be fooled by it.
HOSTILE = {
    "a script": "<script>alert(1)</script>",
    "an image": "<img src=x onerror=alert(1)>",
    "a way out of an attribute": "\"'><svg onload=alert(1)>",
    "a way out of the style": "</style></title><script>alert(1)</script>",
    "an entity": "&lt;script&gt;&#60;b&#62;",
    "code": "`<b>bold</b>` and `",
    "a link": "javascript:alert(1)",
    "turned text": "abc\u202egpj.exe\u2066\u200f",
    "unseen": "nul\0 bell\a escape\x1b[31m soft\u00ad",
    "broken letters": "half \ud800 letter",
    "a template": "{0} {line} %s {{7*7}} ${x}",
}


class Page(html.parser.HTMLParser):
    """A page as a browser reads it: its elements, its text, and what was never closed."""

    def __init__(self, page: str):
        super().__init__()
        self.elements, self.open, self.texts = [], [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.texts.append(data)

    @property
    def text(self) -> str:
        return "".join(self.texts)

    def all(self, *tags):
        return [attributes for tag, attributes in self.elements if tag in tags]


def assert_harmless(page: str) -> Page:
    """Only the elements and attributes that we write ourselves, and nothing that turns text around or fetches."""
    seen = Page(page)
    assert not seen.open
    assert {tag for tag, _ in seen.elements} <= set(TAGS.split())
    assert {name for _, attributes in seen.elements for name in attributes} <= set(ATTRIBUTES.split())
    assert all(re.match(r"data:image/png;base64,|#person$|feedback/", a["href"]) for a in seen.all("a", "image"))
    assert not re.search("[\0-\x08\x0b-\x1f\x7f\u00ad\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", page)
    return seen


def assert_strict(page: str) -> None:
    """A policy that lets nothing run and nothing be fetched, and that knows the page's own style."""
    (policy,) = [a["content"] for a in Page(page).all("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    style = re.search("<style>(.*?)</style>", page, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["style-src"] == f"'sha256-{digest}'"
    assert set(rules) == {"default-src", "style-src", "img-src", "base-uri", "form-action"}


def assert_readable(page: str) -> None:
    """A language, headings in order, and words for each picture."""
    seen = Page(page)
    assert seen.all("html") == [{"lang": "en"}]
    levels = [int(tag[1]) for tag, _ in seen.elements if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b <= a + 1 for a, b in itertools.pairwise(levels))
    pictures = re.findall(r"<svg[^>]*>.{0,7}", page)
    assert all('aria-hidden="true"' in picture or picture.endswith("<title>") for picture in pictures)


def stub(*arguments):
    raise NotImplementedError


def answer(question, which) -> dict:
    """The entry of the reference ("right"), of a stub ("stub"), or of a known wrong answer, by its number."""
    chosen = {"right": question.reference, "stub": stub}
    function = chosen[which] if which in chosen else question.wrong_answers[which].function
    return entry(grade(question, function, 5))


def line(student="ada", answers=("right", 0), assignment="03", **changes) -> dict:
    """A graded line, with answers to the first questions of an assignment."""
    asked = questions(assignment)[: len(answers)]
    entries = [answer(question, which) for question, which in zip(asked, answers, strict=True)]
    made = {
        "file": f"{student}/{assignment}_name.ipynb",
        "student": student,
        "assignment": assignment,
        "digest": "0123456789abcdef" * 4,
        "seed": SECRET,
        "isolation": "bubblewrap",
        "state": "graded",
        "reason": "",
        "points": sum(e["points"] for e in entries),
        "max": sum(e["max"] for e in entries),
        "questions": entries,
        "notes": [],
        "seconds": 0.25,
    }
    return made | changes


def ungraded(state, student="cut", **changes) -> dict:
    return line(student, ()) | {"state": state, "points": None, "max": None, "reason": "Why it is so."} | changes
