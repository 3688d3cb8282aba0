"""Questions that single sentences answer: a condition with what follows, a reason, a purpose, what a call returns.

    condition   "If the lid is open, the press stops."               What happens if the lid is open?
    howto       "To stop the press, turn the red knob."              How do I stop the press?
    reason      "The oil is changed because it thickens."            Why is it that the oil is changed?
    purpose     "You can use `orlo wait` to wait for a print."       What can I use `orlo wait` for?
    returns     "`size()` returns the number of sheets."             What does `size()` return?

In      a page in English, German, Spanish or French.
Out     candidates whose answer is the sentence. One that refers to what stood before it, that sends the reader
        elsewhere, or that would need words in another order, makes none.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

from factory.sentences import sentences
from factory.wording import listed, phrases, plain, without_code
from generators import _questions as questions
from generators._conditions import CONDITIONS, refers
from generators._languages import LANGUAGES
from generators._markdown import Section
from generators._questions import Candidate, Page
from generators._spans import ENDS, TAG
from generators._titles import subject
from generators._verbs import known_act, mine
from generators._wording import announces, speaks_of_us, unclear_answer, unclear_question

MIN_MAIN_WORDS, MIN_CLAUSE_WORDS = 5, 4
MAX_CHARS = 600  # a longer sentence holds more than what is asked
_SPAN = r"(?:`[^`]*`|[^,;:.?!`\n(){}])"
_CONDITION = re.compile(
    r"(?P<word>If|When|Whenever|Once|Unless)\s+(?P<clause>(?:`[^`]*`|[^,;:?!`(){}]){12,160}?),\s+(?P<main>.+)",
    re.DOTALL,
)
_WISH = re.compile(
    r"(?:you (?:want|need|wish|would like|have) to|you['’]d like to|you prefer to)\s+(?P<act>.+)",
    re.IGNORECASE | re.DOTALL,
)
_NO_CLAUSE = phrases(
    r"""(?:that|this|these|those|it|they|run|set|given|built|written|left|sent|kept|not|in|on|at|under|with|by|for|there|specified|using|needed|necessary|possible|applicable|so|any|\w+ed
    |you\s(?:are\s)?(?:curious|concerned|wondering|interested|familiar|reading|following|prefer|like)|you\s(?:want
    |wish|need|prefer|would|look|see|remember|know|don['’]t know|don['’]t want|come from|try|notice|have any questions
    |have older|choose to use))\b|.*\b(?:had|was|were|did|older|newer|another|other|more|same|different|previous
    |the matter|such|this|that way|these|those|above|below|example|examples|would|question|questions|concerns?
    |yours?elf|learn|curious)\b"""
)
# a second clause inside of a condition, which a comma should have ended: "if you still need TLS 1.0 you can ..."
_SECOND = re.compile(r"(?P<before>[\w`]+) (?:you|we|they|it) (?:can|could|should|will|would|must|may|might|still)\b")
_JOINS = listed(
    """that and or but what when whenever which who whom where how if because whether so before after until while once
    as than unless though although since"""
)
# "this object": which? A noun that the sentence has named before, or one of time and manner, needs no telling
_THAT_NOUN = re.compile(r"\b(?:this|these|those|such) (?P<noun>[a-z][\w-]{2,})(?: (?P<next>[a-z][\w-]+))?")
_NEEDS_NO_NAME = listed(
    """way ways case cases time times point means moment year month week day reason reasons extent end purpose regard
    respect manner kind kinds sort sorts is are was were will would can could may might must should has have had does
    did allows makes gives lets helps happens works applies includes prevents ensures causes requires only also not
    affects changes returns and or but which that the they you we one ones about from with for into all far much
    many long"""
)
_CAN = re.compile(r"(?:then )?(?:please )?you (?:can|may)\b(?! not\b)", re.IGNORECASE)
_TOLD = re.compile(
    r"(?:then )?(?:please |you (?:should|must|need to|have to|will (?:need|have) to)\b|make sure|be sure)",
    re.IGNORECASE,
)
_IMPERATIVE = phrases(
    r"""(?:then )?(?:use|call|set|add|remove|contact|make|do|don['’]t|run|pass|open|close|press|turn|replace|restart
    |install|ask|write|send|return|create|select|choose|enter|type|click|keep|wait|avoid|put|take|start|stop|move|update
    |delete|declare|define|import|notify|report|subtract|store|never|always|provide|simply|specify|configure|enable
    |disable|connect|disconnect|raise|wrap|pick|give|include|apply|clean|wipe|dry|check that|pull|push|hold)\b"""
)
_BEGINS = phrases(
    r"""(?:then )?(?:you|we|it|they|he|she|the|an?|your|our|its|their|each|every|no|all|any|only|both|either|neither
    |there|some|most|many|one|nothing|everything)\b"""
)
_ELSEWHERE = phrases(
    r"""\b(?:check out|read (?:more|about|the)|learn more|more (?:information|details|about)|see (?:the|our|also|how
    |\[|`)|check (?:the|our|out|\[)|go to (?:the|\[)|take a look|look at|refer to|visit|described in|explained in
    |details? in|documented in|covered in|keep reading|next (?:chapter|section|steps?)|you['’]ll see|you will see
    |you (?:can|could|would|might) (?:also )?(?:see|find|read|check|imagine|notice)|as you|as we|we['’]ll|we will see
    |let['’]s|i['’])"""
)
_EXCEPTS = phrases(
    r"""(?:however|alternatively|except|unless|but|notwithstanding|otherwise|this (?:does|do|will) not)\b
    |[^.!?]*\b(?:except|unless|other than|does not apply|do not apply)\b"""
)
_GOES_ON = phrases(
    r"""(?:but|however|otherwise|to do (?:so|this|that)|this (?:means|is because|will|can|may|also)
    |in (?:this|that) case|it also|alternatively|note that|you can also|after that|then)\b"""
)
_INSTEAD = re.compile(r"\binstead\b(?! of)")  # of what stood before
_REQUIRES = phrases(r"[^,;.]{0,60}?\b(?:must|should|needs? to|has to|have to|(?:is|are) required)\b(?! not\b)")
_GOOD_PLACE = phrases(
    r"\bis (?:a|the) (?:great|good|best|recommended|reasonable) (?:place|choice|option|start|default)\b"
)
_LISTED = re.compile(r"(?:`[^`]*`|\*\*[^*]*\*\*|\w+)(?:,| (?:or|and) [`*\w-]+,)")
_NO_MAIN = phrases(r"(?:it is called|that['’]?s|that is|here|there you|note|remember|which|such|because|however)\b")
_TO = re.compile(rf"To\s+(?P<act>[a-z]+\s{_SPAN}{{6,110}}?),\s+(?P<main>.+)", re.DOTALL)
_REASON = re.compile(
    rf"(?P<fact>(?:The|An?|Each|Every|All|Some|Most|Many|[A-Z]\w+|`[^`]+`)\s{_SPAN}{{15,140}}?),?\s+(?:because|since)\s+"
    r"(?!of\b|then\b|the (?:beginning|start)\b|version\b|\d)(?P<cause>\S+\s\S+\s.+)",
    re.DOTALL,
)
_NO_FACT = phrases(
    r"(?:just|only|not|partly|also|but|and|so|this|that|it|they|these|those|he|she|we|you|i|there|please|notice|note)\b"
)
_TOOL = (
    r"(?:the\s+)?(?P<{}>`[^`\n]+`|\*\*[^*\n]+\*\*)(?:\s(?:command|option|parameter|function|method|class|argument|flag"
    r"|endpoint|header|field|setting))?"
)
_PURPOSE = re.compile(
    rf"(?:With|Using)\s+{_TOOL.format('a')},?\s+you can\s|(?:You can use|Use)\s+{_TOOL.format('b')}\s+to\s"
    rf"|(?:The\s+)?{_TOOL.format('c')}\s+(?P<verb>is|are)\s+used\s+(?:to|for)\s"
)
_RETURNS = re.compile(
    r"(?:The\s+(?:function|method|endpoint|command|call|property)\s+)?(?P<call>`[^`\n]+`)\s+returns\s+"
    r"(?:(?:an?|the|all|every|only|each)\s|`).+",
    re.DOTALL,
)
_ALWAYS_SMALL = listed("the a an each every all some most many if when your our its their both any no one two in on at")
_DO = ("What should I do {0} {1}?", "What do I do {0} {1}?")
_WHY = ("Why is it that {0}?", "Can you explain why {0}?", "What is the reason that {0}?")
_UNDER = ("Under {1}, {0}", "According to {1}, {0}")


def statement(page: Page) -> Iterator[Candidate]:
    """What the sentences of paragraphs answer."""
    asks = _english if page.language == "en" else _other
    for part in page.sections:
        for start, end in _prose(page, part):
            for first, last in sentences(page.text, start, end):
                sentence = page.text[first:last]
                is_plain = ENDS.search(sentence) and len(sentence) <= MAX_CHARS and "\n\n" not in sentence
                is_plain = is_plain and sentence.count("(") == sentence.count(")")
                if not is_plain or TAG.search(without_code(sentence)) or re.search(r"\b(?:e\.g|i\.e|etc)\.$", sentence):
                    continue
                whole = _to_its_end(page, last)
                if whole and (question := asks(page, part, sentence, first)):
                    yield Candidate(*question, first, whole)


def _to_its_end(page: Page, last: int) -> int | None:
    """Where the answer that a sentence begins ends: with what the next one takes back or goes on to say of it, of terms
    with all of an exception. None where that is long, or leads elsewhere.
    """
    end = page.text.find("\n\n", last)
    said = page.text[last : len(page.text) if end < 0 else end].rstrip()
    if page.is_legal and _EXCEPTS.match(plain(said)):
        stop = last + len(said)
    elif _GOES_ON.match(plain(said)):
        stop = next(end for _, end in sentences(page.text, last, last + len(said)))
    else:
        return last
    more = page.text[last:stop]
    is_whole = len(more) <= MAX_CHARS and ENDS.search(more) and not announces(more)
    return stop if is_whole and not _ELSEWHERE.search(plain(more)) else None


def _prose(page: Page, part: Section) -> Iterator[tuple[int, int]]:
    """Paragraphs; of one that a list or code goes on from, the sentences before the last."""
    for block, following in pairwise([*part.blocks, None]):
        if block is None or block.kind != "paragraph":
            continue
        if page.text[block.start : block.end].rstrip().endswith(":") and following is not None:
            yield from sentences(page.text, block.start, block.end)[:-1]
        else:
            yield block.start, block.end


def _english(page: Page, part: Section, sentence: str, start: int) -> tuple[str, str] | None:
    """Form and question of a sentence; None where it makes no question, or one that names no subject."""
    if unclear_answer(sentence) or announces(sentence) or _ELSEWHERE.search(plain(sentence)):
        return None
    if _dangles(sentence) or _INSTEAD.search(sentence):
        return None
    for rule in (_condition, _howto, _reason, _purpose, _returns):
        found = rule(page, part, sentence, start)
        if found:
            form, question = found
            question = re.sub(r"``([^`]+)``", r"`\1`", question)
            if unclear_question(question) or "\n" in question:
                return None
            asked = _placed(page, part, sentence, question, start)
            return (form, asked) if asked and not unclear_question(asked) and "\n" not in asked else None
    return None


def _dangles(sentence: str) -> bool:
    """Whether it says "this object" of something that it does not name before."""
    for found in _THAT_NOUN.finditer(prose := plain(without_code(sentence))):
        before = prose[: found.start()].lower()
        named = [word.removesuffix("s") for word in found.group("noun", "next") if word]
        if named[0] not in _NEEDS_NO_NAME and found["noun"] not in _NEEDS_NO_NAME and not any(map(before.count, named)):
            return True
    return False


def _placed(page: Page, part: Section, sentence: str, question: str, start: int) -> str | None:
    """The question with what it is about; None where that is not known: "we" needs its contract."""
    named = subject(part.above or (part.title,), page.words)
    contract = named.phrase if named and named.is_binding else page.contract
    if contract and contract in question:
        return question  # a question of how names it
    if contract:
        small = question[0].lower() + question[1:]
        return page.pick(start, _UNDER).format(small, contract)
    if speaks_of_us(sentence):
        return None
    if page.is_named(question):
        return question
    return page.in_title(part, question, start)  # "the `with` block": of what?


def _condition(page: Page, part: Section, sentence: str, start: int) -> tuple[str, str] | None:
    found = _CONDITION.fullmatch(sentence)
    if not found or _NO_MAIN.match(found["main"]) or len(found["main"].split()) < MIN_MAIN_WORDS:
        return None
    clause, main = plain(found["clause"]), found["main"]
    if unclear_question(clause) or re.search(r"\bI\b", clause):
        return None  # "if the path that is passed to it is absolute"; what once happened to whoever wrote it
    is_told = bool(_TOLD.match(main) or (main[0].islower() and _IMPERATIVE.match(main)))  # "Click" may be a name
    if _LISTED.match(main):
        return None  # the comma stands in a list of the condition: "if you have `a`, `b`, or `c`"
    if any(found["before"].lower() not in _JOINS for found in _SECOND.finditer(clause)):
        return None
    if wish := _WISH.fullmatch(clause):
        return _how(page, part, plain(wish["act"]), start) if is_told or _CAN.match(main) else None
    begins = _BEGINS.match(main) or re.match(r"[`*A-Z]", main)
    if len(clause.split()) < MIN_CLAUSE_WORDS or _NO_CLAUSE.match(clause) or not (is_told or begins):
        return None
    templates = _wordings(clause, main, is_told=is_told)
    opened = _opened(page, clause)
    asks = opened and templates
    return ("condition", page.pick(start, templates).format(found["word"].lower(), opened)) if asks else None


def _wordings(clause: str, main: str, *, is_told: bool) -> tuple[str, ...]:
    """What a condition is asked by, as its answer goes on; none where that is no answer."""
    speaks_to_you = bool(re.search(r"\byou\b", clause))
    if _CAN.match(main):
        return ("What can you do {0} {1}?" if speaks_to_you else "What can I do {0} {1}?",)
    if is_told:
        return ("What should you do {0} {1}?",) if speaks_to_you else _DO
    if re.match(r"\w+ing\b", clause) or _GOOD_PLACE.search(main):
        return ()  # "when building": nobody builds
    return ("What is required {0} {1}?",) if _REQUIRES.match(plain(main)) else ("What happens {0} {1}?",)


def _opened(page: Page, clause: str) -> str | None:
    """A clause that opened its sentence, inside of one; None where its first word may be a name or not."""
    first, _, rest = clause.partition(" ")
    if not first[0].isupper() or page.words.is_name(first) or first == "I":
        return clause
    small = first[0].lower() + first[1:]
    return f"{small} {rest}" if small in page.words.small | _ALWAYS_SMALL else None


def _howto(page: Page, part: Section, sentence: str, start: int) -> tuple[str, str] | None:
    found = _TO.fullmatch(sentence)
    main = found["main"] if found else ""
    is_told = _TOLD.match(main) or _IMPERATIVE.match(main) or _CAN.match(main)
    return _how(page, part, plain(found["act"]), start) if found and is_told and len(main.split()) > 4 else None


def _how(page: Page, part: Section, act: str, start: int) -> tuple[str, str] | None:
    is_act = known_act(act) and len(act.split()) > 2
    return ("howto", questions.how(page, part, mine(act), start)) if is_act else None


def _reason(page: Page, part: Section, sentence: str, start: int) -> tuple[str, str] | None:
    found = _REASON.fullmatch(sentence)
    if not found or re.search(r"\b(?:if|when|that|which|who|not|only|just|simply|partly)\s*$", found["fact"]):
        return None
    fact = plain(found["fact"])
    opened = None if _NO_FACT.match(fact) else _opened(page, fact)
    return ("reason", page.pick(start, _WHY).format(opened)) if opened else None


def _purpose(page: Page, part: Section, sentence: str, start: int) -> tuple[str, str] | None:
    found = _PURPOSE.match(sentence)
    if not found or len(sentence[found.end() :].split()) < MIN_MAIN_WORDS:
        return None
    name = plain(found["a"] or found["b"] or found["c"])
    if found["c"]:
        return "purpose", f"What {found['verb']} {name} used for?"
    return ("purpose", f"What can I use {name} for?") if "`" in name else None


def _returns(page: Page, part: Section, sentence: str, start: int) -> tuple[str, str] | None:
    found = _RETURNS.fullmatch(sentence)
    return ("returns", f"What does {found['call']} return?") if found else None


def _other(page: Page, part: Section, sentence: str, start: int) -> tuple[str, str] | None:
    """Form and question of a sentence in German, Spanish or French."""
    language = LANGUAGES.get(page.language)
    if language is None or language.openers.match(plain(sentence)):
        return None
    conditions, question = CONDITIONS[page.language], None
    if refers(page.language, sentence):
        return None
    found = conditions.sentence.fullmatch(sentence)
    if found and len(found["main"].split()) >= MIN_MAIN_WORDS and len(found["clause"].split()) >= MIN_CLAUSE_WORDS - 1:
        word, clause = found["word"].lower(), plain(found["clause"])
        if conditions.no_clause.search(clause):
            return None
        word, clause = ("", word + clause) if word.endswith(("'", "’")) else (word, clause)
        fitting = (templates for begins, templates in conditions.answers if begins.match(plain(found["main"])))
        question = page.pick(start, next(fitting, conditions.happens)).format(clause, word)
        question = " ".join(question.split())
    elif language.reason and (found := language.reason.fullmatch(sentence)):
        fact = plain(found["fact"])
        question = page.pick(start, language.why).format(fact[0].lower() + fact[1:])
    form = "condition" if found and "word" in found.groupdict() else "reason"
    return (form, page.about(part, question, start)) if question else None
