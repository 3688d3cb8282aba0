"""What presidio's engine needs of us: a tokeniser without a model, context words, and results.

Importing this module imports presidio and spaCy (0.9 s): only what needs a recogniser of presidio's may.
"""

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

import spacy
from presidio_analyzer import AnalysisExplanation, EntityRecognizer, RecognizerResult
from presidio_analyzer.context_aware_enhancers import ContextAwareEnhancer
from presidio_analyzer.nlp_engine import NlpArtifacts, NlpEngine

from filters import _screen
from filters._recogniser import BOOST, BOOSTED, any_of


def result(recogniser: EntityRecognizer, start: int, end: int, score: float) -> RecognizerResult:
    """A result of a recogniser that is no list of patterns."""
    name = type(recogniser).__name__
    metadata = {RecognizerResult.RECOGNIZER_NAME_KEY: name, RecognizerResult.RECOGNIZER_IDENTIFIER_KEY: recogniser.id}
    why = AnalysisExplanation(recognizer=name, original_score=score)
    return RecognizerResult(recogniser.supported_entities[0], start, end, score, why, metadata)


class WordsBefore(ContextAwareEnhancer):
    """Raise the score of what a context word stands before, as presidio does; here whole words and phrases count."""

    def __init__(self) -> None:
        super().__init__(BOOST, BOOSTED, context_prefix_count=0, context_suffix_count=0)

    def enhance_using_context(
        self,
        text: str,
        raw_results: list[RecognizerResult],
        nlp_artifacts: NlpArtifacts,
        recognizers: list[EntityRecognizer],
        context: list[str] | None = None,
    ) -> list[RecognizerResult]:
        """`raw_results` with their scores raised in place."""
        words = {recogniser.id: tuple(recogniser.context or ()) for recogniser in recognizers}
        for found in raw_results:
            said = words.get(found.recognition_metadata[RecognizerResult.RECOGNIZER_IDENTIFIER_KEY])
            if said and any_of(said).search(_screen.context(text, found.start)):
                found.score = min(max(found.score + BOOST, BOOSTED), ContextAwareEnhancer.MAX_SCORE)
        return raw_results


class Tokens(NlpEngine):
    """spaCy's English tokeniser; the lemma is the lower case: left empty, presidio's context words die silently."""

    @cached_property
    def nlp(self) -> Any:
        """The tokeniser, loaded when a recogniser first asks for a token."""
        return spacy.blank("en")

    def load(self) -> None:
        """Nothing to load yet."""

    def is_loaded(self) -> bool:
        """Always: the tokeniser comes when it is asked for."""
        return True

    def process_text(self, text: str, language: str) -> NlpArtifacts:
        """The tokens of `text`, made when a recogniser looks at them: of ours none does."""
        return _LazyTokens(text, self, language)

    def process_batch(
        self, texts: Iterable[str], language: str, batch_size: int = 1, n_process: int = 1, **kwargs: Any
    ) -> Iterator[tuple[str, NlpArtifacts]]:
        """Each text with its tokens."""
        return ((text, self.process_text(text, language)) for text in texts)

    def is_stopword(self, word: str, language: str) -> bool:
        """Whether English text is full of `word`."""
        return bool(self.nlp.vocab[word].is_stop)

    def is_punct(self, word: str, language: str) -> bool:
        """Whether `word` is punctuation."""
        return bool(self.nlp.vocab[word].is_punct)

    def get_supported_entities(self) -> list[str]:
        """None: a tokeniser knows no names."""
        return []

    def get_supported_languages(self) -> list[str]:
        """English."""
        return ["en"]


class _LazyTokens(NlpArtifacts):
    def __init__(self, text: str, nlp_engine: Tokens, language: str) -> None:
        self._of = (text, nlp_engine, language)

    def __getattr__(self, name: str) -> Any:
        """Tokenise at the first attribute that is missing."""
        if name.startswith("_") or "tokens" in self.__dict__:
            raise AttributeError(name)
        text, nlp_engine, language = self._of
        document = nlp_engine.nlp.make_doc(text)
        starts, lemmas = [token.idx for token in document], [token.lower_ for token in document]
        super().__init__([], document, starts, lemmas, nlp_engine, language)
        return getattr(self, name)
