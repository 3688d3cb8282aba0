"""Look at pairs of a better and a worse answer: pairs that teach nothing, and pairs that contradict each other.

Sees    prompt, chosen and rejected of a preference record, and what its `meta` notes of the judgement.
State   the digests of prompt and answers, and the id: about 250 bytes of RAM a pair.
Order   does not matter.
Source  what a trainer does with such pairs without a word: DPO (Rafailov et al. 2023) on two equal answers has loss
        ln 2 and gradient 0; on an empty one it learns to be silent.

A pair that is looked at for several reasons has the first of CHECKS, those that reject before those that flag.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, get_args

import pyarrow as pa

from factory import tokens
from factory.circles import Judgement, answer_digest, circular, digest
from factory.preferences import Compared, compare
from factory.verdicts import Verdicts
from filters import _bounds, _shown

DECIDES = {"decides": True}
Check = Literal[
    "empty", "same", "same_when_cut", "contradicted", "same_words", "near_same", "on_a_circle", "length_ratio",
    "chosen_refuses", "small_margin", "unstable_judge",
]  # fmt: skip
CHECKS: tuple[Check, ...] = get_args(Check)
REASONS = {
    "empty": "preference_sanity.empty",
    "same": "preference_sanity.same",
    "same_when_cut": "preference_sanity.same_when_cut",
    "contradicted": "preference_sanity.contradicted",
    "same_words": "preference_sanity.same_words",
    "near_same": "preference_sanity.near_same",
    "on_a_circle": "preference_sanity.on_a_circle",
    "length_ratio": "preference_sanity.length_ratio",
    "chosen_refuses": "preference_sanity.chosen_refuses",
    "small_margin": "preference_sanity.small_margin",
    "unstable_judge": "preference_sanity.unstable_judge",
}
SIDES = ("prompt", "chosen", "rejected")
COMPARED = pa.struct(
    [
        *((name, pa.int64()) for name in ("chosen_chars", "rejected_chars", "prompt_chars", "prefix")),
        *((name, pa.bool_()) for name in ("same", "same_words")),
        ("likeness", pa.float64()),
        ("chosen_refuses", pa.bool_()),
        ("margin", pa.float64()),
        ("stable", pa.bool_()),
    ]
)
TOKENS = pa.list_(pa.int64(), 2)  # of the prompt, and of what both answers begin with


@dataclass
class Seen:
    """The judgements so far; after `settle`, who contradicts or goes on from whom."""

    judgements: list[Judgement] = field(default_factory=list)
    contradicted: dict[str, str] = field(default_factory=dict)
    circling: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PreferenceSanity:
    """Reject the pairs on which a check in `rejects` strikes, flag those of the other checks."""

    sees: ClassVar[str] = "record"
    kinds: ClassVar[tuple[str, ...]] = ("preference",)
    tokenizer: Path | None = None
    max_chars: int | None = field(default=None, metadata=DECIDES)
    max_tokens: int | None = field(default=None, metadata=DECIDES)
    max_likeness: float = field(default=0.95, metadata=DECIDES)
    max_ratio: float = field(default=10.0, metadata=DECIDES)
    min_margin: float = field(default=0.0, metadata=DECIDES)
    rejects: list[Check] = field(
        default_factory=lambda: ["empty", "same", "same_when_cut", "contradicted"], metadata=DECIDES
    )

    def __post_init__(self) -> None:
        for name in ("max_chars", "max_tokens"):
            if (limit := getattr(self, name)) is not None and limit < 1:
                raise ValueError(f"{name} must be at least 1")
        _bounds.above_zero(max_likeness=self.max_likeness)
        if self.max_ratio < 1:
            raise ValueError("max_ratio must be at least 1")
        if self.tokenizer is not None:
            tokens.load(self.tokenizer)

    def measure(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """A row -> `id`, `compared`, `tokens`, and the digests of its three texts."""
        pairs = list(map(_sides, _shown.rows(batch)))
        metas = _shown.metas(batch)
        compared = [compare(*pair, meta) for pair, meta in zip(pairs, metas, strict=True)]
        prompts = tokens.count([prompt.strip() for prompt, *_ in pairs], self.tokenizer)
        same = [tokens.shared(chosen.strip(), rejected.strip(), self.tokenizer) for _, chosen, rejected in pairs]
        digests = {
            side: pa.array([(answer_digest if nth else digest)(pair[nth]) for pair in pairs], pa.binary(8))
            for nth, side in enumerate(SIDES)
        }
        return pa.record_batch(
            {
                "id": batch["id"],
                "compared": pa.array([facts._asdict() for facts in compared], COMPARED),
                "tokens": pa.array(list(zip(prompts, same, strict=True)), TOKENS),
                **digests,
            }
        )

    def scan(self, features: pa.RecordBatch) -> Seen:
        """The batch as judgements."""
        columns = (features[name].to_pylist() for name in (*SIDES, "id"))
        return Seen([Judgement(*row) for row in zip(*columns, strict=True)])

    def merge(self, into: Seen, other: Seen) -> Seen:
        """Append `other` to `into`, in place."""
        into.judgements += other.judgements
        return into

    def settle(self, seen: Seen, texts: Any) -> Seen:
        """Find what contradicts what; no text is asked for."""
        seen.contradicted, seen.circling = circular(seen.judgements)
        seen.judgements = []
        return seen

    def decide(self, features: pa.RecordBatch, seen: Seen) -> Verdicts:
        """One verdict a pair; the evidence holds the numbers of its reason, and `also` what else struck."""
        verdicts = Verdicts()
        columns = (features[name].to_pylist() for name in ("id", "compared", "tokens"))
        for id_, facts, counts in zip(*columns, strict=True):
            pair = Compared(**facts)
            struck = dict([*self._by_itself(pair, counts), *self._judged(id_, pair, seen)])
            if not struck:
                verdicts.keep(id_)
                continue
            first, *others = sorted(struck, key=lambda check: (check not in self.rejects, CHECKS.index(check)))
            say = verdicts.reject if first in self.rejects else verdicts.flag
            say(id_, REASONS[first], **struck[first], **({"also": others} if others else {}))
        return verdicts

    def _by_itself(self, pair: Compared, counts: list[int]) -> Iterator[tuple[Check, Mapping[str, Any]]]:
        """Each check on two answers and their lengths that strikes, with its numbers."""
        chars = {"chosen_chars": pair.chosen_chars, "rejected_chars": pair.rejected_chars}
        less, more = sorted(chars.values())
        if not less:
            yield "empty", chars
        elif more > self.max_ratio * less:
            yield "length_ratio", chars
        if pair.same:
            yield "same", chars
            return
        if (cut := self._cut(pair, counts)) is not None:
            yield "same_when_cut", cut
        if pair.same_words:
            yield "same_words", chars
        elif pair.likeness >= self.max_likeness:
            yield "near_same", {"likeness": pair.likeness}

    def _judged(self, id_: str, pair: Compared, seen: Seen) -> Iterator[tuple[Check, Mapping[str, Any]]]:
        """Each check on the judgement that strikes."""
        if id_ in seen.contradicted:
            yield "contradicted", {"by": seen.contradicted[id_]}
        if id_ in seen.circling:
            yield "on_a_circle", {"goes_on": seen.circling[id_]}
        if pair.chosen_refuses:
            yield "chosen_refuses", {}
        if pair.margin is not None and pair.margin <= self.min_margin:
            yield "small_margin", {"margin": pair.margin}
        if pair.stable is False:
            yield "unstable_judge", {}

    def _cut(self, pair: Compared, counts: list[int]) -> dict[str, int] | None:
        """The limit under which nothing of the two answers is left but what they share, if one of ours is."""
        chars = [pair.prompt_chars, pair.prefix]
        for name, limit, (prompt, same) in (("chars", self.max_chars, chars), ("tokens", self.max_tokens, counts)):
            if limit is not None and prompt + same >= limit:
                return {f"max_{name}": limit, f"prompt_{name}": prompt, f"same_{name}": same}
        return None


def _sides(strings: list[dict[str, str]]) -> tuple[str, str, str]:
    """The text of prompt, chosen and rejected; several messages with a line end between."""
    prompt, chosen, rejected = (
        "\n".join(string["text"] for string in strings if string["field"].startswith(f"{side}[")) for side in SIDES
    )
    return prompt, chosen, rejected
