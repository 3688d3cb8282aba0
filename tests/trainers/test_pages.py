"""What the pages on trainers say is so."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from factory import plugins, training
from tests.docs.blocks import ROOT, blocks, follow, without_blocks
from tests.docs.test_reference import cells, written
from tests.trainers import rows
from trainers._rows import FAULTS

PAGES = ROOT / "docs/reference/trainers"
NAMES = sorted(f.stem for f in (ROOT / "trainers").glob("*.py") if f.stem[0] != "_")
US = "tests/trainers"
FOLLOWED = [page for page in sorted((ROOT / "docs/howto").glob("*.md")) if len(blocks(page, US)) > len(blocks(page))]
PARTS = ["What it does", "Why it matters", "One trained, one refused", "Options", "Known misses", "Source"]


@pytest.mark.parametrize("name", NAMES)
def test_a_trainer_has_a_page_with_its_options(name: str) -> None:
    assert re.findall(r"^## (.+)$", without_blocks(PAGES / f"{name}.md"), flags=re.MULTILINE) == PARTS
    documented = {row[0]: row[2] for row in cells(PAGES / f"{name}.md", 4) if row[0] != "option"}
    options = plugins.options_of(plugins.load("trainers", name))
    assert documented == {option.name: written(option.default) for option in options}


@pytest.mark.parametrize("name", NAMES)
def test_the_examples_are_trained_and_refused(name: str, tmp_path: Path) -> None:
    found = training.trainer(name)
    examples = [(json.loads(row), said) for row, said in cells(PAGES / f"{name}.md", 2) if row.startswith("{")]
    assert len(examples) == 2
    if name == "kto":  # one label everywhere would be a fault of its own
        examples.append(({**examples[0][0], "label": False, "completion": rows.assistant("Right.")}, "trained"))
    made: list[Any] = [{**row, "id": str(nth)} for nth, (row, _) in enumerate(examples)]
    data = rows.split(tmp_path, found.kinds[0], made)
    errors = {id_: one.reason for one in found.preflight(data, "tiny") if one.level == "error" for id_ in one.rows}
    assert [errors.get(str(nth), "trained") for nth in range(len(examples))] == [said for _, said in examples]


def test_every_reason_of_the_preflight_has_a_line_and_no_other() -> None:
    source = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "trainers").glob("*.py"))
    given = set(re.findall(r'"(train\.[a-z_]+)"', source)) | {f"train.{name}" for name in FAULTS}
    documented = {row[0] for row in cells(PAGES / "index.md", 3) if row[0].startswith("train.")}
    assert documented == given


def test_the_index_names_every_trainer_and_what_it_takes() -> None:
    named = {re.sub(r"\[(\w+)\].*", r"\1", row[0]): row[1] for row in cells(PAGES / "index.md", 3) if "](" in row[0]}
    assert named == {name: " ".join(training.trainer(name).kinds) for name in NAMES}


@pytest.mark.slow
@pytest.mark.parametrize("page", FOLLOWED, ids=lambda page: page.stem)
def test_what_a_page_says_of_training_can_be_done(page: Path, tmp_path: Path) -> None:
    follow(page, tmp_path, followed_by=US)
    assert list(tmp_path.glob("runs/*/models/sft/model/model.safetensors"))
