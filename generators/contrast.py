"""Preference and thumbs-down data with no model: the document's own answer, and the same with one fact changed.

    question   How long does a firmware update take?
    chosen     A firmware update takes about 12 minutes and uses roughly 0.3 percent of the battery.
    rejected   A firmware update takes about 5 minutes and uses roughly 0.3 percent of the battery.

Takes   all kept passages of one document in English, German, Spanish or French.
Yields  preference records, or two feedback records each. The questions and the chosen side are those of extractive_qa.
        The rejected side has one number, unit, date or name put in the place of another, each with one of its like
        that stands elsewhere in the document; or one statement turned round; or it is another cell of the same column,
        or the answer to another question of the same form. Lengths differ by a share at most. `meta.change` says what
        was changed and where.
Costs   no model call; each answer is held against the values of its document: 0.1 s CPU a passage in a manual of 16
        passages, 0.35 s in one of 64.
Source  contrast sets, Gardner et al. 2020 (arXiv:2004.02709): small changes that turn the label, there by people.
"""

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import lru_cache
from typing import Annotated, Any, Literal

from annotated_types import Ge

from factory.drawing import draw, draw_below
from factory.folding import words
from factory.passages import Passage
from factory.records import Record, Rejected, feedback, preference
from generators._pairs import FORMS, Pair, asks_for, pairs_of
from generators._swaps import KINDS, TURNED, Values, sentences_of, stems, swaps
from generators._swaps import Change as Swap
from generators._wording import words_of_all

Change = Literal["number", "unit", "date", "name", "opposite", "negation", "near"]
CHANGES: tuple[Change, ...] = (*(kind for kind in KINDS if kind != "negation"), "near")  # that are made unasked
NEAR_FORMS = ("faq", "entry", "default", "table")  # each asks for one of its kind; a definition says its own term
_CODE = re.compile(r"`[^`\n]+`")
_NEXT_PART = re.compile(r",? and (?=(?:the )?`)|; |, (?:but|while|whereas) ")
MAX_SHARED = 0.34  # of the words of a question, in the answer to another: above, that may answer it as well
MAX_ALIKE = 0.7  # of the telling words of the shorter answer, in the other: above, both may say the same
_LOOKS = tuple(  # of an answer: a reader who sees `"red"` where a number is asked for needs no document
    re.compile(look, re.DOTALL | re.IGNORECASE)
    for look in (
        r"`?[-+]?\d[\d.,_]*\W*`?",
        r"`?(?:true|false|yes|no|none|null|nil)`?",
        r"`?[\"'“].*[\"'”]`?",
        r"`?[(\[][^`]*`?",
        r"`[^`]*`",
        r"\S+",
    )
)


async def generate(
    passages: list[Passage],
    *,
    yields: Literal["preference", "feedback"] = "preference",
    changes: list[Change] | None = None,
    about: dict[str, str] | None = None,
    max_length_difference: Annotated[float, Ge(0)] = 0.15,
    min_answer_words: int = 6,
    max_answer_chars: int = 800,
    seed: int = 0,
) -> AsyncIterator[Record | Rejected]:
    """Yield a contrast for each pair of a document that has one; `changes` are those that may be made.

    Unless it is asked for, `negation` is not among them: a "not" put in or taken out seldom makes a fault that anyone
    would believe.

    `about` says of sources, by name, what their documents are about, as for extractive_qa.
    """
    language = next((passage.language for passage in passages if passage.language), None) or "en"
    if language not in FORMS:
        yield Rejected(None, "contrast.language_not_known", f"Its language is '{language}'.")
        return
    found = pairs_of(passages, about=about, min_answer_words=min_answer_words, max_answer_chars=max_answer_chars)
    made = _asked_once([(passage, pair) for passage, pair in found if _may_err(pair)])
    texts = [passage.text for passage in passages]
    titles = [title for passage in passages for title in passage.heading]
    values = Values(sentences_of(texts), words_of_all(texts, titles), language)
    for passage, pair in made:
        order = _drawn(changes or CHANGES, f"{pair.quote.passage}:{pair.quote.start}:{seed}")
        worse = _worse(pair, made, values, order, max_length_difference)
        if worse is None:
            yield Rejected(None, "contrast.nothing_to_change", f"Its form is '{pair.form}'.")
            continue
        for record in _records(passage, pair, *worse, yields):
            yield record


def _asked_once(made: list[tuple[Passage, Pair]]) -> list[tuple[Passage, Pair]]:
    """The first of those that ask the same."""
    first = {asks_for(pair): nth for nth, (_, pair) in reversed(list(enumerate(made)))}
    return [one for nth, one in enumerate(made) if first[asks_for(one[1])] == nth]


