"""Evaluate: whether a model knows the documents better than the one it was trained from.

Both models get the questions of the run's exam, and the rows that were trained:

    exact f1 quoted   of what they answer (see `factory.scores`)
    choice            how often the right answer is likelier, a token, than three answers to other questions; 0.25 is
                      chance
    margin            how much likelier, in nats a token. Both tell knowing a fact from having learned how answers
                      sound, which alone raises f1 and lowers the loss: the verdict goes by the margin
    loss              mean loss a token of the right answer
    preferred grade   what a judge says, where one is named (see `factory.stages.exam_judge`)
    rows              the loss of each trained row: documents that were not learned, rows that were known before
    forgetting        the loss on a text of the user's choice, where one is given

In      a model, the run that it was trained on, and the model before; `tiny` is made again.
Out     exam.json, exam.parquet (each question with both answers) and rows.parquet, in the model's folder: before a
        judge is asked, and again after. What the models say is kept as it comes, in the run's cache: stopped anywhere,
        or with a judge named later, the same command goes on with what is missing.
Costs   of each model one answer and four losses a question, and a loss a trained row; of at most MOST of each. Of a
        judge two calls a question.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from factory import plugins, runs, tables, training
from factory.errors import WrongRequest, did_you_mean
from factory.plural import many
from factory.policy import SCALE, Confidentiality
from factory.progress import Progress
from factory.runs import Run
from factory.stages import asked, exam, exam_judge, model_card, trainable, trainer_calls
from factory.stages.asked import Asked
from factory.stages.evaluation import Evaluation, verdicts
from factory.stages.exam_judge import Judge
from factory.stages.train import noted
from factory.training import Row, Trainer

MOST = 1000  # questions of a set, and trained rows, unless all are asked for
TEXT_CHARS = 2000  # of a piece of the text for forgetting
NUMBERS = [(f"{name}_{when}", pa.float64()) for name in asked.COLUMNS for when in asked.WHEN]
ANSWERS = pa.schema(
    [
        *((name, pa.string()) for name in ("id", "set", "question", "answer", *asked.WHEN)),
        *NUMBERS,
        ("judged", pa.string()),
        ("documents", pa.list_(pa.string())),
        ("generator", pa.string()),
    ],
    metadata={"factory.table": "answers", "factory.version": "1"},
)
ROW_LOSSES = pa.schema(
    [
        ("id", pa.string()),
        ("documents", pa.list_(pa.string())),
        *((name, pa.float64()) for name in (*asked.WHEN, "largest_before", "largest_after")),
        ("tokens", pa.int64()),
    ],
    metadata={"factory.table": "row_losses", "factory.version": "1"},
)


@dataclass(frozen=True)
class Pair:
    """The two models, what they are called, where the results go, and how the later one was trained."""

    after: str
    before: str
    names: tuple[str, str]
    folder: Path
    method: Trainer
    seed: int


def evaluate(
    model: str,
    run: str | Path,
    *,
    before: str | None = None,
    out: Path | None = None,
    forgetting: Path | None = None,
    max_tokens: int = 128,
    full: bool = False,
    judge: str | None = None,
    recipe: Path | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Put the exam of a run to `model` and to the model before it, and compare.

    `model` is a folder, the name of one in the run's `models/`, or an id of the hub; `before` is what it was trained
    from, where that is noted. Answers have at most `max_tokens`; with 0 nothing is answered, only losses are compared.
    `judge` is a model of the run's recipe, or of `recipe`, that says which of both answers is better.

    Raises WrongRequest for a run without an exam, for models that cannot be asked, and for a judge that there is not or
    that may not see the texts; DeadWorld where the judge is gone: its answers, and all but its verdicts, stand.
    """
    opened, progress = Run(run), progress or Progress()
    _check_exam(opened)
    asking, texts = _asking(), _pieces(forgetting) if forgetting else []
    pair = _pair(model, before, opened, out, asking)
    judging = _judge(judge, recipe, opened, pair, max_tokens)
    most, beside = None if full else MOST, opened.path / "cache"
    with opened.lock():
        work = Asked(
            asked.questions(opened.path / "exam", most),
            asked.rows(trainable.find(opened.path, pair.method), most),
            texts,
        )
        models = {"before": _begun(pair, opened, asking, progress), "after": pair.after}
        work.ask(models, asking, pair.method, _reading(), max_tokens=max_tokens, beside=beside, progress=progress)
        found = _written(pair, work)
        if judging:
            its, sees = judging
            work.judged = exam_judge.judge(work.to_judge(), its, opened, confidentiality=sees, progress=progress)
            found = _written(pair, work, its)
        opened.log("evaluate", model=found.model, questions=len(work.questions))
    progress.end(
        "evaluate", f"{many(len(work.questions), 'question')}, {many(len(work.rows), 'trained row')}, two models"
    )
    return found


def _check_exam(run: Run) -> None:
    if not run.stands("export") or not sum(exam.count(run.path / "exam").values()):
        raise WrongRequest(
            f"{run.path} has no exam. Add to its recipe  generate: {{exam: {{share: 0.1}}}}  and run it again: "
            "questions are taken from sft rows with quotes."
        )


