"""The questions of an exam and the rows that were trained, put to two models; what each makes of them, in numbers."""

import heapq
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from factory import scores, training
from factory.progress import Progress
from factory.scores import Difference
from factory.stages import exam, trainable, trainer_calls
from factory.stages.exam_judge import Answered, Judged
from factory.stages.foils import Foils
from factory.stages.trainer_calls import Call
from factory.training import Loss, Row, Split, Trainer

WHEN = ("before", "after")
KEPT = "asked"  # a folder of the run's cache
FOILS = 3  # answers to other questions, beside the right one
KNOWN = 0.5  # nats a token: a row below it was as good as known
UNMOVED = 0.9  # of its loss before: a row above it was not learned
NAMED = 20  # ids that stand in the result; rows.parquet has all
LEAD = ("f1", "margin", "preferred")  # of a group: what tells most in few numbers
COLUMNS = ("f1", "loss", "grade")  # measures that stand beside each question
GROUPS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "document": lambda meta: str((meta["paths"] or meta["documents"] or ["?"])[0]),
    "method": lambda meta: str(meta["generator"]),
    "form": lambda meta: str(meta.get("form", "")),
}
Values = dict[str, dict[str, list[float | None]]]  # of each measure, before and after, a number a question, or none


@dataclass(frozen=True)
class Question:
    """One question of the exam: its set, the item as it stands there, and wrong answers to choose from."""

    set: str
    item: Row
    meta: Mapping[str, Any]
    foils: Sequence[str]


def questions(folder: Path, most: int | None) -> list[Question]:
    """The exam; of each set at most so many questions, drawn by their ids."""
    found: list[tuple[str, Row]] = []
    for name in exam.SETS:
        its = (item for set_, item in exam.read(folder) if set_ == name)
        found += [(name, item) for item in (its if most is None else heapq.nsmallest(most, its, key=_by_id))]
    metas = [json.loads(item["meta"]) for _, item in found]
    pools = {
        name: Foils(
            (item["answer"], meta["documents"]) for (its, item), meta in zip(found, metas, strict=True) if its == name
        )
        for name in exam.SETS  # each by itself: an answer that was trained would be likelier for that alone
    }
    return [
        Question(name, item, meta, pools[name].like(item["answer"], FOILS, seed=item["id"], apart=meta["documents"]))
        for (name, item), meta in zip(found, metas, strict=True)
    ]


def rows(data: Split, most: int | None) -> list[Row]:
    """Rows that were trained, at most so many, drawn by their ids; with all their columns."""
    names = sorted(training.columns(data.train) - {"id"})
    found = ({"id": id_, **row} for id_, row in training.read(data.train, names))
    drawn = found if most is None else heapq.nsmallest(most, found, key=_by_id)
    return sorted(drawn, key=lambda row: str(row["id"]))


def _by_id(row: Row) -> bytes:
    return exam.draw_key("drawn", row["id"])


