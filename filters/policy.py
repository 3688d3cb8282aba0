"""Reject what its licence or confidentiality does not let us train on.

Sees    the licence (an SPDX expression, as declared or found) and confidentiality of a row.
Misses  licences that nobody stated: a row without one is kept unless `unlabelled: reject`.

With `licences` only those are allowed. Without, what the use rules out is refused: for `commercial` use NonCommercial
and NoDerivatives terms, for `research` NoDerivatives; for `internal` use nothing is refused by its licence.
"""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import pyarrow as pa

from factory import licences as spdx
from factory.policy import SCALE, Confidentiality
from factory.verdicts import Verdicts

DECIDES = {"decides": True}


@dataclass(frozen=True)
class Policy:
    """Keep rows whose declared terms allow the use."""

    sees: ClassVar[str] = "row"
    use: spdx.Use = field(default="commercial", metadata=DECIDES)
    licences: list[str] | None = field(default=None, metadata=DECIDES)
    confidentiality: Confidentiality = field(default="restricted", metadata=DECIDES)  # the highest that may pass
    unlabelled: Literal["keep", "reject"] = field(default="keep", metadata=DECIDES)

    def measure(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The declared columns as they are: nothing here is dear."""
        return batch.select(["id", "licence", "confidentiality"])

    def decide(self, features: pa.RecordBatch) -> Verdicts:
        """One verdict a row, the confidentiality first."""
        verdicts = Verdicts()
        columns = (features[name].to_pylist() for name in ("id", "licence", "confidentiality"))
        for id_, licence, confidentiality in zip(*columns, strict=True):
            reason = self._refusal(licence, confidentiality)
            if reason is None:
                verdicts.keep(id_)
            else:
                verdicts.reject(id_, reason, licence=licence, confidentiality=confidentiality)
        return verdicts

    def _refusal(self, licence: str | None, confidentiality: str) -> str | None:
        """Why a row may not pass; None where it may."""
        if SCALE.index(confidentiality) > SCALE.index(self.confidentiality):
            return "policy.too_confidential"
        if licence is None:
            return self._of_one(spdx.UNKNOWN)
        try:
            return spdx.refusal(licence, self._of_one)
        except spdx.BadLicence:
            return "policy.licence_not_understood"

    def _of_one(self, licence: str) -> str | None:
        """Why one licence does not allow the use; None where it does."""
        if licence == spdx.UNKNOWN:
            return "policy.no_licence" if self.unlabelled == "reject" else None
        if self.licences is not None:
            allowed = {name.casefold() for name in self.licences}
            return None if licence.casefold() in allowed else "policy.licence_not_allowed"
        return spdx.forbids(licence, self.use)
