"""Sentences that define a term: "A **gateway** is the device that ...", "CORS refers to ...", "“Content” means ..."."""

import re
from dataclasses import dataclass

from factory.wording import listed, phrases, plain
from generators._wording import Words

_MARKED = (
    r"(?:\*\*(?P<bold>[^*\n]{2,60}?)\*\*|“(?P<curly>[^”\n]{2,60})”|\"(?P<straight>[^\"\n]{2,60})\""
    r"|`(?P<code>[^`\n]{2,60})`"
    r"|\[(?P<link>[^\]\n]{2,60})\]\([^)\n]*\)|[*_](?P<italic>[^*_\n]{2,60}?)[*_])"
)
_KINDS = ("bold", "curly", "straight", "code", "link", "italic")
_BARE = r"(?P<bare>(?!(?:An?|The)\s)[A-Za-z][\w'’./+-]*(?:\s+[A-Za-z0-9][\w'’./+-]*){0,4}?)"
_ASIDE = r"(?:\s*\([^()\n]{1,80}\))?(?:,\s+(?:or|also (?:called|known as))\s+[^,\n]{1,60},)?"
_VERB = (
    r"\s+(?P<verb>is defined as|is|are|means?|refers?(?:,[^,\n]{1,30},)?\s+to|stands? for|denotes?"
    r"|represents?)(?P<adverb>,[^,\n]{1,30},|)\s+(?P<rest>.+)"
)
_DEFINES = re.compile(rf"(?:(?P<det>An?|The)\s+)?(?:{_MARKED}|{_BARE}){_ASIDE}{_VERB}", re.DOTALL)
_A_THING = re.compile(r"(?:an?|the|one|any|every|part of|how|where|when)\s+(?P<head>[\w'’-]+)")
_SAYS_LITTLE = listed(
    """same only last next best most main case default result following reason problem good great bad bit lot little few
    common way new better reserved number simple very more less whole rest other another example above below opposite
    key point goal exception difference question answer idea thing things kind sort must responsibility user's choice
    matter priority important perfect right wrong real"""
)
_SAYS_NOT = re.compile(r"^one of\b|\banother\b")  # "is one of the keys of", "a type is a subclass of another type"
_NO_TERM = phrases(
    r"""\b(?:it|its|this|that|these|those|there|here|he|she|they|we|you|i|one|another|other|such|each|every|all|both
    |some|any|none|no|not|what|which|who|everything|nothing|something|anything|below|above|next|first|second|third
    |last|only|same|following|result|example|examples|reason|way|problem|mistake|advantage|disadvantage|difference
    |purpose|goal|idea|point|exception|if|when|where|while|because|since|although|as|in|on|at|by|with|from|to|and|or
    |but|then|so|also|our|your|their|my|common|good|better|best|typical|sensible|simple|new|further|certain|possible
    |single|important|main|default|most|many|more|few|several|less|is|are|was|has|have|can|may|must|will|should|would
    |note|step|rest|thing|option|alternative|value|question|answer|key|error|output|response|case|cases|time|part|lot
    |number|big|small|great|nice|useful|let|please|see|being|having|doing|using|proper|correct)\b"""
)
_MASS = phrases(
    r"""(?:the|an?) (?:process|practice|act|ability|art|exchange|technique|study|use|measure|state|property|method|set
    |mechanism)\b"""
)
_PARTICIPLE = phrases(
    r"""(?:not|also|only|often|usually|always|never|now|currently|either|available|responsible|subject
    |\w+(?:ed|ing|ly|able|ible))\b"""
)


@dataclass(frozen=True, slots=True)
class Term:
    """A defined term as it stands in a question, with its article: "a gateway"."""

    phrase: str
    verb: str  # is | are | means
    is_code: bool  # an identifier, as a sentence that opens with a small letter shows; it says nothing by itself


def defined(sentence: str, words: Words, *, opens_paragraph: bool) -> Term | None:
    """The term that a sentence defines; None where it is no definition for sure.

    A term without any markup must open its paragraph, and be a name, or have an article that makes it a kind of thing.
    """
    found = _DEFINES.match(sentence)
    if not found or not _says_what(found):
        return None
    det = (found["det"] or "").lower()
    marked = next((found[kind] for kind in _KINDS if found[kind]), None)
    if marked is not None:
        term = plain(marked).strip("\"'“”,. ")
        return _term(term, det, found, words) if _is_term(term) else None
    term = found["bare"]
    if not opens_paragraph or not _is_term(term) or found["verb"] == "are" or found["rest"].startswith("that"):
        return None
    is_kind = det in ("a", "an") or (not det and _MASS.match(found["rest"])) or _is_named(term, det, words)
    return _term(term, det, found, words) if is_kind else None


def _is_term(term: str) -> bool:
    return len(term.split()) in range(1, 6) and not _NO_TERM.search(term) and any(map(str.isalpha, term))


def _is_named(term: str, det: str, words: Words) -> bool:
    """The name leads, or an article stands before it: "Docker", "the Freshet gauge", but not "Support for Docker"."""
    return any(words.is_name(word) for word in (term.split() if det else term.split()[:1]))


def _says_what(found: re.Match[str]) -> bool:
    """Whether the words after the verb say what the thing is, not how."""
    rest, verb = found["rest"], found["verb"]
    opening = " ".join(rest.split()[:8])
    if len(rest.split()) < 4 or "something" in opening or _SAYS_NOT.search(opening):
        return False
    head = _A_THING.match(rest)
    if verb == "is":
        return head is not None and head["head"].lower() not in _SAYS_LITTLE
    if verb == "are":
        return not _PARTICIPLE.match(rest) and not found["bare"]
    return not rest.startswith(("that", "you", "we", "it ", "to "))


def _term(term: str, det: str, found: re.Match[str], words: Words) -> Term:
    marked = (found["bold"] or found["italic"] or "").strip()
    is_quoted = bool(found["curly"] or found["straight"]) or marked.startswith(("“", '"'))
    means = found["verb"] not in ("is", "are") and (
        is_quoted
        or (not det and found["verb"].startswith("mean"))
        or (not det and marked and found["verb"] == "refers to")
    )
    if found["code"]:
        shown = f"`{term}`"
    elif means:
        return Term(f"“{term}”", "means", is_code=False)
    else:
        shown = term if det else _as_in_mid_sentence(term, words, is_plural=found["verb"] == "are")
    verb = "are" if found["verb"] == "are" else "is"
    if not det and not term[0].isupper() and "`" not in shown:
        shown = f"`{term}`"
    return Term(f"{det} {shown}".strip(), verb, is_code="`" in shown)


def _as_in_mid_sentence(term: str, words: Words, *, is_plural: bool) -> str:
    """A term that opens its sentence, where a capital says nothing: "Fast mode" is small, "Docker Swarm" is not."""
    first, _, rest = term.partition(" ")
    is_plain = first.isalpha() and first[1:].islower() and not words.is_name(first)
    if is_plain and (rest.islower() or (not rest and (is_plural or first.endswith("ing")))):
        return f"{first.lower()} {rest}".strip()
    return words.lowered(term) if not rest or rest.islower() else term
