"""Secrets that are known by their shape alone: keys with a prefix, JWTs, private keys, passwords in URLs.

A shape says what follows a literal prefix, so that one `in` a prefix decides whether its pattern runs at all.

Source  the formats that providers publish, as collected by gitleaks (https://github.com/gitleaks/gitleaks, MIT) and
        detect-secrets (https://github.com/Yelp/detect-secrets, Apache-2.0).
"""

import base64
import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from filters._secret_values import is_random, is_stock
from filters._spans import Finding

CERTAIN = 0.9  # no label is needed


class _Shape(NamedTuple):
    prefixes: tuple[str, ...]  # one of them must be in the text
    pattern: re.Pattern[str]
    kind: str = "api_key"


def _shape(prefixes: str, pattern: str, kind: str = "api_key") -> _Shape:
    return _Shape(tuple(prefixes.split()), re.compile(rf"(?<![A-Za-z0-9])(?:{pattern})(?![A-Za-z0-9])"), kind)


_SHAPES = [
    _shape("sk- sk_ rk_",
        r"sk-(?:[A-Za-z0-9]{1,12}-){0,3}[A-Za-z0-9_-]{20,200}|[sr]k_(?:live|test|prod)_[A-Za-z0-9]{10,99}"
    ),
    _shape("AKIA ASIA ABIA ACCA A3T LTAI", r"(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}|LTAI[A-Za-z0-9]{20}"),
    _shape("ABSK", r"ABSK[A-Za-z0-9+/]{100,270}={0,2}"),
    _shape("AIza ya29. GOCSPX-", r"AIza[\w-]{35}|ya29\.[\w-]{20,400}|GOCSPX-[\w-]{28}"),
    _shape("ghp_ gho_ ghu_ ghs_ ghr_ github_pat_", r"gh[pousr]_[A-Za-z0-9]{36,251}|github_pat_\w{22,255}"),
    _shape("glpat- gldt- glptt- glrt- glcbt- gloas- glsoat- glagent- glft- glimt- glffct- GR1348941",
        r"gl(?:pat|dt|ptt|rt|cbt|oas|soat|agent|ft|imt|ffct)-[\w.-]{20,300}|GR1348941[\w-]{20}"
    ),
    _shape("xox xapp- hooks.slack", r"xox[abeprs]-[A-Za-z0-9-]{10,250}|xapp-[0-9]-[A-Za-z0-9-]{20,200}"),
    _shape("hooks.slack", r"hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9+/]{20,60}"),
    _shape("discord", r"discord(?:app)?\.com/api/webhooks/[0-9]{17,20}/[\w-]{60,70}"),
    _shape("SG.", r"SG\.[\w-]{16,32}\.[\w-]{16,64}"),
    _shape("hf_ api_org_", r"(?:hf_|api_org_)[A-Za-z]{34}"),
    _shape("npm_", r"npm_[A-Za-z0-9]{36}"),
    _shape("pypi-", r"pypi-[\w-]{50,1000}"),
    _shape("dckr_ dop_ doo_ dor_", r"dckr_(?:pat|oat)_[\w-]{20,60}|do[opr]_v1_[a-f0-9]{64}"),
    _shape("dapi dp. dt0c01.",
        r"dapi[a-f0-9]{32}(?:-[0-9])?|dp\.(?:pt|st|ct|sa)\.[A-Za-z0-9._-]{40,60}"
        r"|dt0c01\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{64}"
    ),
    _shape("shp", r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}"),
    _shape("sq0 EAAA", r"sq0(?:atp|csp)-[\w-]{22,60}|EAAA[\w-]{56,64}"),
    _shape("key- -us", r"key-[a-f0-9]{32}|[a-f0-9]{32}-us[0-9]{1,2}"),
    _shape("SK", r"SK[a-f0-9]{32}"),
    _shape("hvs. hvb. .atlasv1.", r"hv[sb]\.[\w-]{20,300}|[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{60,70}"),
    _shape("glsa_ glc_", r"glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}|glc_[A-Za-z0-9+/]{32,400}={0,3}"),
    _shape("lin_api_ ntn_ secret_ figd_ pat",
        r"lin_api_[A-Za-z0-9]{40}|ntn_[A-Za-z0-9]{40,60}|secret_[A-Za-z0-9]{43}|figd_[\w-]{40,60}"
        r"|pat[A-Za-z0-9]{14}\.[a-f0-9]{64}"
    ),
    _shape("AGE-SECRET-KEY-1 nvapi- gsk_ xai- r8_ pplx- tvly-",
        r"AGE-SECRET-KEY-1[A-Z0-9]{58}|nvapi-[\w-]{60,80}|gsk_[A-Za-z0-9]{48,60}|xai-[A-Za-z0-9]{70,90}"
        r"|r8_[A-Za-z0-9]{37}|pplx-[A-Za-z0-9]{40,60}|tvly-[\w-]{20,60}"
    ),
    _shape("PMAK- NRAK- sntry", r"PMAK-[a-f0-9]{24}-[a-f0-9]{34}|NRAK-[A-Z0-9]{27}|sntry[su]_[A-Za-z0-9+/=_]{40,200}"),
    _shape(":AA", r"[0-9]{8,10}:AA[\w-]{33}"),
    _shape("Q~", r"[\w.~]{3}[0-9]Q~[\w.~-]{31,34}"),
    _shape("eyJ", r"eyJ[\w-]{8,2000}\.eyJ[\w-]{8,8000}(?:\.[\w-]{10,2000})?", "jwt"),
]  # fmt: skip
_DOCUMENTED = re.compile(rb"(?i)12345678|john ?doe|example")  # what jwt.io and its like have in their payloads
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,30}://[^\s:/@\"'<>]{0,80}:(?P<value>[^\s/@\"'<>•]{3,200})@(?=[\w\[$])")
_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|PuTTY-User-Key-File-[23]:")
_END = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|Private-MAC:[ ]*[0-9a-f]{40,64}")
_BODY = re.compile(r"(?:\s|\\[nr]|[A-Za-z0-9+/=]{16,})+")
_RUN = re.compile(r"[A-Za-z0-9+/=]{16,}")
_LONGEST_KEY, _LEAST_KEY = 20_000, 40  # characters of a private key, and how many of them are no key's name


