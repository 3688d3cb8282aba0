"""How questions are worded: templates a form, with the subject that the titles above give where the words need one."""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from factory.passages import Passage
from factory.wording import listed, phrases, plain, without_code
from generators._about import leading_name
from generators._languages import LANGUAGES, Language
from generators._markdown import Section
from generators._terms import Term
from generators._titles import Subject, asks, clean, has_subject, in_code, is_question, named, subject
from generators._wording import Words

MIN_LEGAL = 3  # different words of contracts in a passage
NO_SUBJECT = "the question does not name its subject"

_HOW = ("How do I {}?", "How can I {}?", "What is the right way to {}?", "What do I need to do to {}?")
_HOW_WITH = ("How do I {0} with {1}?", "How can I {0} with {1}?", "I am working with {1}. How do I {0}?")
_HOW_ABOUT = (
    "I have a question about {1}: how do I {0}?",
    "Regarding {1}: how do I {0}?",
    "How do I {0}? My question is about {1}.",
)
_WHAT_IS = ("What {1} {0}?", "Can you explain what {0} {1}?", "How would you define {0}?")
_WHAT_IS_IN = ("In {2}, what {1} {0}?", "What {1} {0} in {2}?")
_WHAT_IS_ABOUT = (
    "In the context of {2}, what {1} {0}?",
    "What {1} {0} in the context of {2}?",
    "I am reading about {2}. What {1} {0}?",
)
_LEGAL = listed(
    """agree agrees agreement terms liable liability warranty warranties terminate termination breach shall hereby
    license licence indemnify obligations obligation consent rights parties party disclose disclosure confidential
    personal privacy governing fees notify prohibited responsible"""
)
_THIS = re.compile(r"\b(?:[Tt]his|[Tt]hese) (Agreement|Contract|Terms|Privacy Statement|Privacy Policy|Policy)\b")
_CONTRACTS = {
    "Agreement": "the agreement with {}",
    "Contract": "the contract with {}",
    "Terms": "{}'s terms",
    "Privacy Statement": "{}'s privacy statement",
    "Privacy Policy": "{}'s privacy policy",
    "Policy": "{}'s policy",
    "": "{}'s terms and policies",
}
_WHOLE_COMMAND = re.compile(r"`[a-z][\w.-]* [\w-]")  # `orlo print`
_MARKS = "\"'“”‘’(),.:;!?*"
_GENERIC = phrases(
    r"""(?:(?:\w+ )?(?:options|parameters|arguments|fields|settings|attributes|properties|variables|flags|commands
    |methods|functions|values|columns|configuration|usage|reference|details|defaults|table))|terms|keys"""
)
_MEANS = ("What does {0} mean?", "What is meant by {0}?")
_MEANS_IN = ("What does {0} mean in {1}?", "How is {0} defined in {1}?", "In {1}, what is meant by {0}?")
_EXPLAIN = ("Can you explain {}?", "Please explain {}.", "I would like to understand {}. Can you explain?")
_EXPLAIN_ABOUT = ("My question is about {1}: can you explain {0}?", "I am reading about {1}. Can you explain {0}?")
_SAY = ("What {2} {1} say about {0}?", "According to {1}, what applies to {0}?")
_ASPECT = ("What are the {0} of {1}?", "Which {0} does {1} have?", "What are the {0} of {1}?")
_ASPECT_PLURAL = ("What are the {0} of {1}?",)
_IN_CONTEXT = ("In the context of {1}, {0}", "I have a question about {1}: {0}", "My question is about {1}: {0}")
_ASKED_ABOUT = ("I have a question about {1}: {0}", "My question is about {1}: {0}")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A question and the span of its answer. `unclear` says why it cannot stand alone."""

    form: str
    question: str
    start: int
    end: int
    unclear: str | None = None


@dataclass(frozen=True)
class Page:
    """What all rules look at: a passage as sections of blocks, and which of its words are names."""

    passage: Passage
    text: str
    sections: list[Section]
    words: Words
    product: str | None = None  # what its document is about, where that is known
    turn: int = 0  # of the wordings that fit, so many further: the same question in other words

    @cached_property
    def language(self) -> str:
        """The language whose rules apply; a passage that states none is read as English."""
        return self.passage.language or "en"

    @cached_property
    def leading_name(self) -> str | None:
        """The name that the passage speaks of most; None where no name leads."""
        return leading_name([self.text], self.words)

    @cached_property
    def is_legal(self) -> bool:
        """Whether it speaks as contracts and policies do."""
        return len({word.lower() for word in re.findall(r"[A-Za-z]+", self.text)} & _LEGAL) >= MIN_LEGAL

    @cached_property
    def contract(self) -> str | None:
        """The contract that the text is, as a sentence names it; None where it is none, or names no party."""
        if not self.is_legal or self.leading_name is None or self._speaks_of_terms_of(self.leading_name):
            return None
        kinds = Counter(word for word in _THIS.findall(plain(self.text)))
        [(kind, _)] = kinds.most_common(1) or [("", 0)]
        return _CONTRACTS[kind].format(self.leading_name)

    def _speaks_of_terms_of(self, name: str) -> bool:
        """Whether a name has terms of its own, "subject to Orlo's Terms of Use", or does a part: another's text."""
        name, terms = re.escape(name), r"(?:[Tt]erms|[Pp]olic(?:y|ies)|[Pp]rivacy|[Aa]greements?)"
        provides = r"(?:provided|offered|operated|processed|powered|handled) by|through|via|authorize"
        return bool(re.search(rf"\b{name}['’]s (?:\w+ )?{terms}\b|\b(?:{provides}) {name}\b", self.text))

    def pick(self, start: int, templates: Sequence[str]) -> str:
        """One of the wordings, always the same one for the same place of the same passage."""
        return self._picked(f"{self.passage.id}:{start}", templates)

    def pick_for(self, word: str, templates: Sequence[str]) -> str:
        """One of the wordings, always the same one for the same word of the same document."""
        return self._picked(f"{self.passage.document}:{word}", templates)

    def _picked(self, place: str, templates: Sequence[str]) -> str:
        drawn = int.from_bytes(hashlib.blake2b(place.encode(errors="replace"), digest_size=4).digest())
        return templates[(drawn + self.turn) % len(templates)]

    def subject(self, section: Section, question: str) -> Subject | None:
        """What `section` is about according to the titles above it, where `question` itself does not name it."""
        return None if self.is_named(question) else self.titled(section)

    def is_named(self, question: str) -> bool:
        """Whether a question says by itself what it is about: it names the product, or, of none, something that has a
        name, or a command whole. Acronyms and other code do not: they stand in questions about anything.
        """
        if self.product:
            return re.search(rf"(?<![\w]){re.escape(self.product)}(?!\w)", question, re.IGNORECASE) is not None
        words = without_code(question).split()
        has_name = any(self.words.is_name(word) and not word.strip(_MARKS).isupper() for word in words)
        return has_name or bool(_WHOLE_COMMAND.search(question))

    def titled(self, section: Section, title: str | None = None) -> Subject | None:
        """What the titles above, then `title`, name, with the product that it belongs to where that is known."""
        found = subject((*section.above, *filter(None, [title])), self.words)
        if found is None:
            return named(self.product) if self.product else None
        if not self.product or found.is_document or found.is_tool or self.product.lower() in found.phrase.lower():
            return found
        return replace(found, phrase=f"{found.phrase} in {self.product}")

    def named_by_titles(self, section: Section) -> str | None:
        """What the titles above name, as it stands in a question."""
        if (language := LANGUAGES.get(self.language)) is None:
            return about.phrase if (about := self.titled(section)) else None
        if self.product:
            return self.product
        return next((clean(title) for title in section.above if _names_something(clean(title), language)), None)

    def about(self, section: Section, question: str, start: int) -> str:
        """`question` with what it is about before it, where it names nothing that one could look up."""
        language = LANGUAGES.get(self.language)
        if language is None:
            about = self.subject(section, question)
            return (
                self.pick(start, _IN_CONTEXT).format(_small(question, self.words), about.phrase) if about else question
            )
        title = self.named_by_titles(section)
        if title is None or any(word in question for word in title.split() if self.words.is_name(word)):
            return question
        return self.pick(start, language.about).format(question, title)

    def in_title(self, section: Section, question: str, start: int) -> str | None:
        """`question` with the title that it belongs to; None where no title and no leading name says what that is.

        Where titles name code it is the innermost of these, since a `wait` of `Press.print` is not that of its class;
        none where that title names several.
        """
        language = LANGUAGES.get(self.language)
        if language is not None:
            titles = [clean(title) for title in (*section.above, section.title)]
            title = next((title for title in titles if _names_something(title, language)), None)
            return self.pick(start, language.about).format(question, title) if title else None
        phrase = self._owner(section)
        if phrase is None or phrase in question:
            return question if phrase else None
        return self.pick(start, _IN_CONTEXT).format(_small(question, self.words), phrase)

    def _owner(self, section: Section) -> str | None:
        about = self.titled(section, section.title)
        phrase = about.phrase if about else None
        owner, whole = in_code((*section.above, section.title)), self.product or phrase
        if owner is None or owner in (phrase or ""):
            return self._with_title(section, phrase)
        belongs = bool(whole) and whole != owner.strip("`")
        named_by = f"{owner} in {whole}" if belongs else owner if whole or self.words.has_name(owner) else None
        return named_by if owner.count("`") == 2 else None

    def _with_title(self, section: Section, phrase: str | None) -> str | None:
        """The phrase with the section's own title, where that says more: a field of one thing is not another's."""
        title = clean(section.title)
        is_said = phrase is None or not has_subject(title) or title.lower() in phrase.lower()
        is_said = is_said or is_question(title) or asks(title) is not None
        if is_said or _GENERIC.fullmatch(title) or (self.product and self.product.lower() in title.lower()):
            return phrase
        return f"“{title}” in {phrase}"


