"""Each method learns what it should; trained on shuffled rows it does not, so that the first claim means something."""

import json
from pathlib import Path
from typing import Any

import pytest

from factory import training
from factory.errors import CheckFailed, DeadWorld, WrongRequest
from factory.training import Trained
from tests.trainers import rows
from tests.trainers.rows import asked, homes, mean

KINDS = {"sft": "sft", "cpt": "text", "dpo": "preference", "kto": "feedback", "reward": "preference"}
FAST: dict[str, Any] = {"learning_rate": 3e-3, "batch": 16, "epochs": 40.0}  # a model that knows nothing, in seconds


def train(method: str, folder: Path, made: list[Any], model: str = "tiny", **options: Any) -> Trained:
    """Train on these rows below `folder`."""
    found = training.trainer(method, options)
    result: Trained = found.train(rows.split(folder, KINDS[method], made), model, folder / "out", **found.options)
    return result


def losses(method: str, folder: Path, made: list[Any]) -> list[float]:
    """The loss of each row under the model that was trained there."""
    found = {its.id: its.loss for its in training.trainer(method).losses(str(folder / "out"), made)}
    return [found[row["id"]] for row in made]


def answers(folder: Path) -> list[str]:
    """What the model says when it is asked where everybody lives, always its likeliest word."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder / "out/model")
    model = AutoModelForCausalLM.from_pretrained(folder / "out/model")
    said = []
    for name, _ in homes():
        prompt = tokenizer.apply_chat_template(
            asked(name), add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        out = model.generate(**prompt, max_new_tokens=12, do_sample=False)
        said.append(tokenizer.decode(out[0, prompt["input_ids"].shape[1] :], skip_special_tokens=True).strip())
    return said


def test_sft_gives_the_answers_back_and_shuffled_answers_give_others(tmp_path: Path) -> None:
    right = [f"In {city}." for _, city in homes()]
    enough: dict[str, Any] = {"batch": 16, "epochs": 100.0}
    trained = train("sft", tmp_path / "right", rows.sft(homes()), **enough)
    train("sft", tmp_path / "shuffled", rows.sft(homes(shuffled=True)), **enough)
    assert answers(tmp_path / "right") == right
    assert mean(losses("sft", tmp_path / "right", rows.sft(homes()))) < 0.2
    assert sum(one == other for one, other in zip(answers(tmp_path / "shuffled"), right, strict=True)) == 0
    assert mean(losses("sft", tmp_path / "shuffled", rows.sft(homes()))) > 1
    assert (trained.rows, trained.left_out, trained.steps) == (16, 0, 100)


def test_cpt_learns_the_text_and_not_its_shuffled_twin(tmp_path: Path) -> None:
    enough: dict[str, Any] = {"batch": 8, "epochs": 80.0}
    train("cpt", tmp_path / "right", rows.text(homes()), **enough)
    train("cpt", tmp_path / "shuffled", rows.text(homes(shuffled=True)), **enough)
    largest = {
        which: mean(
            found.largest for found in training.trainer("cpt").losses(str(tmp_path / which / "out"), rows.text(homes()))
        )
        for which in ("right", "shuffled")
    }
    assert largest["shuffled"] > 2 * largest["right"]  # the city, which only the right text tells; the rest is the same


def preferred(folder: Path) -> float:
    """In how many of the pairs the model finds the right city likelier than the other one."""
    made = rows.preference(homes())
    turned = [{**row, "chosen": row["rejected"], "rejected": row["chosen"]} for row in made]
    pairs = zip(losses("dpo", folder, made), losses("dpo", folder, turned), strict=True)
    return mean(right < wrong for right, wrong in pairs)


def test_dpo_prefers_the_right_answer_and_swapped_pairs_undo_it(tmp_path: Path) -> None:
    train("dpo", tmp_path / "right", rows.preference(homes()), **FAST)
    train("dpo", tmp_path / "shuffled", rows.preference(homes(), swapped=range(0, 16, 2)), **FAST)
    assert preferred(tmp_path / "right") == 1
    assert preferred(tmp_path / "shuffled") == 0.5


def test_kto_prefers_what_got_a_thumb_up_and_random_thumbs_teach_nothing(tmp_path: Path) -> None:
    train("kto", tmp_path / "right", rows.feedback(homes()), **FAST)
    train("kto", tmp_path / "random", rows.feedback(homes(), random_labels=True), **FAST)
    assert preferred(tmp_path / "right") == 1
    assert preferred(tmp_path / "random") < 0.8


def test_a_reward_model_ranks_the_pairs_and_swapped_ones_undo_it(tmp_path: Path) -> None:
    made = rows.preference(homes())
    enough: dict[str, Any] = {"learning_rate": 1e-3, "batch": 16, "epochs": 40.0}
    train("reward", tmp_path / "right", made, **enough)
    train("reward", tmp_path / "shuffled", rows.preference(homes(), swapped=range(0, 16, 2)), **enough)
    assert mean(loss < 0.69 for loss in losses("reward", tmp_path / "right", made)) == 1
    assert mean(loss < 0.69 for loss in losses("reward", tmp_path / "shuffled", made)) == 0.5


# --- packing, adapters, resuming -------------------------------------------------------------------------------------


def test_packed_rows_have_the_loss_that_they_have_alone(tmp_path: Path) -> None:
    """Before the first step, so that both are the same model; packed in one sequence, and each padded by itself."""
    made = rows.sft(homes())
    once = {"epochs": 1.0, "batch": 16, "learning_rate": 1e-9, "args": {"per_device_train_batch_size": 16}}
    alone = train("sft", tmp_path / "alone", made, **once)
    packed = train("sft", tmp_path / "packed", made, packing=True, max_length=1024, **once)
    assert packed.steps == alone.steps == 1
    assert packed.rows == alone.rows == 16
    assert abs(packed.metrics["train_loss"] - alone.metrics["train_loss"]) < 1e-4


@pytest.mark.parametrize("method", ["sft", "reward"])
def test_an_adapter_merged_is_the_adapter_applied(method: str, tmp_path: Path) -> None:
    import torch
    import transformers
    from peft import PeftModel

    from trainers import _model
    from trainers._settings import Settings

    reward = method == "reward"
    made = (rows.preference if reward else rows.sft)(homes())
    train(method, tmp_path, made, adapter="lora", epochs=4.0)
    merged = _model.weights(_model.locate(str(tmp_path / "out")), None, Settings(method), reward=reward)
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "out/model")
    base = _model.weights(_model.locate("tiny"), tokenizer, Settings(method), reward=reward)
    base.config.pad_token_id = tokenizer.pad_token_id
    applied = PeftModel.from_pretrained(base, str(tmp_path / "out/adapter"))
    ids = tokenizer("Where does Anna live?", return_tensors="pt")["input_ids"]
    with torch.no_grad():
        one, other = (model.eval()(input_ids=ids).logits for model in (merged, applied))
        bare = applied.unload().eval()(input_ids=ids).logits
    assert torch.allclose(one, other, atol=1e-5)
    assert not torch.allclose(one, bare, atol=1e-3)


def weights(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return dict(load_file(folder / "out/model/model.safetensors"))


def equal(one: dict[str, Any], other: dict[str, Any]) -> bool:
    import torch

    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("damage", [None, "cut", "unmarked"])
def test_stopped_and_run_again_is_never_stopped(
    damage: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the last checkpoint was cut in half, or the machine died while it was written."""
    from trainers import _fit

    options: dict[str, Any] = {"epochs": 12.0, "args": {"save_steps": 6}}
    train("sft", tmp_path / "whole", rows.sft(homes()), **options)

    def stop(self: Any, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step == 15:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(_fit.Journal, "on_step_end", stop)
        with pytest.raises(KeyboardInterrupt):
            train("sft", tmp_path / "stopped", rows.sft(homes()), **options)
    last = tmp_path / "stopped/out/checkpoints/checkpoint-12"
    if damage == "cut":
        (last / "model.safetensors").write_bytes((last / "model.safetensors").read_bytes()[:1000])
    elif damage == "unmarked":
        (last / _fit.WHOLE).unlink()
    train("sft", tmp_path / "stopped", rows.sft(homes()), **options)
    log = [json.loads(line) for line in (tmp_path / "stopped/out/log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in log].count(14) == (1 if damage is None else 2) + (damage is None)
    assert equal(weights(tmp_path / "whole"), weights(tmp_path / "stopped"))
    assert not (tmp_path / "stopped/out/checkpoints").exists()


def test_what_trackers_wrote_beside_the_checkpoints_stays(tmp_path: Path) -> None:
    from trainers._fit import clear_checkpoints

    for name in ("runs/one/events.out", "checkpoint-20/model.safetensors", "README.md"):
        (tmp_path / "checkpoints" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "checkpoints" / name).write_text(name)
    clear_checkpoints(tmp_path)
    assert [place.name for place in tmp_path.iterdir()] == ["trackers"]
    assert [place.name for place in (tmp_path / "trackers").iterdir()] == ["runs"], "TRL's own card says nothing here"
    assert (tmp_path / "trackers/runs/one/events.out").read_text() == "runs/one/events.out"


def test_the_same_data_and_seed_make_the_same_model_and_another_seed_another(tmp_path: Path) -> None:
    for name, seed in (("one", 0), ("two", 0), ("three", 1)):
        train("sft", tmp_path / name, rows.sft(homes()), epochs=1.0, seed=seed)
    assert equal(weights(tmp_path / "one"), weights(tmp_path / "two"))
    assert not equal(weights(tmp_path / "one"), weights(tmp_path / "three"))


@pytest.mark.parametrize("adapter", ["full", "lora"])
def test_gradient_checkpoints_change_the_memory_and_not_the_model(adapter: str, tmp_path: Path) -> None:
    import torch

    for name, checkpoints in (("kept", False), ("again", True)):
        args = {"gradient_checkpointing": checkpoints}
        train("sft", tmp_path / name, rows.sft(homes()), adapter=adapter, epochs=3.0, args=args)
    one, other = weights(tmp_path / "kept"), weights(tmp_path / "again")
    assert all(torch.allclose(one[name], other[name], atol=1e-5) for name in one)


def test_out_of_memory_says_the_estimate_and_what_to_lower(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An allocation that no machine can make, in the middle of the training: torch's own error."""
    import torch

    from trainers import _fit

    def too_much(self: Any, args: Any, state: Any, control: Any, **_: Any) -> None:
        torch.empty(1 << 50)

    def refused(self: Any, args: Any, state: Any, control: Any, **_: Any) -> None:
        raise MemoryError("Cannot allocate memory (os error 12)")  # as safetensors says it

    for failing in (too_much, refused):
        monkeypatch.setattr(_fit.Journal, "on_step_end", failing)
        with pytest.raises(DeadWorld, match=r"Out of memory; the estimate was \d+\.\d GB\. .*adapter=lora"):
            train("sft", tmp_path, rows.sft(homes()), epochs=1.0)


def test_a_loss_that_is_no_number_stops_and_names_its_rows(tmp_path: Path) -> None:
    with pytest.raises(CheckFailed, match=r"loss is nan at step \d+, on the rows r\d"):
        train("sft", tmp_path, rows.sft(homes()), batch=2, learning_rate=1e20, args={"max_grad_norm": 0})
    assert not (tmp_path / "out/model").exists()


def test_what_is_left_out_is_counted_and_not_trained(tmp_path: Path) -> None:
    bad = {"id": "bad", "messages": []}
    trained = train("sft", tmp_path, [*rows.sft(homes()), bad], faulty="drop", epochs=1.0)
    assert (trained.rows, trained.left_out) == (16, 1)


def test_only_the_last_part_of_a_document_ends_the_text(tmp_path: Path) -> None:
    from trainers import _tiny, cpt
    from trainers._rows import Chat

    tokenizer = _tiny.tokenizer(["Hello there."])
    chat = Chat.of(tokenizer, "")
    ends = [
        cpt.encode(chat, {"text": "Hello there.", "meta": meta}).columns["input_ids"][-1] == tokenizer.eos_token_id
        for meta in ('{"part": 1, "parts": 2}', '{"part": 2, "parts": 2}', None)
    ]
    assert ends == [False, True, True]


def test_a_model_of_ours_is_trained_on(tmp_path: Path) -> None:
    """cpt, then sft, then dpo, each on what the one before made."""
    train("cpt", tmp_path / "cpt", rows.text(homes()), epochs=1.0)
    train("sft", tmp_path / "sft", rows.sft(homes()), model=str(tmp_path / "cpt/out"), epochs=1.0)
    trained = train("dpo", tmp_path / "dpo", rows.preference(homes()), model=str(tmp_path / "sft/out"), epochs=1.0)
    assert sorted(p.name for p in trained.model.iterdir()) == [
        "chat_template.jinja", "config.json", "generation_config.json", "model.safetensors", "tokenizer.json",
        "tokenizer_config.json",
    ]  # fmt: skip
    for step in ("sft", "dpo"):
        before = {"sft": "cpt", "dpo": "sft"}[step]
        assert (tmp_path / step / "out/model/tokenizer.json").read_text() == (
            tmp_path / before / "out/model/tokenizer.json"
        ).read_text()


def test_a_gguf_file_is_trained_on_and_saved_as_safetensors(tmp_path: Path) -> None:
    import torch

    from tests.trainers import gguf_file
    from trainers import _model
    from trainers._settings import Settings

    train("sft", tmp_path / "first", rows.sft(homes()), epochs=1.0)
    gguf_file.write(tmp_path / "first/out/model", tmp_path / "first.gguf")
    settings = Settings("sft")
    read = _model.weights(_model.locate(str(tmp_path / "first.gguf")), None, settings)
    meant = _model.weights(_model.locate(str(tmp_path / "first/out")), None, settings)
    ids = torch.tensor([[5, 6, 7, 8]])
    assert torch.allclose(read(input_ids=ids).logits, meant(input_ids=ids).logits)
    train("sft", tmp_path / "second", rows.sft(homes()), model=str(tmp_path / "first.gguf"), epochs=1.0)
    assert not equal(weights(tmp_path / "first"), weights(tmp_path / "second"))
    assert weights(tmp_path / "first").keys() == weights(tmp_path / "second").keys()


@pytest.mark.parametrize("method", ["dpo", "kto"])
def test_under_an_adapter_the_model_without_it_is_the_reference(method: str, tmp_path: Path) -> None:
    made = {"dpo": rows.preference, "kto": rows.feedback}[method](homes())
    trained = train(method, tmp_path, made, adapter="lora", epochs=1.0)
    assert trained.steps > 0
    assert (tmp_path / "out/adapter/adapter_model.safetensors").is_file()


def test_four_bits_need_a_gpu(tmp_path: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is one")
    train("sft", tmp_path / "first", rows.sft(homes()), epochs=1.0)
    with pytest.raises(WrongRequest, match="qlora needs a CUDA GPU"):
        train("sft", tmp_path / "second", rows.sft(homes()), model=str(tmp_path / "first/out"), adapter="qlora")


@pytest.mark.parametrize("method", KINDS)
def test_losses_are_of_the_learned_tokens_alone(method: str, tmp_path: Path) -> None:
    made = getattr(rows, {"sft": "sft", "cpt": "text", "kto": "feedback"}.get(method, "preference"))(homes())
    train(method, tmp_path, made, epochs=1.0)
    found = list(training.trainer(method).losses(str(tmp_path / "out"), [*made[:3], {"id": "bad"}]))
    assert sorted(one.id for one in found) == sorted(row["id"] for row in made[:3])
    assert all(one.largest >= one.loss > 0 and one.tokens > 1 for one in found)
    if method == "sft":  # `In Berlin.` and the two tokens of the end of a turn are a fraction of the row
        assert all(one.tokens < 10 for one in found)


def test_rows_of_one_length_are_asked_together_and_each_once() -> None:
    from trainers import _losses

    waiting = [(f"r{nth}", [0] * (nth * 37 % 101 + 1), [0]) for nth in range(2 * _losses.WINDOW - 3)]
    batches = list(_losses._alike(iter(waiting)))
    assert sorted(id_ for batch in batches for id_, *_ in batch) == sorted(id_ for id_, *_ in waiting)
    assert max(map(len, batches)) == _losses.BATCH
    padded = sum(len(batch) * max(len(ids) for _, ids, _ in batch) for batch in batches)
    assert padded < 1.1 * sum(len(ids) for _, ids, _ in waiting)


def test_general_text_is_mixed_in_by_its_share_and_drawn_by_the_seed(tmp_path: Path) -> None:
    from trainers._replay import mixed

    data = rows.split(tmp_path, "text", rows.text(homes()))
    file = tmp_path / "general.txt"
    file.write_text("\n\n".join(f"Paragraph {n}. " + "The tide comes and goes. " * 40 for n in range(40)))
    whole = sum(len(row["text"]) for row in rows.text(homes()))
    for share in (0.2, 0.9):
        both, [note] = mixed(data, file, share, tmp_path / str(share), seed=1)
        assert note.values["characters"] >= whole * share / (1 - share) > note.values["characters"] - 4100
        assert len((tmp_path / str(share) / "replay.jsonl").read_text().splitlines()) == note.values["rows"]
        assert both.train == (*data.train, tmp_path / str(share) / "replay.jsonl")
    assert "fewer than asked for" in mixed(data, file, 0.99, tmp_path / "x", seed=1)[1][0].message
    first, other = (mixed(data, file, 0.5, tmp_path / str(n), seed=n)[0].train[1].read_text() for n in (2, 3))
    assert first != other
    assert mixed(data, None, 0.5, tmp_path, seed=0) == (data, [])


def test_a_model_is_trained_on_the_mixture_and_the_preflight_says_so(tmp_path: Path) -> None:
    file = tmp_path / "general.jsonl"
    file.write_text("".join(json.dumps({"text": f"The tide of day {n} comes and goes."}) + "\n" for n in range(90)))
    found = training.trainer("cpt", {"replay": str(file), "replay_share": 0.5})
    data = rows.split(tmp_path, "text", rows.text(homes()))
    assert "train.replay" in {finding.reason for finding in found.preflight(data, "tiny", **found.options)}
    trained = train("cpt", tmp_path, rows.text(homes()), replay=str(file), replay_share=0.5, epochs=1.0)
    assert trained.rows > 16 + 16
    with pytest.raises(WrongRequest, match=r"'replay' names nowhere\.txt"):
        training.trainer("cpt", {"replay": "nowhere.txt"})
    changed = training.trainer("cpt", {"replay": str(file)}).digest
    file.write_text("another\n")
    assert training.trainer("cpt", {"replay": str(file)}).digest != changed
