"""What travels from parents to what is made of them, and which of two copies binds more."""

from pathlib import Path

import pytest
import yaml

from factory import run
from factory.policy import Policy, combine, strictness
from factory.views.show import rows


def test_what_is_made_of_several_has_the_highest_confidentiality_and_all_their_terms() -> None:
    made = combine([Policy("MIT", "© A", "public"), Policy("CC-BY-4.0", None, "confidential"), Policy(None)])
    assert made == Policy("CC-BY-4.0 AND MIT", "© A", "confidential")


def test_of_nothing_no_policy_is_made() -> None:
    with pytest.raises(ValueError, match="at least one parent"):
        combine([])


def test_confidentiality_binds_more_than_any_licence() -> None:
    order = [("MIT", "public"), (None, "public"), ("MIT AND CC-BY-NC-4.0", "public"), ("MIT", "internal")]
    assert sorted(order, key=lambda pair: strictness(*pair)) == order


def test_a_copy_under_looser_terms_does_not_free_a_text(tmp_path: Path) -> None:
    text = "The pump lifts water from the lower pond to the upper one whenever the gate is open."
    for name in ("public", "secret"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.md").write_text(text, encoding="utf-8")
    recipe = {
        "run": str(tmp_path / "out"),
        "sources": [
            {"path": "public", "licence": "MIT", "confidentiality": "public"},
            {"path": "secret", "licence": "CC-BY-4.0", "confidentiality": "restricted"},
        ],
        "documents": {"filter": ["exact_dedup"]},
        "generate": {"methods": ["text"]},
    }
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")
    done = run(tmp_path / "recipe.yaml", until="export", workers=1)
    [row] = rows(done, "records")
    assert (row["meta"]["licence"], row["meta"]["confidentiality"]) == ("CC-BY-4.0", "restricted")
