"""What a title asks, and what it says a text is about.

"Replace the battery"            an action: How do I replace the battery?
"How rivers freeze"              a clause: Can you explain how rivers freeze?
"Limits" below "Gateway API"     an aspect of a named subject: What are the limits of the Gateway API?
"Getting started with Gauge X"   names the subject of all below it: Gauge X
"orlo: prints without a press"   names the product of all its document: orlo
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from factory.wording import phrases, plain
from generators._verbs import action
from generators._wording import Words, speaks_of_us

_NUMBER = re.compile(
    r"(?:(?i:step|chapter|section|part|appendix|annex|article)\s+[\dA-Z]+(?:\.\d+)*\s*[.:)–—-]\s*"
    r"|(?:\d+(?:\.\d+)*|[A-Z]|[ivx]+|[IVX]+)[.):]\s+"
    r"|\d+(?:\.\d+)*[A-Z]\.?\s+|\d+(?:\.\d+)+\s+|§+\s*\d+\s*)",
)
_EMOJI = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf\ufe0f\u200d]")
_TAIL = re.compile(r"\s*(?:\((?:optional|advanced|recommended|deprecated|beta|new)\)|[:.–—-])+\s*$", re.IGNORECASE)
_NO_SUBJECT = phrases(
    r"""(?:table of )?contents|.* information|see also|further reading|change ?log|release notes|licen[cs]es?
    |references?|summary|recap.*|(?:more|additional|other|further|technical) (?:info\w*|details|resources|notes?
    |terms)|conclusions?|next steps?|contact(?: us)?|contacting .*|introduction|overview|notes?|tips?|warning|info
    |examples?|acknowledge?ments?|credits|index|appendix|about|readme|faqs?|q ?& ?a|(?:(?:frequently asked|common
    |short) )?questions.*|miscellaneous|misc|other|general|background|definitions|glossary|first steps|steps
    |documents?|(?:known )?(?:problems|issues|bugs|caveats)|to-?do
    |welcome|links|authors?|copyright.*|disclaimer|(?:getting|get) started|quick ?start"""
)
_SLOGAN = re.compile(r"(\S+(?: \S+){0,2}?)(?:: | [-–—|] )\S+(?: \S+){2,}|\S+(?: \S+){2,}: ([a-z][\w.-]*[a-z\d])")
_COMMAND = re.compile(r"([a-z]\w*[-_.][\w.-]*\w)(?:\(\d\))?|(`[a-z][\w.-]*`)")  # "orlo-print(1)"
_IN_CODE = re.compile(
    r"(?i:(?:class|method|function|module|command|option|type|object) )?`[^`]+`"
    r"|[A-Za-z_]\w*(?:(?:\.|::)(?!(?:js|net|io|json|ya?ml|toml|py|md|rst|txt|com|org|html|css)\b)\w+)+(?:\([^)]*\))?"
)
_SPELLED_OUT = re.compile(r"[A-Z]{2,6} \([\w -]+\)")  # "CORS (Cross-Origin Resource Sharing)": of which product?
_CODE_NAME = re.compile(r"`[^`\n]+`|(?<![\w.])\w+(?:\.\w+)*\([^()\n]*\)(?!\w)")  # `Press.print`, print(sheets)
_ABOUT = phrases(
    r"""(?:using|understanding) (?P<used>.+)
    |(?:(?:an?|the) )?(?:getting started|get started|working|introduction|intro|welcome|guide|glossary|overview
    |maintenance|installation|faq|frequently asked questions|(?:(?:common|short|some) )?questions|documentation|notes
    |troubleshooting|reference|tutorial|set-?up|help|everything|all|tips|care|operation)
    (?:with|to|of|for|about|on|in) (?P<what>.+)"""
)
_KIND = phrases(
    r"""(?P<what>.+?) (?:release notes|faqs?|frequently asked questions|glossary|quick ?start(?: guide)?|tutorial
    |overview|documentation|docs|reference|introduction|guide|user guide|manual|user manual|troubleshooting|basics
    |concepts|changelog|data ?sheet|white ?paper)"""
)
_BINDING = phrases(
    r""".*\b(?:terms of (?:service|use)|terms and conditions|terms|agreement|policy|statement|contract|code of conduct
    |regulations?|bylaws|act|charter|addendum|licen[cs]e|warranty|(?:privacy|cookie|legal) notice)"""
)
_HANDBOOK = phrases(r".*\b(?:handbook|manual|guide|specification|standard)")
_TOOL = phrases(r".*\b(?:API|CLI|SDK|command line|library|framework|toolkit|plugin|package|app|editor|module)")
_PLURAL = re.compile(r"(?i:.*\bterms(?: of \w+)?|.* and .*)|.*[a-z]{2}[^s\W]s")
_NO_PHRASE = re.compile(r"[:;,!?|/]|\d{4}| [-–—] |\w\.\w")  # a slogan, a date, a path: no words of a sentence
_NEEDS_ARTICLE = re.compile(
    r".*\b(?:API|CLI|SDK|Agreement|Policy|Statement|Notice|Terms of \w+|Terms|Handbook|Manual|Guide|System|Service"
    r"|Contract|Act|Conduct|Addendum|[a-z][\w-]*[a-z](?<!ing))"
)
_ASPECT = phrases(
    r"""(?:(?:system|hardware|software|minimum|technical|legal|known|rate|size|usage|safety|main|key|eligibility|payment
    |account) )?(?:limits|limitations|requirements|prerequisites|features|advantages|disadvantages|benefits|drawbacks
    |costs|risks|recommendations|dimensions|specifications|components|barriers|goals|objectives|responsibilities
    |obligations|restrictions|exceptions|criteria|rates)"""
)
MAX_TOPIC_WORDS, MAX_ACRONYM = 8, 5  # letters: a longer title in capitals is words
_NO_TOPIC = phrases(
    r"""(?:no|be|from|to|on|in|by|for|at|of|with|if|when|upon|your|our|you|we|subject to|note|warning|tip|important
    |example|short version|summary|specifically|additionally|finally|generally|especially|what|how|who|why|english
    |french|german|spanish)\b.*|.*\b(?:us|will|may|must|shall|should|is|are|was|were|do|does|has|have|can|apply
    |applies)\b.*|.*\b(?:from|for|on|in|of|to|at|by|with)|survival|other|misc\w*"""
)
_CLAUSE = phrases(
    r"""(?:what|why|how|when|where|which|who|whether) (?!(?:to|do|does|did|can|should|is|are|if|use|not|choose
    |bother)\b)\S+ \S+"""
)
_ASKS = phrases(
    r"""(?:what|why|how|when|where|who|which)(?:'s)? (?:is|are|do|does|did|can|could|should|would|will|was|were|has|have
    |may|must) \S+"""
)


@dataclass(frozen=True)
class Subject:
    """What a text is about, as it stands in a sentence: "the Freshet HTTP API"."""

    phrase: str
    is_document: bool  # a handbook, terms of service: words are used *in* it
    is_binding: bool  # terms, a policy: what it says is a fact about it
    is_tool: bool  # an API, a library: things are done *with* it
    is_plural: bool


def clean(title: str) -> str:
    """A title as words: no markup and no emoji, no number before it, no "(optional)" behind."""
    words = " ".join(_EMOJI.sub(" ", plain(title)).split())
    words = _NUMBER.sub("", words, count=1) if _NUMBER.match(words) else words
    return _TAIL.sub("", words).strip()


def is_question(title: str) -> bool:
    """Whether a title asks by itself; in any language, a question mark says so."""
    words = plain(title).rstrip("\"'”’) ")
    return len(words) > 6 and words.endswith(("?", "？", "؟")) and not words.startswith(("?", "？"))


def asks(title: str) -> str | None:
    """The question that a title is but for its mark: "What is OpenAPI for"."""
    words = clean(title)
    return f"{words[0].upper()}{words[1:]}?" if _ASKS.match(words) and len(words.split()) > 2 else None


def clause(title: str, words: Words) -> str | None:
    """A title that stands after "Can you explain": "how rivers freeze"."""
    cleaned = clean(title)
    lowered = words.lowered(cleaned)
    return lowered[0].lower() + lowered[1:] if _CLAUSE.match(cleaned) else None


def aspect(title: str, words: Words) -> str | None:
    """A title that names, in the plural, an aspect of what stands above it: "limits", "system requirements"."""
    cleaned = clean(title)
    return cleaned.lower() if _ASPECT.fullmatch(cleaned) and not words.has_name(cleaned) else None


def topic(title: str, words: Words) -> str | None:
    """A title as what a contract or a policy may say something about: "fees"; None where it is no such words."""
    cleaned = clean(title)
    if _NO_TOPIC.fullmatch(cleaned) or ";" in cleaned or len(cleaned.split()) > MAX_TOPIC_WORDS:
        return None
    if speaks_of_us(cleaned):
        return None
    if (cleaned.istitle() and cleaned.isalpha()) or (cleaned.isupper() and len(cleaned) > MAX_ACRONYM):
        return cleaned.lower()
    lowered = words.lowered(cleaned)
    has_capitals = re.search(r"\b[A-Z][a-z]", lowered)  # then the title's own case reads better than a mixture
    return cleaned if has_capitals else lowered


def has_subject(title: str) -> bool:
    """Whether a title says what its section is about, as "More info" does not."""
    cleaned = clean(title)
    return bool(cleaned) and not _NO_SUBJECT.fullmatch(cleaned) and any(letter.isalpha() for letter in cleaned)


def subject(above: tuple[str, ...], words: Words) -> Subject | None:
    """The outermost title that names something, as a phrase; None where no title surely does."""
    for title in above:
        phrase = _phrase(clean(title), words)
        if phrase:
            return _subject(phrase)
    return None


def product(title: str, words: Words) -> str | None:
    """The name beside a document's slogan, or alone; None where no name stands there for sure.

    A title that begins with a small letter or with code does so for a name's sake: "orlo - prints without a press".
    """
    cleaned = clean(title)
    found = _SLOGAN.fullmatch(cleaned) or _COMMAND.fullmatch(cleaned)
    name = next(part for part in found.groups() if part).strip("`") if found else ""
    name = name.rpartition("(")[2] if ")" not in name else name  # "The basics (orlo: prints without a press)"
    if not name or _NO_SUBJECT.fullmatch(name) or is_question(title) or action(f"{name} it"):
        return None
    if name.isupper() and len(name) > MAX_ACRONYM:
        return None  # "TRANSITIONAL NOTE: ..."
    is_written_so = len(name.split()) == 1 and (name[0].islower() or cleaned.startswith("`"))
    return name if is_written_so or any(map(words.is_name, name.split())) else None


def in_code(titles: Iterable[str]) -> str | None:
    """What the innermost title with code in it names: "`Press.print`", "class `Press`", of "Use `Press`" "`Press`"."""
    for title in reversed([*map(clean, titles)]):
        names = _CODE_NAME.findall(title)
        if _IN_CODE.fullmatch(title):
            return title if "`" in title else f"`{title}`"
        if names:
            return f"`{names[0].strip('`')}`" if len(names) == 1 else title
    return None


def named(name: str) -> Subject:
    """A bare name as a subject: a product, a library, a company."""
    return Subject(name, is_document=False, is_binding=False, is_tool=False, is_plural=False)


def _subject(phrase: str) -> Subject:
    bare = re.sub(r"^(?:the|an?) ", "", phrase)
    is_binding, is_handbook = bool(_BINDING.fullmatch(bare)), bool(_HANDBOOK.fullmatch(bare))
    return Subject(
        phrase,
        is_document=is_binding or is_handbook,
        is_binding=is_binding,
        is_tool=bool(_TOOL.fullmatch(bare)),
        is_plural=bool(_PLURAL.fullmatch(phrase)),
    )


def _phrase(title: str, words: Words) -> str | None:
    if _SPELLED_OUT.fullmatch(title):
        return None
    about = _ABOUT.fullmatch(title) or _KIND.fullmatch(title)
    if not (about or has_subject(title)) or _NO_PHRASE.search(title):
        return None
    core = next(part for part in about.groups() if part) if about else title
    if not about and (action(title) or re.match(r"(?:who|how|what|why|when|where|which)\b", title, re.IGNORECASE)):
        return None
    if len(core.split()) > 7 or not _names(core, words) or re.fullmatch(r"[A-Z][a-z]+ing", core):
        return None  # "Counting" is something done, though its page may write it with a capital
    if not all(word[0].isupper() or not word[0].isalpha() for word in core.split() if len(word) > 3):
        core = words.lowered(core)  # in title case a subject keeps its capitals: "Gateway API"
    if re.match(r"(?:the|an?|your|our) ", core, re.IGNORECASE):
        return core[0].lower() + core[1:] if not core.lower().startswith(("your", "our")) else None
    return f"the {core}" if _NEEDS_ARTICLE.fullmatch(core) else core


def _names(phrase: str, words: Words) -> bool:
    """Whether a phrase holds a name, and not only words like "Terms" that a contract capitalises."""
    return any(words.is_name(word) and not _BINDING.fullmatch(word) for word in phrase.split())
