"""Wrong answers that look like right ones: answers to other questions, of about the same length.

What is preferred to them is known, and not only well worded. Costs about 0.1 ms an answer.
"""

from bisect import bisect_left
from collections.abc import Iterable

from factory.stages.exam import draw_key, folded

WINDOW = 50  # answers of the nearest lengths that are looked at, on both sides


class Foils:
    """Answers with the documents they are about; those of the same words count once."""

    def __init__(self, answers: Iterable[tuple[str, Iterable[str]]]) -> None:
        found = {folded(answer): (answer, frozenset(documents)) for answer, documents in answers}
        self._answers = sorted(
            ((len(answer), key, answer, documents) for key, (answer, documents) in found.items()),
            key=lambda entry: entry[:2],
        )

    def like(self, right: str, count: int, *, seed: str, apart: Iterable[str] = ()) -> list[str]:
        """`count` answers, fewer where there are none: as long as the right one as may be, of other documents than
        those in `apart` where there are such. Among equals `seed` draws."""
        at, own, avoided = bisect_left(self._answers, (len(right), b"")), folded(right), set(apart)
        near = self._answers[max(0, at - WINDOW) : at + WINDOW]
        ways = [
            (bool(avoided & documents), abs(length - len(right)), draw_key(seed, key.hex()), answer)
            for length, key, answer, documents in near
            if key != own
        ]
        return [answer for *_, answer in sorted(ways)[:count]]
