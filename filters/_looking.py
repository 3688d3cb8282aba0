"""What `pii` and `pii_leak` share: the options that say what is looked for, and how sure one must be."""

from functools import cached_property
from pathlib import Path

from filters import _bounds, _ner, _own, _personal
from filters._own import Own
from filters._spans import Allowed


class Looking:
    """The methods of both; the options are fields of each, since a filter's fields are its options."""

    types: list[str] | None
    exclude: list[str]
    threshold: float
    allow: list[str]
    patterns: dict[str, str]
    recogniser_files: list[Path]
    recognisers: list[str]
    ner: str | None

    def check_looking(self) -> None:
        """Raise ValueError for an option that cannot work, WrongRequest for a model or recogniser that is not there."""
        _personal.kinds(self.types, self.exclude, self.ner)
        self.own  # noqa: B018 # made here, so that what is wrong is said before any work
        self.depends_on()
        Allowed(self.allow)

    def check_threshold(self) -> None:
        """Raise ValueError for one that nothing or everything would reach."""
        _bounds.above_zero(threshold=self.threshold)

    def depends_on(self) -> str:
        """The release of the model, the sources of installed recognisers."""
        return (_ner.version(self.ner) if self.ner else "") + _own.version(self.recognisers)

    @property
    def looked_for(self) -> tuple[str, ...]:
        """The kinds that are looked for."""
        return (*_personal.kinds(self.types, self.exclude, self.ner), *self.own.kinds)

    @cached_property
    def own(self) -> Own:
        """The kinds that options add."""
        return Own(self.patterns, self.recogniser_files, self.recognisers)
