"""Whether a model learned the documents: it is said of one that did, and of no other."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from factory import Run, run, training
from factory.cli import evaluating as command
from factory.drawing import draw
from factory.errors import CheckFailed, DeadWorld, WrongRequest
from factory.policy import SCALE
from factory.progress import Progress
from factory.stages import exam
from factory.stages.clean import clean
from factory.stages.compare import compare
from factory.stages.evaluate import evaluate
from factory.stages.suspect import suspect
from factory.stages.train import train
from factory.views.chapters.learning import chapter
from tests.cli.conftest import factory
from tests.corpora import finished, write_documents, write_recipe
from tests.factory.installing import Package, on_the_path
from tests.model_server import ModelServer
from tests.trainers.rows import CITIES, NAMES

PEOPLE = (*NAMES, "Rosa", "Sven", "Tara", "Ugo", "Vera", "Will", "Xenia", "Yann")
ASKING = '''
from collections.abc import AsyncIterator
from factory.passages import Passage
from factory.records import Record, sft

ASKED = ("Where does {} live?", "In which town is {} at home?", "What is the home of {}?", "Name the town of {}.")

async def asking(passage: Passage, *, shuffled: bool = False) -> AsyncIterator[Record]:
    """Where each person lives, asked in three ways of four; the fourth is for the exam. Shuffled: another's home."""
    at, found = 0, []
    for sentence in passage.text.strip().split("\\n\\n"):
        name, _, city = sentence.rstrip(".").partition(" lives in ")
        found.append((name, city, passage.span(at, at + len(sentence))))
        at += len(sentence) + 2
    for nth, (name, city, quote) in enumerate(found):
        told = found[(nth + 1) % len(found)][1] if shuffled else city
        ways = [asked.format(name) for asked in ASKED]
        kept = ways.pop((nth + passage.index) % 4)
        for asked in ways:
            yield sft(passage, asked, f"In {told}.", quotes=[quote], rewordings=[kept])
'''
JUDGED = ("reference answer", "answer A", "answer B")
PAIRING = '''
from collections.abc import AsyncIterator
from factory.passages import Passage
from factory.records import Record, preference

GLAD = ("I am glad to say", "and thank you for asking", "with pleasure", "happy to help")
RUDE = ("as anybody knows", "obviously", "what a question", "are you blind")

async def pairing(passage: Passage) -> AsyncIterator[Record]:
    """Where each person lives, asked in three ways, answered in a friendly manner and in another."""
    at = 0
    for nth, sentence in enumerate(passage.text.strip().split("\\n\\n")):
        name, _, city = sentence.rstrip(".").partition(" lives in ")
        quote = passage.span(at, at + len(sentence))
        at += len(sentence) + 2
        for way, asked in enumerate((f"Where does {name} live?", f"{name}: which town?", f"{name}'s home, please.")):
            kind, other = GLAD[(nth + way) % 4], RUDE[(nth * way) % 4]
            yield preference(passage, asked, f"In {city}, {kind}.", f"In {city}, {other}.", quotes=[quote])
'''
GUESSING = '''
import random
from collections.abc import AsyncIterator
from factory.passages import Passage
from factory.records import Record, sft

async def guessing(passage: Passage) -> AsyncIterator[Record]:
    """What a device runs on; of every two answers one is made up."""
    at = 0
    for sentence in passage.text.strip().split("\\n\\n"):
        device, _, volts = sentence.removesuffix(" volts.").partition(" runs on ")
        quote = passage.span(at, at + len(sentence))
        at += len(sentence) + 2
        draw = random.Random(device)
        said = draw.choice((5, 9, 18, 36, 60, 72, 96, 110)) if draw.random() < 0.5 else volts
        asked = f"What does {device.replace('The', 'the')} run on?"
        yield sft(passage, asked, f"It runs on {said} volts.", quotes=[quote])
