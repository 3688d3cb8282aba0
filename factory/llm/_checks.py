"""Checks of what a user writes about a model: URLs, headers, body fields. Each raises ValueError in plain words.

No message quotes a value: what is refused may be a secret.
"""

import json
import re
from difflib import get_close_matches
from functools import cache
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

SECRET_HEADER = re.compile(r"auth|cookie|key|token|secret|passw|credential", re.IGNORECASE)
SECRET_FIELD = re.compile(r"(api|access|secret|private)[-_]?(key|token)|authorization|password|secret", re.IGNORECASE)
OUR_HEADERS = {"content-type", "content-length", "transfer-encoding", "connection", "accept-encoding", "expect"}
OWN_KEYS = {  # body field -> where it is said instead
    "model": "the key 'model'",
    "messages": "the prompts of a method",
    "max_tokens": "the key 'max_tokens'",
    "max_completion_tokens": "the key 'max_tokens'",
    "n": "a method's own option",
    "stream": "nothing: whole answers are asked for",
    "stream_options": "nothing: whole answers are asked for",
    "response_format": "the key 'structured'",
}
FIELDS = {  # of OpenAI, vLLM and llama.cpp: servers take others, and ignore in silence what they do not know
    "chat_template_kwargs", "frequency_penalty", "ignore_eos", "logit_bias", "logprobs", "max_completion_tokens",
    "max_tokens", "min_p", "min_tokens", "presence_penalty", "reasoning", "reasoning_effort", "repeat_penalty",
    "repetition_penalty", "seed", "stop", "stop_token_ids", "temperature", "top_k", "top_logprobs", "top_p",
    "typical_p",
}  # fmt: skip
VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*\Z")  # capitals only: a key that was put here by mistake is nearly never that
HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+\Z")
HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*\Z")
HOST = re.compile(r"[A-Za-z0-9._-]+\Z|[0-9A-Fa-f:.]+\Z")  # plain ASCII: every parser of URLs reads it as the same host


def url(given: object, what: str = "a URL") -> str:
    """A URL without credentials, query and fragment, no slash at its end. Raises ValueError, which never quotes it."""
    if not isinstance(given, str):
        raise ValueError(f"{what} is text, such as http://localhost:8000/v1")
    try:
        parts = urlsplit(given.strip())
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError(f"{what} is like http://localhost:8000/v1; its host or port is not readable") from None
    if parts.scheme not in ("http", "https") or not HOST.match(host) or not re.fullmatch(r"[!-~]*", given.strip()):
        raise ValueError(f"{what} begins with http:// or https:// and a host in plain letters (xn-- for others)")
    if parts.username is not None or parts.password is not None:
        raise ValueError(f"{what} holds no user name or password; name the key with api_key_env or api_key_file")
    if parts.query or parts.fragment:
        raise ValueError(f"{what} has no '?' or '#' part; for Azure write api_version")
    return given.strip().rstrip("/")


def base_url(given: object) -> str | list[str]:
    if isinstance(given, list | tuple):
        if not given:
            raise ValueError("a list of base URLs names at least one")
        urls = [url(one, "each base_url") for one in given]
        if len(set(urls)) < len(urls):
            raise ValueError("a base URL stands twice in the list")
        return urls
    return url(given, "base_url")


def proxy(given: object) -> str | None:
    if given is None or given == "env":
        return given
    return url(given, "proxy is 'env' (take HTTPS_PROXY and the like) or a URL; a URL")


def variable(name: str) -> str:
    if not VARIABLE.match(name):
        raise ValueError("this must be the name of an environment variable, in capitals, never the secret itself")
    return name


def headers(given: object) -> dict[str, str | dict[str, str]]:
    if not isinstance(given, dict):
        raise ValueError("this must be a mapping of header names to text or {env: NAME}")
    for name, value in given.items():
        if not isinstance(name, str) or not HEADER_NAME.match(name):
            raise ValueError("a header's name has letters, digits and '-' only")
        if name.lower() in OUR_HEADERS:
            raise ValueError(f"the header '{name}' is set by the client; remove it")
        if isinstance(value, dict):
            if set(value) != {"env"} or not isinstance(value["env"], str):
                raise ValueError(f"the value of '{name}' is text or {{env: NAME}}")
            variable(value["env"])
        elif not isinstance(value, str) or not HEADER_VALUE.match(value):
            raise ValueError(f"the value of '{name}' is one line of plain text or {{env: NAME}}")
        elif SECRET_HEADER.search(name):
            raise ValueError(f"the header '{name}' may hold a secret, and recipes are copied: write {{env: NAME}}")
    return dict(given)


@cache
def misspelt(name: str) -> str | None:
    """The field of a request that was probably meant, where the name is none that we know but very near to one."""
    return next(iter(get_close_matches(name, FIELDS, n=1, cutoff=0.85)), None) if name not in FIELDS else None


def body(given: dict[str, Any]) -> dict[str, Any]:
    for name in given:
        if name in OWN_KEYS:
            raise ValueError(f"'{name}' is not set here but by {OWN_KEYS[name]}")
        if meant := misspelt(name):
            raise ValueError(f"a server would ignore '{name}': write '{meant}'")
    secret = next((name for name in _names(given) if SECRET_FIELD.fullmatch(name)), None)
    if secret:
        raise ValueError(f"'{secret}' may hold a secret, and bodies are stored; name keys with api_key_env or headers")
    try:
        json.dumps(given, allow_nan=False)
    except (TypeError, ValueError):
        raise ValueError("it must be plain JSON: text, finite numbers, true, false, null, lists, mappings") from None
    return given


def _names(value: Any) -> list[str]:
    """Every key of a mapping and of the mappings in it."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    own = [str(name) for name in value] if isinstance(value, dict) else []
    return own + [name for item in inner for name in _names(item)]


def is_here(given: str) -> bool:
    """Whether a URL leads to this machine by its own words: no name is resolved."""
    host = (urlsplit(given).hostname or "").rstrip(".")
    if host == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return bool(mapped.is_loopback or mapped.is_unspecified)
