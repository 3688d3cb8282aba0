"""What models of names share that read whole stretches, one at a time, so that no other changes an answer."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence

from filters._spans import Finding


class TextByText(ABC):
    """A reader of names (`_names.Reader`) that is never asked about single words."""

    def read(self, texts: Sequence[str]) -> list[list[Finding]]:
        """The findings of each text, weak ones too."""
        return [sorted(set(self._read(text))) for text in texts]

    def meet(self, words: set[str]) -> None:  # noqa: B027 # an answer, and for all of these the same
        """Nothing: no word is asked about alone."""

    def alone(self, word: str) -> float:
        """1: the model is not asked about single words."""
        return 1.0

    @abstractmethod
    def _read(self, text: str) -> Iterable[Finding]:
        """The findings of one text, in any order."""
