"""Collecting from an exchange, into which students write: nobody hands in for another, or earlier than it was."""

import json
import os
import time
from datetime import UTC, datetime, timedelta

import pytest
from small_class import NAME, cell, collect, put, solved, states, stub, submitted
from small_course import mmcourse

from mmcourse.classroom import course, gradebook, incoming
from mmcourse.classroom.roster import Student

pwd = pytest.importorskip("pwd", reason="an exchange needs users and owners")
ME = pwd.getpwuid(os.geteuid()).pw_name
SOMEBODY = next(user.pw_name for user in pwd.getpwall() if user.pw_uid != os.geteuid())


@pytest.fixture
def folder(class_folder):
    return class_folder


@pytest.fixture
def exchange(folder, tmp_path):
    """The inbound folder of a class whose student is the user that runs the tests."""
    path = folder / course.CONFIG
    path.write_text(path.read_text() + f"\nc.Exchange.root = {str(tmp_path / 'exchange')!r}\n")
    gradebook.enrol(folder, [Student(ME), Student(SOMEBODY)])
    inbound = tmp_path / "exchange" / "mmcourse" / "inbound"
    inbound.mkdir(parents=True)
    return inbound


def submit(inbound, student, notebook, when=None, word="x1_-="):
    """As nbgrader does it; the path of the notebook."""
    when = when or datetime.now(UTC)
    place = inbound / f"{student}+{NAME}+{when:%Y-%m-%d %H:%M:%S.%f} UTC+{word}"
    (place / "x").parent.mkdir()
    (place / incoming.SECRET).write_text("0123456789abcdef" * 8)
    return put(place / f"{NAME}.ipynb", notebook)


def test_ones_own_submission_is_collected_with_its_time_and_secret(folder, exchange):
    now = datetime.now(UTC)
    submit(exchange, ME, solved(), now)
    assert set(states(collect(folder)).values()) == {"collected"}
    place = folder / "submitted" / ME / NAME
    assert json.loads((place / f"{NAME}.ipynb").read_text()) == solved()
    assert gradebook.when(place / f"{NAME}.ipynb") == now.replace(tzinfo=None)
    assert (place / incoming.SECRET).read_text() == "0123456789abcdef" * 8


def test_a_submission_in_anothers_name_is_refused_and_named(folder, exchange):
    submit(exchange, SOMEBODY, solved())
    (outcome,) = collect(folder).values()
    assert outcome.state == "refused"
    assert f"claims to be from {SOMEBODY!r}, but belongs to {ME!r}" in outcome.words
    assert submitted(folder) == []
    done = mmcourse("class", "collect", "03", "--folder", str(folder))
    assert f"claims to be from {SOMEBODY!r}, but belongs to {ME!r}" in done.output


def test_it_does_not_replace_what_the_other_handed_in(folder, exchange):
    theirs = folder / "submitted" / SOMEBODY / NAME
    put(theirs / f"{NAME}.ipynb", solved())
    submit(exchange, SOMEBODY, stub())
    collect(folder)
    assert json.loads((theirs / f"{NAME}.ipynb").read_text()) == solved()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_anothers_file_in_ones_own_folder_is_refused(folder, exchange):
    path = submit(exchange, ME, solved())
    os.chown(path, pwd.getpwnam(SOMEBODY).pw_uid, -1)
    (outcome,) = collect(folder).values()
    assert outcome.state == "refused"
    assert f"belongs to {SOMEBODY!r}" in outcome.words


def test_names_are_believed_only_where_the_teacher_says_so(folder, exchange):
    long_ago = datetime(2026, 3, 1, tzinfo=UTC)
    submit(exchange, SOMEBODY, solved(), long_ago)
    assert set(states(collect(folder, trust_names=True)).values()) == {"collected"}
    assert gradebook.when(folder / "submitted" / SOMEBODY / NAME / f"{NAME}.ipynb") == datetime(2026, 3, 1)


def test_a_time_that_was_claimed_too_early_does_not_count(folder, exchange):
    submit(exchange, ME, solved(), datetime.now(UTC) - timedelta(days=2))
    (outcome,) = collect(folder).values()
    assert "but was changed at" in outcome.words
    counted = gradebook.when(folder / "submitted" / ME / NAME / f"{NAME}.ipynb")
    assert abs(counted - datetime.now(UTC).replace(tzinfo=None)) < timedelta(minutes=5)


def test_a_few_minutes_between_claim_and_file_are_no_suspicion(folder, exchange):
    when = datetime.now(UTC) - timedelta(minutes=5)
    submit(exchange, ME, solved(), when)
    (outcome,) = collect(folder).values()
    assert outcome.words == ""


def test_links_in_the_exchange_are_never_followed(folder, exchange, tmp_path):
    secret = put(tmp_path / "secret.ipynb", solved())
    path = submit(exchange, ME, stub())
    path.unlink()
    path.symlink_to(secret)
    elsewhere = put(tmp_path / "elsewhere" / f"{NAME}.ipynb", solved()).parent
    (exchange / f"{ME}+{NAME}+2026-03-01 00:00:00.0 UTC+y").symlink_to(elsewhere)
    outcomes = collect(folder)
    assert set(states(outcomes).values()) == {"refused"}
    assert sum("symbolic link" in outcome.words for outcome in outcomes.values()) == 2


def test_a_secret_of_ones_own_making_is_replaced(folder, exchange):
    for text in ("", "short", "x" * 5000):
        path = submit(exchange, ME, solved(), word=f"w{len(text)}")
        path.with_name(incoming.SECRET).write_text(text)
        time.sleep(0.002)
        collect(folder)
        kept = (folder / "submitted" / ME / NAME / incoming.SECRET).read_text()
        assert len(kept) == 128
        assert text not in kept or not text


@pytest.mark.parametrize(
    "name",
    [
        f"{ME}+{NAME}+yesterday",
        f"../{ME}+{NAME}+2026-03-01 00:00:00.0 UTC".replace("/", "%2f"),
        f"{ME}+{NAME}+2026-99-01 00:00:00.0 UTC",
        f"+{NAME}+2026-03-01 00:00:00.0 UTC",
        f".+{NAME}+2026-03-01 00:00:00.0 UTC+x",
    ],
)
def test_folders_with_odd_names_are_named_and_stop_nobody(folder, exchange, name):
    (exchange / name).mkdir()
    submit(exchange, ME, solved())
    outcomes = collect(folder)
    assert sorted(states(outcomes).values()) == ["collected", "refused"]


def test_a_submission_without_the_notebook_is_named(folder, exchange):
    submit(exchange, ME, solved()).unlink()
    (outcome,) = collect(folder).values()
    assert outcome.state == "refused"
    assert f"'{NAME}.ipynb' cannot be read: No such file" in outcome.words


def test_fifty_megabytes_of_outputs_are_taken_and_too_many_are_not(folder, exchange, monkeypatch):
    big = solved()
    output = {"output_type": "stream", "name": "stdout", "text": "x" * (50 << 20)}
    cell(big, "03-softmax")["outputs"] = [output]
    submit(exchange, ME, big)
    assert set(states(collect(folder)).values()) == {"collected"}
    monkeypatch.setattr(incoming, "LARGEST", 10 << 20)
    (outcome,) = collect(folder).values()
    assert "It has 50 MiB, more than 10" in outcome.words