@dataclass
class Asked:
    """What both models made of the same questions, trained rows and pieces of another text."""

    questions: Sequence[Question]
    rows: Sequence[Row]
    texts: Sequence[Row] = ()
    said: dict[str, list[str]] = field(default_factory=dict)  # by WHEN; empty where nothing was to be answered
    options: dict[str, dict[str, Loss]] = field(default_factory=dict)  # by `question/option`, the right one first
    row_losses: dict[str, dict[str, Loss]] = field(default_factory=dict)
    text_losses: dict[str, dict[str, Loss]] = field(default_factory=dict)
    judged: Sequence[Judged] = ()  # a question each, where a judge was asked

    def ask(
        self, models: Mapping[str, str], asking: Trainer, method: Trainer, reading: str, *, max_tokens: int,
        beside: Path, progress: Progress,
    ) -> None:  # fmt: skip
        """Put everything to both models, by WHEN. `method` trained the rows; `max_tokens` of an answer, 0 for none.

        What they said is kept below `beside`: put to them again, only what is not there is asked.
        """
        for when in WHEN:
            model = models[when]
            calls = {
                "options": trainer_calls.losses(asking.plugin, model, list(self._options()), f"choices {when}"),
                "rows": trainer_calls.losses(method.plugin, model, self.rows, f"rows {when}"),
                "texts": trainer_calls.losses(reading, model, self.texts, f"other text {when}"),
            }
            if max_tokens:
                prompts = [question.item["prompt"] for question in self.questions]
                calls["said"] = trainer_calls.answers(asking.plugin, model, prompts, max_tokens, f"answers {when}")
            self._take(when, _made(calls, beside, progress))

    def _take(self, when: str, found: Mapping[str, list[Any]]) -> None:
        self.said[when] = found.get("said", [])
        for name, losses in (("options", self.options), ("rows", self.row_losses), ("texts", self.text_losses)):
            losses[when] = trainer_calls.as_losses(found.get(name, []))

    def _options(self) -> Iterator[Row]:
        """Each question with each of its answers, as a row."""
        for nth, question in enumerate(self.questions):
            for which, answer in enumerate([question.item["answer"], *question.foils]):
                messages = [*question.item["prompt"], {"role": "assistant", "content": answer}]
                yield {"id": f"{nth}/{which}", "messages": messages}

    def values(self) -> Values:
        """Every measure of every question."""
        found: Values = {}
        for when in WHEN:
            its = zip(self.said[when], self.questions, strict=bool(self.said[when]))
            pairs = [(said, question.item) for said, question in its]
            if pairs:
                found.setdefault("f1", {})[when] = [scores.f1(said, item["answer"]) for said, item in pairs]
                found.setdefault("exact", {})[when] = [scores.exact(said, item["answer"]) for said, item in pairs]
                found.setdefault("quoted", {})[when] = [scores.quoted(s, " ".join(i["quotes"])) for s, i in pairs]
            losses = self._option_losses(when)
            found.setdefault("choice", {})[when] = [_chosen(right, others) for right, others in losses]
            found.setdefault("margin", {})[when] = [_margin(right, others) for right, others in losses]
            found.setdefault("loss", {})[when] = [right for right, _ in losses]
        return found | self.judgements()

    def judgements(self) -> Values:
        """1 where a side is preferred, and its grade; of questions that are judged alike in both orders."""
        if not self.judged:
            return {}
        preferred, grades = dict[str, list[float | None]](), dict[str, list[float | None]]()
        for nth, when in enumerate(WHEN):
            preferred[when] = [None if one.preferred is None else float(one.preferred == when) for one in self.judged]
            grades[when] = [one.grades[nth] if one.grades and one.preferred else None for one in self.judged]
        return {"preferred": preferred, "grade": grades}

    def to_judge(self) -> list[Answered]:
        """What a judge is shown of each question."""
        return [
            Answered(exam.row_of(question.item["id"]), exam.question("preference", question.item),
                     question.item["answer"], question.item["quotes"], before, after)
            for question, before, after in zip(self.questions, *(self.said[when] for when in WHEN), strict=True)
        ]  # fmt: skip

    def _option_losses(self, when: str) -> list[tuple[float, list[float]]]:
        """Of each question the loss of the right answer, and those of the others."""
        losses = self.options[when]
        return [
            (losses[f"{nth}/0"].loss, [losses[f"{nth}/{which}"].loss for which in range(1, 1 + len(question.foils))])
            for nth, question in enumerate(self.questions)
        ]

    def differences(self, values: Values, places: Sequence[int]) -> dict[str, Difference]:
        """Each measure over some of the questions, by their place."""
        found = {}
        for name, its in values.items():
            known = [(nth, b, a) for nth in places if (b := its["before"][nth]) is not None
                     and (a := its["after"][nth]) is not None]  # fmt: skip
            documents = [min(self.questions[nth].meta["documents"], default="") for nth, _, _ in known]
            befores, afters = [b for _, b, _ in known], [a for _, _, a in known]
            found[name] = scores.compare(befores, afters, documents, higher_is_better=name != "loss")
        return found

    def forgotten(self) -> Difference | None:
        """The loss on the other text; None where none was given."""
        before, after = (self.text_losses[when] for when in WHEN)
        ids = [id_ for id_ in before if id_ in after]
        losses = ([before[id_].loss for id_ in ids], [after[id_].loss for id_ in ids])
        return scores.compare(*losses, ids, higher_is_better=False) if ids else None

    def trained(self) -> list[Row]:
        """The trained rows with their documents and losses; those that the trainer leaves out have none."""
        before, after = (self.row_losses[when] for when in WHEN)
        return [
            {"id": row["id"], "documents": trainable.documents_of(row), "before": before[row["id"]].loss,
             "after": after[row["id"]].loss, "largest_before": before[row["id"]].largest,
             "largest_after": after[row["id"]].largest, "tokens": after[row["id"]].tokens}
            for row in self.rows if row["id"] in before and row["id"] in after
        ]  # fmt: skip

    def answered(self) -> Iterator[Row]:
        """A row a question, with what both models said."""
        values = self.values()
        for nth, question in enumerate(self.questions):
            item, meta = question.item, question.meta
            row = {"id": item["id"], "set": question.set, "question": item["prompt"][-1]["content"]}
            row |= {"answer": item["answer"], "documents": meta["documents"], "generator": meta["generator"]}
            for when in WHEN:
                row[when] = self.said[when][nth] if self.said[when] else None
                row |= {f"{name}_{when}": its[when][nth] for name, its in values.items() if name in COLUMNS}
            yield row | ({"judged": self.judged[nth].outcome} if self.judged else {})


def _chosen(right: float, others: Sequence[float]) -> float:
    """1 where the right answer is the likeliest a token; a share of it where others are as likely."""
    return 0.0 if any(other < right for other in others) else 1 / (1 + sum(other == right for other in others))


def _margin(right: float, others: Sequence[float]) -> float:
    """How much likelier the right answer is than the others, in nats a token."""
    return sum(others) / len(others) - right if others else 0.0


def _made(calls: Mapping[str, Call], beside: Path, progress: Progress) -> dict[str, list[Any]]:
    """The calls that have something to ask."""
    wanted = {name: call for name, call in calls.items() if call.items}
    made = trainer_calls.ask(list(wanted.values()), beside, progress, keep=beside / KEPT)
    return dict(zip(wanted, made, strict=True))


def learned(rows: Sequence[Row]) -> dict[str, Any]:
    """Of `Asked.trained`: how many were known before, how many are not learned, and of which documents most are not."""
    known = [row["id"] for row in rows if row["before"] < KNOWN]
    unmoved = {row["id"] for row in rows if row["after"] > max(KNOWN, UNMOVED * row["before"])}
    of_document: dict[str, list[bool]] = {}
    for row in rows:
        for document in row["documents"]:
            of_document.setdefault(document, []).append(row["id"] in unmoved)
    missed = sorted(document for document, its in of_document.items() if 2 * sum(its) > len(its))
    return {
        "looked_at": len(rows),
        **{when: round(sum(row[when] for row in rows) / max(1, len(rows)), 6) for when in WHEN},
        "known_before": {"count": len(known), "examples": known[:NAMED]},
        "not_learned": {"count": len(unmoved), "examples": sorted(unmoved)[:NAMED]},
        "documents_not_learned": {"count": len(missed), "of": len(of_document), "examples": missed[:NAMED]},
    }
