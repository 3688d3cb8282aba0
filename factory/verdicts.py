"""Verdicts: what one filter says of each row it was shown. A sidecar table; no filter rewrites a stage.

Every row the filter was shown has exactly one verdict, in the order of the table: keep, edit or reject. Edits are in
the text the filter saw and hold the replacement and the kind, never the value that was removed.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from factory.edits import Edit

VERSION = 1
NOT_LOOKED_AT = "not_looked_at"  # the evidence of a row that a filter handles in kind, and not in this case
EDIT = pa.struct(
    [
        ("field", pa.string()),
        ("start", pa.int64()),
        ("end", pa.int64()),
        ("kind", pa.string()),
        ("replacement", pa.string()),
    ]
)
SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("outcome", pa.string(), nullable=False),  # keep | edit | reject
        pa.field("reason", pa.string()),  # dotted; null where kept as it is
        pa.field("edits", pa.list_(EDIT)),  # null where there is none
        pa.field("evidence", pa.string()),  # JSON: why, in numbers and ids; never text of the row
    ],
    metadata={"factory.table": "verdicts", "factory.version": str(VERSION)},
)


@dataclass
class Verdicts:
    """The verdicts of one batch, built row by row or at once, in the order of the batch."""

    rows: list[dict[str, Any]] = field(default_factory=list)

    def keep(self, id_: str) -> None:
        """The row stays as it is."""
        self.rows.append({"id": id_, "outcome": "keep", "reason": None, "edits": None, "evidence": None})

    def skip(self, id_: str, why: str) -> None:
        """The row stays, and counts as not looked at; `why` is a word, such as `language`."""
        why_not = _json({NOT_LOOKED_AT: why})
        self.rows.append({"id": id_, "outcome": "keep", "reason": None, "edits": None, "evidence": why_not})

    def reject(self, id_: str, reason: str, **evidence: Any) -> None:
        """The row goes, for `reason`; `evidence` says in numbers and ids why."""
        self.rows.append({"id": id_, "outcome": "reject", "reason": reason, "edits": None, "evidence": _json(evidence)})

    def flag(self, id_: str, reason: str, **evidence: Any) -> None:
        """The row stays as it is, and the ledger's reader may want to look: `reason` and `evidence` say why."""
        self.rows.append({"id": id_, "outcome": "keep", "reason": reason, "edits": None, "evidence": _json(evidence)})

    def edit(self, id_: str, edits: Iterable[tuple[str, Edit]], reason: str, **evidence: Any) -> None:
        """The row stays with these (field, edit) pairs applied; without any it is kept as it is."""
        found = [
            {"field": name, "start": e.start, "end": e.end, "kind": e.kind, "replacement": e.replacement}
            for name, e in edits
        ]
        if not found:
            return self.keep(id_)
        self.rows.append({"id": id_, "outcome": "edit", "reason": reason, "edits": found, "evidence": _json(evidence)})

    @classmethod
    def keep_where(
        cls,
        ids: Sequence[str],
        kept: Iterable[bool],
        *,
        reason: str,
        evidence: Iterable[Mapping[str, Any]] | None = None,
    ) -> "Verdicts":
        """Keep the rows whose `kept` is true and reject the others for one reason."""
        verdicts = cls()
        details: Iterable[Mapping[str, Any]] = evidence if evidence is not None else ({} for _ in ids)
        for id_, keep, detail in zip(ids, kept, details, strict=True):
            if keep:
                verdicts.keep(id_)
            else:
                verdicts.reject(id_, reason, **detail)
        return verdicts

    def to_arrow(self) -> pa.Table:
        """As a table of SCHEMA."""
        return pa.Table.from_pylist(self.rows, schema=SCHEMA)


def is_skip(verdict: Mapping[str, Any]) -> bool:
    """Whether a verdict says that the row was not looked at."""
    return bool(verdict["outcome"] == "keep" and verdict["reason"] is None and verdict["evidence"])


def _json(evidence: Mapping[str, Any]) -> str | None:
    return json.dumps(evidence, ensure_ascii=False, sort_keys=True) if evidence else None
