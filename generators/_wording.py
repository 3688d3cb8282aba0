"""English wording rules: what only a reader of the whole document would understand, and which words are names.

`unclear_answer` and `unclear_question` say in a few words of their own what is wrong, or None. They err towards None
being rare: a row lost costs less than a row that teaches to answer with "as shown above".
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest

from factory.wording import listed, phrases, plain, without_code

_OPENERS = phrases(
    r"""\b(?:it|its|it's|this|that|that's|these|those|they|their|them|he|she|his|her|such|then|but|and|or|so|also
    |however|therefore|thus|hence|instead|otherwise|additionally|moreover|furthermore|similarly|likewise|consequently
    |meanwhile|nevertheless|still|yet|again|now|here|there(?! (?:is|are|was|were|can|may|must)\b)|both|another|finally
    |next|besides|in addition|in (?:this|that|these|those|such)|for (?:example|instance|this|that|these)|as (?:we|you
    |a result|mentioned|before|described|shown|said)|because of (?:this|that)|after (?:this|that)|with (?:this|that)
    |you can (?:also|now|then)
    |by doing|to do (?:so|this|that)|once again|the (?:same|latter|former|other|above|following)|to achieve this
    |on the other hand|the rest|remember|notice|note|let's|let us|e\.g\.|i\.e\.|which|apart from that|same|similar
    |most of these|some of these|all these|all of these|one of these|of course)\b"""
)
_PLACES = "section|chapter|tutorial|article|appendix|annex|document|guide|paragraph|heading|example"
_DOCS = "section|chapter|docs?|documentation|guide|page|tutorial|article|appendix"
_POINTS_ELSEWHERE = phrases(
    rf"""\b(?:this|previous|preceding|next|following|above|below|earlier|later) (?:{_PLACES})s?\b
    |\b(?:this|previous) page\b
    |\bsee (?:also\b|above|below|here|how|section|chapter|appendix|part|page|figure|table|\[|“|"
    |the [^.,;]{{0,40}}?(?:{_DOCS})\b)
    |\b(?:refer to|check out|read|consult|visit|go to|look at|described in|explained in|listed in|found in|set out in)
    (?:the|our|section|this|chapter|part|\[)[^.]{{0,40}}?(?:{_DOCS}|\[)
    |\b(?:section|chapter|appendix|annex|figure|fig\.|table|listing|equation|clause|step|article|exhibit) (?:\d|[A-Z]\b)
    |\bas (?:(?:we|you|already|was|just|i) )*(?:saw|seen|described|shown|mentioned|explained|stated|noted|discussed
    |said|before|above|below|previously|earlier|listed|defined (?:above|below|in))\b
    |\b(?:example|section|list|listed|code|shown|described|mentioned|given|explained|defined|set forth|discussed|seen
    |steps?|table|outlined|specified|provided|paragraphs?|as)
    (?:above|below|earlier|previously|later|hereafter)\b
    |\b\w+ed (?:above|below)\b(?! (?:the|an?|it|zero|freezing|\d))
    |\b(?:above|below)(?=\s*[,;:.)](?:\s|$))
    |\b(?:the|all|these|those|our|your) (?:above|below)\b
    |\b(?:our|the) (?:previous|first|last) (?:{_PLACES}|one)\b
    |\b(?:click|press|follow|see|visit|read|find|go) (?:it )?here\b
    |\bsections? (?:contains?|describes?|explains?|covers?|lists?|shows?|has|have)\b
    |\bin (?:the|our|this) examples?\b
    |\b(?:the|our|these) examples?,
    |\bsee [\w-]+/[\w/-]+
    |\bfor this (?:example|purpose|case)\b
    |\bwe (?:saw|did|used|created|had)\b"""
)
_LINKS_ELSEWHERE = phrases(
    r"""\[(?:here|this|link|this link|this page)\]\(
    |\b(?:see|see also|refer to|visit|read|consult)(?: (?:the|our|this))? \["""
)
_TEACHES = phrases(
    r"""\b(?:let's|let us|we'll|we will (?:see|use|look|cover|create|discuss|also|now|add|learn)|we're going
    |we are going|we can (?:now|also|see|then)|you'll (?:see|learn|find|read|notice)|you will (?:see|learn|notice|read)
    |i'll|i'm|i will|i am|we've|we have (?:seen|just)|as you (?:can|might|may|see)|right now|from now on|for now|so far
    |by now|at this point|that's it|that's all|stay tuned|in a moment|coming soon|remember that|notice that)\b
    |\bremember:|(?:^|[.!?] )again,|[\U0001f300-\U0001faff\u2600-\u27bf]"""
)
_ANNOUNCES = phrases(
    r"""\bas follows\b|\bthese (?:\w+ )?steps\b|\bthe following\b
    |\b(?:two|three|four|five|six|seven|several|a few|a couple of|some|many) (?:\w+ ){0,2}(?:things|ways|reasons|options
    |steps|cases|kinds|types|rules|parts|problems|possibilities)\W*$"""
)
_ENDS_OPEN = phrases(
    r"\b(?:simplifies|does|do|do(?:es)? exactly|like|of|for|with|about|after) (?:this|that|these|those)[.!]\W*$"
)
_OF_THESE = phrases(r"^[^.!?]*\b(?:one|some|most|any|each|all|none|both|either|neither) of (?:these|those)\b")
_UNCLEAR_QUESTION = phrases(
    r"""^(?:\W*\w+){0,4}\W+(?:it|they|them)\b(?! (?:take|cost|possible|safe|necessary|allowed|ok)\b)
    |^(?:\W*\w+){0,2}\W+(?:its|their)\b|\b(?:it|them|this|those|these|that|too|else)\W*$
    |^\W*(?:\w+ ){1,2}that\b(?! (?:the|a|an|my|all)\b)|\bthat (?!(?:are|is|was|were|have|had|can|will|may|must|should
    |would|could|do|did|you|I|we|they|the|an?|my|\w+s|\w+ed)\b)[a-z]|\b(?:of|from|in|for|to|with|on|at|by|use|using
    |see|open|get|list|add|set|run|pass|do|call|find|change|and) that\b|\b(?:above|below)\b(?! (?:the|an?|zero|\d))
    |\b(?:this|that one|these|those|here|there|following|another|others?(?! than)|next|previous|again|now|same|such
    |rest|also|(?<!or )more(?! than)|step \d|part \d|first one|then|everything|something|anything|things?|stuff
    |examples?|etc|recap|summary|overview|conclusion|introduction)\b
    |\bthe new \w+
    |\bthe (?:commands?|code|snippet|lines?|output|result)\b(?! (?:of|for|from|in|that|which|whose|line)\b)
    |\bunder the hood\b|\bto (?:check|verify|confirm|test|see|know|do|continue|proceed)\W*$"""
)
_PLAIN_WORD = re.compile(r"[A-Za-z][a-z'’-]*")
_GENERIC = listed(
    """API APIs CLI FAQ FAQs URL URLs HTTP HTTPS JSON XML HTML CSS PDF ID IDs UI USB TCP IP DNS CSV YAML UTC OK TL DR PC
    AM PM I"""
)
_DEFINED = listed(  # what contracts write with a capital, which makes no name of it
    """Account Accounts Affiliate Affiliates Agreement Buyer Client Code Company Conduct Consultant Content Contract
    Contractor Customer Customers Data Developer Developers Distributor Employee Employer Event Events Landlord
    Lender Borrower Licensee Licensor Member Members Owner Participant Participants Partner Partners Party Parties
    Personal Platform Policy Privacy Product Products Program Provider Publisher Purchaser Reseller Section Seller
    Service Services Site Software Sponsor Sponsors Statement Subscriber Supplier Tenant Term Terms User Users
    Vendor Website Work You Your We Us Our"""
)
_SAYS = phrases(
    r"""\b(?:is|are|was|were|be|has|have|had|do|does|did|will|shall|may|must|can|cannot|could|should|would|might|agrees?
    |we|you|they|it|there|\w+n['’]t|\w+['’](?:ll|re|ve|s))\b"""
)
_CODE = re.compile(r"`([^`]+)`")
# code that one could look up, as `app.mount()`, `TestClient`, `orlo wait`, `is_spoofed_bot`; `PUT`, `flush()` are not
_TELLING_CODE = re.compile(r"[\w)][./ -]\w|[a-z\d][A-Z]|[A-Z][a-z]+[A-Z]|[^\W_]{2,}_[^\W_]{3,}")
_WE = re.compile(r"\b(?:we|us|our|ours)\b", re.IGNORECASE)
_RULE = re.compile(r"[ \t]*\|[ \t]*:?-")  # the line below the heads of a table
_SMALL = listed(
    "a an and as at but by for from if in into nor of off on onto or over per so than the to up via with without"
)


def unclear_answer(answer: str, *, follows_question: bool = False) -> str | None:
    """What a reader of this answer alone would miss; `follows_question`: it may say "it" of what was asked."""
    prose = plain(without_code(answer))
    if not follows_question and _OPENERS.match(prose.lstrip("\"'“‘(*")):
        return "the answer begins with a reference"
    if _OF_THESE.search(prose) or _ENDS_OPEN.search(prose):
        return "the answer refers to what stands before it"
    if _POINTS_ELSEWHERE.search(prose) or _LINKS_ELSEWHERE.search(" ".join(answer.split())):
        return "the answer points elsewhere"
    return "the answer talks as a tutorial" if _TEACHES.search(prose) else None


def says_something(answer: str) -> bool:
    """Whether an answer has a verb, as far as small words show it: "Services as directed by the company." has none."""
    return bool(_SAYS.search(answer))


def speaks_of_us(text: str) -> bool:
    """Whether it speaks of whoever wrote the page: "we", "our"."""
    return bool(_WE.search(text))


def announces(answer: str) -> bool:
    """Whether it speaks of something that must then follow in it: "as follows", "the following table"."""
    return bool(_ANNOUNCES.search(plain(without_code(answer))))


def unclear_question(question: str) -> str | None:
    """What a reader of this question alone would miss."""
    found = _UNCLEAR_QUESTION.search(without_code(question))
    return "the question refers to what only the document shows" if found else None


@dataclass(frozen=True)
class Words:
    """Which words a text writes small and which it capitalises in mid-sentence: the evidence for what is a name."""

    small: frozenset[str]
    names: frozenset[str]  # as written

    def is_name(self, word: str) -> bool:
        """Whether a word keeps its capital: by its shape (acronyms, mixedCase), or by how the text writes it."""
        core = _core(word)
        if not core or core in _GENERIC | _DEFINED or core.lower() in _SMALL:
            return False
        if not _PLAIN_WORD.fullmatch(core) or (len(core) > 1 and any(letter.isupper() for letter in core[1:])):
            return any(letter.isupper() for letter in core)
        return core[0].isupper() and core in self.names and core.lower() not in self.small

    def has_name(self, phrase: str) -> bool:
        """Whether a phrase names something that a reader can look up: a name, an acronym, a telling term in code."""
        in_code = any(map(_TELLING_CODE.search, _CODE.findall(phrase)))
        return in_code or any(self.is_name(word) for word in without_code(phrase).split())

    def lowered(self, phrase: str) -> str:
        """A title as it stands inside a sentence: ordinary words small, names as they are.

        In a title that writes some later word small, a later capital is the author's choice and stays. A capital that
        nothing in the text explains stays too, unless most words of the title turn out to be ordinary.
        """
        words = re.split(r"(`[^`]*`|\s+)", phrase)
        places = [nth for nth, word in enumerate(words) if word[:1].isalpha()]
        later = [words[nth] for nth in places[1:] if words[nth].lower() not in _SMALL]
        in_title_case = bool(later) and all(word[0].isupper() for word in later)
        telling = [nth for nth in places if words[nth].lower() not in _SMALL]
        ordinary = sum(self._is_ordinary(words[nth]) for nth in telling)
        for nth in places if in_title_case else places[:1]:
            if (
                self._is_ordinary(words[nth])
                or words[nth].endswith("ly")
                or (ordinary * 2 >= len(telling) > 1 and not self._keeps(words[nth]))
            ):
                words[nth] = words[nth][0].lower() + words[nth][1:]
        return "".join(words)

    def in_question(self, title: str) -> str:
        """A title that asks, as a question is written: with small words, after its first, where the text has them."""
        first, *others = re.split(r"(`[^`]*`|\s+)", title)
        small = (
            word[0].lower() + word[1:] if word[:1].isupper() and self._is_ordinary(word) else word for word in others
        )
        return "".join([first, *small])

    def _is_ordinary(self, word: str) -> bool:
        """Whether the text writes the word small somewhere, in the singular or the plural."""
        small = _core(word).lower()
        forms = {small, small + "s", small.removesuffix("s"), small.removesuffix("es")}
        return not self._keeps(word) and (small in _SMALL or bool(forms & self.small))

    def _keeps(self, word: str) -> bool:
        return self.is_name(word) or _core(word) in _GENERIC


def _core(word: str) -> str:
    """A word without the marks around it and without the genitive."""
    return re.sub(r"['’]s$", "", word.strip("\"'“”‘’(),.:;!?*"))


def _told(lines: list[str]) -> Iterator[str]:
    """The lines that are neither a heading nor the heads of a table, whose capitals say nothing."""
    for line, following in zip_longest(lines, lines[1:], fillvalue=""):
        if not line.startswith("#") and not (line.lstrip().startswith("|") and _RULE.match(following)):
            yield line


def words_of(text: str, titles: Iterable[str]) -> Words:
    """The evidence of a text and of the titles above it."""
    prose = plain(without_code("\n".join(_told(text.split("\n")))))
    small = set(re.findall(r"\b[a-z][a-z'’-]*\b", prose))
    names = set(re.findall(r"(?<=[a-z0-9,;] )[A-Z][a-z]+\b", prose))
    for title in titles:
        written = re.findall(r"[A-Za-z][\w'’-]*", plain(without_code(title)))
        tail = [word for word in written[1:] if word.lower() not in _SMALL]
        if any(word[0].islower() for word in tail):  # sentence case: its capitals are names
            names.update(word for word in tail if word[0].isupper())
    return Words(frozenset(small), frozenset(names))


def words_of_all(texts: Iterable[str], titles: Iterable[str]) -> Words:
    """The evidence of several texts, such as all passages of a document, and of the titles above them."""
    its = [words_of("", titles), *(words_of(text, ()) for text in texts)]
    return Words(frozenset().union(*(one.small for one in its)), frozenset().union(*(one.names for one in its)))
