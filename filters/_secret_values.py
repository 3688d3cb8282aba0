"""What a secret's value looks like, and what merely stands where one would: `changeme`, `<TOKEN>`, `settings.key`."""

import math
import re
from collections import Counter
from itertools import pairwise

from filters._spans import FILL

_ELIDED = re.compile(
    rf"(?i)xxxx|\*\*\*|\.\.\.|…|{FILL}{FILL}|___|<[^>\s]{{0,60}}>?|\$\{{|\{{\{{|\}}\}}|\$\(|%\(|%s|\[[a-z_ -]+\]"
)
_SAYS_SO = re.compile(
    r"(?i)example|placeholder|change[_-]?(?:me|this|it)|redacted|dummy|insert[_-]|replace[_-]|your[_-]|(?:^"
    r"|[_-])fake|^[a-z]*(?:passw(?:or)?d|secret|token)[a-z]*$"
)
_VARIABLE = re.compile(r"\$(?:[A-Z_][A-Z0-9_]*|[a-z_]+)|%[A-Za-z_]\w*%|@[A-Za-z_]\w*@|\{[\w.]*\}|:[a-z_]+|\*[a-z_]\w*")
_CALL_OR_NAME = re.compile(
    r"[A-Za-z_]\w*(?:(?:\.|->|::)[A-Za-z_]\w*)+[,;)]*$|(?:await )?[A-Za-z_][\w.]*[(\[{]|[\[{(!|&>]"
    r"|[A-Za-z_]\w*[)\]}]+[,;]?$"
)
_PART = re.compile(r"[A-Z]?[a-zäöüñçé]+|[A-Z]+(?![a-z])|[0-9]+")
_WORD = r"(?:[A-Z]?[a-z]+|[A-Z]+|[0-9]{1,4})"
_WORDY = re.compile(rf"{_WORD}(?:[^A-Za-z0-9]{_WORD})*")
_PATH = re.compile(
    r"[a-z][a-z0-9+.-]{1,20}://|(?:~|\.{1,2})?/[\w.-]+/|[A-Za-z]:\\|[\w./-]+\.(?:pem|key|crt|json|txt|ya?ml"
    r"|env|py|md|html?)$"
)
_RUNS = ("0123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "9876543210")
_STOCK_WORDS = (
    "a an any the this that your my our some here is in of to for with not no yes on off or and if new old "
    "current confirm password passwords passwd pass pwd pw passphrase passcode passwort kennwort contraseña "
    "contrasena senha geheim secret secrets secreto token tokens key keys api apikey access auth authorization "
    "client app application user username usuario name login email admin administrator root guest owner public "
    "private id ids test tests testing tester demo sample foo bar baz qux abc xyz string str text char varchar "
    "field value values none null nil true false undefined unknown default required optional hidden removed "
    "masked todo tbd na empty blank me super secure strong weak bearer basic int integer bool boolean object "
    "array number json yaml env environ var variable config configuration setting settings os change insert enter "
    "put type replace set get generated encrypted hash hashed hasher plain plaintext raw base hex jwt sk pk aws "
    "azure google github gitlab openai stripe live prod production dev development local localhost staging data "
    "service server database db host mysql postgres postgresql mongo redis rabbitmq smtp mot de passe"
)
_STOCK = frozenset(_STOCK_WORDS.split())


def is_stock(value: str) -> bool:
    """Whether `value` is what documentation writes in a secret's place: elided, a variable, a word, 123456."""
    if _ELIDED.search(value) or _SAYS_SO.search(value) or _VARIABLE.fullmatch(value):
        return True
    plain = "".join(filter(str.isalnum, value))
    if len(set(plain)) < 4:
        return True
    if any(plain.lower() in run * 4 for run in _RUNS):
        return True
    words = [part.lower() for part in _PART.findall(value) if not part.isdigit()]
    known = [word for word in words if word in _STOCK]
    return sum(map(len, known)) >= 3 and len(words) - len(known) <= 1 and all(w in known or len(w) == 1 for w in words)


def is_code(value: str) -> bool:
    """Whether an unquoted `value` is an expression or a name: `settings.key`, `get(…)`, `new_password`, `[`."""
    return bool(_CALL_OR_NAME.match(value)) or bool(re.fullmatch(r"[^\W\d]\w*_\w*[^\W\d]\d?", value))


def is_path(value: str) -> bool:
    """Whether `value` is an address or the name of a file."""
    return bool(_PATH.match(value))


def is_random(value: str, least: int = 8) -> bool:
    """Whether `value` seems drawn, not written: `least` letters and digits, no words, no run such as `123456`."""
    plain = "".join(filter(str.isalnum, value))
    if len(plain) < least or _WORDY.fullmatch(value) or is_stock(value) or _has_run(plain.lower()):
        return False
    digits = sum(map(str.isdigit, plain))
    if not digits:  # letters alone must change their case more often than CamelCase does
        return len(plain) >= 20 and len(_PART.findall(plain)) * 3 > len(plain)
    return digits < len(plain) and entropy(plain) >= min(3.0, 0.8 * math.log2(len(plain)))


def is_password(value: str, *, strict: bool) -> bool:
    """Whether `value` may be a password: 4 characters and more; `strict` asks for a digit or a sign among letters."""
    if not 4 <= len(value) <= 128 or is_stock(value) or is_path(value) or re.search(r"\s", value):
        return False
    letters, digits = any(map(str.isalpha, value)), any(map(str.isdigit, value))
    if not letters:
        return not strict and sum(map(str.isdigit, value)) >= 6
    return not strict or digits or bool(re.search(r"[!@#$%^&*+~?§]", value))


def entropy(text: str) -> float:
    """Shannon's entropy of `text`, in bits a character."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())


def _has_run(plain: str, length: int = 6) -> bool:
    """Whether `length` characters follow each other as in the alphabet or in counting: nobody draws those."""
    steps = 0
    for left, right in pairwise(plain):
        steps = steps + 1 if ord(right) - ord(left) == 1 or left + right == "90" else 0
        if steps >= length - 1:
            return True
    return False
