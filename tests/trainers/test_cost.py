"""What a training will cost, said before its first step: memory by its parts, and time by trying."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.trainers import rows
from trainers import _memory, _pace
from trainers._memory import Model, Needed
from trainers._settings import Plan, Settings

LENGTH, LAYERS = 64, 3


def llama(**changes: Any) -> Any:
    from transformers import LlamaConfig

    shape = {"hidden_size": 128, "intermediate_size": 384, "num_attention_heads": 4, "num_key_value_heads": 4}
    return LlamaConfig(
        **{**shape, "num_hidden_layers": LAYERS, "vocab_size": 300, "tie_word_embeddings": True, **changes}
    )


def kept(shape: Any, settings: Settings, **checkpoints: bool) -> float:
    """Bytes a token that autograd keeps of all layers: those of a model with them, without those of one with none."""
    import torch
    from transformers import AutoModelForCausalLM

    from trainers import _model

    def of(layers: int) -> int:
        shape.num_hidden_layers = layers
        model = AutoModelForCausalLM.from_config(shape)
        if settings.adapter != "full" and layers:
            from peft import get_peft_model

            model = get_peft_model(model, _model.adapter(settings))
        if checkpoints:
            model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        weights = {weight.untyped_storage().data_ptr() for weight in model.parameters()}
        seen: dict[int, Any] = {}

        def see(tensor: Any) -> Any:
            if tensor.untyped_storage().data_ptr() not in weights:
                seen[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage()
            return tensor

        ids = torch.randint(1, 300, (2, LENGTH))
        with torch.autograd.graph.saved_tensors_hooks(see, lambda tensor: tensor):
            model.train().get_decoder()(input_ids=ids, attention_mask=torch.ones_like(ids), use_cache=False)
        return sum(storage.nbytes() for storage in seen.values())

    return (of(LAYERS) - of(1)) / (LAYERS - 1) / (2 * LENGTH)


@pytest.mark.parametrize("adapter", ["full", "lora"])
@pytest.mark.parametrize("heads", [4, 2, 1])
def test_a_layer_keeps_of_a_token_what_is_said(adapter: Any, heads: int) -> None:
    settings = Settings("sft", adapter=adapter)
    shape = llama(num_key_value_heads=heads)
    assert Model.of(shape, settings).kept == pytest.approx(kept(shape, settings), rel=0.03)


def test_with_checkpoints_it_keeps_the_hidden_state(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings("sft", args={"gradient_checkpointing": True})
    assert kept(llama(), settings, checkpoints=True) == pytest.approx(4 * 128, rel=0.05)
    model = Model.of(llama(), settings)
    needed = _memory.estimate(model, plan(), settings, method(), LENGTH)
    assert needed.activations == 4 * LENGTH * (LAYERS * 4 * 128 + model.kept)


def plan(**changes: Any) -> Plan:
    return Plan(
        **{"rows": 8, "epochs": 1.0, "batch": 8, "micro": 4, "accumulated": 2, "learning_rate": 1e-3, "steps": 10}
        | changes
    )


def method(name: str = "sft") -> Any:
    from factory import training

    return __import__(training.trainer(name).train.__module__, fromlist=["METHOD"]).METHOD


def test_the_parts_are_those_of_the_shape() -> None:
    full, lora = (Settings("sft", adapter=adapter) for adapter in ("full", "lora"))
    model, adapted = Model.of(llama(), full), Model.of(llama(), lora)
    weights = 300 * 128 + LAYERS * (4 * 128 * 128 + 3 * 128 * 384 + 2 * 128) + 128
    assert model.parameters == model.trained == weights
    assert adapted.trained == LAYERS * 16 * (4 * 256 + 3 * 512)  # of rank 16; the head has none
    its = _memory.estimate(model, plan(), full, method(), LENGTH)
    assert (its.weights, its.optimiser, its.gradients) == (4 * weights, 8 * weights, 4 * weights)
    assert its.activations == 4 * LENGTH * LAYERS * model.kept
    assert its.logits == 8.25 * 4 * LENGTH * 300 * 4
    assert its.libraries > 100e6
    assert (its.loading, its.saving) == (0, 0)
    low = _memory.estimate(adapted, plan(), lora, method(), LENGTH, gguf=True)
    assert low.loading > 0
    assert low.saving > 0
    pairs = _memory.estimate(model, plan(), full, method("dpo"), LENGTH)
    assert (pairs.weights, pairs.activations) == (2 * its.weights, 2 * its.activations)  # a reference, two answers
    assert _memory.estimate(model, plan(), full, method("reward"), LENGTH).logits == 0


def test_the_worst_moment_counts_and_not_the_sum() -> None:
    parts = {"libraries": 1.0, "weights": 10.0, "optimiser": 20.0, "gradients": 10.0}
    steps = Needed(**parts, activations=50.0, logits=5.0, loading=8.0, saving=10.0)
    assert steps.total == 1 + 10 + 20 + 55
    assert Needed(**parts, activations=1.0, logits=1.0, loading=8.0, saving=10.0).total == 1 + 10 + 20 + 10
    assert Needed(**parts, activations=1.0, logits=1.0, loading=40.0, saving=0.0).total == 1 + 10 + 40


@pytest.mark.parametrize(
    ("free", "micro", "lower", "said"),
    [
        (0.0, 4, {}, "Take a smaller model."),
        (9e6, 4, {"adapter": "lora"}, "free."),
        (13e6, 4, {"args.per_device_train_batch_size": 1}, "free."),
        (13e6, 1, {}, "Lower max_length, or take a smaller model."),
    ],
)  # fmt: skip
def test_what_may_help_is_offered_and_nothing_else(
    free: float, micro: int, lower: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a model with 3.3 MB of weights, 10 of gradients and moments, and more of activations."""
    settings = Settings("sft")
    model = Model.of(llama(), settings)
    needed = _memory.estimate(model, plan(micro=micro), settings, method(), 40 * LENGTH)
    monkeypatch.setattr(_memory, "_free", lambda needed: (free + needed.libraries, "a machine"))
    [error] = _memory.judge(needed, model, plan(micro=micro), settings)
    assert error.options == lower
    assert error.message.endswith(said)


