"""What filters are shown of a record besides itself: the two sides of a pair, or what the record was made from.

| `sees`        | columns besides `id`                                                                             |
|---------------|--------------------------------------------------------------------------------------------------|
| `pair`        | prompt, chosen, rejected: the text of each, with a line end between messages                     |
| `sourced`     | kind, language, strings (field, role, text), cited, passages, headings: as a generator saw them  |
| `raw_sourced` | the same columns; cited, passages and headings as they stood before any filter edited them       |

`cited` are the slices of documents that the quotes of the row name, `passages` the texts of the passages it was made
from, in order, `headings` the titles above these, outermost first. All three are empty for a row whose source is not
in the run, such as a row of a foreign dataset: whether it is looked at is for the filter to say.

What was measured on unedited text could carry what a filter took out into the files of the run. Therefore
`check_places` lets features of such a filter hold numbers, ids, and names of kinds and fields, and nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from factory.errors import WrongRequest
from factory.records import COLUMNS

if TYPE_CHECKING:
    from factory.corpus import Row

ORIGINS = ("sourced", "raw_sourced")
SEES = ("pair", *ORIGINS)
SIDES = ("prompt", "chosen", "rejected")
TEXTS = pa.list_(pa.large_string())
STRINGS = pa.list_(pa.struct([("field", pa.string()), ("role", pa.string()), ("text", pa.large_string())]))
TYPES = {
    **dict.fromkeys(SIDES, pa.large_string()),
    **dict.fromkeys(("kind", "language"), pa.string()),
    **dict.fromkeys(("cited", "passages", "headings"), TEXTS),
    "strings": STRINGS,
}
FIELDS = "|".join(["quotes", "rewordings", *sorted({name for columns in COLUMNS.values() for name, _ in columns})])
NAMES = {  # which strings features of unedited text may have, by the name of their column or struct field
    "id": r"[\s\S]*",
    "kind": r"[A-Za-z][A-Za-z0-9_]{0,39}",
    "field": rf"(?:(?:{FIELDS})(?:\[\d+\])*(?:\.content|\.text)?)?",
}


@dataclass(frozen=True, slots=True)
class Origin:
    """What a record was made from: the slices that it cites, the passages, the titles above them."""

    cited: tuple[str, ...] = ()
    passages: tuple[str, ...] = ()
    headings: tuple[str, ...] = ()


def shown(row: "Row", sees: str) -> dict[str, Any]:
    """All that a filter of one of `SEES` is shown of a row, its id apart, by column."""
    if sees == "pair":
        return {side: "\n".join(s.text for s in row.strings if s.field.startswith(f"{side}[")) for side in SIDES}
    origin = row.origins.get(sees, Origin())
    return {
        "kind": row.info["kind"],
        "language": row.info["language"],
        "strings": [string._asdict() for string in row.strings],
        "cited": list(origin.cited),
        "passages": list(origin.passages),
        "headings": list(origin.headings),
    }


def batch_of(rows: Sequence["Row"], sees: str) -> pa.RecordBatch:
    """What a filter of one of `SEES` is shown of these rows."""
    all_shown = [shown(row, sees) for row in rows]
    names = list(all_shown[0]) if all_shown else []
    columns = {name: pa.array([one[name] for one in all_shown], TYPES[name]) for name in names}
    return pa.record_batch({"id": pa.array([row.id for row in rows], pa.string()), **columns})


def check_places(instance: str, features: pa.Table) -> None:
    """Raise WrongRequest for features that could hold a piece of the unedited text, naming the column."""
    for column in features.schema:
        for name, values in _leaves(column.name, features[column.name].combine_chunks()):
            if _is_number(values.type):
                continue
            known = NAMES.get(name.removesuffix("s")) if pa.types.is_string(values.type) else None
            if known is None or not _all_match(values, known):
                raise WrongRequest(
                    f"The filter '{instance}' sees unedited text and measured '{column.name}', which could hold some "
                    "of it. Its features may be numbers, and strings named 'kind' or 'field' that hold such names."
                )


def _all_match(values: pa.Array, pattern: str) -> bool:
    import pyarrow.compute as pc

    return bool(pc.all(pc.match_substring_regex(values, f"^(?:{pattern})$"), min_count=0).as_py())


def _leaves(name: str, values: pa.Array) -> list[tuple[str, pa.Array]]:
    """The columns without lists and structs around them, each with the name that stands nearest to it."""
    if pa.types.is_list(values.type) or pa.types.is_large_list(values.type):
        return _leaves(name, values.flatten())
    if pa.types.is_struct(values.type):
        fields = zip(values.type, values.flatten(), strict=True)
        return [leaf for field, inner in fields for leaf in _leaves(field.name, inner)]
    return [(name, values)]


def _is_number(type_: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(type_)
        or pa.types.is_floating(type_)
        or pa.types.is_boolean(type_)
        or pa.types.is_null(type_)
    )
