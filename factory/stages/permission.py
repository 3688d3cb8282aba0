"""Whether the rows that leave may be put to the use that the recipe states: their licences, and who wrote them.

In      of every row that leaves its licence, sources and models; `use` and the terms of the models in the recipe.
Out     nothing where all is well; else an error that names the sources and models, and what to do.
Rules   For commercial use no NonCommercial and no NoDerivatives terms, and nothing of which nobody said what it is; for
        research no NoDerivatives terms; in both no share-alike terms that exclude each other. A model's answers may be
        put to what its `terms` say, and to what is narrower.
Costs   some 200 bytes of RAM for each different licence, sources and models.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from factory import licences
from factory.errors import CheckFailed
from factory.licences import USES, Use
from factory.plural import many
from factory.policy import is_unstated
from factory.recipe import Recipe

WHY = {
    "policy.non_commercial": "forbids commercial use",
    "policy.no_derivatives": "forbids what is derived from it",
    "policy.no_licence": "has no stated licence",
    "policy.licence_not_understood": "has a licence that is no SPDX expression",
}
SHOWN = 5  # of each kind, in a message


@dataclass
class Permission:
    """What must be allowed, counted as rows go by."""

    recipe: Recipe
    rows: Counter[tuple[str, tuple[str, ...]]] = field(default_factory=Counter)  # by licence and sources
    models: Counter[str] = field(default_factory=Counter)  # by the names that servers know them by

    def __post_init__(self) -> None:
        self._unstated = {source.name for source in self.recipe.sources if not licences.is_stated(source.licence)}

    def take(self, meta: Mapping[str, Any]) -> None:
        """Count one row by its `meta`."""
        if self.recipe.use is None:
            return
        licence = licences.UNKNOWN if is_unstated(meta, self._unstated) else str(meta["licence"])
        self.rows[licence, tuple(meta["sources"])] += 1
        self.models.update(set((meta.get("models") or {}).values()))

    def check(self) -> None:
        """Raise CheckFailed where the stated use is not allowed."""
        use = self.recipe.use
        if use is None:
            return
        wrong = [*self._by_licence(use), *self._by_mixing(use), *self._by_model(use)]
        if wrong:
            raise CheckFailed(f"The rows may not be put to {use} use, so nothing is exported. {' '.join(wrong)}")

    def _by_licence(self, use: Use) -> list[str]:
        lost: Counter[tuple[str, str, str]] = Counter()
        for (licence, sources), count in self.rows.items():
            if reason := _refusal(licence, use):
                for source in sources:
                    lost[source, licence, reason] += count
        said = [
            f"{source} ({'' if licence == licences.UNKNOWN else licence + ' '}{WHY[reason]}: {many(count, 'row')})"
            for (source, licence, reason), count in lost.most_common()
        ]
        if not said:
            return []
        remedy = (
            "Leave them out with 'policy: {unlabelled: reject}'; or state their licence, if you have another one; or "
            "state a narrower use."
        )
        return [f"Not allowed: {_list(said)}.", remedy]

    def _by_mixing(self, use: Use) -> list[str]:
        """Share-alike terms that exclude each other; of what nobody shares nothing is asked."""
        good = [(licence, sources) for licence, sources in self.rows if not _refusal(licence, use)]
        if use == "internal" or licences.can_mix(licence for licence, _ in good):
            return []
        binding = sorted({
            f"{', '.join(sources)} ({licence})" for licence, sources in good
            if all(licences.share_alike(way) for way in licences.ways(licence))
        })  # fmt: skip
        return [
            f"Share-alike terms exclude each other: {_list(binding)}.",
            "Make a dataset of each, with a recipe of its own.",
        ]

    def _by_model(self, use: Use) -> list[str]:
        wrong, missing = [], []
        for name, model in self.recipe.models.items():
            count = self.models[model.model]
            if not count or _allow(model.terms, use):
                continue
            if model.terms is not None:
                wrong.append(f"{name} (terms: {model.terms}; {many(count, 'row')})")
            elif use == "commercial":
                missing.append(f"{name} ({many(count, 'row')})")
        said = [f"What these models wrote may not be put to it: {_list(wrong)}."] if wrong else []
        if missing:
            said.append(
                f"Nobody said what the terms of these models allow: {_list(missing)}. "
                "Read them, then write 'terms: commercial' (or research, internal, none) at the model."
            )
        return said


def _allow(terms: str | None, use: Use) -> bool:
    """Whether a model's terms name this use, or a wider one."""
    return terms in USES[: USES.index(use) + 1]


def _refusal(licence: str, use: Use) -> str | None:
    def of_one(one: str) -> str | None:
        if one == licences.UNKNOWN:
            return "policy.no_licence" if use == "commercial" else None
        return licences.forbids(one, use)

    try:
        return licences.refusal(licence, of_one)
    except licences.BadLicence:  # of a run of which the recipe was not checked: nothing else makes such a row
        return "policy.licence_not_understood"


def _list(said: list[str]) -> str:
    more = f" and {len(said) - SHOWN} more" if len(said) > SHOWN else ""
    return ", ".join(said[:SHOWN]) + more
