"""Secrets that a label names: `DB_PASS = "…"`, `api-key: …`, `<password>…</password>`, `IDENTIFIED BY '…'`.

The label is searched for, then what stands between it and a value, then the value; each is judged by itself. So labels
inside of values are found as well, and a value that was replaced brings no other label nearer to a value.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from filters._secret_values import is_code, is_password, is_path, is_random
from filters._spans import Finding

LABELLED, NEAR = 0.6, 0.5

_CORE = re.compile(  # in lower case, each branch a literal: many times faster than asking for all of a label at once
    r"pass(?:wor[dt]|wd|phrase|code)?|pwd|pw|psk|kennwort|contrase[ñn]a|mot de passe|senha|wachtwoord|identified by"
    r"|(?P<api_key>key|clave (?:api|secreta|de acceso))"
    r"|(?P<token>token|secret|credentials?|bearer|authorization(?:[\"']?[ ]?:[ ]?[\"']?(?:basic|token|bearer))?)"
)
_CORES = (  # with one of which each match of `_CORE` begins
    "pass", "pw", "psk", "mot de passe", "kennwort", "contrase", "senha", "wachtwoord", "identified by", "key",
    "clave ", "token", "secret", "credential", "bearer", "authorization",
)  # fmt: skip
_SHORT = ("pass", "pwd", "pw", "psk")  # they are part of other words
_OF = (
    r"api|access|secret|auth|account|encryption|signing|master|private|service|shared|client|app|admin|storage|sas|consumer"
    r"|deploy|session|jwt|hmac|webhook|license|licence|subscription|wpa2?|wifi|wi-fi|network|rest|integration|server"
)
_BEFORE_KEY = re.compile(rf"(?:{_OF})[ _.-]?$")
_SUFFIX = re.compile(
    r"(?:[_-]?(?i:hash|value|text|plain|base64|b64|prod|dev|test|staging|live|backup|[0-9]{1,2}))?(?![A-Za-z0-9_])"
)
_CLOSE = r"""(?:\\?["'`])?[\])]?\**"""
_BETWEEN = re.compile(  # what may stand between a label and its value; the first that fits
    rf"""(?ix)
    {_CLOSE} (?:
        (?P<assigned>
            [ \t]{{0,30}} (?: :=|=>|->|={{1,3}} ) [ \t]{{0,8}}
          | [ \t]{{0,8}} : [ ]? [\w.\[\]|]{{1,30}} (?:[ ]\|[ ]\w{{1,20}})? [ ]? = [ ]?  # password: str =
          | (?: [ ](?:for|of|to|für|de|pour|para)[ ][^\n:="'<>•]{{1,40}} )? [ \t]{{0,8}} [:|] [ \t*]{{0,30}}
          | > (?=[^<\s]{{1,400}}</)
          | </t[dh]>\s{{0,20}}<td[^<>]{{0,80}}>
          | \s{{0,3}},? \s{{0,20}} ["']?value["']? [ ]? [:=] [ ]?  # name: …, value: …
        )
      | (?P<said>
            [ ](?:is|was|ist|lautet|es|est)[ :]{{1,2}} (?:now[ ]|set[ ]to[ ]|changed[ ]to[ ])?
          | \( (?=["']) | [ ]{{1,2}} (?=["'`]) | ,[ ]? (?=["']) | [ ][0-9][ ] | [ ](?:to|as)[ ](?=["'`])
        )
    )"""
)
_OPTION = re.compile(r"--?[\w-]*$|\blogin[ ]\S{1,64}[ ]$")  # `--password VALUE`, `login NAME password VALUE`
_OPENS = re.compile(r"[ ](?=['\"])")
_SCHEME = r"(?:(?i:bearer|basic|token)[ ])?"
_QUOTED = re.compile(
    rf"""[bruf@$]{{0,2}}(?P<open>\\?["'`]){_SCHEME}(?P<value>(?:(?!(?P=open))[^\n]){{1,400}})(?P=open)"""
)
_BARE = re.compile(rf"""{_SCHEME}(?P<value>[^\s"'`<>•]{{4,400}})""")
_CUT = re.compile(r";(?=$|\w{1,30}[ ]?=)|&(?=[\w.-]{1,40}=)|\\[nrt]|</|,(?=[\w.-]{1,40}=)")
_NEARBY = re.compile(r"""(?x) [^\n<>•=/]{0,60}? (?<![\w./=+-]) (?P<value>[A-Za-z0-9+/_=-]{20,200}) (?![\w./+-])""")
_DIGEST = re.compile(r"(?i)sha-?[0-9]|md5|commit|digest|checksum|hash|uuid|guid|fingerprint|public|revision|thumbprint")
_CURL = re.compile(
    r"""\bcurl\b[^\n<>•]{0,300}?[ ](?:-u|--user)[ =]?["']?[^\s:"'<>]{1,80}:(?P<value>[^\s"'<>•]{4,128})"""
)


class _Label(NamedTuple):
    """A word that names a secret, with the span of the word and of what it ends with."""

    kind: str
    word: str
    start: int
    end: int


class _Place(NamedTuple):
    """Where a label's value would stand, and how sure the label is of it."""

    at: int
    strict: bool
    upper: bool  # an environment's variable: its value is no name of another


def by_label(text: str) -> Iterator[Finding]:
    """The secrets of `text` that a label names."""
    lower = text.replace("İ", "i").lower()  # the one letter whose lower case is longer
    for label in _labels(text, lower):
        place = _place(text, label)
        if place and (span := _value(text, place, label.kind)):
            yield Finding(*span, label.kind, LABELLED)
        elif not place and (span := _nearby(text, label)):
            yield Finding(*span, label.kind, NEAR)
    for match in _CURL.finditer(text) if "curl" in lower else ():
        if is_password(match["value"], strict=False) and not is_code(match["value"]):
            yield Finding(*match.span("value"), "password", LABELLED)


def _labels(text: str, lower: str) -> Iterator[_Label]:
    for core in _cores(lower):
        suffix = _SUFFIX.match(text, core.end())
        if not suffix or not _begins(text, lower, core):
            continue
        yield _Label(core.lastgroup or "password", core.group(), core.start(), suffix.end())


def _cores(lower: str) -> Iterator[re.Match[str]]:
    """The matches of `_CORE`, in order; to search for its literals first is many times as fast."""
    end = 0
    for start in sorted({start for core in _CORES for start in _places(lower, core)}):
        if start >= end and (core := _CORE.match(lower, start)):
            end = core.end()
            yield core


def _places(text: str, word: str) -> Iterator[int]:
    at = text.find(word)
    while at >= 0:
        yield at
        at = text.find(word, at + 1)


def _begins(text: str, lower: str, core: re.Match[str]) -> bool:
    """Whether a label begins here: `dbPass` and `DB_PASS`, not `compass`; `api_key`, not `monkey` or `key`."""
    start, word = core.start(), core.group()
    if word == "key":
        return bool(_BEFORE_KEY.search(lower, max(0, start - 14), start))
    if word not in _SHORT or not start or not lower[start - 1].isalpha():
        return True
    return (text[start].isupper() and text[start - 1].islower()) or lower.startswith(
        ("db", "my", "pg"), max(0, start - 2)
    )


def _place(text: str, label: _Label) -> _Place | None:
    blank = text[label.end : label.end + 1] == " "
    if label.word == "identified by":
        return _Place(label.end + 1, strict=False, upper=False) if _OPENS.match(text, label.end) else None
    if blank and label.word.startswith(("bearer", "authorization")):  # a blank is enough
        return _Place(label.end + 1, strict=False, upper=False)
    between = _BETWEEN.match(text, label.end)
    if between and not (between["said"] and label.word in _SHORT):  # pass `x` to a function
        upper = text[label.start : label.end].isupper() and "=" in between.group()
        return _Place(between.end(), between["assigned"] is None, upper)
    if blank and _OPTION.search(text, max(0, label.start - 80), label.start):
        return _Place(label.end + 1, strict=True, upper=False)
    return None


def _value(text: str, place: _Place, kind: str) -> tuple[int, int] | None:
    """The span of the value at a place, if it is a secret's."""
    if quoted := _QUOTED.match(text, place.at):
        value, (start, end) = quoted["value"], quoted.span("value")
        is_one = is_password(value, strict=place.strict) if kind == "password" else _is_key(value)
        return (start, end) if is_one else None
    bare = _BARE.match(text, place.at)
    if not bare:
        return None
    value = _CUT.split(bare["value"])[0].rstrip(".,;:")
    value = value if "(" in value else value.rstrip(")")
    value = value if "{" in value or "[" in value else value.rstrip("]}")
    if is_code(value):
        return None
    is_one = _is_bare_password(value, place) if kind == "password" else _is_key(value)
    return (bare.start("value"), bare.start("value") + len(value)) if is_one else None


def _is_bare_password(value: str, place: _Place) -> bool:
    return len(value) >= 5 and is_password(value, strict=not (place.upper or value.isdigit()) or place.strict)


def _is_key(value: str) -> bool:
    return not re.search(r"\s", value) and not is_path(value) and is_random(value)


def _nearby(text: str, label: _Label) -> tuple[int, int] | None:
    """Something long and drawn in the words after a label; no digest and no fingerprint."""
    near = _NEARBY.match(text, label.end)
    if not near or _DIGEST.search(text, max(0, label.start - 20), near.start("value")):
        return None
    return near.span("value") if is_random(near["value"], least=20) else None