# --- time ------------------------------------------------------------------------------------------------------------


def test_a_batch_is_as_long_as_its_longest_row() -> None:
    assert _pace.padded([40] * 9, 4, seed=0) == 160
    assert 4 * 70 < _pace.padded([10, 100], 4, seed=0) < 400
    assert _pace.padded([10, 100], 4, seed=0) == _pace.padded([10, 100], 4, seed=0)


def test_hours_are_steps_times_tokens_and_the_optimiser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_pace, "_by_product", lambda parameters: ((1e-3, 0.5), (3e-3, 0.5)))
    model = Model.of(llama(), Settings("sft"))
    for name, factor in (("sft", 1.0), ("dpo", 2 * 4 / 3), ("kto", 2.0)):  # a pair and a reference; three passes more
        found = _pace.hours(llama(), model, plan(), Settings(name), method(name), [50] * 8, packed=0)
        assert found.low * 3600 == pytest.approx(10 * (2 * 4 * 50 * factor * 1e-3 + 0.5))
        assert found.high * 3600 == pytest.approx(1.3 * 10 * (2 * 4 * 50 * factor * 3e-3 + 0.5))
    packed = _pace.hours(llama(), model, plan(), Settings("sft"), method(), [50] * 8, packed=512)
    assert packed.low * 3600 == pytest.approx(10 * (2 * 4 * 512 * 1e-3 + 0.5))


@pytest.mark.parametrize("adapter", ["full", "lora"])
def test_a_layer_and_the_head_are_tried(adapter: Any) -> None:
    shape = llama(vocab_size=20_000, layer_types=None)
    tried = _pace._by_tries(shape, Settings("sft", adapter=adapter))
    assert tried is not None
    fast, slow = tried
    assert 0 < fast[0] <= slow[0] < 1
    assert fast[1] == slow[1] > 0
    assert shape.num_hidden_layers == LAYERS
    assert shape.vocab_size == 20_000  # it is a copy that is tried


def test_a_shape_that_cannot_be_cut_to_a_layer_has_an_estimate_too() -> None:
    from transformers import Qwen3NextConfig

    small = {"hidden_size": 64, "intermediate_size": 128, "num_attention_heads": 4, "num_key_value_heads": 2}
    shape = Qwen3NextConfig(**small, head_dim=16, num_hidden_layers=4, vocab_size=300)
    assert _pace._by_tries(shape, Settings("sft")) is None
    its = dataclasses.replace(Model.of(llama(), Settings("sft")), parameters=_pace.SMALL + 1)
    assert 0 < _pace.hours(shape, its, plan(), Settings("sft"), method(), [50], packed=0).low < 1


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        ((0.001, 0.002), "under a minute"),
        ((0.05, 0.11), "3 to 6.6 minutes"),
        ((1.51, 4.2), "1.5 to 4.2 hours"),
        ((30.0, 120.0), "30 to 120 hours"),
    ],
)
def test_hours_are_said_as_one_reads_them(hours: tuple[float, float], said: str) -> None:
    assert str(_pace.Hours(*hours)) == said


@pytest.fixture
def one_thread() -> Iterator[None]:
    import torch

    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def test_the_preflight_says_between_which_hours(tmp_path: Path, one_thread: None) -> None:
    from factory import training

    data = rows.split(tmp_path, "sft", rows.sft(rows.homes()))
    [note] = training.trainer("sft").preflight(data, "tiny")
    assert 0 < note.values["hours_low"] < note.values["hours_high"] < 1
    assert note.message.endswith("here.")