Prefixes = Sequence[tuple[str, _Shape]]
SHORTEST = 15  # characters of what a shape matches: xoxb- and ten more


def shapes_in(text: str) -> Prefixes:
    """The prefixes that stand in a text, each with its shape: of many texts at once, it spares asking each of them.

    No shape has a blank in it, so that only what is long between blanks is searched for its prefix: one word in fifty.
    """
    long = _long_words(text)
    return [(prefix, shape) for shape in _SHAPES for prefix in shape.prefixes if prefix in long]


def _long_words(text: str) -> str:
    """What stands between blanks and has SHORTEST bytes or more."""
    raw = text.encode(errors="replace")
    blanks = np.flatnonzero(np.frombuffer(raw, np.uint8) <= ord(" "))
    edges = np.concatenate(([-1], blanks, [len(raw)]))
    long = np.flatnonzero(np.diff(edges) > SHORTEST)
    return b" ".join(raw[edges[nth] + 1 : edges[nth + 1]] for nth in long).decode()


def by_shape(text: str, among: Prefixes) -> Iterator[Finding]:
    """The secrets of `text` that need no label. `among`: what `shapes_in` gave, of it or a longer text."""
    for shape in dict.fromkeys([shape for prefix, shape in among if prefix in text]):
        for match in shape.pattern.finditer(text):
            if not _is_documented(match.group(), shape.kind):
                yield Finding(*match.span(), shape.kind, CERTAIN)
    if "://" in text:
        for match in _URL.finditer(text):
            if not is_stock(match["value"]):
                yield Finding(*match.span("value"), "connection_string", CERTAIN)
    if "PRIVATE KEY" in text or "PuTTY" in text:
        yield from _private_keys(text)


def _is_documented(value: str, kind: str) -> bool:
    if kind == "jwt":
        payload = value.split(".")[1]
        return bool(_DOCUMENTED.search(base64.urlsafe_b64decode(payload[: len(payload) // 4 * 4])))
    return is_stock(value) or not is_random(value[4:])


def _private_keys(text: str) -> Iterator[Finding]:
    """Private keys from their first line to their last; without a last line, to the end of what is a key's body."""
    at = 0
    ends = [end.span() for end in _END.finditer(text)]
    while begin := _BEGIN.search(text, at):
        nth = bisect_left(ends, (begin.end(), 0))
        closed = nth < len(ends) and ends[nth][0] - begin.end() <= _LONGEST_KEY
        body = _BODY.match(text, begin.end(), begin.end() + _LONGEST_KEY)
        inner = ends[nth][0] if closed else begin.end() + len(body.group().rstrip()) if body else begin.end()
        at = begin.end()
        if sum(map(len, _RUN.findall(text, begin.end(), inner))) >= _LEAST_KEY:
            at = ends[nth][1] if closed else inner
            yield Finding(begin.start(), at, "private_key", CERTAIN)
