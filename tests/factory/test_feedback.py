"""Feedback logs: votes, corrected answers, pairs and rankings become records; raters are counted and never named."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from factory import Run, rejections, run
from factory.errors import BadItem, WrongRequest
from factory.shapes.votes import Scale
from factory.views import verify
from factory.views.audit import report
from factory.views.chapters.raters import agreement, alpha
from tests.corpora import recipe, rows, strings, write_recipe

Row = dict[str, Any]


def vote(rating: Any, *, rater: str | None = None, answer: str = "Turn it left.", **more: Any) -> Row:
    return {"prompt": "How is it closed?", "completion": answer, "rating": rating, "rater": rater, **more}


def read(folder: Path, log: list[Row], **source: Any) -> Run:
    (folder / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in log), encoding="utf-8")
    named = {"path": "log.jsonl", "as": "feedback", **source}
    return run(write_recipe(folder, recipe(sources=[named], methods=[])), until="export")


def made(done: Run, kind: str) -> list[Row]:
    return [row | {"meta": json.loads(row["meta"])} for row in rows(done.path / "records" / kind)]


def lost(done: Run) -> list[tuple[int, str]]:
    return [(int(row["place"].rpartition(":")[2]), row["reason"]) for row in rejections.read(done, "read")]


def test_a_file_whose_votes_all_count_in_another_is_named(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    for name in ("a", "b"):
        (tmp_path / f"logs/{name}.jsonl").write_text(json.dumps(vote("up", rater=name)) + "\n", encoding="utf-8")
    done = run(write_recipe(tmp_path, recipe(sources=[{"path": "logs", "as": "feedback"}], methods=[])), until="export")
    [row] = made(done, "feedback")
    assert row["meta"]["raters"] == 2
    lost = {row["place"].rpartition("/")[2]: row["reason"] for row in rejections.read(done, "read")}
    assert lost == {"b.jsonl:1": "feedback.merged", "b.jsonl": "feedback.no_record"}


# --- what a vote says ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("good", ["up", "UP", "👍", "👍🏽", "Thumbs Up", "thumbs-up", "yes", True, "true", "helpful"])
@pytest.mark.parametrize("bad", ["down", "👎", "Not helpful", False, "False", "dislike"])
def test_words_thumbs_and_truth_values_are_understood(good: Any, bad: Any) -> None:
    assert (Scale().meaning(good), Scale().meaning(bad)) == (True, False)


@pytest.mark.parametrize("nothing", [None, "", "null", "NaN", " ", float("nan")])
def test_an_empty_vote_is_none(nothing: Any) -> None:
    assert Scale().meaning(nothing) is None


def seen(*numbers: float, **stated: Any) -> tuple[float, float]:
    scale = Scale(**stated)
    for number in numbers:
        scale.see(number)
    return scale.bounds("log")


@pytest.mark.parametrize(
    ("numbers", "bounds"),
    [((1, -1), (1, -1)), ((0, -1), (1, -1)), ((0, 1), (1, 0)), ((1,), (1, 0)), ((1, 2, 5), (4, 2)), ((4.5,), (4, 2))],
)  # fmt: skip
def test_the_scale_is_that_of_all_numbers_seen(numbers: tuple[float, ...], bounds: tuple[float, float]) -> None:
    assert seen(*numbers) == bounds


@pytest.mark.parametrize("numbers", [(0,), (1, 2), (1, 2, 3), (0, 5), (1, 10), (0.2, 0.9)])
def test_a_scale_that_nobody_can_tell_is_asked_for(numbers: tuple[float, ...]) -> None:
    with pytest.raises(WrongRequest, match=r"nobody can tell which are good. Say so at the source"):
        seen(*numbers)
    assert seen(*numbers, good=8.0, bad=4.0) == (8, 4)


def test_one_stated_bound_leaves_no_middle() -> None:
    good, bad = seen(1, 10, good=8)
    assert bad < good == 8
    assert not [number for number in (7.99, 8.0) if bad < number < good]


def test_stated_words_are_votes() -> None:
    scale = Scale(good=["solved"], bad=["Not Solved"])
    assert (scale.meaning("Solved"), scale.meaning("not solved")) == (True, False)


@pytest.mark.parametrize(
    ("value", "reason"), [("perhaps", "not_understood"), ([1], "not_understood"), ("neutral", "middle")]
)
def test_what_is_no_vote_is_a_bad_item_and_not_quoted(value: Any, reason: str) -> None:
    with pytest.raises(BadItem) as caught:
        Scale().meaning(value)
    assert caught.value.reason == f"feedback.{reason}"
    assert "perhaps" not in str(caught.value)


# --- what becomes of it ----------------------------------------------------------------------------------------------


def test_a_vote_is_a_feedback_record(tmp_path: Path) -> None:
    done = read(tmp_path, [vote("up"), vote("down", answer="Push it.")])
    assert [(row["completion"][0]["content"], row["label"]) for row in made(done, "feedback")] == [
        ("Turn it left.", True), ("Push it.", False),
    ]  # fmt: skip
    assert made(done, "feedback")[0]["meta"]["raters"] == 1
    assert lost(done) == []


def test_the_middle_of_a_scale_is_left_out_with_a_reason(tmp_path: Path) -> None:
    done = read(tmp_path, [vote(nth, answer=f"Answer {nth}.") for nth in range(1, 6)])
    assert [row["label"] for row in made(done, "feedback")] == [False, False, True, True]
    assert lost(done) == [(3, "feedback.middle")]


def test_a_stated_scale_is_taken(tmp_path: Path) -> None:
    log = [vote(nth, answer=f"Answer {nth}.") for nth in range(11)]
    with pytest.raises(WrongRequest, match=r"log\.jsonl: the votes are numbers from 0 to 10"):
        read(tmp_path, log)
    done = read(tmp_path, log, feedback={"good": 8, "bad": 4})
    assert [row["label"] for row in made(done, "feedback")] == [False] * 5 + [True] * 3
    assert [number for number, _ in lost(done)] == [6, 7, 8]


def test_a_corrected_answer_is_chosen_over_the_one_that_was_shown(tmp_path: Path) -> None:
    done = read(
        tmp_path, [vote("down", edit="Turn it right."), vote(None, edit="Push.", answer="Pull."), vote("up", edit=" ")]
    )
    assert [(row["chosen"][0]["content"], row["rejected"][0]["content"]) for row in made(done, "preference")] == [
        ("Turn it right.", "Turn it left."), ("Push.", "Pull."),
    ]  # fmt: skip
    assert lost(done) == [(1, "feedback.tie"), (3, "feedback.tie")]  # down, and up by another
    assert not (done.path / "records/sft").exists()


def test_a_corrected_answer_is_sft_where_that_is_asked_for(tmp_path: Path) -> None:
    done = read(tmp_path, [vote("down", edit="Turn it right.")], feedback={"edits": ["sft"]})
    assert [message["content"] for message in made(done, "sft")[0]["messages"]] == [
        "How is it closed?",
        "Turn it right.",
    ]
    assert [row["id"] for row in made(done, "feedback")] == ["row:log.jsonl:0000001.0"]
    assert not (done.path / "records/preference").exists()


def test_an_edit_that_changes_nothing_is_rejected(tmp_path: Path) -> None:
    done = read(tmp_path, [vote("up", edit="Turn  it left. ")])
    assert lost(done) == [(1, "feedback.same_answer")]
    assert len(made(done, "feedback")) == 1


def test_pairs_and_comparisons_are_put_together(tmp_path: Path) -> None:
    pair = {"prompt": "How?", "chosen": "So.", "rejected": "Thus.", "annotator": "a"}
    turned = {"prompt": "How?", "chosen": "Thus.", "rejected": "So."}
    done = read(tmp_path, [turned | {"annotator": "c"}, pair, pair | {"annotator": "b"}, pair | {"rejected": "Not."}])
    [first, other] = made(done, "preference")
    assert (first["chosen"][0]["content"], first["rejected"][0]["content"]) == ("So.", "Thus.")
    assert (first["id"], first["meta"]["raters"], first["meta"]["agreement"]) == ("row:log.jsonl:0000001", 3, 0.666667)
    assert other["meta"]["raters"] == 1
    assert lost(done) == [(2, "feedback.merged"), (3, "feedback.merged")]


def test_rankings_of_the_same_answers_are_added_up(tmp_path: Path) -> None:
    def ranked(*answers: str) -> Row:
        return {"prompt": "Which?", "completions": list(answers), "ranks": list(range(len(answers)))}

    done = read(tmp_path, [ranked("A", "B", "C"), ranked("C", "A", "B"), ranked("B", "A", "C")])
    [row] = made(done, "ranking")
    order = dict(zip([its[0]["content"] for its in row["completions"]], row["ranks"], strict=True))
    assert order == {"A": 0, "B": 1, "C": 2}  # sums 2, 3, 4
    assert row["meta"]["agreement"] == pytest.approx(1 / 3, abs=1e-6)


def test_a_comparison_without_a_winner_is_a_tie(tmp_path: Path) -> None:
    log = [
        {"prompt": "Which?", "answer_a": "A", "answer_b": "B", "winner": its} for its in ("tie", "answer_a", "answer_b")
    ]
    done = read(tmp_path, [*log, {**log[1], "prompt": "And here?"}])
    assert [reason for _, reason in lost(done)] == ["feedback.tie"] * 3
    assert [row["ranks"] for row in made(done, "ranking")] == [[0, 1]]


# --- raters ----------------------------------------------------------------------------------------------------------


def test_the_majority_decides_and_a_tie_is_rejected(tmp_path: Path) -> None:
    done = read(
        tmp_path, [vote("down"), vote("up"), vote("up"), vote("up", answer="Push."), vote("down", answer="Push.")]
    )
    [row] = made(done, "feedback")
    assert (row["id"], row["label"]) == ("row:log.jsonl:0000001", True)
    assert (row["meta"]["raters"], row["meta"]["agreement"]) == (3, 0.666667)
    assert lost(done) == [(2, "feedback.merged"), (3, "feedback.merged"), (4, "feedback.tie"), (5, "feedback.tie")]
    assert not verify.broken(verify.verify(done))


def test_of_one_rater_the_last_vote_counts(tmp_path: Path) -> None:
    done = read(
        tmp_path, [vote("up", rater="a"), vote("up", rater="a"), vote("down", rater="a"), vote("down", rater="b")]
    )
    assert [row["label"] for row in made(done, "feedback")] == [False]
    assert lost(done) == [(1, "feedback.voted_again"), (2, "feedback.voted_again"), (4, "feedback.merged")]


def test_votes_of_several_files_of_a_source_count_together(tmp_path: Path) -> None:
    for nth, its in enumerate(("up", "down", "up")):
        (tmp_path / "logs").mkdir(exist_ok=True)
        (tmp_path / f"logs/{nth}.jsonl").write_text(json.dumps(vote(its)) + "\n", encoding="utf-8")
    source = {"path": "logs", "as": "feedback"}
    done = run(write_recipe(tmp_path, recipe(sources=[source], methods=[])), until="export")
    assert [row["meta"]["raters"] for row in made(done, "feedback")] == [3]
    assert not verify.broken(verify.verify(done))


def test_a_rater_is_named_nowhere_and_the_key_is_the_owner_s(tmp_path: Path) -> None:
    log = [vote("up", rater="quillfeather@example.org"), vote("down", rater="quillfeather@example.org", answer="Push.")]
    done = read(tmp_path, log)
    report(done)
    for file in done.path.rglob("*"):
        if file.is_file():
            assert b"quillfeather" not in file.read_bytes(), file
    assert "quillfeather" not in json.dumps(list(strings(rows(done.path))))
    votes = rows(done.path / "votes")
    assert len({row["rater"] for row in votes}) == 1
    key = done.path / "raters.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    before = key.read_bytes()
    assert rows(read(tmp_path, [*log, vote("up")]).path / "votes")[0]["rater"] == votes[0]["rater"]
    assert key.read_bytes() == before


def test_a_broken_row_costs_only_itself(tmp_path: Path) -> None:
    log = [
        vote("up"),
        vote("perhaps", answer="A."),
        vote(None, answer="B."),
        {"text": "no vote"},
        {"prompt": "no answer"},
    ]
    done = read(tmp_path, log)
    assert lost(done) == [
        (2, "feedback.not_understood"), (3, "feedback.not_rated"),
        (4, "ingest.not_of_shape"), (5, "ingest.not_of_shape"),
    ]  # fmt: skip
    assert len(made(done, "feedback")) == 1


def test_a_file_that_is_no_feedback_says_how_to_name_its_columns(tmp_path: Path) -> None:
    log = [{"asked": "How?", "said": "So.", "verdict": "up"}]
    with pytest.raises(WrongRequest, match=r"no feedback that is known.*map: \{prompt: COLUMN"):
        read(tmp_path, log)
    done = read(tmp_path, log, map={"prompt": "asked", "completion": "said", "rating": "verdict"})
    assert [row["label"] for row in made(done, "feedback")] == [True]


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ({"feedback": {"good": 2, "bad": 4}}, "what is good must be more than what is bad"),
        ({"feedback": {"good": "up"}}, "write a number, as in 'good: 4', or a list of words"),
        ({"as": "records", "feedback": {"good": 4}}, "add 'as: feedback'"),
        ({"feedback": {"edits": ["both"]}}, "preference"),
    ],
)
def test_a_source_that_is_not_right_is_refused(tmp_path: Path, source: Row, says: str) -> None:
    with pytest.raises(WrongRequest, match=says):
        read(tmp_path, [vote("up")], **source)


# --- agreement -------------------------------------------------------------------------------------------------------


def test_alpha_is_that_of_the_worked_example() -> None:
    """Krippendorff 2011, part C: four observers, twelve units, nominal data with values missing: .743."""
    observers = [
        "1 2 3 3 2 1 4 1 2 . . .",
        "1 2 3 3 2 2 4 1 2 5 . 3",
        ". 3 3 3 2 3 4 2 2 5 1 .",
        "1 2 3 3 2 4 4 1 2 5 1 .",
    ]
    units = [[value for value in unit if value != "."] for unit in zip(*map(str.split, observers), strict=True)]
    assert alpha(units) == pytest.approx(0.743, abs=5e-4)


def test_alpha_and_agreement_of_nothing_are_not_known() -> None:
    assert alpha([["up"], ["down"]]) is None
    assert alpha([["up", "up"]]) is None
    assert agreement([["up"], ["down"]]) is None
    assert agreement([["up", "up"], ["up", "down"]]) == 0.5


def test_the_report_says_how_far_raters_agree(tmp_path: Path) -> None:
    log = [
        vote(("up", "down")[(nth + who) % 2], rater=f"r{who}", answer=f"Answer {nth}.")
        for nth in range(30)
        for who in range(3)
    ]
    its = report(read(tmp_path, log))
    assert its["measures"]["raters.thumbs.agreement"] == pytest.approx(1 / 3, abs=1e-6)
    assert its["measures"]["raters.count"] == 3
    assert its["measures"]["raters.conflicting.share"] == 1
    assert its["measures"]["raters.thumbs.alpha"] < 0
    assert "raters.thumbs.disagree" in {finding["id"] for finding in its["findings"]}
    assert its["not_measured"]["raters.choices.alpha"] == "no answer was voted on twice"


def test_raters_who_always_say_the_same_and_ties_are_findings(tmp_path: Path) -> None:
    log = [vote("up", rater="a", answer=f"Answer {nth}.") for nth in range(25)]
    its = report(read(tmp_path, [*log, vote("down", rater="b", answer="Answer 0.")]))
    found = {finding["id"]: finding["count"] for finding in its["findings"]}
    assert (found["raters.one_sided"], found["raters.ties"]) == (1, 1)
