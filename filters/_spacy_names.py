"""Names by a spaCy model that the user installed.

In      stretches of text. Out: persons, organisations and places.
Costs   2 ms a kB with en_core_web_sm, which finds two names in three.
"""

from collections.abc import Sequence

from filters._light import without_heavy
from filters._spans import Finding

SCORE = 0.6  # spaCy says no probabilities
KINDS = {"PERSON": "person", "PER": "person", "ORG": "organization", "GPE": "location", "LOC": "location"}


class SpacyNames:
    """A loaded pipeline; one stretch at a time, so that no other changes its answer."""

    def __init__(self, model: str) -> None:
        with without_heavy():
            import spacy

            self._nlp = spacy.load(model)

    def read(self, texts: Sequence[str]) -> list[list[Finding]]:
        """The findings of each text."""
        return [
            [
                Finding(e.start_char, e.end_char, KINDS[e.label_], SCORE)
                for e in self._nlp(text).ents
                if e.label_ in KINDS
            ]
            for text in texts
        ]

    def meet(self, words: set[str]) -> None:
        """Nothing: no word is asked about alone."""

    def alone(self, word: str) -> float:
        """1: spaCy is not asked about single words."""
        return 1.0
