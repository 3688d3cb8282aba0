"""Question-answer pairs with no model: the answer is a span of the passage, the question is built from what names it.

    definition   "A **gateway** is the indoor device that ..."      What is a gateway?
    procedure    "Replace the battery" above numbered steps          How do I replace the battery?
    code         "To list the gauges, run:" and the code             How do I list the gauges?
    faq          "Does rain matter?" as heading, bold, or "Q:"       Does rain matter?
    section      "Limits" under "Gateway API"                        What are the limits of the Gateway API?
    clause       "3. **Fees.** The customer pays ..."                What does the agreement with Orlo say about fees?
    entry        "`limit`: The largest number of ..."                What is `limit` in the Gateway API?
    table        a cell, by its row and the head of its column       What is the default of the option `limit`?
    condition    "If the lid is open, the press stops."              What happens if the lid is open?
    howto        "To stop the press, turn the red knob."             How do I stop the press?
    reason       "The oil is changed because it thickens."           Why is it that the oil is changed?
    purpose      "You can use `wait` to wait for a print."           What can I use `wait` for?
    acronym      "Document Image Analysis (DIA)"                     What does DIA stand for?

Takes   all kept passages of one document in English, German, Spanish or French; in other languages only questions that
        the text itself asks. The document says what it is about: its title, its code, the name that it speaks of most.
Yields  sft records whose answer is the text of their one quote. A pair that one would not understand without the
        document is rejected as extractive_qa.not_self_contained, one whose answer may go on in the next passage as
        extractive_qa.may_be_cut, one whose question the document answers in two ways as extractive_qa.two_answers;
        where no rule is sure, nothing is yielded.
Costs   no model call; some milliseconds a passage.
Source  rules of our own, in `_pairs.py`; the shape is that of SQuAD, Rajpurkar et al. 2016 (arXiv:1606.05250).
"""

from collections.abc import AsyncIterator
from typing import Any

from factory.passages import Passage
from factory.records import Record, Rejected, sft
from generators._pairs import pairs_of

REASONS = {
    "not_self_contained": "extractive_qa.not_self_contained",
    "may_be_cut": "extractive_qa.may_be_cut",
    "two_answers": "extractive_qa.two_answers",
}


async def generate(
    passages: list[Passage],
    *,
    about: dict[str, str] | None = None,
    min_answer_words: int = 6,
    max_answer_chars: int = 1600,
    reword: bool = False,
) -> AsyncIterator[Record | Rejected]:
    """Yield the pairs of a document in the order of their answers.

    `about` says of sources, by name, what their documents are about, where these do not: `{docs: FastAPI}`. It stands
    in questions that name nothing else.
    Answers to questions of the text itself, cells, entries and acronyms may have fewer words than `min_answer_words`.
    With `reword` a question that has another wording keeps it for the exam: it is never trained.
    """
    found = pairs_of(
        passages, about=about, min_answer_words=min_answer_words, max_answer_chars=max_answer_chars, reword=reword
    )
    for passage, pair in found:
        meta: dict[str, Any] = {"form": pair.form, **({"rewordings": [pair.reworded]} if pair.reworded else {})}
        record = sft(passage, pair.question, pair.quote.text, quotes=[pair.quote], **meta)
        yield Rejected(record, REASONS[pair.why], pair.detail) if pair.why else record
