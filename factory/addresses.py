"""Addresses of sources: URLs as fsspec knows them, `s3://bucket/folder/`, `https://host/file.pdf`.

An address may carry credentials: a user before the host, a signature after the '?'. They are used to fetch and written
nowhere: whatever is stored or said has the address without them. Other secrets come from the environment alone.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote

LOCAL = re.compile(r"(?:file|local)://", re.IGNORECASE)
REMOTE = re.compile(r"(?!hf:)[a-z][a-z0-9+.-]*://", re.IGNORECASE)
WEB = re.compile(r"https?://", re.IGNORECASE)
_URL = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://)(?P<who>[^/\s]*@)?(?P<rest>[^\s'\"]*)", re.IGNORECASE)
_NO_USER = ("github://", "git://")  # what stands before their '@' says where, not who
_SECRET = re.compile(
    r"auth|cookie|key|token|secret|passw|pwd|passphrase|credential|signature|connection_string|\bsas\b", re.IGNORECASE
)
_NO_SECRETS = {"token": ("anon", "cloud", "google_default")}  # of gcsfs: ways to sign in, not what one signs in with


def is_remote(path: str) -> bool:
    """Whether a source lies elsewhere and is fetched; `file://` is a way to write a path."""
    return bool(REMOTE.match(path)) and not LOCAL.match(path)


def is_web(path: str) -> bool:
    """Whether it is one file of a web server, which lists nothing."""
    return bool(WEB.match(path))


def scheme(path: str) -> str:
    """`s3` of `s3://bucket`."""
    return path.partition("://")[0].lower()


def bare(text: str) -> str:
    """A text whose addresses carry no user, password or query; one without addresses as it is."""
    return _URL.sub(_bare, text)


def _bare(found: re.Match[str]) -> str:
    name, who, rest = found["scheme"], found["who"] or "", found["rest"]
    is_place = name.lower() in _NO_USER or (":" not in who and not is_web(name))  # abfs://container@account
    rest = re.sub(r"[?#].*", "", rest) if is_web(name) else rest
    return f"{name}{who if is_place else ''}{rest}"


def names(path: str) -> str:
    """What of an address, or of a path, names folders and files: `bucket/folder/*.md`, `host/a file.pdf`."""
    if not is_remote(path):
        return path
    rest = bare(path).partition("://")[2]
    return unquote(rest) if is_web(path) else rest


def last(path: str) -> str:
    """The last part of it."""
    return PurePosixPath(names(path)).name


def check(path: str) -> None:
    """Raise ValueError, which quotes no part of it, where an address cannot be a source."""
    if "::" in path:
        raise ValueError("an address names one place; chains with '::' are not read")
    if is_web(path):
        if "*" in bare(path) or bare(path).endswith("/") or "/" not in names(path):
            raise ValueError("a web server does not list its files; name each file with a source of its own")
    elif re.search(r"\?[\w-]+=", path):
        raise ValueError("only addresses of the web have a query; '?' stands for one character of a name here")


def check_options(given: Mapping[str, Any]) -> None:
    """Raise ValueError for an option of a filesystem that may hold a secret: recipes are copied."""
    for name, value in _within(given):
        if _SECRET.search(name) and value not in _NO_SECRETS.get(name, ()):
            raise ValueError(f"'{name}' may hold a secret, and recipes are copied; set it in the environment")
        if isinstance(value, str) and bare(value) != value:
            raise ValueError(f"the address at '{name}' holds a user, a password or a query, and recipes are copied")


def _within(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Each option with its value, also those in mappings and lists."""
    if isinstance(value, Mapping):
        for inner, item in value.items():
            yield str(inner), item
            yield from _within(item, str(inner))
    elif isinstance(value, list):
        for item in value:
            yield name, item
            yield from _within(item, name)
