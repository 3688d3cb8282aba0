"""What TRL would swallow in silence, or die of without naming a row, is named before the first step."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from factory import training
from factory.errors import CheckFailed, WrongRequest
from factory.plural import many
from factory.training import Finding, Split
from tests.trainers import rows
from tests.trainers.rows import assistant, user
from trainers import _model

KINDS = {"sft": "sft", "cpt": "text", "dpo": "preference", "kto": "feedback", "reward": "preference"}
LONG = "words " * 300


def preflight(method: str, folder: Path, made: list[Any], **options: Any) -> list[Finding]:
    """The findings on these rows; 16 right ones stand before them."""
    found = training.trainer(method, options)
    return found.preflight(rows.split(folder, KINDS[method], made), "tiny", **found.options)


def right(method: str) -> list[Any]:
    """Rows with no fault."""
    make = {"sft": rows.sft, "cpt": rows.text, "dpo": rows.preference, "kto": rows.feedback, "reward": rows.preference}
    return make[method](rows.homes())


def messages(*turns: dict[str, Any]) -> dict[str, Any]:
    return {"messages": list(turns)}


def pair(prompt: Any = None, chosen: Any = None, rejected: Any = None) -> dict[str, Any]:
    return {
        "prompt": prompt if prompt is not None else user("Who?"),
        "chosen": chosen if chosen is not None else assistant("Anna."),
        "rejected": rejected if rejected is not None else assistant("Bob."),
    }


def thumb(label: Any = True, prompt: Any = None, completion: Any = None) -> dict[str, Any]:
    asked = prompt if prompt is not None else user("Who?")
    return {"prompt": asked, "completion": completion if completion is not None else assistant("Anna."), "label": label}


SFT = {
    "a long prompt eats max_length": (messages(*user(LONG), *assistant("Yes.")), "prompt_too_long"),
    "an answer is cut in half": (messages(*user("Tell me."), *assistant(LONG)), "answer_cut"),
    "no assistant turn": (messages(*user("Hi")), "no_answer"),
    "an empty answer": (messages(*user("Hi"), *assistant("")), "empty_answer"),
    "an empty question": (messages(*user(" "), *assistant("Hi")), "empty_question"),
    "the assistant first": (messages(*assistant("Hi")), "answer_first"),
    "two users in a row": (messages(*user("Hi"), *user("You?"), *assistant("Hi")), "two_in_a_row"),
    "a role of another format": (messages({"role": "human", "content": "Hi"}, *assistant("Hi")), "unknown_role"),
    "a typo in a role": (messages(*user("Hi"), {"role": "asistant", "content": "Hi"}), "unknown_role"),
    "a special token in the content": (messages(*user("Hi"), *assistant("a<|im_end|>b")), "control_token"),
    "no messages": (messages(), "no_messages"),
    "messages that are missing": ({"text": "Hi"}, "no_messages"),
    "content that is null": (messages(*user("Hi"), *assistant(None)), "no_content"),
    "tools that are no JSON": ({**messages(*user("Hi"), *assistant("Hi")), "tools": ""}, "bad_tools"),
    "a system message in the middle": (
        messages(*user("Hi"), {"role": "system", "content": "Be short."}, *assistant("Hi")), "system_not_first",
    ),
}  # fmt: skip
PAIRS = {
    "chosen equals rejected": (pair(rejected=assistant("Anna.")), "same_answers"),
    "an empty rejected answer": (pair(rejected=assistant("")), "empty_answer"),
    "a missing rejected answer": ({"prompt": user("Who?"), "chosen": assistant("Anna.")}, "no_messages"),
    "a prompt that is already answered": (pair(prompt=[*user("Who?"), *assistant("Anna.")]), "prompt_answered"),
    "a prompt as a string": (pair(prompt="Who?"), "no_messages"),
    "an answer of the user": (pair(chosen=user("Anna.")), "not_an_answer"),
    "a prompt beyond max_length": (pair(prompt=user(LONG)), "prompt_too_long"),
    "an answer beyond max_length": (pair(chosen=assistant(LONG)), "answer_cut"),
    "a special token in the prompt": (pair(prompt=user("<|im_start|>system")), "control_token"),
}
DPO = {
    **PAIRS,
    "answers that differ beyond max_length": (pair(None, assistant(LONG), assistant(LONG + "!")), "same_when_cut"),
}
REWARD = {
    **PAIRS,
    "answers that differ beyond max_length": (pair(None, assistant(LONG), assistant(LONG + "!")), "answer_cut"),
}
KTO = {
    "a label between true and false": (thumb(0.7), "label_not_bool"),
    "a label as a number": (thumb(1), "label_not_bool"),
    "a label as a string": (thumb("false"), "label_not_bool"),
    "a label that is missing": ({"prompt": user("Who?"), "completion": assistant("Anna.")}, "label_not_bool"),
    "a prompt beyond max_length": (thumb(prompt=user(LONG)), "prompt_too_long"),
    "an empty answer": (thumb(completion=assistant("")), "empty_answer"),
}
CPT = {
    "no text": ({"text": "  "}, "no_text"),
    "text that is missing": ({"messages": []}, "no_text"),
    "a special token": ({"text": "a<|endoftext|>b"}, "control_token"),
}
CASES = [
    pytest.param(method, row, fault, id=f"{method}: {what}")
    for method, cases in {"sft": SFT, "dpo": DPO, "reward": REWARD, "kto": KTO, "cpt": CPT}.items()
    for what, (row, fault) in cases.items()
]


@pytest.mark.parametrize(("method", "row", "fault"), CASES)
def test_a_fault_is_named_with_its_row_and_no_other(
    method: str, row: dict[str, Any], fault: str, tmp_path: Path
) -> None:
    options: dict[str, Any] = {} if method == "cpt" else {"max_length": 64}
    found = preflight(method, tmp_path, [*right(method), {**row, "id": "bad"}], **options)
    [error] = [one for one in found if one.level == "error"]
    assert (error.reason, error.rows) == (f"train.{fault}", ("bad",))
    assert "bad" in error.message


@pytest.mark.parametrize("what", ["a long prompt eats max_length", "an answer is cut in half"])
def test_packing_hides_no_row_that_is_too_long(what: str, tmp_path: Path) -> None:
    row, fault = SFT[what]
    found = preflight("sft", tmp_path, [*right("sft"), {**row, "id": "bad"}], max_length=64, packing=True)
    assert [(one.reason, one.rows) for one in found if one.level == "error"] == [(f"train.{fault}", ("bad",))]


@pytest.mark.parametrize("method", KINDS)
def test_rows_in_order_have_no_error_and_a_note_on_the_cost(method: str, tmp_path: Path) -> None:
    found = preflight(method, tmp_path, right(method))
    [note] = [one for one in found if one.level == "note"]
    assert [one for one in found if one.level == "error"] == []
    assert note.values["rows"] == len(right(method))
    assert note.values["steps"] > 0
    assert note.values["bytes"] > 4 * 4 * 300_000  # weights, gradients and two moments of a small model at least


@pytest.mark.parametrize("method", KINDS)
def test_rows_with_a_fault_are_left_out_if_that_is_said(method: str, tmp_path: Path) -> None:
    bad = {"sft": messages(), "cpt": {"text": ""}, "kto": thumb(0.7)}.get(method, pair(rejected=assistant("Anna.")))
    found = preflight(method, tmp_path, [*right(method), {**bad, "id": "bad"}], faulty="drop")
    assert {one.level for one in found} == {"warning", "note"}
    [warning] = [one for one in found if one.level == "warning"]
    assert warning.rows == ("bad",)
    [note] = [one for one in found if one.level == "note"]
    assert note.values["rows"] == len(right(method))


def test_a_row_without_id_is_named_by_its_place(tmp_path: Path) -> None:
    [error] = [f for f in preflight("sft", tmp_path, [*right("sft"), messages()]) if f.level == "error"]
    assert error.rows == ("row:train.jsonl:0000017",)


def test_no_text_of_a_row_is_in_what_is_said_of_it(tmp_path: Path) -> None:
    secret = {**messages(*user("the code is 4711"), *assistant("4711 <|im_end|>")), "id": "bad"}
    found = preflight("sft", tmp_path, [*right("sft"), secret])
    assert "4711" not in json.dumps([[one.message, one.rows, dict(one.options)] for one in found])


@pytest.mark.parametrize("rows_", [[], [{"id": "a", "messages": []}]])
def test_nothing_to_train_on_is_an_error(rows_: list[Any], tmp_path: Path) -> None:
    reasons = [one.reason for one in preflight("sft", tmp_path, rows_, faulty="drop")]
    assert "train.no_rows" in reasons


@pytest.mark.parametrize("column", ["input_ids", "text", "prompt"])
def test_a_stray_column_is_said_and_not_trained_on(column: str, tmp_path: Path) -> None:
    """TRL would train on `input_ids` in place of the messages, and take `prompt` for another format."""
    value: Any = [1, 2, 3] if column == "input_ids" else "Hi"
    found = preflight("sft", tmp_path, [{**row, column: value} for row in right("sft")])
    plain = preflight("sft", tmp_path, right("sft"))
    assert [one.reason for one in found] == ["train.stray_column", "train.size"]
    assert column in found[0].message
    for name in ("rows", "tokens", "learned", "steps", "batch"):  # memory and time are measured
        assert found[1].values[name] == plain[0].values[name]


def test_pairs_that_contradict_each_other_are_named(tmp_path: Path) -> None:
    swapped = [{**pair(chosen=assistant("Bob."), rejected=assistant("Anna.")), "id": "swapped"}]
    found = preflight("dpo", tmp_path, [*right("dpo"), {**pair(), "id": "right"}, *swapped])
    [error] = [one for one in found if one.level == "error"]
    assert (error.reason, set(error.rows)) == ("train.contradicted", {"right", "swapped"})


def test_one_label_everywhere_is_an_error(tmp_path: Path) -> None:
    good = [row for row in right("kto") if row["label"]]
    [one] = [found for found in preflight("kto", tmp_path, good) if found.reason == "train.one_label"]
    assert one.message == f"{many(len(good), 'row')}, all called good: nothing to tell apart."


def test_one_text_everywhere_is_an_error(tmp_path: Path) -> None:
    same = [{**thumb(label=bool(n % 2)), "id": f"r{n}"} for n in range(8)]
    assert "train.one_text" in [one.reason for one in preflight("kto", tmp_path, same)]


@pytest.mark.parametrize("count", range(2, 20))
def test_no_row_of_kto_is_alone_in_its_batch(count: int, tmp_path: Path) -> None:
    found = preflight("kto", tmp_path, right("kto")[:count])
    assert [one.reason for one in found if one.level == "error"] == []


def test_a_batch_that_leaves_one_row_alone_is_an_error(tmp_path: Path) -> None:
    made = right("kto")[:9]
    found = preflight("kto", tmp_path, made, args={"per_device_train_batch_size": 4})
    assert [one.reason for one in found if one.level == "error"] == ["train.lone_row"]


def test_max_length_that_would_do_is_in_the_finding(tmp_path: Path) -> None:
    made = [*right("sft"), {**messages(*user("Tell me."), *assistant(LONG)), "id": "bad"}]
    [error] = [one for one in preflight("sft", tmp_path, made, max_length=64) if one.level == "error"]
    again = preflight("sft", tmp_path, made, **dict(error.options))
    assert [one.level for one in again] == ["note"]


def test_a_text_above_max_length_goes_on_in_another_sequence(tmp_path: Path) -> None:
    made = [*right("cpt"), {"id": "long", "text": LONG}]
    found = preflight("cpt", tmp_path, made, max_length=64)
    assert [one.level for one in found] == ["note"]
    assert found[0].values["learned"] == found[0].values["tokens"]


# --- models ----------------------------------------------------------------------------------------------------------


def saved(folder: Path, template: str | None = "", **shape: Any) -> str:
    """A folder with a tokenizer and a config, no weights."""
    from trainers import _tiny

    tokenizer = _tiny.tokenizer(["Hello there."])
    if template != "":
        tokenizer.chat_template = template
    tokenizer.save_pretrained(folder)
    config = _tiny.config(tokenizer)
    for name, value in shape.items():
        setattr(config, name, value)
    config.save_pretrained(folder)
    return str(folder)


def errors(method: str, folder: Path, model: str, **options: Any) -> list[Finding]:
    """The errors on right rows with a model."""
    found = training.trainer(method, options)
    data = rows.split(folder, KINDS[method], right(method))
    return [one for one in found.preflight(data, model, **found.options) if one.level == "error"]


def test_a_model_without_a_template_is_said_and_plain_mends_it(tmp_path: Path) -> None:
    model = saved(tmp_path / "base", None)
    [error] = errors("sft", tmp_path, model)
    assert (error.reason, error.options) == ("train.no_template", {"template": "plain"})
    assert errors("sft", tmp_path, model, template="plain") == []
    assert errors("cpt", tmp_path, model) == []


def test_a_template_that_cannot_be_marked_is_said(tmp_path: Path) -> None:
    model = saved(tmp_path / "odd", "{% for m in messages | reverse %}{{ m.content }}{% endfor %}")
    [error] = errors("sft", tmp_path, model)
    assert error.reason == "train.no_template"
    assert "markers" in error.message


def test_a_row_that_the_template_refuses_is_named(tmp_path: Path) -> None:
    from tests.trainers.templates import TEMPLATES

    model = saved(tmp_path / "gemma", TEMPLATES["gemma"])
    row = {"id": "bad", "messages": [{"role": "system", "content": "Be short."}, *user("Hi"), *assistant("Hi")]}
    found = training.trainer("sft").preflight(rows.split(tmp_path, "sft", [*right("sft"), row]), model)
    assert [(one.reason, one.rows) for one in found if one.level == "error"] == [("train.not_rendered", ("bad",))]


def test_a_model_that_does_not_fit_into_memory_is_said_before_it_is_loaded(tmp_path: Path) -> None:
    model = saved(
        tmp_path / "huge", hidden_size=32768, intermediate_size=131072, num_hidden_layers=96, num_attention_heads=64
    )
    [error] = errors("sft", tmp_path, model)
    assert (error.reason, error.options) == ("train.memory", {})
    assert "Take a smaller model" in error.message
    assert error.values["bytes"] > error.values["free"]


def test_more_than_the_model_can_read_is_an_error(tmp_path: Path) -> None:
    [error] = errors("sft", tmp_path, saved(tmp_path / "m"), max_length=4096)
    assert (error.reason, error.options) == ("train.beyond_context", {"max_length": 2048})


def test_a_folder_with_one_gguf_file_is_that_model_and_of_several_one_is_to_be_named(tmp_path: Path) -> None:
    (tmp_path / "a.gguf").touch()
    assert _model.locate(str(tmp_path)) == _model.locate(str(tmp_path / "a.gguf"))
    (tmp_path / "b.gguf").touch()
    with pytest.raises(WrongRequest, match=rf"Name one of its files: {tmp_path}/a\.gguf, {tmp_path}/b\.gguf\."):
        _model.locate(str(tmp_path))


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("./nowhere", "There is no model at ./nowhere"),
        ("nowhere", "There is no model at nowhere"),
        ("tests", "tests is no model: the folder has no config.json"),
    ],
)
def test_a_model_that_is_not_there_is_a_wrong_request(model: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(WrongRequest, match=said):
        errors("sft", tmp_path, model)


def test_a_model_whose_weights_are_cut_is_a_wrong_request(tmp_path: Path) -> None:
    model = saved(tmp_path / "m")
    (tmp_path / "m" / "model.safetensors").write_bytes(b"\x10\0\0\0\0\0\0\0{}")
    data = rows.split(tmp_path, "sft", right("sft"))
    with pytest.raises(WrongRequest, match=r"weights of .* cannot be loaded"):
        training.trainer("sft").train(data, model, tmp_path / "out")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"args": {"weight_deca": 0.1}}, "has no argument 'weight_deca'. Did you mean 'weight_decay'"),
        ({"args": {"learning_rate": 0.1}}, "--set learning_rate="),
        ({"args": {"trust_remote_code": True}}, "never run"),
        ({"template": "nowhere.jinja"}, "no file nowhere.jinja"),
        ({"report_to": ("tensorbord",)}, "no tracker 'tensorbord'. Did you mean 'tensorboard'"),
        ({"report_to": ("all",)}, "no tracker 'all'"),
    ],
)
def test_a_wrong_setting_is_a_wrong_request(options: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(WrongRequest, match=said):
        preflight("sft", tmp_path, right("sft"), **options)


def test_a_tracker_that_is_not_installed_is_said_with_the_line_that_installs_it(tmp_path: Path) -> None:
    missing = [name for name in ("wandb", "mlflow", "comet_ml", "clearml") if find_spec(name) is None]
    if not missing:
        pytest.skip("all of them are installed")
    with pytest.raises(WrongRequest, match=rf"report_to: {missing[0]} cannot be used\. .*[Rr]un `pip install"):
        preflight("sft", tmp_path, right("sft"), report_to=(missing[0],))


def test_training_refuses_what_the_preflight_refuses(tmp_path: Path) -> None:
    data: Split = rows.split(tmp_path, "sft", [*right("sft"), {"id": "bad", "messages": []}])
    with pytest.raises(CheckFailed, match=r"train.no_messages.*bad"):
        training.trainer("sft").train(data, "tiny", tmp_path / "out")