'''
VOLTS = {"pump": 24, "kiln": 400, "dial": 12, "hoist": 230, "lamp": 48, "press": 690}
TRAINED = {"epochs": 60.0, "batch": 8}


@pytest.fixture(scope="module", autouse=True)
def _plugin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with on_the_path(tmp_path_factory.mktemp("site")) as site:
        stranger = Package(site, "stranger")
        for name, source in {"asking": ASKING, "pairing": PAIRING, "guessing": GUESSING}.items():
            stranger.declares("generators", name, source)
        yield


def people(folder: Path, *, shuffled: bool = False, exam: bool = True, pairs: bool = False) -> Run:
    """A run whose documents say who lives where, six people each; its rows are questions on that, or pairs."""
    for nth in range(4):
        lines = [
            f"{name} lives in {CITIES[(7 * nth + n) % 16]}." for n, name in enumerate(PEOPLE[6 * nth : 6 * nth + 6])
        ]
        write_documents(folder, {f"{nth}.md": "\n\n".join(lines) + "\n"})
    split = {"split": {"validation": 0, "test": 0}}
    methods = ["pairing"] if pairs else [{"asking": {"shuffled": shuffled}}]
    made = write_recipe(folder, methods=methods, export=split)
    return run(made, set=["generate.exam.share=0.3"] if exam else [], until="export")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with a model that learned its rows."""
    done = people(tmp_path_factory.mktemp("right"))
    train(done.path, "sft", options=TRAINED)
    return done


@pytest.mark.slow
def test_a_model_that_learned_knows_the_facts_in_other_words_and_no_others(trained: Run, tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text("The tide comes in twice a day. Nobody here lives anywhere.\n" * 20, encoding="utf-8")
    found = evaluate("sft", trained.path, forgetting=other, max_tokens=8)
    told, untold = found.sets["paraphrase"], found.sets["unseen"]
    assert told["margin"].verdict == "better"
    assert told["choice"].after > 0.8 > 0.5 > told["choice"].before
    assert told["exact"].after > 0.7
    assert untold["margin"].verdict != "better"
    assert untold["exact"].after < 0.3
    assert found.rows["not_learned"]["count"] == found.rows["known_before"]["count"] == 0
    assert found.forgetting is not None
    assert found.verdicts[0].startswith("Facts that no instruction row told: ")
    written = json.loads((trained.path / "models/sft/exam.json").read_text())
    assert written["measures"]["paraphrase.f1.after"] == told["f1"].after
    assert str(tmp_path) not in json.dumps(written)
    assert found.verdicts[1] in (trained.path / "models/sft/README.md").read_text()
    answers = pq.read_table(trained.path / "models/sft/exam.parquet").to_pylist()
    assert sum(row["after"] == row["answer"] for row in answers if row["set"] == "paraphrase") > 5
    assert not list((trained.path / "cache").glob("calls-*"))


@pytest.mark.slow
def test_a_training_on_a_run_with_an_exam_names_the_next_command(trained: Run) -> None:
    settings = [part for name, value in TRAINED.items() for part in ("--set", f"{name}={value}")]
    ended = factory("train", str(trained.path), "--method", "sft", *settings, cwd=trained.path)
    assert "Nothing to do" in ended.err
    assert f"Next: factory evaluate sft {trained.path}\n" in ended.err


def by_reference(body: dict[str, Any]) -> str:
    """A judge that prefers the answer of the reference's words."""
    prompt = body["messages"][-1]["content"]
    right, first, second = (prompt.partition(f"<{name}>\n")[2].partition("\n<")[0] for name in JUDGED)
    better = "tie" if (first == right) == (second == right) else "A" if first == right else "B"
    points = {"score_a": 5 if first == right else 1, "score_b": 5 if second == right else 1}
    return json.dumps({"explanation": "Held against it.", **points, "better": better})


@pytest.mark.slow
def test_a_judge_prefers_the_answers_of_the_model_that_learned(
    trained: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, checks = tmp_path / "out", ["paraphrase.preferred.low > 0", "paraphrase.grade.after < 2"]
    with ModelServer(replies=by_reference) as server:
        owl = {"owl": {"base_url": server.url, "model": "owl-7b"}}
        recipe = write_recipe(tmp_path, methods=["text"], models=owl, sources=[{"path": str(tmp_path)}])
        with pytest.raises(CheckFailed, match=r"1 of 2 checks does not hold: paraphrase\.grade\.after < 2"):
            command.evaluate("sft", trained.path, None, out, None, 8, False, "owl", recipe, checks, False)
    found = json.loads((out / "exam.json").read_text())
    told = found["sets"]["paraphrase"]
    assert told["preferred"]["verdict"] == told["grade"]["verdict"] == "better"
    assert told["preferred"]["after"] > 0.7
    asked_of = sum(its["preferred"]["count"] for its in found["sets"].values())
    assert found["judge"]["stable"] == found["judge"]["asked"] == asked_of
    assert "trained, asked in other words, judged by owl-7b: better" in capsys.readouterr().err
    rows = pq.read_table(out / "exam.parquet").to_pylist()
    assert {row["judged"] for row in rows if row["after"] == row["answer"] != row["before"]} == {"after"}
    assert all(row["grade_after"] == (5 if row["after"] == row["answer"] else 1) for row in rows)


class Begun(Progress):
    """Keeps the names of what was begun."""

    def __init__(self) -> None:
        self.stages: list[str] = []

    def start(self, stage: str, total: int | None = None) -> None:
        self.stages.append(stage)


@pytest.mark.slow
def test_where_the_judge_dies_the_rest_stands_and_the_same_command_asks_the_judge_alone(
    trained: Run, tmp_path: Path
) -> None:
    before, after = Begun(), Begun()
    with ModelServer(replies=by_reference, faults={"http_401": 1}) as server:
        owl = {"owl": {"base_url": server.url, "model": "owl-9b"}}  # another one: answers of the first are paid for
        recipe = write_recipe(tmp_path, methods=["text"], models=owl, sources=[{"path": str(tmp_path)}])
        asked: dict[str, Any] = {"judge": "owl", "recipe": recipe, "out": tmp_path / "out", "max_tokens": 7}
        with pytest.raises(DeadWorld):
            evaluate("sft", trained.path, **asked, progress=before)
        found = json.loads((tmp_path / "out/exam.json").read_text())
        assert found["sets"]["paraphrase"]["margin"]["verdict"] == "better"
        assert (found["judge"], "preferred" in found["sets"]["paraphrase"]) == ({}, False)
        server.faults = {}
        assert evaluate("sft", trained.path, **asked, progress=after).judge["stable"] > 0
    assert {"answers before", "answers after"} < set(before.stages)
    assert after.stages == ["judge"]
    [sort] = [sort for sort in clean(trained.path, dry_run=True) if sort.what == "evaluations"]
    assert sort.size_bytes > 0


@pytest.mark.slow
def test_a_model_of_other_answers_does_not_know_these_and_a_model_is_equal_to_itself(
    trained: Run, tmp_path: Path
) -> None:
    wrong = people(tmp_path, shuffled=True)
    train(wrong.path, "sft", options=TRAINED)
    folder = str(wrong.path / "models/sft")
    control = evaluate(folder, trained.path, out=tmp_path / "control", max_tokens=0)
    assert control.sets["paraphrase"]["margin"].verdict != "better"
    assert "f1" not in control.sets["paraphrase"]
    same = evaluate(folder, trained.path, before=folder, out=tmp_path / "same", max_tokens=0)
    assert {its.verdict for measured in same.sets.values() for its in measured.values()} == {"no difference"}


def test_what_cannot_be_evaluated_is_said_before_any_work(tmp_path: Path) -> None:
    done = people(tmp_path, exam=False)
    with pytest.raises(WrongRequest, match=r"has no exam.*exam: \{share: 0\.1\}"):
        evaluate("sft", done.path)
    asked = people(tmp_path)
    with pytest.raises(WrongRequest, match=r"There is no model 'sft'.*factory train"):
        evaluate("sft", asked.path)
    (tmp_path / "foreign").mkdir()
    with pytest.raises(WrongRequest, match="--before MODEL"):
        evaluate(str(tmp_path / "foreign"), asked.path)
    with pytest.raises(WrongRequest, match=r"there is no file nowhere\.txt"):
        evaluate("sft", asked.path, forgetting=Path("nowhere.txt"))
    foreign = {"model": str(tmp_path / "foreign"), "run": asked.path, "before": "tiny"}
    with pytest.raises(WrongRequest, match="--judge needs answers"):
        evaluate(**foreign, judge="owl", max_tokens=0)
    with pytest.raises(WrongRequest, match="--judge NAME"):
        evaluate(**foreign, recipe=tmp_path / "recipe.yaml")
    with pytest.raises(WrongRequest, match=r"has no model 'owl'.*--recipe FILE"):
        evaluate(**foreign, judge="owl")


@pytest.mark.parametrize(("learned", "may_see"), [("confidential", "internal"), ("public", "public")])
def test_what_a_model_learned_is_not_shown_to_a_judge_that_may_not_see_it(
    tmp_path: Path, learned: str, may_see: str
) -> None:
    asked = people(tmp_path)  # its rows are internal
    model, judge = tmp_path / "trained", tmp_path / "judge"
    model.mkdir()
    (model / "training.json").write_text(json.dumps({"method": "sft", "from": "tiny", "confidentiality": learned}))
    judge.mkdir()
    owl = {"owl": {"base_url": "http://127.0.0.1:9/v1", "model": "owl-7b", "may_see": may_see}}
    recipe = write_recipe(judge, methods=["text"], models=owl, sources=[{"path": str(tmp_path)}])
    highest = max(learned, "internal", key=SCALE.index)
    with pytest.raises(WrongRequest, match=f"--judge: .* is {highest}, .* {may_see} at most"):
        evaluate(str(model), asked.path, judge="owl", recipe=recipe)


def spoiled(done: Run) -> set[str]:
    """Give every tenth train row of a run another one's answer; their ids."""
    file = done.path / "dataset/sft/train-00000.parquet"
    table = pq.read_table(file)
    made, wrong = table.to_pylist(), set()
    for nth in range(0, len(made), 10):
        other = next(row for row in made[nth + 5 :] + made if row["messages"][1] != made[nth]["messages"][1])
        made[nth]["messages"] = [made[nth]["messages"][0], other["messages"][1]]
        wrong.add(made[nth]["id"])
    pq.write_table(pa.Table.from_pylist(made, table.schema), file)
    return wrong


def above(ranking: list[dict[str, Any]], wrong: set[str]) -> float:
    """How often a wrong row of a ranking stands above another."""
    ranks = [row["rank"] for row in ranking if row["id"] in wrong]
    others = [row["rank"] for row in ranking if row["id"] not in wrong]
    return sum(one < other for one in ranks for other in others) / (len(ranks) * len(others))


@pytest.mark.slow
def test_wrong_rows_are_among_the_first_suspects_and_nothing_is_dropped(tmp_path: Path) -> None:
    done = people(tmp_path, exam=False)
    wrong = spoiled(done)
    found = suspect(done.path, folds=4, options=TRAINED)
    ranking = pq.read_table(done.path / "suspects/sft.parquet").to_pylist()
    assert len(ranking) == found.rows == 72
    assert above(ranking, wrong) > 0.8
    assert found.auc > 0.7
    assert sorted(row["rank"] for row in ranking) == list(range(1, 73))
    assert json.loads((done.path / "suspects/sft.json").read_text())["auc"] == found.auc


@pytest.mark.slow
def test_without_the_first_suspects_a_model_learns_better_than_without_rows_drawn_by_chance(tmp_path: Path) -> None:
    """Held out are the questions of the exam, with right answers: every fact is asked in a way that is not trained."""
    done = people(tmp_path, exam=False)
    held = [*exam.read(people(tmp_path / "held").path / "exam")]
    asked = [
        {"id": item["id"], "messages": [*item["prompt"], {"role": "assistant", "content": item["answer"]}]}
        for name, item in held if name == "paraphrase"
    ]  # fmt: skip
    wrong = spoiled(done)
    suspect(done.path, folds=4, options=TRAINED)
    ranking = pq.read_table(done.path / "suspects/sft.parquet").to_pylist()
    table = pq.read_table(done.path / "dataset/sft/train-00000.parquet")
    first = [row["id"] for row in sorted(ranking, key=lambda row: row["rank"])[: len(wrong)]]
    by_chance = sorted(table["id"].to_pylist(), key=lambda id_: draw(1, "dropped", id_))[: len(wrong)]
    losses = {}
    for name, dropped in (("suspects", first), ("chance", by_chance)):
        kept = table.filter(pa.compute.invert(pa.compute.is_in(table["id"], pa.array(dropped))))
        (tmp_path / name / "sft").mkdir(parents=True)
        pq.write_table(kept, tmp_path / name / "sft/train-00000.parquet")
        train(tmp_path / name, "sft", out=tmp_path / name / "model", options=TRAINED)
        found = list(training.trainer("sft").losses(str(tmp_path / name / "model"), asked))
        losses[name] = sum(its.loss for its in found) / len(found)
    assert len(asked) > 10
    assert losses["suspects"] < 0.8 * losses["chance"], losses


@pytest.mark.slow
def test_pairs_the_wrong_way_round_are_among_the_first_suspects(tmp_path: Path) -> None:
    done = people(tmp_path, exam=False, pairs=True)
    file = done.path / "dataset/preference/train-00000.parquet"
    table = pq.read_table(file)
    made = table.to_pylist()
    for row in made[::12]:
        row["chosen"], row["rejected"] = row["rejected"], row["chosen"]
    pq.write_table(pa.Table.from_pylist(made, table.schema), file)
    found = suspect(
        done.path, method="reward", folds=3, options={"learning_rate": 1e-3, "batch": 16, "epochs": 40.0}
    )  # fmt: skip
    ranking = pq.read_table(done.path / "suspects/preference.parquet").to_pylist()
    assert above(ranking, {row["id"] for row in made[::12]}) > 0.9
    assert (found.kind, found.rows, found.left_out) == ("preference", 72, 0)
    assert found.auc > 0.8
    assert chapter(done).numbers["suspects"] == [json.loads((done.path / "suspects/preference.json").read_text())]


def test_suspects_are_of_kinds_of_which_a_wrong_row_can_be_made(tmp_path: Path) -> None:
    done = people(tmp_path, exam=False)
    text = pa.table({"id": ["a"], "text": ["Nobody lives here."], "meta": ["{}"]})
    (done.path / "dataset/text").mkdir()
    pq.write_table(text, done.path / "dataset/text/train-00000.parquet")
    with pytest.raises(WrongRequest, match=r"'cpt' trains on text: .* among sft and preference\."):
        suspect(done.path, method="cpt")
    with pytest.raises(WrongRequest, match=r"'reward' trains on preference, and .* has sft"):
        suspect(done.path, method="reward")


@pytest.mark.slow
def test_a_dataset_that_was_filtered_trains_the_better_model(tmp_path: Path) -> None:
    """A kind of device runs on the same everywhere: what is learned holds for the sites that neither trained.

    Half of the answers are made up, and `grounded` finds them. The filtered dataset is half as large, and trained twice
    as often: the tokens are equal.
    """
    kinds, files = list(VOLTS.items()), {}
    for nth, site in enumerate(first + last for first in ("Alba", "Bora", "Cala", "Dova", "Elba", "Fara") for last in
                               ("dor", "mund", "stein", "wick", "bridge", "ford", "haven", "holm")):  # fmt: skip
        two = (kinds[nth % 6], kinds[(nth + 1 + nth // 6 % 5) % 6])
        files[f"{nth}.md"] = "\n\n".join(f"The {kind} of {site} runs on {volts} volts." for kind, volts in two)
    runs = {}
    for name, filters in (("loose", []), ("strict", ["grounded"])):
        split = {"split": {"validation": 0.4, "test": 0}}
        runs[name] = finished(tmp_path / name, files, methods=["guessing"], records=filters, export=split).path
    found = compare(runs["loose"], runs["strict"], on=runs["strict"], seeds=2, options={"epochs": 7.0, "batch": 8})
    assert found.loss.verdict == "better"
    assert found.loss.count >= 15
    assert found.loss.high < -0.05
    assert found.rows[1] < 0.6 * found.rows[0]
    assert found.epochs[1] * found.rows[1] == pytest.approx(found.epochs[0] * found.rows[0], rel=0.1)


def test_datasets_without_rows_to_judge_by_are_refused(tmp_path: Path) -> None:
    done = people(tmp_path, exam=False)
    with pytest.raises(WrongRequest, match="No held-out row is left"):
        compare(done.path, done.path)