def _pair(model: str, before: str | None, run: Run, out: Path | None, asking: Trainer) -> Pair:
    """Which two models. Raises WrongRequest where the first is not there, or nobody says what was before it."""
    inside = run.path / "models" / model
    folder = inside if inside.is_dir() else Path(model).expanduser()
    if not folder.exists() and "/" not in model:
        names = [path.name for path in (run.path / "models").glob("*") if path.is_dir()]
        there = f"{run.path} has {', '.join(names)}." if names else f"Train one: factory train {run.path} --method sft"
        raise WrongRequest(f"There is no model '{model}'.{did_you_mean(model, names)} {there}")
    known = noted(folder)
    earlier = before or known.get("from")
    if earlier is None:
        raise WrongRequest(f"What {model} was trained from is not noted. Say it with --before MODEL.")
    where = out or (folder if known else run.path / "models" / Path(model).name)
    method = training.trainer(known["method"]) if known.get("method") else asking
    names_ = (_name(str(earlier)), _name(model))
    after = str(folder) if folder.exists() else model
    return Pair(after, str(earlier), names_, where, method, int(known.get("seed", 0)))


def _judge(
    name: str | None, recipe: Path | None, run: Run, pair: Pair, max_tokens: int
) -> tuple[Judge, Confidentiality] | None:
    """The judge that is named, and how confidential what it is shown is.

    Both models may say anything that they were trained on; where that is not noted, it may be the rows of the run.
    """
    if name is None:
        if recipe is not None:
            raise WrongRequest("--recipe names the recipe of a judge. Say which of its models that is: --judge NAME")
        return None
    if not max_tokens:
        raise WrongRequest("--judge needs answers to judge, and --max-tokens 0 asks for none. Leave one of them out.")
    judge = exam_judge.named(name, run, recipe)
    rows = trainable.confidentiality([*run.path.glob("dataset/*/*.parquet"), *run.path.glob("exam/*.parquet")])
    folders = [Path(model).expanduser() for model in (pair.before, pair.after)]
    learned = [noted(folder).get("confidentiality", rows) for folder in folders]
    sees = max([rows, *learned], key=SCALE.index)
    exam_judge.check_sight(judge, sees)
    return judge, sees


def _name(model: str) -> str:
    """A model as people know it: the name of its folder or file, or its id."""
    path = Path(model).expanduser()
    return path.name if path.exists() else model


def _asking() -> Trainer:
    """The trainer whose models answer questions: the first that trains on sft rows and can ask."""
    for name in plugins.declared("trainers"):
        found = training.trainer(name)
        if "sft" in found.kinds and found.answers and found.start:
            return found
    raise WrongRequest("No trainer that is installed can ask its models questions.")


def _reading() -> str:
    """The trainer that learns plain text."""
    return next(name for name in plugins.declared("trainers") if "text" in training.trainer(name).kinds)


def _begun(pair: Pair, run: Run, asking: Trainer, progress: Progress) -> str:
    """The model before, `tiny` made again as the training made it: from the rows of its method, by its seed."""
    if pair.before != "tiny":
        return pair.before
    data = trainable.find(run.path, pair.method)
    made = run.path / "cache" / "start" / runs.fingerprint(asking.digest, data.digests, pair.seed)
    if not made.is_dir():
        beside = made.with_suffix(".tmp")
        trainer_calls.ask([trainer_calls.start(asking.plugin, data, "tiny", beside, pair.seed)], made.parent, progress)
        beside.rename(made)
    return str(made)


def _pieces(file: Path) -> list[Row]:
    """The text for forgetting: rows of JSONL or Parquet with `text`, or a text file in pieces. Raises WrongRequest."""
    if not file.is_file():
        raise WrongRequest(f"--forgetting: there is no file {file}. Give a text file, or JSONL with a column 'text'.")
    if file.suffix in (".jsonl", ".parquet"):
        return [{"id": id_, "text": row["text"]} for id_, row in training.read([file], ["text"]) if row["text"]]
    text = file.read_text(encoding="utf-8", errors="replace")
    pieces = [text[at : at + TEXT_CHARS] for at in range(0, len(text), TEXT_CHARS)]
    return [{"id": f"{file.name}:{nth}", "text": piece} for nth, piece in enumerate(pieces) if piece.strip()]


def _written(pair: Pair, work: Asked, judge: Judge | None = None) -> Evaluation:
    """What is to be said of it, as it was written into the model's folder."""
    found = _found(pair, work, judge)
    _write(found, work)
    return found


def _found(pair: Pair, work: Asked, judge: Judge | None) -> Evaluation:
    """What is to be said of it."""
    values = work.values()
    lead = {name: its for name, its in values.items() if name in asked.LEAD}
    found = Evaluation(pair.folder, model=pair.names[1], before=pair.names[0])
    sets = _places(question.set for question in work.questions)
    found.sets = {name: work.differences(values, sets[name]) for name in exam.SETS if name in sets}
    for group, of in asked.GROUPS.items():
        named = _places(of(question.meta) for question in work.questions)
        found.groups[group] = {name: work.differences(lead, places) for name, places in sorted(named.items())}
    found.rows, found.forgetting = asked.learned(work.trained()), work.forgotten()
    found.judge = exam_judge.counted(work.judged, judge) if judge else {}
    found.verdicts = verdicts(found)
    return found


def _places(names: Iterable[str]) -> dict[str, list[int]]:
    """Where each name stands."""
    found: dict[str, list[int]] = {}
    for nth, name in enumerate(names):
        found.setdefault(name, []).append(nth)
    return found


def _write(found: Evaluation, work: Asked) -> None:
    """The results into the model's folder, and what they say into its card."""
    folder = found.folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema, rows in (("exam", ANSWERS, work.answered()), ("rows", ROW_LOSSES, iter(work.trained()))):
        table = pa.Table.from_pylist(list(rows), schema=schema)
        tables.write_parquet(folder / f"{name}.parquet", schema, [table])
    tables.write_json(folder / "exam.json", found.as_dict())
    card = folder / "README.md"
    if card.is_file():
        told = model_card.with_exam(card.read_text(encoding="utf-8"), found.verdicts)
        tables.write_file(card, told.encode())
