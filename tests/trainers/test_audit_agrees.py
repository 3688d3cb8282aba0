"""The audit's template x-ray and the trainers' preflight say the same of the same rows; tokens, masks, packing."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory import Run, plugins, training
from factory.errors import WrongRequest
from factory.foreign import audit_dataset
from factory.views import packing, verify
from tests.trainers.rows import assistant, homes, preference, sft, user
from tests.trainers.templates import TEMPLATES

Row = dict[str, Any]
MAIL = "anna.weber@acme-pumps.example"


def model(folder: Path, *, template: str | None = None) -> Path:
    """A folder with a tokenizer and a config, and no weights."""
    from trainers import _tiny

    made = _tiny.tokenizer(["Everybody knows who lives in which city, and where that is.", "In Rome and in Oslo."])
    made.add_tokens(["<start_of_turn>", "<end_of_turn>"], special_tokens=True)
    if template:
        made.chat_template = TEMPLATES[template]
    made.save_pretrained(str(folder))
    _tiny.config(made).save_pretrained(str(folder))
    return folder


def audited(folder: Path, rows: list[Row], **options: Any) -> tuple[dict[str, Any], Run]:
    file = folder / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    report = audit_dataset(file, into=folder / "audit", workers=1, **options)
    return report, Run(folder / "audit")


def refused(report: Mapping[str, Any]) -> dict[str, list[str]]:
    return {name: sorted(its["rows"]) for name, its in report["chapters"]["template"]["faults"].items()}


def preflight(name: str, run: Run, kind: str, place: Path) -> dict[str, list[str]]:
    """By fault the rows that the trainer's own preflight names."""
    trainer = plugins.load("trainers", name)
    module = __import__(trainer.__module__, fromlist=["preflight"])
    files = tuple(sorted((run.path / "dataset" / kind).glob("train-*.parquet")))
    found = module.preflight(training.Split(kind, files), str(place))
    return {f.reason.removeprefix("train."): sorted(f.rows) for f in found if f.level == "error" and f.rows}


FAULTY = [
    [*user("Who?"), *assistant("")],
    [*user(" "), *assistant("Anna.")],
    user("Who?"),
    [*assistant("Anna."), *user("Who?"), *assistant("Bob.")],
    [*user("Who?"), *user("Well?"), *assistant("Bob.")],
    [*user("Who?"), *assistant("Bob.<|im_end|>")],
    [*user("Who?"), {"role": "system", "content": "Be brief."}, *assistant("Bob.")],
    [*user("Who?"), *assistant("Rome " * 3000)],
    [*user("Rome " * 3000), *assistant("Bob.")],
]


def test_conversations_that_the_preflight_refuses_are_errors_of_the_audit(tmp_path: Path) -> None:
    place = model(tmp_path / "model")
    rows = [*sft(homes()), *({"messages": messages} for messages in FAULTY)]
    report, run = audited(tmp_path, rows, tokenizer=place)
    said = preflight("sft", run, "sft", place)
    assert refused(report) == said
    assert len(said) >= 8
    assert report["measures"]["template.refused"] == sum(map(len, said.values())) == len(FAULTY)
    severities = {f["id"]: f["severity"] for f in report["findings"]}
    assert all(severities[f"template.{name}"] == "error" for name in said)
    assert not verify.broken(verify.verify(run))


def test_pairs_that_the_preflight_refuses_are_errors_of_the_audit(tmp_path: Path) -> None:
    place = model(tmp_path / "model")
    rows = preference(homes())
    rows[3]["chosen"] = rows[3]["rejected"]
    rows[5]["rejected"] = assistant("")
    rows[7]["chosen"] = assistant("In Rome.<|im_start|>")
    report, run = audited(tmp_path, rows, tokenizer=place)
    assert refused(report) == preflight("dpo", run, "preference", place)
    assert set(refused(report)) == {"same_answers", "empty_answer", "control_token"}


def test_tokens_are_those_that_the_training_counts(tmp_path: Path) -> None:
    from trainers import sft as trainer

    place = model(tmp_path / "model")
    report, run = audited(tmp_path, sft(homes()), tokenizer=place)
    files = tuple((run.path / "dataset/sft").glob("train-*.parquet"))
    [size] = [f for f in trainer.preflight(training.Split("sft", files), str(place)) if f.reason == "train.size"]
    its = report["chapters"]["template"]["kinds"]["sft"]
    assert (its["tokens"], its["learned"], its["in_order"]) == tuple(
        size.values[n] for n in ("tokens", "learned", "rows")
    )
    assert report["measures"]["template.tokens"] == its["tokens"]


def test_without_a_tokenizer_turns_are_looked_at_and_the_rest_is_not_measured(tmp_path: Path) -> None:
    report, run = audited(tmp_path, [*sft(homes()), *({"messages": messages} for messages in FAULTY)])
    assert {"empty_answer", "no_answer", "two_in_a_row"} <= set(refused(report))
    assert "control_token" not in refused(report)
    assert "no tokenizer is named" in report["not_measured"]["template.tokens"]
    assert not verify.broken(verify.verify(run))