def _may_err(pair: Pair) -> bool:
    """Whether a pair is good, and a wrong answer to it teaches something: any other words of an acronym are wrong."""
    return pair.why is None and pair.form != "acronym"


def _records(passage: Passage, pair: Pair, worse: str, change: dict[str, Any], yields: str) -> Iterator[Record]:
    meta = {"form": pair.form, "change": change}
    answer = pair.quote.text
    if yields == "preference":
        yield preference(passage, pair.question, answer, worse, quotes=[pair.quote], **meta)
        return
    yield feedback(passage, pair.question, answer, True, quotes=[pair.quote], form=pair.form)
    yield feedback(passage, pair.question, worse, False, quotes=[pair.quote], **meta)


def _worse(
    pair: Pair, made: list[tuple[Passage, Pair]], values: Values, order: list[Change], most: float
) -> tuple[str, dict[str, Any]] | None:
    """A wrong answer of about the same length, and what was changed where; offsets are of the two answers."""
    answer = pair.quote.text
    for kind in order:
        if kind == "near":
            other = _near(pair, [one for _, one in made], most)
            if other is not None:
                place = {"passage": other.quote.passage, "start": other.quote.start, "end": other.quote.end}
                return other.quote.text, {"kind": kind, **place}
            continue
        fits = [
            (change, worse)
            for change in swaps(answer, pair.question, values)
            if change.kind == kind
            and (pair.form != "purpose" or _concerns(answer, pair.question, change))
            and _is_like(answer, worse := change.apply(answer), most)
            and not (pair.form == "definition" and kind in TURNED)  # "a gauge is not a device that": a lazy fault
        ]
        if fits:
            change, worse = fits[draw_below(len(fits), f"{kind}:{pair.question}")]
            to = change.start + len(change.text)
            return worse, {"kind": kind, "chosen": [change.start, change.end], "rejected": [change.start, to]}
    return None


def _concerns(answer: str, question: str, change: Swap) -> bool:
    """Whether a change is in the part of a sentence that speaks of what is asked: "use `a` to x, and `b` to y"."""
    asked = _CODE.findall(question)
    ends = [found.start() for found in _NEXT_PART.finditer(answer)] + [len(answer)]
    start = 0
    for end in ends:
        if start <= change.start < end:
            return not asked or any(code in answer[start:end] for code in asked)
        start = end
    return True


def _near(pair: Pair, others: list[Pair], most: float) -> Pair | None:
    """The answer to another question of the same kind: of those that do not answer this one, the most like it."""
    if pair.form not in NEAR_FORMS:
        return None
    fits = [
        other
        for other in others
        if other.form == pair.form
        and other.column == pair.column
        and other.question != pair.question
        and _is_like(pair.quote.text, other.quote.text, most)
        and _looks(pair.quote.text) == _looks(other.quote.text)
        and not _may_answer(pair, other)
        and not _is_told_by_name(pair, other)
    ]
    said = _words(pair.quote.text)
    return max(fits, key=lambda other: len(said & _words(other.quote.text)), default=None)


def _looks(answer: str) -> int:
    return next((nth for nth, look in enumerate(_LOOKS) if look.fullmatch(answer.strip())), len(_LOOKS))


def _may_answer(pair: Pair, other: Pair) -> bool:
    """Whether the other answer says what this question asks for: the same text, or many of its words."""
    answer, text = (" ".join(words(one.quote.text)) for one in (pair, other))
    if answer in text or text in answer:
        return True
    one, two = stems(pair.quote.text), stems(other.quote.text)
    if len(one & two) >= MAX_ALIKE * min(len(one), len(two)) > 1:
        return True
    asked = {word for word in _words(pair.question) if len(word) > 3} - _words(other.question)
    return not asked or len(asked & _words(other.quote.text)) > MAX_SHARED * len(asked)


def _is_told_by_name(pair: Pair, other: Pair) -> bool:
    """Whether one of two answers has a word of its own question that the other lacks: "Writes" for `write(data)`."""
    asked, its = stems(pair.question), stems(other.question)
    said, says = stems(pair.quote.text), stems(other.quote.text)
    return bool((asked - its) & (said - says) or (its - asked) & (says - said))


@lru_cache(maxsize=4096)
def _words(text: str) -> frozenset[str]:
    """The folded words of a text; every answer is held against every other one of its form."""
    return frozenset(words(text))


def _is_like(answer: str, worse: str, most: float) -> bool:
    return worse != answer and abs(len(worse) - len(answer)) <= most * len(answer)


def _drawn(changes: Sequence[Change], place: str) -> list[Change]:
    """The changes in an order of their own for each place; another answer comes last, where no fact can be changed."""
    return sorted(set(changes), key=lambda kind: (kind == "near", draw(f"{kind}:{place}")))
