"""Rows of a feedback log: an answer with what one person said of it: a vote, a corrected answer, or both.

A pair or a ranking in a log is read as in any dataset (`preferences`, `rankings`). Comments and times are not read.
"""

from collections.abc import Iterator

from factory.shapes.answers import ANSWERS, Made, answered, asked
from factory.shapes.cells import Cells, NotThis
from factory.shapes.chats import COLUMNS, said
from factory.shapes.messages import Message

VOTES = (
    "rating", "vote", "thumb", "thumbs", "thumbs_up", "feedback", "user_feedback", "human_feedback", "reaction",
    "liked", "helpful", "is_helpful", "stars", "score", "label", "kto_tag",
)  # fmt: skip
EDITS = (
    "edit", "edited", "correction", "corrected", "corrected_answer", "corrected_response", "corrected_output",
    "edited_answer", "edited_response", "edited_output", "edited_completion", "human_answer", "suggested_answer",
)  # fmt: skip
RATERS = (
    "rater", "rater_id", "annotator", "annotator_id", "labeler", "labeler_id", "labeller", "worker", "worker_id",
    "reviewer", "reviewer_id", "user_id", "username", "rated_by", "email",
)  # fmt: skip


def rated(cells: Cells) -> Iterator[Made]:
    """The answer with its vote, and the corrected answer as one that is better than it.

    The label of `feedback` is the cell as it stands: what it means is known once all were seen (`votes.Scale`).
    """
    if not any(cells.there(name) for name in (*VOTES, *EDITS)):
        raise NotThis("there is neither a vote nor a corrected answer")
    prompt, answer = _answer(cells)
    vote, edited = cells.first(VOTES), _edited(cells)
    if vote is not None or edited is None:
        yield "feedback", {"prompt": prompt, "completion": answer, "label": cells.value(vote) if vote else None}
    if edited is not None:
        yield "preference", {"prompt": prompt, "chosen": edited, "rejected": answer}


def _answer(cells: Cells) -> tuple[list[Message], list[Message]]:
    """The prompt, and the answer that was shown: columns of their own, or the end of a conversation."""
    name = cells.first(("completion", *ANSWERS))
    if name is not None:
        return asked(cells), answered(cells, name)
    if cells.first(COLUMNS) is None:
        raise NotThis("there is no answer")
    messages = said(cells)
    if len(messages) < 2 or messages[-1]["role"] != "assistant":
        raise NotThis("the conversation does not end with an answer")
    return messages[:-1], messages[-1:]


def _edited(cells: Cells) -> list[Message] | None:
    name = cells.first(EDITS)
    messages = answered(cells, name) if name else []
    return messages if any(message["content"].strip() for message in messages) else None


def rater(cells: Cells) -> str | None:
    """Who voted, as the log calls them; None where it does not say."""
    name = cells.first(RATERS)
    value = cells.value(name) if name else None
    return str(value).strip() or None if isinstance(value, str | int) else None
