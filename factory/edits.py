"""Edit maps: how an edited text came from its source, and the way back.

A filter edits the text it saw; the next one edits the result. `EditMap` keeps the composition in the coordinates of
the source, so that any span of the edited text leads back to a span of the source (law 5):

    edited = edits.apply(source)
    start, end = edits.to_source(a, b)
    edits.within(start, end).apply(source[start:end]) == edited[a:b]     # widened where a or b cut a replacement

All offsets count Unicode code points.
"""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """`text[start:end]` becomes `replacement`; `kind` says why (`pii.email`). The removed value is never kept."""

    start: int
    end: int
    kind: str
    replacement: str

    def shift(self, by: int) -> "Edit":
        """The same edit, `by` code points further on."""
        return Edit(self.start + by, self.end + by, self.kind, self.replacement)


@dataclass(frozen=True, slots=True)
class EditMap:
    """Edits in source coordinates: sorted, disjoint, each replacing at least one character.

    Raises ValueError for an edit that replaces nothing, or for two that overlap. An insertion has no place in the
    source to lead back to: replace a neighbouring character instead.
    """

    edits: tuple[Edit, ...] = ()
    _edited_starts: tuple[int, ...] = field(init=False, repr=False, compare=False, default=())

    def __post_init__(self) -> None:
        edits = tuple(sorted(self.edits))
        if any(not 0 <= edit.start < edit.end for edit in edits):
            raise ValueError("an edit must replace at least one character")
        if any(left.end > right.start for left, right in pairwise(edits)):
            raise ValueError("two edits overlap")
        starts, delta = [], 0
        for edit in edits:
            starts.append(edit.start + delta)
            delta += len(edit.replacement) - (edit.end - edit.start)
        object.__setattr__(self, "edits", edits)
        object.__setattr__(self, "_edited_starts", tuple(starts))

    def __bool__(self) -> bool:
        return bool(self.edits)

    def apply(self, source: str) -> str:
        """The edited text. Raises ValueError where an edit lies outside `source`."""
        if self.edits and self.edits[-1].end > len(source):
            raise ValueError("an edit lies outside the text")
        pieces: list[str] = []
        at = 0
        for edit in self.edits:
            pieces += (source[at : edit.start], edit.replacement)
            at = edit.end
        return "".join([*pieces, source[at:]])

    def then(self, later: Iterable[Edit]) -> "EditMap":
        """The map of `apply` followed by `later`, whose offsets are those of the edited text."""
        new = EditMap(tuple(later)).edits
        touched = [self._overlapped(edit.start, edit.end) for edit in new]
        if any(left[1] > right[0] for left, right in pairwise(touched)):  # two inside one replacement
            result = self
            for edit in reversed(new):  # from the right: the offsets on the left stay true
                result = result.then([edit])
            return result
        gone = {nth for first, last in touched for nth in range(first, last)}
        merged = [self._merged(edit, *its) for edit, its in zip(new, touched, strict=True)]
        return EditMap((*(edit for nth, edit in enumerate(self.edits) if nth not in gone), *merged))

    def _merged(self, later: Edit, first: int, last: int) -> Edit:
        """A later edit in source coordinates, with what it leaves of the edits from `first` to before `last`."""
        touched = self.edits[first:last]
        prefix = suffix = ""
        start, end = self.to_source(later.start, later.end)
        if touched:
            head, tail = touched[0], touched[-1]
            prefix = head.replacement[: max(0, later.start - self._edited_starts[first])]
            suffix = tail.replacement[max(0, later.end - self._edited_starts[last - 1]) :]
        return Edit(start, end, later.kind, prefix + later.replacement + suffix)

    def _overlapped(self, start: int, end: int) -> tuple[int, int]:
        """Which edits an edited span [start, end) touches; one that only deletes is touched when inside the span."""
        first = bisect_left(self._edited_starts, start)
        while first > 0 and self._edited_starts[first - 1] + len(self.edits[first - 1].replacement) > start:
            first -= 1
        while first < len(self.edits) and self._edited_starts[first] == start and not self.edits[first].replacement:
            first += 1  # a deletion right before the span
        return first, max(first, bisect_left(self._edited_starts, end))

    def to_source(self, start: int, end: int) -> tuple[int, int]:
        """The source span of edited [start, end), widened to whole replacements; as tight as can be otherwise.

        Raises ValueError for an empty span: it has no one place in the source.
        """
        if not 0 <= start < end:
            raise ValueError("a span must hold at least one character")
        return self._source_of(start)[0], self._source_of(end - 1)[1]

    def widen(self, start: int, end: int) -> tuple[int, int]:
        """The edited span [start, end) grown to the replacements it cuts."""
        first, last = self._overlapped(start, end)
        if first < last:
            tail = last - 1
            start = min(start, self._edited_starts[first])
            end = max(end, self._edited_starts[tail] + len(self.edits[tail].replacement))
        return start, end

    def _source_of(self, at: int) -> tuple[int, int]:
        """The source span that edited character `at` stands for: one character, or a whole replaced span."""
        nth = bisect_left(self._edited_starts, at + 1) - 1
        while nth >= 0 and not self.edits[nth].replacement and self._edited_starts[nth] == at:
            nth -= 1  # deletions at this place come before the character
        delta_after = 0
        if nth >= 0:
            edit, edited_start = self.edits[nth], self._edited_starts[nth]
            if at < edited_start + len(edit.replacement):
                return edit.start, edit.end
        behind = bisect_left(self._edited_starts, at + 1) - 1
        if behind >= 0:
            edit = self.edits[behind]
            delta_after = edit.end - (self._edited_starts[behind] + len(edit.replacement))
        return at + delta_after, at + delta_after + 1

    def to_edited(self, start: int, end: int) -> tuple[int, int]:
        """The edited span of source [start, end), widened to whole replacements. start == end is a place."""
        return self._edited_of(start, after=False), self._edited_of(end, after=True)

    def _edited_of(self, at: int, *, after: bool) -> int:
        delta = 0
        for edit, edited_start in zip(self.edits, self._edited_starts, strict=True):
            if edit.start >= at:
                break
            if edit.end > at:
                return edited_start + (len(edit.replacement) if after else 0)
            delta = edited_start + len(edit.replacement) - edit.end
        return at + delta

    def within(self, start: int, end: int) -> "EditMap":
        """The edits that lie inside source [start, end), in coordinates of that slice."""
        return EditMap(tuple(edit.shift(-start) for edit in self.edits if start <= edit.start and edit.end <= end))

    def shift(self, by: int) -> "EditMap":
        """The same edits, `by` code points further on."""
        return EditMap(tuple(edit.shift(by) for edit in self.edits))
