"""The preference x-ray: planted faults are found with their rows, and what mends each of them does."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from factory import Run, run
from factory.cli.foreign import entry
from factory.foreign import audit_dataset, filter_dataset
from factory.preferences import Estimate, estimate, separation
from factory.recipe import Checked, load
from factory.views import declared, verify, xray
from factory.views.audit import audit
from factory.views.chapters import preferences
from factory.views.judged import Pairs
from factory.views.mending import Mends
from factory.views.pairs import Pair, _of_ranking, is_minimal, pairs
from tests.corpora import finished, rows, workspace, write_documents, write_recipe
from tests.factory.test_audit import page_of
from tests.generators.test_preference import FEW, KILN, SCORES, Model, four
from tests.model_server import ModelServer

REFUSAL = "I'm sorry, but I can't help with that."
WORDS = ["kiln", "tile", "oven", "brick", "clay", "glaze", "wheel", "sand", "water", "fire", "salt", "ash", "lime"]
Row = dict[str, Any]


def sentence(draw: np.random.Generator, words: int) -> str:
    return " ".join(draw.choice(WORDS, words)).capitalize() + "."


def pair_rows(count: int) -> list[Row]:
    """Pairs with nothing wrong and nothing that tells which was chosen."""
    draw = np.random.default_rng(7)
    return [
        {
            "prompt": f"Question {nth}?",
            "chosen": sentence(draw, int(draw.integers(8, 16))),
            "rejected": sentence(draw, int(draw.integers(8, 16))),
        }
        for nth in range(count)
    ]


def write(folder: Path, name: str, made: list[Row]) -> Path:
    file = folder / name
    file.write_text("".join(json.dumps(row) + "\n" for row in made), encoding="utf-8")
    return file


def audited(folder: Path, made: list[Row], name: str = "pairs.jsonl") -> tuple[Run, dict[str, Any]]:
    """The audit of these rows; no filter is measured beside it, that is another chapter."""
    write(folder, name, made)
    recipe = {
        "run": str(folder / "run"), "sources": [{"path": str(folder / name), "as": "records"}],
        "export": {"split": {"by": "file"}},
    }  # fmt: skip
    (folder / "recipe.yaml").write_text(json.dumps(recipe), encoding="utf-8")
    done = run(folder / "recipe.yaml", until="export")
    return done, audit(done)


def found(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {its["id"]: its for its in report["findings"] if its["id"].startswith(("preferences.", "feedback."))}


def places(finding: dict[str, Any]) -> list[int]:
    """The numbers of the rows that a finding names, from 0."""
    return [int(re.search(r":(\d{7})", id_)[1]) - 1 for id_ in finding["rows"]]  # type: ignore[index] # all have one


@pytest.fixture
def folder() -> Iterator[Path]:
    with workspace() as made:
        yield made


# --- pairs

SAME_ONES = "The kiln fires tiles at 1,240 degrees for two days and one night, and cools for a week."
PLANTED: dict[str, Row] = {
    "same": {"prompt": "How hot?", "chosen": "Quite hot.", "rejected": " Quite hot. "},
    "empty": {"prompt": "How cold?", "chosen": "Not at all.", "rejected": " "},
    "same_when_cut": {"prompt": "Read this. " + "clay " * 1000, "chosen": "It is clay.", "rejected": "No idea."},
    "near_same": {"prompt": "And now?", "chosen": SAME_ONES, "rejected": SAME_ONES.upper()},
    "cut_short": {"prompt": "How long?", "chosen": SAME_ONES[: SAME_ONES.index(" a week")], "rejected": SAME_ONES},
    "length_ratio": {"prompt": "How wide?", "chosen": "As wide as a barn door is. " * 9, "rejected": "Quite wide."},
}


def test_faults_of_pairs_are_found_with_their_rows(folder: Path) -> None:
    _, report = audited(folder, [*pair_rows(60), *PLANTED.values()])
    findings = found(report)
    for nth, name in enumerate(PLANTED):
        assert places(findings[f"preferences.{name}"]) == [60 + nth], name
        assert report["measures"][f"preferences.{name}.share"] == round(1 / 66, 6)
    assert {its["severity"] for its in findings.values()} == {"error", "warning"}
    assert set(findings) == {f"preferences.{name}" for name in PLANTED}


def test_pairs_with_nothing_wrong_have_nothing_against_them(folder: Path) -> None:
    _, report = audited(folder, pair_rows(200))
    assert not found(report)
    measures = report["measures"]
    assert measures["preferences.pairs"] == 200
    assert not any(measures[f"preferences.{name}.share"] for name in preferences.FAULTS)
    assert 0.4 < measures["preferences.auc.words"] < 0.6


def test_few_faults_weigh_less_than_many(folder: Path) -> None:
    _, report = audited(folder, [*pair_rows(150), PLANTED["same"], PLANTED["near_same"]])
    findings = found(report)
    assert findings["preferences.same"]["severity"] == "warning"
    assert findings["preferences.near_same"]["severity"] == "info"


PRESSES = "".join(
    f"## How long does an {name} press warm up?\n\nAn {name} press warms up for {nth} minutes, and then it prints each "
    "sheet of paper in the tray, one by one, with the ink of the roller, until the tray is empty.\n\n"
    for nth, name in enumerate(("Orlo", "Ursa", "Ibex", "Alma"), 9)
)


def test_pairs_that_differ_in_one_thing_on_purpose_are_no_fault(folder: Path) -> None:
    done = finished(
        folder, {"a.md": f"# Presses\n\n{PRESSES}## Notes\n\nNone.\n"}, methods=[{"contrast": {"changes": ["number"]}}]
    )
    findings, measures = found(report := audit(done)), report["measures"]
    assert measures["preferences.minimal.share"] == 1
    assert measures["preferences.near_same.share"] == 0
    assert "preferences.near_same" not in findings
    its = findings["preferences.minimal"]
    assert (its["severity"], its["count"]) == ("info", measures["preferences.pairs"])
    told = load_recipe(folder, re.search(r"`(train: .+)`", its["fix"])[1])  # type: ignore[index] # it has one
    assert [step.trainer.options.get("loss") for step in told.steps] == [None, "apo_zero"]


def load_recipe(folder: Path, line: str) -> Checked:
    (folder / "other.yaml").write_text(f"run: other\nsources: [{{path: documents}}]\n{line}\n")
    return load(str(folder / "other.yaml"))


def test_a_column_of_that_name_in_a_dataset_is_no_excuse(folder: Path) -> None:
    assert is_minimal({"change": {"kind": "number"}})
    assert is_minimal({"fault": "fact_changed"})
    assert not is_minimal({"change": {"kind": "number"}, "row": "pairs.jsonl:1"})
    assert not is_minimal({"form": "faq"})


def test_the_limit_of_a_trainer_is_where_pairs_are_cut(folder: Path) -> None:
    done, _ = audited(folder, [*pair_rows(3), {**PLANTED["same_when_cut"], "prompt": "clay " * 200}])
    numbers = preferences.chapter(done).numbers["pairs"]
    assert (numbers["cut"], numbers["faults"]["same_when_cut"]["count"]) == (1024, 0)
    file = done.path / "recipe.yaml"
    told = declared.recipe(done).model_dump(mode="json", by_alias=True, exclude_defaults=True)
    for options, cut, count in (({"max_length": 128}, 128, 1), ({}, 4096, 0)):
        file.write_text(json.dumps({**told, "train": [{"dpo": options}]}), encoding="utf-8")
        numbers = preferences.chapter(done).numbers["pairs"]
        assert (numbers["cut"], numbers["faults"]["same_when_cut"]["count"]) == (cut, count)


def test_contradictions_and_circles_are_found(folder: Path) -> None:
    said = {"a": "It is at 900 degrees.", "b": "It is at 1,000 degrees.", "c": "It is cold."}
    judged = [{"prompt": "How hot?", "chosen": said[one], "rejected": said[other]} for one, other in ("ab", "bc", "ca")]
    judged += [{"prompt": "How old?", "chosen": said[one], "rejected": said[other]} for one, other in ("ab", "ba")]
    _, report = audited(folder, [*pair_rows(20), *judged])
    findings = found(report)
    assert places(findings["preferences.on_a_circle"]) == [20, 21, 22]
    assert places(findings["preferences.contradicted"]) == [23, 24]
    assert findings["preferences.contradicted"]["severity"] == "error"


def test_answers_that_differ_in_case_alone_are_two(folder: Path) -> None:
    """Of `write it in capitals` case is what is judged: no judgement on it contradicts another."""
    answers = ["the kiln is hot", "The Kiln Is Hot", "THE KILN IS HOT."]
    ranked = [{"prompt": "Write it in capitals: the kiln is hot", "completions": answers, "ranks": [1, 2, 0]}]
    _, report = audited(folder, ranked)
    assert report["measures"]["preferences.pairs"] == 3
    assert not {"preferences.contradicted", "preferences.on_a_circle"} & set(found(report))


@pytest.mark.parametrize("longer", [True, False])
def test_length_that_tells_is_found(folder: Path, longer: bool) -> None:
    made = pair_rows(100)
    for row in made[:70]:
        name = "chosen" if longer else "rejected"
        row[name] += " And so on, and so on, for as long as the fire burns below the oven."
    _, report = audited(folder, made)
    told = found(report)["preferences.tells.words"]
    assert told["severity"] == "warning"
    assert ("the longer one is chosen in" in told["why"]) == longer
    assert (report["measures"]["preferences.auc.words"] > 0.7) == longer
    assert told["count"] >= 70


@pytest.mark.parametrize(
    ("name", "dress"),
    [
        ("list", lambda text: "- " + text.replace(" ", "\n- ", 3)),
        ("bold", lambda text: "**" + text.replace(" ", "** ", 1)),
        ("code", lambda text: f"```\n{text}\n```"),
        ("heading", lambda text: f"# Answer\n\n{text}"),
        ("refusal", lambda text: f"{REFUSAL}\n\n{text}"),
    ],
)
def test_a_format_that_tells_is_found(folder: Path, name: str, dress: Any) -> None:
    made = pair_rows(100)
    for row in made[:40]:
        row["chosen"] = dress(row["chosen"])
    _, report = audited(folder, made)
    told = found(report)[f"preferences.tells.{name}"]
    assert (told["count"], told["severity"]) == (40, "warning")
    assert places(told) == list(range(20))
    assert report["measures"][f"preferences.auc.{name}"] == 0.7


def test_what_tells_nearly_every_label_is_an_error_and_what_tells_few_is_none(folder: Path) -> None:
    made = pair_rows(600)
    for row in made[:25]:
        row["rejected"] = f"```\n{row['rejected']}\n```"
    for row in made:
        row["chosen"] = "- " + row["chosen"]
    findings = found(audited(folder, made)[1])
    assert findings["preferences.tells.list"]["severity"] == "error"
    assert findings["preferences.tells.code"]["severity"] == "info"


# --- rankings


def comparisons(count: int, first: int) -> list[Row]:
    """Two answers side by side, of which the first won `first` times."""
    return [
        {"prompt": row["prompt"], "answer_a": row["chosen"], "answer_b": row["rejected"], "winner": "ab"[nth >= first]}
        for nth, row in enumerate(pair_rows(count))
    ]


def test_answers_side_by_side_have_a_position(folder: Path) -> None:
    _, report = audited(folder, comparisons(100, 80))
    told = found(report)["preferences.tells.position"]
    assert report["measures"]["preferences.auc.position"] == 0.8
    assert (told["count"], told["severity"]) == (80, "warning")


def test_the_order_of_a_ranking_says_nothing_of_positions(folder: Path) -> None:
    made = [
        {"prompt": row["prompt"], "completions": [row["chosen"], row["rejected"], f"Or {nth}."], "ranks": [0, 1, 2]}
        for nth, row in enumerate(pair_rows(30))
    ]
    done, report = audited(folder, made)
    assert report["measures"]["preferences.pairs"] == 90
    assert "preferences.auc.position" not in report["measures"]
    assert "in which order" in report["not_measured"]["preferences.auc.position"]
    assert report["chapters"]["preferences"]["pairs"]["of_rankings"] == 90
    assert not verify.broken(verify.verify(done))


def test_pairs_of_rankings_are_those_of_the_export(folder: Path) -> None:
    made: list[Row] = [
        {"prompt": "How hot?", "completions": ["Hot.", "Cold.", "Warm.", "Tepid."], "ranks": [1, 0, 1, 2]},
        {"prompt": "How old?", "completions": ["Old.", "New."], "ranks": [0, 0]},
    ]
    done, _ = audited(folder, made)
    left = {
        row["id"]: (row["chosen"][0]["content"], row["rejected"][0]["content"])
        for row in rows(done.path / "dataset/preference")
    }
    assert {pair.id: (pair.chosen, pair.rejected) for pair in pairs(done)} == left
    assert len(left) == 5


# --- what meta notes


def looked_at(metas: list[dict[str, Any]]) -> Pairs:
    looked = Pairs(1024)
    for nth, (meta, row) in enumerate(zip(metas, pair_rows(len(metas)), strict=True)):
        looked.add(Pair(f"{nth}", row["prompt"], row["chosen"], row["rejected"], meta))
    return looked


def findings_on(looked: Pairs) -> dict[str, Any]:
    numbers = preferences._of_pairs(looked, 1024)
    return {its.id: its for its in xray.of_pairs(numbers, looked, mends=Mends(of_documents=True)) if its.count}


def test_margins_and_flips_are_counted() -> None:
    metas = [{"score_chosen": 8, "score_rejected": 8 - nth % 4, "judge_stable": nth % 2 == 0} for nth in range(40)]
    looked = looked_at(metas)
    findings = findings_on(looked)
    assert findings["preferences.small_margin"].count == 10
    assert findings["preferences.unstable"].count == looked.unstable == 20
    assert "unstable_judge" in findings["preferences.unstable"].fix
    assert looked.tells()["meta_score"].all.auc == 0.875
    measures = preferences._pair_measures(preferences._of_pairs(looked, 1024))
    assert measures["preferences.margin.median"] == 1.0
    assert measures["preferences.small_margin.share"] == 0.25
    assert measures["preferences.unstable.share"] == 0.5


def test_a_ranking_counts_its_judgements_once() -> None:
    answers = [[{"role": "assistant", "content": text}] for text in ("Hot.", "Cold.", "Warm.")]
    meta = {"judged": 3, "unstable": 1, "scores": [7.5, 2.0, 4.0], "written_by": ["llm", "llm", "weak"]}
    row = {"id": "u/ranking/0", "prompt": [], "completions": answers, "ranks": [0, 2, 1]}
    looked = Pairs(1024)
    for pair in _of_ranking(row, meta, side_by_side=False):
        looked.add(pair)
    assert (looked.judged, looked.unstable, list(looked.margins)) == (3, 1, [5.5, 3.5, 2.0])
    assert looked.tells()["meta_score"].all == estimate([b""] * 3, [1.0] * 3)
    assert {couple: its.all.auc for couple, its in looked.written().items()} == {("llm", "weak"): 0.5}


def test_a_judge_that_prefers_its_own_answers_is_found() -> None:
    models = {"llm": "gros", "weak": "petit", "judge": "gros"}
    metas = [{"models": models, "written_by": ["llm", "weak"] if nth % 10 else ["weak", "llm"]} for nth in range(60)]
    findings = findings_on(looked_at(metas))
    assert findings["preferences.tells.own_answer"].count == 54
    assert "preferences.tells.writer" not in findings, "90 % is not surely above 90 %"
    other = [{**meta, "models": {**models, "judge": "autre"}} for meta in metas]
    assert "own_answer" not in looked_at(other).tells()
    assert "preferences.tells.writer" in findings_on(looked_at([metas[1]] * 60))


@pytest.mark.parametrize(
    "meta",
    [
        {"score_chosen": "8", "score_rejected": 6}, {"score_chosen": float("nan"), "score_rejected": 6},
        {"written_by": "llm"}, {"written_by": ["llm"]}, {"written_by": [1, 2]}, {"models": None, "judged": "3"},
        {"chosen_<b>": 1, "rejected_<b>": 2}, {"judged": True, "unstable": True}, {"chosen_shown": ["first"]},
    ],
)  # fmt: skip
def test_notes_of_another_form_are_passed_over(meta: dict[str, Any]) -> None:
    looked = looked_at([meta])
    assert not any(name.startswith("meta_") or name in ("own_answer", "position") for name in looked.tells())
    assert (looked.judged, len(looked.margins), looked.written()) == (0, 0, {})


def test_names_are_bounded() -> None:
    metas = [{f"score{nth}_chosen": 1, f"score{nth}_rejected": 0, "written_by": ["a", f"b{nth}"]} for nth in range(60)]
    looked = looked_at(metas)
    assert len(looked.tells()) < 30
    assert len(looked.written()) <= 20


@pytest.mark.parametrize("yields", ["pairs", "rankings"])
def test_a_run_that_asked_a_judge_is_looked_at(folder: Path, yields: str) -> None:
    scores = {**SCORES, FEW: 5}  # a tie of the two best
    write_documents(folder, {"kiln.md": KILN})
    with ModelServer(replies=Model(*four(), scores=scores)) as server:
        models = {
            name: {"base_url": server.url, "model": model, "tries": 1, "in_flight": 1}
            for name, model in (("llm", "gros"), ("weak", "petit"), ("judge", "gros"))
        }
        method = {"preference": {"questions": 1, "good": 4, "bad": 1, "yields": yields}}
        done = run(write_recipe(folder, methods=[method], models=models), until="export")
    report = audit(done)
    measures, pairs_of = report["measures"], report["chapters"]["preferences"]["pairs"]
    assert pairs_of["judged"]["pairs"] == 6
    assert measures["preferences.pairs"] == (5 if yields == "rankings" else 1)
    assert measures["preferences.auc.own_answer"] == 1.0
    assert measures["preferences.margin.median"] > 0
    [couple] = pairs_of["writers"]
    assert (couple["one"], couple["other"], couple["auc"]) == ("gros", "petit", 1.0)
    assert measures["feedback.rows"] == 3
    assert not verify.broken(verify.verify(done))


# --- thumbs


def thumb_rows(count: int, good: int) -> list[Row]:
    return [
        {"prompt": row["prompt"], "completion": row["chosen"], "label": nth < good}
        for nth, row in enumerate(pair_rows(count))
    ]


@pytest.mark.parametrize(("label", "word"), [(True, "true"), (False, "false")])
def test_one_label_alone_is_an_error(folder: Path, label: bool, word: str) -> None:
    _, report = audited(folder, thumb_rows(40, 40 * label))
    told = found(report)["feedback.one_label"]
    assert (told["severity"], told["count"], len(told["rows"])) == ("error", 40, 20)
    assert told["title"].endswith(word)
    assert report["measures"]["feedback.true.share"] == float(label)
    assert report["not_measured"]["feedback.auc.words"] == "all answers have the same label"
    assert "feedback.lopsided" not in found(report)


def test_a_rare_label_is_found_with_the_weights_that_even_it_out(folder: Path) -> None:
    told = found(audited(folder, thumb_rows(100, 96))[1])["feedback.lopsided"]
    assert places(told) == [96, 97, 98, 99]
    assert "undesirable_weight: 24.0, desirable_weight: 1.0" in told["fix"]


def test_faults_of_thumbs_are_found(folder: Path) -> None:
    made = thumb_rows(60, 30)
    made += [{**made[3], "label": False}, {"prompt": "And?", "completion": " ", "label": True}]
    findings = found(audited(folder, made)[1])
    assert places(findings["feedback.contradicted"]) == [3, 60]
    assert places(findings["feedback.empty"]) == [61]


def test_length_that_tells_the_thumb_is_found(folder: Path) -> None:
    made = thumb_rows(100, 50)
    for row in made[:50]:
        row["completion"] += " And so on for as long as the fire burns."
    _, report = audited(folder, made)
    assert found(report)["feedback.tells.words"]["severity"] == "error"
    assert report["measures"]["feedback.auc.words"] > 0.9


def test_evenly_labelled_answers_have_nothing_against_them(folder: Path) -> None:
    _, report = audited(folder, thumb_rows(200, 100))
    assert not found(report)
    assert report["measures"]["feedback.true.share"] == 0.5


def test_separation_is_the_share_of_pairs_and_its_interval_holds() -> None:
    values, labels = np.array([3.0, 1, 2, 2, 5]), np.array([True, True, False, False, True])
    wins = [0.5 + 0.5 * np.sign(one - other) for one in values[labels] for other in values[~labels]]
    assert separation(values, labels) == Estimate(
        round(float(np.mean(wins)), 4),
        *separation(values, labels)[1:],  # type: ignore[index] # there is one
    )
    assert separation(values, np.ones(5, bool)) is None
    draw, inside = np.random.default_rng(4), 0
    for _ in range(300):
        good, bad = draw.normal(0.7416, 1, 40), draw.normal(0, 1, 60)  # an AUC of 0.7
        its = separation(np.concatenate([good, bad]), np.arange(100) < 40)
        assert its is not None
        inside += its.low <= 0.7 <= its.high
    assert 0.92 * 300 <= inside <= 0.985 * 300


# --- the chapter in the report


def test_the_page_and_the_json_agree(folder: Path) -> None:
    made = [*pair_rows(30), *PLANTED.values()]
    write(folder, "thumbs.jsonl", thumb_rows(30, 20))
    write(folder, "pairs.jsonl", made)
    report = audit_dataset(folder, into=folder / "audit")
    page = page_of(Run(folder / "audit"))
    assert dict(page.measures) == report["measures"]
    assert all(report["measures"][name] == value for name, value in page.measures)
    text = "".join(page.words)
    for its in found(report).values():
        assert its["why"] in text
    assert all(
        attributes.get("aria-label")
        for tag, attributes in page.tags
        if tag == "svg" and attributes.get("role") == "img"
    )
    chapters = [attributes.get("id") for tag, attributes in page.tags if tag == "section"]
    assert "preferences" in chapters


def test_without_pairs_and_thumbs_the_chapter_says_so(folder: Path) -> None:
    done, report = audited(folder, [{"text": f"It is text {nth}."} for nth in range(5)], "texts.jsonl")
    assert report["chapters"]["preferences"] == {
        "pairs": None, "feedback": None, "not_looked_at": "There are no pairs, rankings or thumbs among the rows.",
    }  # fmt: skip
    assert not found(report)
    assert not any(name.startswith(("preferences.", "feedback.")) for name in report["measures"])
    assert report["not_measured"]["preferences.same.share"] == "there are no pairs"
    assert "There are no pairs, rankings or thumbs" in "".join(page_of(done).words)


def test_hostile_rows_do_nothing(folder: Path) -> None:
    bad = "<script>alert(1)</script> <img src=x onerror=alert(2)> \u202egnp {{ 7 * 7 }} ${7*7}"
    made = [{"prompt": bad, "chosen": f"{bad} {nth}", "rejected": f"{nth} {bad}"} for nth in range(30)]
    done, report = audited(folder, made, "<b onclick=x>.jsonl")
    page = page_of(done)
    assert (page.count("script"), page.count("img"), page.count("b")) == (1, 0, 0)
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    assert "alert" not in json.dumps(report["chapters"]["preferences"])


def test_no_text_of_a_row_is_in_the_numbers(folder: Path) -> None:
    made = [{"prompt": "xyzzy", "chosen": "plugh", "rejected": "plugh"}, *pair_rows(3)]
    _, report = audited(folder, made)
    told = json.dumps([report["chapters"]["preferences"], list(found(report).values()), report["measures"]])
    assert "xyzzy" not in told
    assert "plugh" not in told


def test_one_pair_and_pairs_of_nothing_have_a_chapter(folder: Path) -> None:
    _, report = audited(folder, [{"prompt": "a", "chosen": "", "rejected": ""}])
    assert report["measures"]["preferences.empty.share"] == 1.0
    assert report["chapters"]["preferences"]["pairs"]["length_ratio"] == {"bins": [], "count": 0}
    assert "preferences.length_ratio.median" in report["not_measured"]


def test_where_rows_stand_does_not_matter(folder: Path) -> None:
    made = [*pair_rows(40), *PLANTED.values()]
    (folder / "a").mkdir()
    (folder / "b").mkdir()
    one, other = (audited(folder / name, its)[1]["measures"] for name, its in (("a", made), ("b", made[::-1])))
    names = [name for name in one if name.startswith("preferences.")]
    assert {name: one[name] for name in names} == {name: other[name] for name in names}


# --- what mends it


def commands(fix: str) -> list[list[str]]:
    return [shlex.split(code) for code in re.findall(r"`(factory [^`]+)`", fix)]


@pytest.mark.parametrize("ranked", [False, True])
def test_what_mends_a_fault_does(folder: Path, ranked: bool) -> None:
    made = [*pair_rows(40), *list(PLANTED.values())[1 if ranked else 0 :]]
    if ranked:
        made = [
            {"prompt": row["prompt"], "completions": [row["rejected"], row["chosen"]], "ranks": [1, 0]} for row in made
        ]
    done, report = audited(folder, made)
    for id_, its in found(report).items():
        [command] = commands(its["fix"])
        assert command[:2] == ["factory", "filter"]
        place = command[2].replace("RUN", str(done.path)).replace("pairs.jsonl", str(folder / "pairs.jsonl"))
        (folder / id_).mkdir()
        out = folder / id_ / "clean.jsonl"
        mended = filter_dataset(place, [entry(command[command.index("-f") + 1])], out=out)
        assert mended.lost >= its["count"], id_
        left = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
        columns = [{name: row[name] for name in ("prompt", "chosen", "rejected")} for row in left]
        assert id_ not in found(audited(folder / id_, columns)[1])
