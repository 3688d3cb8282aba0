"""When what stands around a quote may be shown: where nothing is left in it that filters would take out of the row."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from factory.runs import Run
from factory.views.draft import draft
from factory.views.scrubbed import last_scrubber, may_show_passages
from factory.views.survey import survey
from factory.views.trace import trace
from tests.corpora import finished, rows, write_documents

PLACED = [{"pii": {"action": "placeholder"}}, {"secrets": {"action": "placeholder"}}]
TEXT = """# The kiln

Write to anna.weber@example.org before you open one.

A **kiln** is an oven that fires clay at a great heat for two days and a night. Let it cool first.

The password is: password = "Tr0ub4dor-and-3-horses"
"""


def run_of(folder: Path, passages: list[Any], records: list[Any]) -> Run:
    """A run that has its recipe, and nothing else: more is not looked at."""
    made = Run.create(folder / "run")
    recipe = {"passages": {"filter": passages}, "filter": records}
    (made.path / "recipe.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")
    return made


@pytest.mark.parametrize(
    ("passages", "records", "shown"),
    [
        ([], [], True),
        ([], ["length", "language", "degenerate", "feasible", "exact_dedup"], True),  # they judge
        ([], ["pii"], False),
        ([], ["secrets"], False),
        ([], ["encoding"], False),  # it edits
        (PLACED, ["length", "pii", "secrets"], True),
        (PLACED, [{"secrets": {"action": "flag"}}], True),
        ([{"secrets": {"action": "flag"}}], ["secrets"], False),  # they were left in
        ([{"pii": {"actions": {"email": "flag"}}}], ["pii"], False),
        ([{"pii": {"types": ["email"]}}], ["pii"], False),  # telephone numbers were left in
        ([{"pii": {"threshold": 0.9}}], [{"pii": {"threshold": 0.5, "action": "reject"}}], False),
        ([{"secrets": {"allow": ["sk-live-1"], "action": "mask"}}], ["secrets"], False),
    ],
)
def test_what_may_be_shown(tmp_path: Path, passages: list[Any], records: list[Any], shown: bool) -> None:
    assert may_show_passages(run_of(tmp_path, passages, records)) == shown


def test_of_filters_that_only_judge_none_takes_values_out(tmp_path: Path) -> None:
    order = ["length", "pii", "language"]
    assert last_scrubber(run_of(tmp_path, [], order), order) == 1


def test_a_recipe_of_init_shows_what_stands_around_a_quote_as_filters_left_it(tmp_path: Path) -> None:
    root = write_documents(tmp_path, {"kilns.md": TEXT})
    made = yaml.safe_load(draft(survey(root), tmp_path / "recipe.yaml"))
    del made["sources"], made["run"], made["export"]
    made["generate"] = {"methods": ["extractive_qa"]}
    done = finished(tmp_path, {"kilns.md": TEXT}, {"run": "run", "sources": [{"path": str(root)}], **made})
    [row, *_] = rows(done.path / "records")
    [quote] = trace(done, row["id"])["quotes"]
    assert quote["before"].endswith("Write to <EMAIL> before you open one.\n\n")
    assert "<PASSWORD>" in quote["after"]
    assert "horses" not in quote["after"]
