"""Where the work on several runs lies: found from each of them, and nothing else is."""

import json
from pathlib import Path

import pytest

from factory.stages import joint


def places(tmp_path: Path) -> list[Path]:
    return [tmp_path / name / joint.COMPARED / "mark" for name in ("one", "other")]


def test_each_leads_to_the_other_until_the_work_has_ended(tmp_path: Path) -> None:
    here, there = places(tmp_path)
    joint.begin([here, there])
    (there / "a-0").mkdir()
    assert joint.elsewhere(tmp_path / "one") == [there]
    assert joint.elsewhere(tmp_path / "other") == [here]
    joint.end([here, there])
    assert not here.exists()
    assert not there.exists()


@pytest.mark.parametrize("note", [None, "[]", "no JSON", '["/somewhere/else"]', "7"])
def test_a_place_that_does_not_lead_back_is_not_ours_to_remove(tmp_path: Path, note: str | None) -> None:
    here, there = places(tmp_path)
    joint.begin([here])
    there.mkdir(parents=True)
    (here / joint.NOTE).write_text(json.dumps([str(there), str(tmp_path), 7]))
    if note is not None:
        (there / joint.NOTE).write_text(note)
    assert joint.elsewhere(tmp_path / "one") == []


def test_a_note_of_a_run_that_is_no_note_names_nothing(tmp_path: Path) -> None:
    here, _ = places(tmp_path)
    joint.begin([here])
    (here / joint.NOTE).write_text("{")
    assert joint.elsewhere(tmp_path / "one") == []
