"""Compare: which of two datasets trains the better model, at equal tokens.

Both train the same proxy from the same start, once a seed, for the same number of tokens. The models are judged by the
loss of rows that neither trained: those of the validation and test splits of both, without any that share a document
with a train split or nearly repeat a row of one; or those of another run.

In      two runs, or folders with a `dataset/`; a proxy.
Out     the mean loss a token of the held-out rows, their difference with its interval, and which dataset is better.
Costs   2 x seeds trainings. All rows in memory. Stopped and run again, it goes on with the training it was at.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from factory import near, records, scores, training
from factory.errors import DeadWorld, WrongRequest
from factory.plural import many
from factory.progress import Progress
from factory.runs import Run
from factory.scores import Difference
from factory.stages import joint, proxies, trainable
from factory.stages.exam import draw_key
from factory.stages.proxies import Proxies
from factory.stages.splits import THRESHOLD
from factory.stages.train import train
from factory.training import Row, Split

SCHEMA = "dataset-factory/compare/1"
MOST = 500  # held-out rows, drawn
HELD_OUT = ("validation", "test")


@dataclass(frozen=True)
class Comparison:
    """The two datasets, what was trained on each, and the loss of the held-out rows under both."""

    one: str
    other: str
    proxy: str
    seeds: int
    tokens: int  # that each model was trained on
    rows: tuple[int, int]
    epochs: tuple[float, float]
    loss: Difference

    @property
    def verdict(self) -> str:
        """In words."""
        its = self.loss
        losses, rows = f"loss {its.before:.3f} and {its.after:.3f}", many(its.count, "row")
        told = f"{losses}, {rows}, difference {its.low:+.3f} to {its.high:+.3f}"
        if its.verdict in ("better", "worse"):
            return f"{self.other if its.verdict == 'better' else self.one} trains the better model ({told})."
        return f"{its.verdict.capitalize()} between {self.one} and {self.other} ({told})."

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"schema": SCHEMA, **asdict(self), "verdict": self.verdict}


def compare(
    one: str | Path,
    other: str | Path,
    *,
    proxy: str = "tiny",
    seeds: int = 3,
    on: str | Path | None = None,
    options: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Train a proxy on the sft rows of each; compare on held-out rows: theirs, or those of the run `on`.

    `options` are those of the trainer. Raises WrongRequest where no held-out row is left.
    """
    progress, method, places = progress or Progress(), proxies.default(), (Path(one), Path(other))
    sides = [trainable.find(place, training.trainer(method)) for place in places]
    held = _held_out([Path(on)] if on else places, sides)
    with _working([*places, *([Path(on)] if on else [])]) as folders:
        made = proxies.begun(method, sides, proxy, folders, options or {}, progress, held)
        plans = [_plan(place, made, progress) for place in places]
        tokens = round(max(plan["tokens"] * plan["epochs"] for plan in plans))
        epochs = [tokens / plan["tokens"] for plan in plans]
        losses = [_losses(made, nth, side, epochs[nth], seeds, held, progress) for nth, side in enumerate(sides)]
        made.end()
    documents = [min(trainable.documents_of(row), default=row["id"]) for row in held]
    progress.end("compare", f"{many(len(held), 'held-out row')}, {many(seeds, 'seed')}, {many(tokens, 'token')} each")
    return Comparison(
        *_names(*places), Path(proxy).name, seeds, tokens, (int(plans[0]["rows"]), int(plans[1]["rows"])),
        (round(epochs[0], 3), round(epochs[1], 3)),
        scores.compare(losses[0], losses[1], documents, higher_is_better=False),
    )  # fmt: skip


@contextmanager
def _working(places: Sequence[Path]) -> Iterator[list[Path]]:
    """Where in each of them its proxies may lie, for this process alone: private text stays where it is private."""
    folders = [(place if place.is_dir() else place.parent).resolve() for place in places]
    with ExitStack() as held:
        found = {folder: held.enter_context(_held(folder)) for folder in dict.fromkeys(folders)}
        yield [found[folder] for folder in folders]


@contextmanager
def _held(place: Path) -> Iterator[Path]:
    if (place / "manifest.json").is_file():
        with Run(place).lock():
            yield place / joint.COMPARED
        return
    folder = place / ".compare"
    folder.mkdir(mode=0o700, exist_ok=True)
    lock = FileLock(folder / "lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise DeadWorld(f"Another process compares {place}. Wait for it, then run the same command again.") from None
    try:
        yield folder
    finally:
        lock.release()
        with suppress(OSError):  # what was stopped waits there
            (folder / "lock").unlink(missing_ok=True)
            folder.rmdir()


def _names(one: Path, other: Path) -> tuple[str, str]:
    """What the two are called: their folders' names, or their paths where those are the same."""
    return (one.name, other.name) if one.name != other.name else (str(one), str(other))


def _plan(place: Path, made: Proxies, progress: Progress) -> Mapping[str, float]:
    """Rows, tokens and epochs of a training by its rules. Raises WrongRequest where there would be none."""
    options = {**made.trainer.options, "faulty": "drop"}
    checked = train(place, made.trainer.plugin, model=made.model, options=options, check=True, progress=progress)
    sizes = [found.values for found in checked.findings if found.reason == "train.size"]
    if checked.errors or not sizes:
        raise WrongRequest("; ".join(found.message for found in checked.errors) or f"{place} has nothing to train on.")
    return sizes[0]


def _losses(
    made: Proxies, nth: int, side: Split, epochs: float, seeds: int, held: Sequence[Row], progress: Progress
) -> list[list[float]]:
    """The loss of each held-out row, a list a seed."""
    found, rows = [], proxies.table(side.train)
    for seed in range(seeds):
        name = f"{'ab'[nth]}-{seed}"
        losses = made.at(nth).losses(name, rows, held, f"losses of {name}", progress, epochs=epochs, seed=seed)
        found.append([losses[row["id"]].loss for row in held])
    return found


def _held_out(places: Iterable[Path], sides: Sequence[Split]) -> list[Row]:
    """Rows of documents that neither side trains, and near-copies of no row of theirs; drawn by their ids."""
    rows = {row["id"]: row for place in places for row in _rows_of(place)}
    trained = [row for side in sides for _, row in training.read(side.train, ("messages", "meta"))]
    taught = {document for row in trained for document in trainable.documents_of(row)}
    asked = [row for row in rows.values() if not taught.intersection(trainable.documents_of(row))]
    texts = [records.joined("sft", row) for row in (*trained, *asked)]
    labels = near.near_duplicates(texts, threshold=THRESHOLD).tolist() if texts else []
    left = [row for row, label in zip(asked, labels[len(trained) :], strict=True) if label >= len(trained)]
    if not left:
        raise WrongRequest(
            "No held-out row is left that neither dataset trains. Export both with the same documents in validation "
            "and test (the same recipe and seed), or give a run with --on."
        )
    return sorted(left, key=lambda row: draw_key("compare", row["id"]))[:MOST]


def _rows_of(place: Path) -> list[Row]:
    folder = place / "dataset" / "sft" if (place / "manifest.json").is_file() else place / "sft"
    files = [file for split in HELD_OUT for file in sorted(folder.glob(f"{split}-*.parquet"))]
    return [{"id": id_, **row} for id_, row in training.read(files, ("messages", "meta"))]
