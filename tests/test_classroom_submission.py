"""Which files are submissions, and why others are none."""

import json
import os

import hostile
import psutil
import pytest

from mmcourse.classroom import submission
from mmcourse.classroom.submission import Refused, find, read


def cell(source, kind="code", **more):
    return {"cell_type": kind, "metadata": {}, "source": source} | more


def notebook(*cells, **more):
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells)} | more


def put(folder, content, file="ada/03_attention.ipynb"):
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return file


def test_an_honest_notebook_gives_its_code_and_whose_it_is(tmp_path):
    cells = [cell(["a = 1\n", "b = 2"]), cell("words", "markdown"), cell('check("03-softmax", f).points'), cell("c")]
    found = read(tmp_path, put(tmp_path, notebook(*cells)))
    assert found.cells == ("a = 1\nb = 2", "c")
    assert (found.student, found.assignment) == ("ada", "03")


def test_find_takes_every_layout_and_no_hidden_copies(tmp_path):
    found = ["ada/03_attention.ipynb", "bob.ipynb", "eve/ps/03_x.ipynb"]
    for file in (*found, "ada/.ipynb_checkpoints/03_a.ipynb", "x.txt"):
        put(tmp_path, notebook(), file)
    assert find(tmp_path) == found
    assert submission.student_of("bob.ipynb") == "bob"


@pytest.mark.parametrize("file", ["bob.ipynb", "bob/mine.ipynb"])
def test_the_assignment_is_known_by_the_ids_of_the_cells_too(tmp_path, file):
    marked = cell("", metadata={"nbgrader": {"grade_id": "05-beam"}})
    assert read(tmp_path, put(tmp_path, notebook(marked), file)).assignment == "05"
    with pytest.raises(Refused, match="which assignment"):
        read(tmp_path, put(tmp_path, notebook(), file))


HONEST = json.dumps(notebook(*map(cell, hostile.HONEST))).encode()
NO_SUBMISSIONS = {
    "empty": (b"", "empty"),
    "blank": (b" \n", "empty"),
    "truncated": (HONEST[:-30], "cut off"),
    "zeros": (bytes(1000), "not valid JSON"),
    "not text": (b"\xff\xfe" * 100, "not valid JSON"),
    "brackets": (b"[" * 300_000, "no notebook"),
    "a long number": (b"1" * 10_000, "not valid JSON"),
    "a list": ([1, 2], "names no nbformat"),
    "ancient": ({"nbformat": 3, "worksheets": []}, "format 3; 4 is expected"),
    "no cells": ({"nbformat": 4}, "cells are not as they should be"),
    "cells of numbers": (notebook(1, 2), "cells are not as they should be"),
    "a cell without a source": (notebook({"cell_type": "code", "metadata": {}}), "cells are not as they should be"),
    "a source of numbers": (notebook(cell([1, 2])), "cells are not as they should be"),
    "two cells alike": (notebook(cell("", id="a"), cell("", id="a")), "2 cells have the id 'a'"),
    "two graded alike": (
        notebook(*[cell("", metadata={"nbgrader": {"grade_id": "03-softmax"}})] * 3),
        "3 cells have the grade_id '03-softmax'",
    ),
    "a million cells": (notebook(*[cell("")] * 2001), "2001 cells; at most 2000"),
    "an id within lists": (notebook(cell("", id=json.loads("[" * 900 + "]" * 900))), "cells are not as they should be"),
    "millions of lists": (b'{"nbformat": 4, "cells": [' + b"[]," * 5_000_000 + b"[]]}", "brackets and commas. Clear"),
    "a format of a thousand digits": ({"nbformat": 10**1000, "cells": []}, "format 10000000000000000000; 4"),
    "a library pasted in": (notebook(cell("x = 1\n" * 1_000_000)), "characters of code"),
}


@pytest.mark.parametrize("name", NO_SUBMISSIONS)
def test_what_is_no_notebook_is_refused_with_a_reason(tmp_path, name):
    content, reason = NO_SUBMISSIONS[name]
    with pytest.raises(Refused, match=reason):
        read(tmp_path, put(tmp_path, content))


def test_links_are_refused_wherever_they_are(tmp_path):
    put(tmp_path, notebook(*map(cell, hostile.HONEST)))
    (tmp_path / "eve").mkdir()
    (tmp_path / "eve/03_attention.ipynb").symlink_to(tmp_path / "ada/03_attention.ipynb")
    (tmp_path / "mal").symlink_to(tmp_path / "ada")
    assert len(find(tmp_path)) >= 2
    for file in ("eve/03_attention.ipynb", "mal/03_attention.ipynb"):
        with pytest.raises(Refused, match="symbolic link"):
            read(tmp_path, file)


def test_the_name_of_a_link_gives_no_orders_to_a_terminal(tmp_path):
    (tmp_path / "\x1b[2J").symlink_to(tmp_path)
    with pytest.raises(Refused, match=r"'\\x1b\[2J' is a symbolic link"):
        read(tmp_path, "\x1b[2J/03_attention.ipynb")


def test_what_a_notebook_carries_beside_its_code_is_never_unpacked(tmp_path):
    """Attachments, where a zip bomb or a picture of a terapixel would lie."""
    carries = cell("words", "markdown", attachments={"bomb.zip": {"application/zip": "UEsDBBQ" + "A" * (1 << 20)}})
    graded = cell("a", metadata={"nbgrader": {"grade_id": ["03-softmax"] * 3, "points": "1e999"}})
    assert read(tmp_path, put(tmp_path, notebook(carries, graded))).cells == ("a",)


def test_a_pipe_does_not_hold_up_the_class(tmp_path):
    os.mkfifo(tmp_path / "03_eve.ipynb")
    with pytest.raises(Refused, match="no ordinary file"):
        read(tmp_path, "03_eve.ipynb")


def test_a_folder_that_is_called_like_a_notebook_is_refused_and_nothing_stays_open(tmp_path):
    (tmp_path / "03_eve.ipynb").mkdir()
    before = psutil.Process().num_fds()
    with pytest.raises(Refused, match="Is a directory"):
        read(tmp_path, "03_eve.ipynb")
    assert psutil.Process().num_fds() == before


def test_fifty_megabytes_of_output_are_read_and_a_hundred_are_not(tmp_path, monkeypatch):
    stored = cell("a = 1", outputs=[{"output_type": "stream", "name": "stdout", "text": "x" * (50 << 20)}])
    file = put(tmp_path, notebook(stored))
    assert read(tmp_path, file).cells == ("a = 1",)
    monkeypatch.setattr(submission, "LARGEST", 40 << 20)
    with pytest.raises(Refused, match="50 MiB, more than 40"):
        read(tmp_path, file)


def test_whatever_its_metadata_claim_code_is_run(tmp_path):
    hidden = cell("def f(): pass", metadata={"nbgrader": {"grade": True, "points": 1000, "locked": "yes"}})
    odd = cell("g = 1", metadata={"nbgrader": "no"})
    assert read(tmp_path, put(tmp_path, notebook(hidden, odd))).cells == ("def f(): pass", "g = 1")
