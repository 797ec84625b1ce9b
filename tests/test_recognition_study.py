"""The kept runs of `mmcourse.studies.recognition`."""

import pytest

from mmcourse.studies import recognition as study


def test_every_run_is_kept_once():
    keys = {(task, language, seed) for task in study.STEPS for language in ("en", "zh") for seed in study.SEEDS}
    assert set(study.results()) == keys


@pytest.mark.parametrize("language", ["en", "zh"])
def test_digits_are_learned_and_a_new_voice_is_got_used_to(language):
    found = study.results()
    for seed in study.SEEDS:
        assert found["digits", language, seed]["error rate"] <= 0.1
        voice = found["new voice", language, seed]
        assert voice["after"]["95 % interval"][1] < voice["before"]["95 % interval"][0]


def test_the_text_has_a_row_for_each_rate():
    rows = study.as_text().splitlines()
    assert [tuple(row.split()[:1]) for row in rows] == [("digits",)] * 2 + [("new",)] * 4
    mean = sum(study.results()["digits", "zh", s]["error rate"] for s in study.SEEDS) / len(study.SEEDS)
    assert f"{mean:6.3f} [" in rows[1]
