"""What may be done with a text: licence, copyright, confidentiality; and how they travel to what is derived from it.

The scale of confidentiality is public < internal < confidential < restricted. A derived row has the highest of its
parents', all their licences joined by AND, and all their copyright notices; scrubbing never lowers anything.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

Confidentiality = Literal["public", "internal", "confidential", "restricted"]
SCALE: tuple[str, ...] = get_args(Confidentiality)


@dataclass(frozen=True, slots=True)
class Policy:
    """What the user declared for a source, or what lay there; `licence` is an SPDX expression, None: not stated."""

    licence: str | None = None
    copyright: str | None = None
    confidentiality: Confidentiality = "internal"  # not labelled is not public

    def as_dict(self) -> dict[str, str | None]:
        """As the columns of a table."""
        return {"licence": self.licence, "copyright": self.copyright, "confidentiality": self.confidentiality}


def strictness(licence: str | None, confidentiality: str) -> int:
    """How much a row's terms bind, for the choice between copies: the strictest copy stays, so that nothing is lowered.

    Confidentiality first; then NonCommercial and NoDerivatives terms above a licence that nobody stated, and that above
    any other.
    """
    parts = set((licence or "").upper().replace("(", " ").replace(")", " ").replace(" ", "-").split("-"))
    terms = 2 if parts & {"NC", "ND"} else 0 if licence else 1
    return SCALE.index(confidentiality) * 3 + terms


def is_unstated(meta: Mapping[str, Any], sources: Collection[str]) -> bool:
    """Whether a row has no licence, or may hide that one of its parents has none; `sources` are those without one."""
    several = len(meta["documents"]) > 1
    return meta["licence"] is None or (several and any(source in sources for source in meta["sources"]))


def combine(policies: Iterable[Policy]) -> Policy:
    """The policy of what is derived from all of these. Raises ValueError for none."""
    parents = list(policies)
    if not parents:
        raise ValueError("a policy is combined from at least one parent")
    # a parent without a licence adds no term, but hides none either: the others still bind
    licences = sorted({p.licence for p in parents if p.licence})
    joined = licences[0] if len(licences) == 1 else " AND ".join(f"({x})" if " " in x else x for x in licences)
    notices = sorted({p.copyright for p in parents if p.copyright})
    highest = max((p.confidentiality for p in parents), key=SCALE.index)
    return Policy(joined or None, "; ".join(notices) or None, highest)
