"""Every shape that is known, the most telling first: a row is of the first whose converter takes it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from factory.errors import BadItem
from factory.shapes import answers, chats, preferences, rankings, ratings, reviewed, texts
from factory.shapes.answers import Made
from factory.shapes.cells import Cells, NotThis

LONG = 8  # words: a column that holds more than this is no label beside a prompt


@dataclass(frozen=True)
class Shape:
    """One way in which a dataset writes its rows. `needs` are columns without which nobody need look."""

    name: str
    title: str
    make: Callable[[Cells], Iterator[Made]]
    needs: tuple[str, ...] = ()

    def records(self, cells: Cells) -> list[Made]:
        """The records of a row. Raises NotThis where it is not of this shape."""
        for name in self.needs:
            if not cells.has(name):
                raise NotThis(f"'{name}' is null" if cells.there(name) else f"there is no column '{name}'")
        return list(self.make(cells))


def _prompts(cells: Cells) -> Iterator[Made]:
    """Prompts alone, where nothing beside them reads like an answer."""
    made = list(answers.prompts(cells))
    beside = [value for name in cells.names() if str(cells.path(name)[0]) not in cells.used
              for value in [cells.peek(name)]]  # fmt: skip
    if any(isinstance(value, str) and len(value.split()) > LONG for value in beside):
        raise NotThis("there is a prompt, and which of the other columns is the answer is not known")
    return iter(made)


SHAPES = (
    Shape("openassistant_trees", "OpenAssistant trees", rankings.trees, ("prompt",)),
    Shape("self_instruct_seeds", "Self-Instruct seed tasks", answers.seed_tasks, ("instruction", "instances")),
    Shape("hh_transcripts", "HH preference transcripts", preferences.transcripts, ("chosen", "rejected")),
    Shape("sharegpt_preference", "ShareGPT preference pairs, as in LLaMA-Factory", preferences.conversations,
          ("conversations", "chosen", "rejected")),
    Shape("alpaca_preference", "Alpaca preference pairs, as in LLaMA-Factory", preferences.explicit,
          ("instruction", "chosen", "rejected")),
    Shape("preference_explicit", "TRL preference pairs with an explicit prompt", preferences.explicit,
          ("chosen", "rejected")),
    Shape("preference_implicit", "TRL preference pairs with an implicit prompt", preferences.implicit,
          ("chosen", "rejected")),
    Shape("kto_conversations", "KTO conversations, as in LLaMA-Factory", chats.rated_conversation),
    Shape("unpaired_preference", "TRL unpaired preference (KTO)", chats.rated_answer),
    Shape("ranking", "rankings", rankings.ranking),
    Shape("comparison", "comparisons of two answers", rankings.comparison),
    Shape("messages", "OpenAI messages", chats.openai),
    Shape("sharegpt", "ShareGPT conversations", chats.sharegpt),
    Shape("multiple_choice", "multiple choice questions", answers.multiple_choice, ("choices",)),
    Shape("alpaca", "Alpaca", answers.pairs, ("instruction", "output")),
    Shape("instruction_context_response", "instruction, context, response, as in Dolly", answers.pairs,
          ("instruction", "response")),
    Shape("prompt_completion", "TRL prompt and completion", answers.pairs, ("prompt", "completion")),
    Shape("question_context_answer", "questions on a context, as in SQuAD", answers.in_context,
          ("question", "context")),
    Shape("question_answer", "questions and answers", answers.pairs, ("question",)),
    Shape("prompt_answer", "prompts and answers", answers.pairs),
    Shape("labelled_pairs", "pairs of texts with a label", texts.labelled_pairs),
    Shape("labelled_texts", "texts with a label, for classification", texts.labelled),
    Shape("transcripts", "transcripts of conversations", chats.transcripts, ("text",)),
    Shape("prompts", "prompts without answers", _prompts),
    Shape("text", "plain texts", texts.plain),
)  # fmt: skip


RATED, REVIEWED = "rated", "reviewed"
_IN_LOGS = {
    "hh_transcripts", "sharegpt_preference", "alpaca_preference", "preference_explicit", "preference_implicit",
    "ranking", "comparison",
}  # fmt: skip
FEEDBACK = (  # what the rows of a feedback log may be
    Shape(REVIEWED, "rows of a run that people reviewed", reviewed.reviewed, reviewed.NEEDS),
    *(shape for shape in SHAPES if shape.name in _IN_LOGS),
    Shape(RATED, "answers that people rated or corrected", ratings.rated),
)


def shape_of(cells: Cells, among: Sequence[Shape] = SHAPES) -> tuple[Shape, list[Made]] | None:
    """The first shape that a row is of, and its records, if it is one that gives any; None where it is of none."""
    for shape in among:
        cells.used.clear()
        try:
            return shape, shape.records(cells)
        except NotThis:
            continue
        except BadItem:
            return shape, []
    return None
