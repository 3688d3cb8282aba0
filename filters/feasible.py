"""Flag tasks that cannot be followed in text: a logo to design, a photo that is not there, a page of the web to open.

Sees    what is asked of the assistant in each turn, and the answer; of a preference the chosen one.
Misses  tasks in other languages than English; deeds in the world ("book a flight"), news ("the weather tomorrow").
Source  our own patterns; that such tasks are left out is the rule of Zhou et al. 2023 (arXiv:2305.11206).

A task that is followed in code, in an SVG or as a drawing of characters can be followed, and so can one of a row that
has tools. An answer that refuses is the right one.
"""

import re
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import pyarrow as pa

from factory.refusals import refuses
from factory.verdicts import Verdicts
from factory.wording import pattern
from filters import _shown
from filters._turns import turns

DECIDES = {"decides": True}
REASONS = {
    "makes_media": "feasible.makes_media",
    "needs_attachment": "feasible.needs_attachment",
    "needs_network": "feasible.needs_network",
}
FIRST, LAST = 600, 300  # characters of a task that say what to do; of what stands behind it, alone in its paragraph
_PLEASE = r"(?:(?:please|kindly|now|then|can you|could you|would you|i want you to|i need you to|help me)[ ,:]+)*"
_MADE = r"""(?:logo|image|picture|photo(?:graph)?|drawing|painting|illustration|sketch|icon|animation|gif|portrait
    |cartoon|collage|video(?: clip)?|sound (?:effect|clip)|audio (?:clip|file|recording)
    |3[- ]?d (?:model|rendering|animation))s?"""
_SUCH = r"(?:(?!(?:for|of|with|about|to|on|in|from)\b)[\w'’-]+ ){0,4}?"  # "simple, new"
_ENDS = r"""(?=\s*(?:(?:of|for|with|that|which|to|about|on|in|using|based|inspired|showing|depicting|featuring|called
    |representing|illustrating)\b|[,.!?\n"“(]|$))"""  # else it goes on: "an image caption"
_NO_PICTURE = r"""conclusion|comparison|analogy|parallel|inference|distinction|connection|contrast|lesson|attention|card
    |number|sample|verdict|judg|vivid|ascii|table|similarit|relationship|correlation|difference|text|sentence|paragraph
    |list|plan|map\sfrom|comic|line\s(?:between|from)|picture\s(?:of|with)|character|plot|outline"""
_SHOWN = r"""(?:photo(?:graph)?|image|picture|painting|video|audio(?: file| clip| recording)?|recording|screenshot
    |spreadsheet|attachment)s?"""
_WEBSITE = r"(?:link|url|website|web ?page|site)"
_MAKES = pattern(
    rf"""\W{{0,3}}{_PLEASE}(?:create|design|make|generate|produce|show me|build) (?:me |us )?
        (?:an?|the|some|one|two|three) (?!(?:[\w'’-]+ ){{0,3}}?(?:character|plot|description|text|ascii)\b)
        {_SUCH}{_MADE}{_ENDS}""",
    rf"""\W{{0,3}}{_PLEASE}(?:draw|sketch|paint|photograph|render) (?:me |us )?(?:an?|the|some|your)
        [ ](?!(?:[\w'’-]+ ){{0,4}}?(?:{_NO_PICTURE}))\w""",
)
_ATTACHED = pattern(
    rf"\b(?:attached|enclosed|uploaded) (?:[\w'’-]+ ){{0,2}}?(?:{_SHOWN}|file|document|article|pdf|report)\b",
    rf"\b(?:in|from|of|at|on) (?:the|this) (?:provided|given|attached|above|below) {_SHOWN}\b",
    r"\btranscribe (?:the|this|an?) (?:[\w'’-]+ ){0,2}?(?:recording|audio|video|podcast|interview)\b",
    r"\blisten to (?:the|this) (?:[\w'’-]+ ){0,2}?(?:recording|audio|song|clip|podcast)\b",
)
_NAMED = pattern(  # a thing by its name alone, where it should stand itself: "(Insert article)", "Attached photo"
    rf"""\W*(?:(?:an?|the|this|attached|provided|given|insert|see) )*(?:{_SHOWN}|article|document|passage|file|poem
        |essay|paragraph|transcript)(?: (?:here|attached|file))?\W*"""
)
_SEARCHES = pattern(
    rf"\W{{0,3}}{_PLEASE}(?:search|browse|surf) (?:the )?(?:web|internet|google|online)\b",
    rf"""\W{{0,3}}{_PLEASE}(?:visit|open|go to|access|browse) (?:the|this|an?) (?:following |given |provided )?
        {_WEBSITE}\b""",
)
_ADDRESS = re.compile(r"\W*(?:(?:link|url|article|source|website)\W+)?https?://\S+\W*", re.IGNORECASE)
_READS = pattern(
    r"""\b(?:summar|read|review|rewrite|paraphras|translat|headline|title|tweet|sentiment|article|news|blog|video|content
        |main (?:idea|point)|key (?:point|takeaway)|describe|analy[sz]e)"""
)
_OF_ADDRESSES = pattern(
    r"\b(?:domain|url|link|protocol|query|path|regex|html|hyperlink|cit(?:e|ation)|reference|format)"
)
_IN_TEXT = re.compile(
    r"```|<svg|<html|\bdef \w+\(|\bimport \w|[|/\\_]{3}"
)  # followed in code, or drawn with characters


@dataclass(frozen=True)
class Feasible:
    """Flag rows that answer what cannot be answered in text alone."""

    sees: ClassVar[str] = "strings"
    judges: ClassVar[bool] = True
    kinds: ClassVar[tuple[str, ...]] = ("sft", "preference", "feedback")
    action: Literal["flag", "reject"] = field(default="flag", metadata=DECIDES)
    allow: list[Literal["makes_media", "needs_attachment", "needs_network"]] = field(
        default_factory=list, metadata=DECIDES
    )

    def measure(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """`id`, `field`, `role`, `text` -> `id`, and `why` a task of its cannot be done; null where all can."""
        tools = {id_ for id_, where, _, _ in _shown.strings(batch) if where == "tools"}
        found = {
            id_: next(filter(None, (why(*pair) for pair in pairs)), None) if id_ not in tools else None
            for id_, pairs in turns(batch).items()
        }
        return pa.record_batch({"id": pa.array(found, pa.string()), "why": pa.array(found.values(), pa.string())})

    def decide(self, features: pa.RecordBatch) -> Verdicts:
        """Flag or reject, but for what is allowed."""
        verdicts = Verdicts()
        say = verdicts.reject if self.action == "reject" else verdicts.flag
        for id_, its in zip(features["id"].to_pylist(), features["why"].to_pylist(), strict=True):
            if its is None or its in self.allow:
                verdicts.keep(id_)
            else:
                say(id_, REASONS[its])
        return verdicts


def why(task: str, answer: str) -> str | None:
    """What cannot be done of a task in text alone: makes_media, needs_attachment or needs_network."""
    first, _, rest = task[:FIRST].lstrip().partition("\n\n")
    *_, last = task[-LAST:].rpartition("\n\n") if rest else ("",)
    found = _of(first, last.strip())
    return None if found is None or _IN_TEXT.search(answer) or refuses(answer) else found


def _of(first: str, last: str) -> str | None:
    if _MAKES.match(first):
        return "makes_media"
    if _ATTACHED.search(first) or (last and _NAMED.fullmatch(last)):
        return "needs_attachment"
    reads = last and _ADDRESS.fullmatch(last) and _READS.search(first) and not _OF_ADDRESSES.search(first)
    return "needs_network" if reads or _SEARCHES.match(first) else None