def is_known(page: Page, section: Section, act: str) -> bool:
    """Whether `how` can say where an act belongs: by a name in it, or by what a title above names."""
    return page.is_named(act) or page.subject(section, act) is not None


def how(page: Page, section: Section, act: str, start: int) -> str:
    """Ask how to do `act`."""
    about = page.subject(section, act)
    if about is None:
        return page.pick(start, _HOW).format(act)
    with_it = about.is_tool and " with " not in act
    return page.pick(start, _HOW_WITH if with_it else _HOW_ABOUT).format(act, about.phrase)


def what_is(page: Page, section: Section, term: Term, start: int) -> str:
    """Ask for a defined term; one in code always with its subject."""
    means = term.verb == "means"  # what a word means it means in its contract, also where it looks like a name
    about = page.subject(section, "" if term.is_code or means else term.phrase)
    if means and about and not about.is_document:
        about = page.subject(section, term.phrase.strip("“”"))
    if means:
        return page.pick(start, _MEANS_IN if about else _MEANS).format(term.phrase, about.phrase if about else "")
    if about is None:
        templates = _WHAT_IS if term.verb == "is" else _WHAT_IS[:2]
        return page.pick(start, templates).format(term.phrase, term.verb)
    templates = _WHAT_IS_IN if about.is_document else _WHAT_IS_ABOUT
    return page.pick(start, templates).format(term.phrase, term.verb, about.phrase)


