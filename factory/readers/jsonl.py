"""The object of a JSON line, and the text of a row.

The text is the mapped column, or else the first of text, content, body, document that is a string.
"""

import json
from collections.abc import Mapping
from typing import Any

from factory.errors import BadItem

TEXT_COLUMNS = ("text", "content", "body", "document")
_KINDS: dict[type, str] = {
    bool: "True or false",
    int: "A number",
    float: "A number",
    str: "A string",
    list: "A list",
    dict: "An object",
    type(None): "Null",
}
MAX_NAMES = 12  # how many column names a message lists


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these pairs; json itself would drop all but the last of two keys."""
    made = dict(pairs)
    if len(made) < len(pairs):
        raise BadItem("ingest.bad_json", "A key stands twice in one object, and one of them would be lost. Keep one.")
    return made


_DECODER = json.JSONDecoder(object_pairs_hook=_once)  # made once: `json.loads` makes one a line


def object_of(line: str) -> dict[str, Any]:
    """The object of a line. Raises BadItem: ingest.bad_json."""
    try:
        value = _DECODER.decode(line)
    except json.JSONDecodeError as error:
        what = error.msg.partition(":")[0].removesuffix(" at").rstrip(" '\"").lower()
        raise BadItem("ingest.bad_json", f"Not JSON (column {error.colno}: {what}). Correct or remove it.") from None
    except (ValueError, RecursionError):
        raise BadItem("ingest.bad_json", "Not usable JSON (nested too deep, or a number too long).") from None
    if not isinstance(value, dict):
        raise BadItem("ingest.bad_json", f'{kind(value)}, not an object. Write each line as {{"text": …}}.')
    return value


def text_of(row: Mapping[str, Any], columns: Mapping[str, str] | None) -> str:
    """The text of one row. Raises BadItem: ingest.no_text, ingest.empty."""
    column = (columns or {}).get("text") or _text_column(row)
    if column not in row:
        raise BadItem("ingest.no_text", f"No column '{column}'. {remedy(row)}")
    text = row[column]
    if not isinstance(text, str):
        raise BadItem("ingest.no_text", f"Column '{column}' holds {kind(text).lower()}, not text. {remedy(row)}")
    if not text.strip():
        raise BadItem("ingest.empty", f"Column '{column}' is empty. Fill or remove it.")
    return text


def _text_column(row: Mapping[str, Any]) -> str:
    present = [name for name in TEXT_COLUMNS if name in row]
    if not present:
        raise BadItem("ingest.no_text", f"None of the columns {', '.join(TEXT_COLUMNS)}. {remedy(row)}")
    return next((name for name in present if isinstance(row[name], str)), present[0])


def remedy(names: Mapping[str, Any] | list[str]) -> str:
    """What to write in the recipe, given the columns that are there."""
    shown = [name if len(name) <= 40 else f"{name[:39]}…" for name in list(names)[:MAX_NAMES]]
    there = ", ".join(shown) + (", …" if len(names) > MAX_NAMES else "") or "none"
    return f"Name the column in the source, map: {{text: COLUMN}}; columns here: {there}."


def kind(value: object) -> str:
    """What JSON calls the type of `value`; a columnar file has others, such as dates."""
    return _KINDS.get(type(value), "Another kind of value")
