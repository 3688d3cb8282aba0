"""What it means that a filter would reject, edit or flag rows: a title, why it hurts, and when it is a warning.

For filters that are known here; of any other one the name is all that can be said.
"""

from typing import NamedTuple

from factory.views.chapter import Severity


class Alarm(NamedTuple):
    """`many`: from which share of the rows it is a warning; above 1 it never is. `least`: how grave one row is."""

    title: str
    why: str
    many: float = 0.01
    least: Severity = "info"

    def gravity(self, count: int, looked_at: int) -> Severity:
        """How grave it is of so many rows."""
        if self.least == "error":
            return "error"
        return "warning" if count >= self.many * looked_at else "info"


def _web(name: str) -> Alarm:
    why = "Much that is no fault breaks them, such as lists and Markdown: read some of these rows before you let it."
    return Alarm(f"Texts break rules of {name}, which were made for pages of the web", why, many=2)


ALARMS = {
    "c4": _web("c4"),
    "document_quality": _web("document_quality"),
    "fineweb": _web("fineweb"),
    "gopher": _web("gopher"),
    "contamination": Alarm(
        "Rows hold items of a benchmark", "The model has then seen the test, and its score there says nothing.",
        least="error",
    ),
    # By reading, most of what it finds in a hundredth of the rows or less are choruses, tables and code.
    "degenerate": Alarm(
        "Answers repeat themselves", "What loops in training loops in answers. A chorus, a table or code may.",
        many=0.05,
    ),
    "encoding": Alarm("Texts hold broken or invisible characters", "The model learns to write them."),
    "feasible": Alarm(
        "Tasks ask for more than text: pictures, attachments, pages of the web",
        "The model learns to say that it has read and made what it has not.",
    ),
    "format": Alarm(
        "Texts hold what does not belong there",
        "Tokens of a template, words for nothing and cut-off ends are learned as part of an answer.",
    ),
    "question_dedup": Alarm(
        "Questions are asked again", "The same answer twice weighs twice, and two answers to one question contradict."
    ),
    "refusal": Alarm("Answers refuse", "A model that learns to refuse what is harmless refuses it."),
    "self_contained_rules": Alarm(
        "Questions and answers point at what is not in the row", "The model learns to answer what nobody could answer."
    ),
}  # fmt: skip


def of(plugin: str, name: str, verb: str) -> Alarm:
    """What is said of a filter of this plugin, `name` in the recipe, that would `verb` rows."""
    return ALARMS.get(plugin) or Alarm(
        f"The filter {name} would {verb} rows", "It looks for what should not be learned."
    )
