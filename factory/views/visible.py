"""Text on a page: characters that hide or turn text are shown as marks, so that a reader sees what a model does."""

import re
from typing import Any

from markupsafe import Markup, escape

UNSEEN = re.compile(  # not the joiners U+200C and U+200D: they shape Persian words and emoji
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    r"\U000e0000-\U000e007f]"
)
ENOUGH = 600  # bytes of mark-up around a text or a verdict of a row, and a share of that around the row


def visible(value: Any) -> Any:
    """A string with `⟨U+202E⟩` for each character that is not seen; what is no string, as it is."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return UNSEEN.sub(_mark, value)


def _mark(found: "re.Match[str]") -> str:
    return f"⟨U+{ord(found.group()):04X}⟩"


def size(value: Any) -> int:
    """About how many bytes of a page the strings in `value` take."""
    if isinstance(value, str):
        return len(escape(visible(value)).encode())
    if isinstance(value, dict):
        return ENOUGH + sum(map(size, value.values()))
    return sum(map(size, value)) if isinstance(value, list) else 8
