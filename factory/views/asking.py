"""What an instruction asks for, told by its English words: the form of a question, or the verb of an order.

    "Given a list, sort it."          order, sort
    "Could you explain gravity?"      order, explain: words that follow: gravity
    "I have a cat. What does it eat?" what
    "Is the lid open?"                yes or no

Verbs of orders with what follows them show how wide a set of instructions is: Wang et al. 2022 (Self-Instruct,
arXiv:2212.10560), who parse its objects; these are the content words behind the verb.
"""

import re
from itertools import islice
from typing import NamedTuple

from factory.stop_words import STOP_WORDS
from factory.wording import listed

LOOKED_AT = 2_000  # characters at the beginning, and at the end
SENTENCES = 6  # of a line
REACH, AFTER = 5, 2  # words behind a verb, and how many of these are told
FORMS = (
    "order", "what", "which", "who", "when", "where", "why", "how", "how many", "yes or no", "another question", "other"
)  # fmt: skip

VERBS = listed(
    """act adapt add adjust advise analyse analyze annotate answer apply argue arrange ask assess assign assume
    brainstorm break brief build calculate caption categorise categorize change characterise characterize check
    choose cite clarify classify clean code collect combine come comment compare compile complete compose
    compute conclude condense conduct consider construct contrast convert convince correct count craft create
    critique deduce define demonstrate derive describe design detect determine develop devise differentiate
    discuss distinguish divide draft draw edit elaborate eliminate emphasise emphasize estimate evaluate examine
    expand explain explore express extend extract fill filter find finish fix follow form format formulate
    gather generate give go grade group guess guide help highlight hypothesise hypothesize identify illustrate
    imagine implement improve include indicate infer insert interpret introduce invent investigate join judge
    justify keep label let list locate look make map match measure mention merge modify name narrate note offer
    order organise organize outline paraphrase parse perform pick plan play point predict prepare present
    pretend prioritise prioritize produce program pronounce propose prove provide punctuate put rank rate
    rearrange recall recite recommend record reduce refactor reformat refute remove rename reorder rephrase
    replace reply report represent research resolve respond restate restructure retell retrieve return reverse
    review revise reword rewrite role-play round say schedule score search select sequence share shorten show
    simplify simulate sketch solve sort specify speculate spell split state structure substitute suggest sum
    summarise summarize supply support synthesise synthesize take teach tell test think touch trace transcribe
    transform translate try turn tweet understand update use verify visualise visualize weigh write"""
)
_WH = listed("what which who whom whose when where why how")
_MANY = listed("many much long often old far large big tall high deep fast")
_ARE = listed(
    "is are was were am do does did can could will would should shall may might must has have had isn't aren't wasn't "
    "don't doesn't didn't can't couldn't won't wouldn't shouldn't hasn't haven't"
)
_POLITE = re.compile(
    r"""(?:(?:question|q|instruction|task|prompt)\s?[:.]\s+
    |(?:please|kindly|now|then|next|first|finally|also|hi|hello|hey|so|and|ok|okay)[,:]?\s+
    |(?:can|could)\syou\s(?:please\s|kindly\s|also\s)?
    |i(?:\s(?:want|need|would\slike)|['’]d\slike)\syou\sto\s
    |(?:your\s(?:task|job|goal)\sis|you\sare\s(?:asked|given\sthe\stask|required|tasked))\sto\s
    |you\s(?:should|must|will|need\sto|have\sto)\s
    |help\s(?:me|us)\s(?:to\s)?
    |(?:given|for|using|based\son|in|from|with|by|as|to|regarding|concerning|according\sto)\s[^,:]{2,160}[,:]\s
    )""",
    re.VERBOSE,
)
_LEAD = re.compile(r"[^,:?!]{2,160}(?P<sign>[,:])\s+")  # "I have a question about lids: …"
_BEFORE = re.compile(r"^[\W\d_]+")  # marks of lists, headings and quotations
_WORD = re.compile(r"[a-z]+(?:['’-][a-z]+)*")
_PLACED = re.compile(r"(?:in|at|on|to|from|for|by|with|of|under|about|during)\s(?=(?:what|which|whom|whose)\b)")
_SHORT = re.compile(r"['’](?:s|re|d|ll)$")  # "what's", "how'd"
_ENDS = re.compile(r"(?<=[.?!])\s+")


class Asked(NamedTuple):
    """A form of FORMS; of an order its verb, and the content words that follow."""

    form: str
    verb: str = ""
    after: tuple[str, ...] = ()


def asked(text: str) -> Asked:
    """What a text asks for: its first line that asks for something, else its last.

    Between them stands what is asked about.
    """
    begins, ends = text[:LOOKED_AT].strip(), text[-LOOKED_AT:].strip()
    for line in dict.fromkeys((begins.partition("\n")[0], ends.rpartition("\n")[2])):  # most are of one line
        found = next((its for its in map(_of_sentence, _sentences(line)) if its), None)
        if found:
            return found
    return Asked("another question" if ends.endswith(("?", "？", "؟")) else "other")


def opening(text: str) -> str:
    """Its first three words; '' where there are fewer."""
    words = _WORD.findall(text[:200].lower())[:3]
    return " ".join(words) if len(words) == 3 else ""


def _sentences(line: str) -> list[str]:
    return _ENDS.split(line.lower(), maxsplit=SENTENCES)[:SENTENCES]


def _of_sentence(sentence: str) -> Asked | None:
    said = _BEFORE.sub("", sentence)
    while polite := _POLITE.match(said):
        said = said[polite.end() :]
    is_marked = sentence.rstrip("\"')*_ ").endswith("?")
    lead = _LEAD.match(said)
    rest = said[lead.end() :] if lead else ""
    found = _order(said) or (_order(rest) if lead and lead["sign"] == ":" else None)
    questions = [its for its in (_question(part, is_marked=is_marked) for part in (said, rest)) if its]
    return found or min(questions, key=lambda its: its.form == "another question", default=None)


def _order(said: str) -> Asked | None:
    words = _words(said, 1 + REACH)
    return Asked("order", words[0], _content(words[1:])) if words and words[0] in VERBS else None


def _words(said: str, most: int) -> list[str]:
    """Its first words, so many at most."""
    return [found[0] for found in islice(_WORD.finditer(said), most)]


def _question(said: str, *, is_marked: bool) -> Asked | None:
    words = [_SHORT.sub("", word) for word in _words(_PLACED.sub("", said), 2)]
    if not words:
        return None
    first, second = words[0], words[1] if len(words) > 1 else ""
    if first in _WH and (is_marked or (first != "when" and second in _ARE)):
        if first == "how" and second in _MANY:
            return Asked("how many")
        return Asked("who" if first in ("whom", "whose") else first)
    if not is_marked:
        return None
    return Asked("yes or no" if first in _ARE else "another question")


def _content(words: list[str]) -> tuple[str, ...]:
    return tuple(word for word in words if word not in STOP_WORDS["en"] and len(word) > 2)[:AFTER]
