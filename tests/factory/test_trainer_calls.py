"""What a trainer's models say is kept as it comes: after any end, the same calls ask only for what is missing."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from factory.errors import DeadWorld
from factory.progress import Progress
from factory.stages import trainer_calls
from factory.stages.trainer_calls import Call
from tests.factory.installing import Package, on_the_path

PARROT = '''
"""Says what it is asked; notes what that was; dies once, in the middle, where it is told to."""

import json, os
from pathlib import Path
from factory.training import Loss, Trained

KINDS = ("sft",)


def preflight(data, model, **options):
    return []


def _noted(model, what, items):
    with (Path(model) / "asked").open("a") as file:
        file.write(json.dumps([what, items]) + "\\n")


def _dies(model, what, nth):
    cause = Path(model) / f"dies-{what}"
    if cause.exists() and nth == 3:
        cause.unlink()
        os._exit(9)


def losses(model, rows):
    _noted(model, "losses", [row["id"] for row in rows])
    for nth, row in enumerate(reversed(rows)):  # in another order than they were given
        _dies(model, "losses", nth)
        if row["id"] != "faulty":
            yield Loss(row["id"], 1.0, 2.0, 3)


def answers(model, prompts, *, max_tokens):
    _noted(model, "answers", prompts)
    for nth, prompt in enumerate(prompts):
        _dies(model, "answers", nth)
        yield f"{prompt}!" * max_tokens


def parrot(data, model: str, out: Path) -> Trained:
    return Trained(out, 0, 0, 0, 0)
'''
IDS = [*"abcde", "faulty"]
PROMPTS: list[Any] = list("uvwxyz")


@pytest.fixture(autouse=True)
def _parrot(tmp_path: Path) -> Iterator[None]:
    with on_the_path(tmp_path / "path") as folder:
        Package(folder, "parrots").declares("trainers", "parrot", PARROT)
        yield


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder that stands for a model; beside it the trainer notes what it was asked."""
    folder = tmp_path / "a"
    (folder / "model").mkdir(parents=True)
    (folder / "model/weights").write_bytes(b"1")
    return folder


def calls(model: Path, max_tokens: int = 1) -> list[Call]:
    rows = [{"id": id_} for id_ in IDS]
    return [
        trainer_calls.losses("parrot", str(model), rows, "rows"),
        trainer_calls.answers("parrot", str(model), PROMPTS, max_tokens, "answers"),
    ]


def ask(model: Path, **options: Any) -> tuple[set[str], list[str]]:
    folder = model.parent / "cache"
    found, said = trainer_calls.ask(calls(model, **options), folder, Progress(), keep=folder / "asked")
    return set(trainer_calls.as_losses(found)), said


def asked(model: Path) -> list[Any]:
    """What the trainer was asked since this was last asked."""
    file = model / "asked"
    lines = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    file.unlink(missing_ok=True)
    return lines


ALL = (set("abcde"), [f"{prompt}!" for prompt in PROMPTS])


def test_what_ended_is_asked_no_more_and_another_model_or_limit_is(model: Path) -> None:
    assert ask(model) == ask(model) == ALL
    assert asked(model) == [["losses", IDS], ["answers", PROMPTS]]
    assert ask(model, max_tokens=2)[1] == [2 * said for said in ALL[1]]
    assert [what for what, _ in asked(model)] == ["answers"]
    (model / "model/weights").write_bytes(b"2")
    assert ask(model) == ALL
    assert [what for what, _ in asked(model)] == ["losses", "answers"]


@pytest.mark.parametrize("dies", ["losses", "answers"])
def test_after_a_death_only_what_is_missing_is_asked(dies: str, model: Path) -> None:
    (model / f"dies-{dies}").touch()
    with pytest.raises(DeadWorld):
        ask(model)
    asked(model)
    for part in (model.parent / "cache/asked").glob("*.part"):
        part.write_bytes(part.read_bytes() + b'{"id": "a", "lo')  # cut in the middle of a line
    assert ask(model) == ALL
    again = dict(asked(model))
    if dies == "losses":
        assert again == {"losses": ["a", "b", "c", "faulty"], "answers": PROMPTS}
    else:
        assert again == {"losses": ["faulty"], "answers": PROMPTS[3:]}
    assert not list((model.parent / "cache").glob("calls-*"))


def test_without_a_place_to_keep_them_nothing_is_kept(model: Path) -> None:
    for _ in range(2):
        found, said = trainer_calls.ask(calls(model), model.parent / "cache", Progress())
        assert (set(trainer_calls.as_losses(found)), said) == ALL
    assert len(asked(model)) == 4
    assert not list((model.parent / "cache").iterdir())
