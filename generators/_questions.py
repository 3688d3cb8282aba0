"""How questions are worded: templates a form, with the subject that the titles above give where the words need one."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from factory.passages import Passage
from generators._markdown import Section
from generators._terms import Term
from generators._titles import Subject, subject
from generators._wording import Words

NO_SUBJECT = "the question does not name its subject"

_HOW = ("How do I {}?", "How can I {}?", "What is the right way to {}?", "What do I need to do to {}?")
_HOW_WITH = ("How do I {0} with {1}?", "How can I {0} with {1}?", "I am working with {1}. How do I {0}?")
_HOW_ABOUT = (
    "I have a question about {1}: how do I {0}?",
    "Regarding {1}: how do I {0}?",
    "How do I {0}? My question is about {1}.",
)
_LANGUAGES = {
    **dict.fromkeys(("sh", "bash", "shell", "zsh", "console", "terminal"), "on the command line"),
    **dict.fromkeys(("python", "py", "pycon"), "in Python"),
    **dict.fromkeys(("js", "javascript"), "in JavaScript"),
    **dict.fromkeys(("ts", "typescript"), "in TypeScript"),
    "java": "in Java",
    "go": "in Go",
    "rust": "in Rust",
    "sql": "in SQL",
    "toml": "in TOML",
    "json": "in JSON",
    **dict.fromkeys(("yaml", "yml"), "in YAML"),
    **dict.fromkeys(("", "text", "txt", "plaintext"), ""),
    "powershell": "in PowerShell",
}
_WHAT_IS = ("What {1} {0}?", "Can you explain what {0} {1}?", "How would you define {0}?")
_WHAT_IS_IN = ("In {2}, what {1} {0}?", "What {1} {0} in {2}?")
_WHAT_IS_ABOUT = (
    "In the context of {2}, what {1} {0}?",
    "What {1} {0} in the context of {2}?",
    "I am reading about {2}. What {1} {0}?",
)
_MEANS = ("What does {0} mean?", "What is meant by {0}?")
_MEANS_IN = ("What does {0} mean in {1}?", "How is {0} defined in {1}?", "In {1}, what is meant by {0}?")
_EXPLAIN = ("Can you explain {}?", "Please explain {}.", "I would like to understand {}. Can you explain?")
_EXPLAIN_ABOUT = ("My question is about {1}: can you explain {0}?", "I am reading about {1}. Can you explain {0}?")
_SAY = ("What {2} {1} say about {0}?", "According to {1}, what applies to {0}?")
_ASPECT = ("What are the {0} of {1}?", "Which {0} does {1} have?", "What are the {0} of {1}?")
_ASPECT_PLURAL = ("What are the {0} of {1}?",)
_ASKED_ABOUT = ("I have a question about {1}: {0}", "My question is about {1}: {0}")


@dataclass(frozen=True)
class Page:
    """What all rules look at: a passage as sections of blocks, and which of its words are names."""

    passage: Passage
    text: str
    sections: list[Section]
    words: Words

    def pick(self, start: int, templates: Sequence[str]) -> str:
        """One of the wordings, always the same one for the same place of the same passage."""
        place = f"{self.passage.id}:{start}".encode(errors="replace")
        return templates[int.from_bytes(hashlib.blake2b(place, digest_size=4).digest()) % len(templates)]

    def subject(self, section: Section, question: str) -> Subject | None:
        """What `section` is about according to the titles above it, where `question` itself does not name it."""
        return None if self.words.has_name(question) else subject(section.above, self.words)


def is_known(page: Page, section: Section, act: str, language: str) -> bool:
    """Whether `how` can say where an act belongs: by a name, a title above, or a language that all know."""
    return language.lower() in _LANGUAGES or page.words.has_name(act) or page.subject(section, act) is not None


def how(page: Page, section: Section, act: str, start: int, language: str = "") -> str:
    """Ask how to do `act`; `language` is that of the code which answers it, as its fence says."""
    about = page.subject(section, act)
    if about is None:
        where = "" if page.words.has_name(act) else _LANGUAGES.get(language.lower(), "")
        return page.pick(start, _HOW).format(f"{act} {where}".strip())
    with_it = about.is_tool and " with " not in act
    return page.pick(start, _HOW_WITH if with_it else _HOW_ABOUT).format(act, about.phrase)


def what_is(page: Page, section: Section, term: Term, start: int) -> str:
    """Ask for a defined term; one in code always with its subject."""
    about = page.subject(section, "" if term.is_code else term.phrase.strip("“”"))
    if term.verb == "means":
        return page.pick(start, _MEANS_IN if about else _MEANS).format(term.phrase, about.phrase if about else "")
    if about is None:
        templates = _WHAT_IS if term.verb == "is" else _WHAT_IS[:2]
        return page.pick(start, templates).format(term.phrase, term.verb)
    templates = _WHAT_IS_IN if about.is_document else _WHAT_IS_ABOUT
    return page.pick(start, templates).format(term.phrase, term.verb, about.phrase)


def explain(page: Page, section: Section, said: str, start: int) -> str | None:
    """Ask to explain "how rivers freeze"; None where neither that nor a title names a subject."""
    if page.words.has_name(said):
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
    first, _, rest = question.partition(" ")
    small = first if first == "I" or page.words.is_name(first) else first[0].lower() + first[1:]
    return page.pick(start, _ASKED_ABOUT).format(f"{small} {rest}", about.phrase)