def explain(page: Page, section: Section, said: str, start: int) -> str | None:
    """Ask to explain "how rivers freeze"; None where neither that nor a title names a subject."""
    if page.is_named(said):
        return page.pick(start, _EXPLAIN).format(said)
    about = page.subject(section, said)
    return page.pick(start, _EXPLAIN_ABOUT).format(said, about.phrase) if about else None


def aspect_of(page: Page, section: Section, aspect: str, start: int) -> str | None:
    """Ask for an aspect, such as "limits", of what the titles above name; None where they name nothing."""
    about = page.subject(section, aspect)
    if about is None:
        return None
    return page.pick(start, _ASPECT_PLURAL if about.is_plural else _ASPECT).format(aspect, about.phrase)


def said_in(page: Page, section: Section, topic: str, start: int) -> str | None:
    """Ask what the contract, policy or terms that the titles above name say about a topic."""
    about = subject(section.above, page.words)
    if about is None or not about.is_binding:
        return None
    return page.pick(start, _SAY).format(topic, about.phrase, "do" if about.is_plural else "does")


def asked(page: Page, section: Section, question: str, start: int) -> str:
    """Ask what the text itself asks, with the subject it is about where it names none."""
    about = page.subject(section, question)
    if about is None:
        return question
    return page.pick(start, _ASKED_ABOUT).format(_small(question, page.words), about.phrase)


def _small(question: str, words: Words) -> str:
    """A question as it stands behind a colon."""
    first, _, rest = question.partition(" ")
    small = first if first == "I" or words.is_name(first) else first[0].lower() + first[1:]
    return f"{small} {rest}"


def _names_something(title: str, language: Language) -> bool:
    return 2 < len(title) < 80 and not language.no_title.fullmatch(title) and not title.endswith("?")
