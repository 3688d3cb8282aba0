"""The judge of an exam: which of two models' answers says what the reference answer says.

A model of a recipe is shown the question, the right answer with the slices that prove it, and both answers, once in
each order; which model wrote which, it is not told. What it prefers in one order only says nothing, and counts for
neither. Answers of the same words are a tie, whatever it says of them.

In      questions with what both models said to them.
Out     of each: which is preferred, and both grades from 1 to 5; or why it was not judged.
Costs   two calls a question, one where both said the same; through the model's door, so that an answer is paid once
        and a `max_spend` holds.
Source  both orders against position bias: Zheng et al. 2023 (arXiv:2306.05685); anchored points and a reference
        answer: Kim et al. 2023 (arXiv:2310.08491).
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from factory import prompts, rubric
from factory import recipe as recipes
from factory.errors import BadItem, SpendCapReached, Waiting, WrongRequest, did_you_mean
from factory.policy import Confidentiality
from factory.progress import Progress
from factory.prompts import prompt
from factory.recipe import Checked
from factory.rubric import Judgement
from factory.runs import Run
from factory.stages import models
from factory.stages.models import Models
from factory.views import declared

if TYPE_CHECKING:
    from factory.llm import LLM

METHOD = "exam_judge"  # what its calls are noted under
Side = Literal["before", "after", "tie"]
SIDES: Mapping[str | None, Side | None] = {"A": "before", "B": "after", "tie": "tie", None: None}


@dataclass(frozen=True)
class Answered:
    """One question of the exam, what proves its answer, and what both models said; `unit` is the row it came from."""

    unit: str
    question: str
    reference: str
    quotes: Sequence[str]
    before: str
    after: str


@dataclass(frozen=True)
class Judged:
    """What became of one question: `preferred` where both orders agree, the grades of both sides, or why there is
    neither."""

    preferred: Side | None = None
    grades: tuple[float, float] | None = None
    reason: str | None = None

    @property
    def outcome(self) -> str:
        """In a word, for a table."""
        return self.reason or self.preferred or "unstable"


@dataclass(frozen=True)
class Judge:
    """A model of a recipe that judges; to the models' doors it is what a plugin is."""

    name: str
    recipe: Checked
    instance: str = METHOD

    @property
    def models(self) -> Mapping[str, str]:
        """The one that it asks."""
        return {"judge": self.name}

    @property
    def served(self) -> str:
        """What its server calls it."""
        return self.recipe.recipe.models[self.name].model


def named(name: str, run: Run, file: Path | None) -> Judge:
    """The judge of this name, of the run's recipe or of one in a file. Raises WrongRequest where it has no such model.

    The run's own recipe is taken as it stands: neither its sources nor its plugins need be here.
    """
    own = run.path / "recipe.yaml"
    recipe = recipes.load(str(file)) if file else Checked(declared.recipe(run), own, generators=(), filters={})
    known = recipe.recipe.models
    if name not in known:
        there = f"It has {', '.join(known)}." if known else "It has no 'models:'."
        hint = "" if file else " Name a recipe that has it with --recipe FILE."
        raise WrongRequest(f"--judge: {file or own} has no model '{name}'.{did_you_mean(name, known)} {there}{hint}")
    return Judge(name, recipe)


def check_sight(judge: Judge, confidentiality: Confidentiality) -> None:
    """Raise WrongRequest where the judge may not see texts of this confidentiality: it is asked about all or none."""
    limit = judge.recipe.recipe.models[judge.name].sees
    if not models.may_see(limit, confidentiality):
        raise WrongRequest(
            f"--judge: what the two models may say again from their training is {confidentiality}, and the model "
            f"'{judge.name}' may see what is {limit} at most. If it may see more, say so in its recipe: "
            f"models: {{{judge.name}: {{may_see: {confidentiality}}}}}"
        )


def judge(
    asked: Sequence[Answered], by: Judge, run: Run, *, confidentiality: Confidentiality, progress: Progress
) -> list[Judged]:
    """What the judge says of each question. Raises DeadWorld where it is gone; what was answered is in the journal."""
    progress.start("judge", len(asked))
    at_once = models.CAPPED_AT_ONCE if by.recipe.recipe.models[by.name].max_spend is not None else models.AT_ONCE
    with Models(run, by.recipe) as doors:
        doors.open([by])

        async def one(answered: Answered) -> Judged:
            found = await _judged(answered, by, doors, confidentiality)
            progress.note(doors.spent())
            progress.advance()
            return found

        found = doors.run(doors.each(one, asked, at_once=at_once))
        doors.hand_out()
        progress.end("judge", "; ".join(doors.said([by])))
    return found


async def _judged(answered: Answered, by: Judge, doors: Models, confidentiality: Confidentiality) -> Judged:
    try:
        door = doors.bind(by, answered.unit, confidentiality).doors["judge"]
        with prompts.used(by.recipe.wording()):
            there, back = await _both_ways(door, answered)
    except BadItem as error:
        return Judged(reason=error.reason)
    except SpendCapReached:
        return Judged(reason="llm.max_spend")
    except Waiting:
        return Judged(reason="llm.no_answer")  # before it counts the run has ended
    same = answered.before == answered.after
    preferred = "tie" if same else SIDES[rubric.agreed(there, back)]
    return Judged(preferred, ((there.score_a + back.score_b) / 2, (there.score_b + back.score_a) / 2))


async def _both_ways(door: "LLM", answered: Answered) -> tuple[Judgement, Judgement]:
    """Both orders at once, so that a batch file has both; where one fails, the other's answer is still waited for."""
    said = await asyncio.gather(
        _ask(door, answered, answered.before, answered.after),
        _ask(door, answered, answered.after, answered.before),
        return_exceptions=True,
    )
    for one in said:
        if isinstance(one, BaseException):
            raise one
    there, back = (one for one in said if isinstance(one, Judgement))
    return there, back


async def _ask(door: "LLM", answered: Answered, first: str, second: str) -> Judgement:
    asked = prompt(
        "compare", question=answered.question, reference=answered.reference, quotes=answered.quotes, first=first,
        second=second, rubric=rubric.text(rubric.EXAM),
    )  # fmt: skip
    return await door.ask(asked, Judgement, temperature=0.0)


def counted(found: Iterable[Judged], by: Judge) -> dict[str, Any]:
    """For the result: who judged, how many questions alike in both orders, how many not, and why others not at all."""
    its = list(found)
    reasons = Counter(one.reason for one in its if one.reason)
    stable = sum(one.preferred is not None for one in its)
    return {
        "name": by.name, "model": by.served, "asked": len(its), "stable": stable,
        "unstable": len(its) - stable - reasons.total(), "not_judged": dict(sorted(reasons.items())),
    }  # fmt: skip
