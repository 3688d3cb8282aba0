"""Plain texts, for continued pretraining, and texts with a label, for classification."""

from collections.abc import Iterator

from factory.shapes.answers import Made
from factory.shapes.cells import Cells, NotThis, kind_of
from factory.shapes.pieces import joined

TEXTS = ("text", "content", "body", "document", "raw_content", "sentence")
LABELS = ("label", "labels", "class", "label_text")
PAIRS = (("sentence1", "sentence2"), ("premise", "hypothesis"), ("question1", "question2"), ("text1", "text2"),
         ("text_a", "text_b"), ("a", "b"))  # fmt: skip
PAIR_LABELS = (*LABELS, "is_duplicate", "gold_label")


def plain(cells: Cells) -> Iterator[Made]:
    """A text."""
    name = _text_column(cells)
    yield "text", {"text": cells.text(name)}


def labelled(cells: Cells) -> Iterator[Made]:
    """A text and its label, in words where the file names its classes."""
    label = cells.first(LABELS)
    if label is None:
        raise NotThis("there is no label")
    yield "labels", {"text": cells.text(_text_column(cells)), "label": cells.class_name(label)}


def labelled_pairs(cells: Cells) -> Iterator[Made]:
    """Two texts and one label (paraphrase, entailment): both are the text, the second on a line of its own."""
    label = cells.first(PAIR_LABELS)
    both = next((pair for pair in PAIRS if cells.has(*pair)), None)
    if label is None or both is None:
        raise NotThis("there are no two texts with a label")
    text = joined("\n", [cells.text(name) for name in both])
    yield "labels", {"text": text, "label": cells.class_name(label)}


def _text_column(cells: Cells) -> str:
    name = next((name for name in TEXTS if isinstance(cells.value(name), str)), None)
    if name is None:
        there = next((name for name in TEXTS if cells.there(name)), None)
        raise NotThis(
            f"'{there}' holds {kind_of(cells.value(there))}, not text" if there else "there is no column 'text'"
        )
    return name