def test_the_page_shows_tokens_with_what_is_learned_and_masks_what_was_found(tmp_path: Path) -> None:
    place = model(tmp_path / "model")
    rows = [{"messages": [*user("Whom do I ask?"), *assistant(f"Write to {MAIL}, she knows.")]}]
    audited(tmp_path, rows, tokenizer=place)
    page = (tmp_path / "audit/report.html").read_text(encoding="utf-8")
    assert MAIL not in page
    learned = "".join(re.findall(r'<mark class="token">(.*?)</mark>', page.split("read only")[1], re.DOTALL))
    assert learned.startswith("Write to ")
    assert learned.endswith("she knows.&lt;|im_end|&gt;\n")
    assert str(tmp_path) not in page


def test_of_a_pair_the_answer_alone_is_learned_and_earlier_answers_are_not(tmp_path: Path) -> None:
    place = model(tmp_path / "model")
    prompt = [*user("Who lives there?"), *assistant("Anna does."), *user("And where is it?")]
    rows = [{"prompt": prompt, "chosen": assistant("In Oslo."), "rejected": assistant("In Rome.")}]
    audited(tmp_path, rows, tokenizer=place)
    page = (tmp_path / "audit/report.html").read_text(encoding="utf-8")
    learned = "".join(re.findall(r'<mark class="token">(.*?)</mark>', page.split("read only")[1], re.DOTALL))
    assert learned == "In Oslo.&lt;|im_end|&gt;\n"


@pytest.mark.parametrize(("template", "system"), [("gemma", False), ("chatml", True)])
def test_a_template_without_markers_or_without_a_system_role_is_said(
    tmp_path: Path, template: str, system: bool
) -> None:
    place = model(tmp_path / "model", template=template)
    rows = [{"messages": [{"role": "system", "content": "Be brief."}, *row["messages"]]} for row in sft(homes())]
    report, _ = audited(tmp_path, rows, tokenizer=place)
    its = report["chapters"]["template"]
    assert (its["own_markers"], its["system"]) == (False, system)
    assert refused(report) == ({} if system else {"not_rendered": refused(report)["not_rendered"]})
    assert "template.no_markers" in {f["id"] for f in report["findings"]}


def test_a_template_that_does_not_teach_the_end_is_found(tmp_path: Path) -> None:
    from trainers import _tiny

    place = tmp_path / "model"
    made = _tiny.tokenizer(["Who lives where."])
    made.chat_template = (
        "{{ bos_token }}{{ bos_token }}{% for m in messages %}{{ m.role }}: {% if m.role == 'assistant' %}"
        "{% generation %}"
        "{{ m.content }}{% endgeneration %}{% else %}{{ m.content }}{% endif %}\n{% endfor %}"
    )
    made.save_pretrained(str(place))
    report, _ = audited(tmp_path, sft(homes()), tokenizer=place)
    found = {f["id"]: f["count"] for f in report["findings"]}
    assert found["template.unended"] == 16
    assert found["template.double_bos"] == 16


def test_tools_that_the_model_is_not_shown_are_counted(tmp_path: Path) -> None:
    tools = [{"type": "function", "function": {"name": "look_up", "parameters": {}}}]
    rows = [{**row, "tools": tools if n < 3 else None} for n, row in enumerate(sft(homes()))]
    report, _ = audited(tmp_path, rows, tokenizer=model(tmp_path / "model"))
    [found] = [f for f in report["findings"] if f["id"] == "template.tools"]
    assert found["count"] == 3


def test_what_is_no_tokenizer_is_a_wrong_request(tmp_path: Path) -> None:
    with pytest.raises(WrongRequest, match="no such folder"):
        audited(tmp_path, sft(homes()), tokenizer="./none/there/at/all")
    (tmp_path / "empty").mkdir()
    with pytest.raises(WrongRequest, match="cannot be loaded"):
        audited(tmp_path, sft(homes()), tokenizer=tmp_path / "empty")


def test_another_tokenizer_makes_the_report_anew(tmp_path: Path) -> None:
    from factory import run

    audited(tmp_path, sft(homes()))
    recipe = tmp_path / "audit/recipe.yaml"
    place = model(tmp_path / "model")
    assert run(recipe.parent, set=[f"audit.tokenizer={place}"]).did == ["audit"]
    assert run(recipe.parent, set=[f"audit.tokenizer={place}"]).did == []
    (place / "chat_template.jinja").write_text(TEMPLATES["chatml"], encoding="utf-8")
    assert run(recipe.parent, set=[f"audit.tokenizer={place}"]).did == ["audit"]


@given(lengths=st.lists(st.integers(1, 40), max_size=30), size=st.integers(10, 50))
def test_no_packing_is_fuller_than_full(lengths: list[int], size: int) -> None:
    fitting = [length for length in lengths if length <= size]
    made = packing.sequences(lengths, size)
    assert -(-sum(fitting) // size) <= made <= len(fitting)
    assert 0 <= packing.padded(lengths, size) <= 1


def test_rows_are_packed_best_fit_first() -> None:
    assert packing.sequences([6, 4, 5, 5, 3, 7], 10) == 3
    assert packing.sequences([], 10) == packing.sequences([11], 10) == 0
