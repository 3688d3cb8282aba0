"""Policy: what the declared licence and confidentiality let us train on."""

import json
from typing import Any

import pyarrow as pa
import pytest

from factory.policy import Policy as Declared
from factory.policy import combine
from filters.policy import Policy


def reason(licence: str | None, label: str = "internal", **options: Any) -> str | None:
    batch = pa.record_batch({
        "id": ["r"], "licence": pa.array([licence], pa.string()), "confidentiality": [label], "text": ["secret"],
    })  # fmt: skip
    found = Policy(**options)
    [row] = found.decide(found.measure(batch)).rows
    assert "secret" not in json.dumps(row)
    return row["reason"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("licence", [None, "MIT", "Apache-2.0", "CC-BY-4.0", "CC-BY-SA-4.0", "LicenseRef-Acme-NCR"])
@pytest.mark.parametrize("use", ["commercial", "research", "internal"])
def test_what_rules_nothing_out_is_kept(licence: str | None, use: Any) -> None:
    assert reason(licence, use=use) is None


@pytest.mark.parametrize(
    ("licence", "use", "why"),
    [
        ("CC-BY-NC-4.0", "commercial", "policy.non_commercial"),
        ("cc-by-nc-sa-4.0", "commercial", "policy.non_commercial"),
        ("CC-BY-NC-4.0", "research", None),
        ("CC-BY-ND-4.0", "commercial", "policy.no_derivatives"),
        ("CC-BY-ND-4.0", "research", "policy.no_derivatives"),
        ("CC-BY-NC-ND-4.0", "research", "policy.no_derivatives"),
        ("CC-BY-NC-ND-4.0", "internal", None),
        ("MIT AND CC-BY-NC-4.0", "commercial", "policy.non_commercial"),
        ("CC-BY-NC-4.0 OR MIT", "commercial", None),
        ("CC-BY-NC-4.0 OR MIT AND CC-BY-ND-4.0", "commercial", "policy.non_commercial"),
        ("(MIT OR CC-BY-NC-4.0) AND Apache-2.0", "commercial", None),
        ("(MIT OR CC-BY-4.0) AND CC-BY-NC-4.0", "commercial", "policy.non_commercial"),
        ("GPL-2.0-only WITH Classpath-exception-2.0", "commercial", None),
        ("PolyForm-Noncommercial-1.0.0", "commercial", "policy.non_commercial"),
        ("some words of ours", "commercial", "policy.licence_not_understood"),
        ("MIT AND unknown", "commercial", None),
    ],
)
def test_terms_that_rule_the_use_out_reject(licence: str, use: Any, why: str | None) -> None:
    assert reason(licence, use=use) == why


def test_a_list_of_licences_allows_those_alone() -> None:
    assert reason("mit", licences=["MIT", "Apache-2.0"]) is None
    assert reason("MIT AND Apache-2.0", licences=["MIT", "Apache-2.0"]) is None
    assert reason("GPL-3.0-only OR MIT", licences=["MIT"]) is None
    assert reason("GPL-3.0-only", licences=["MIT"]) == "policy.licence_not_allowed"
    assert reason("MIT AND GPL-3.0-only", licences=["MIT"]) == "policy.licence_not_allowed"


def test_a_licence_that_nobody_declared_is_kept_unless_asked_otherwise() -> None:
    assert reason(None) is None
    assert reason(None, unlabelled="reject") == "policy.no_licence"


@pytest.mark.parametrize("given", ["public", "internal", "confidential", "restricted"])
@pytest.mark.parametrize("most", ["public", "internal", "confidential", "restricted"])
def test_nothing_above_the_highest_confidentiality_passes(given: str, most: Any) -> None:
    scale = ["public", "internal", "confidential", "restricted"]
    refused = scale.index(given) > scale.index(most)
    assert reason("MIT", given, confidentiality=most) == ("policy.too_confidential" if refused else None)


def test_what_is_derived_has_all_terms_and_the_highest_confidentiality() -> None:
    parents = [
        Declared("MIT", "© A", "public"),
        Declared("Apache-2.0 OR MIT", None, "confidential"),
        Declared(None, "© B"),
    ]
    assert combine(parents) == Declared("(Apache-2.0 OR MIT) AND MIT", "© A; © B", "confidential")
    assert combine([Declared("MIT"), Declared("MIT")]) == Declared("MIT")
    with pytest.raises(ValueError, match="at least one parent"):
        combine([])
