"""Names by a spaCy model that the user installed.

In      stretches of text. Out: persons, organisations and places.
Costs   2 ms a kB with en_core_web_sm, which finds two names in three.
"""

from collections.abc import Iterator

from filters._light import without_heavy
from filters._spans import Finding
from filters._text_by_text import TextByText

SCORE = 0.6  # spaCy says no probabilities
KINDS = {"PERSON": "person", "PER": "person", "ORG": "organization", "GPE": "location", "LOC": "location"}


class SpacyNames(TextByText):
    """A loaded pipeline; one stretch at a time, so that no other changes its answer."""

    def __init__(self, model: str) -> None:
        with without_heavy():
            import spacy

            self._nlp = spacy.load(model)

    def _read(self, text: str) -> Iterator[Finding]:
        for entity in self._nlp(text).ents:
            if entity.label_ in KINDS:
                yield Finding(entity.start_char, entity.end_char, KINDS[entity.label_], SCORE)
