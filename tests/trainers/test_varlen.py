"""Attention of packed rows: what each document gets alone, gradients and all."""

from itertools import pairwise
from typing import Any

import pytest


def alone(query: Any, key: Any, value: Any, ends: list[int]) -> Any:
    """Softmax attention written out, a document at a time, over everything before."""
    import torch

    heads = query.shape[1] // key.shape[1]
    key, value = (part.repeat_interleave(heads, dim=1) for part in (key, value))
    made = []
    for first, last in pairwise(ends):
        scores = query[:, :, first:last] @ key[:, :, first:last].transpose(2, 3) * 0.3
        later = torch.ones(last - first, last - first).triu(1).bool()
        made.append(scores.masked_fill(later, float("-inf")).softmax(-1) @ value[:, :, first:last])
    return torch.cat(made, 2).transpose(1, 2)


@pytest.mark.parametrize("fewer", [1, 2])
def test_each_document_is_attended_to_by_itself(fewer: int) -> None:
    import torch

    from trainers._varlen import attend

    torch.manual_seed(0)
    query = torch.randn(1, 4, 13, 8, requires_grad=True)
    key, value = (torch.randn(1, 4 // fewer, 13, 8, requires_grad=True) for _ in range(2))
    ends = [0, 1, 6, 13]
    found, _ = attend(None, query, key, value, scaling=0.3, cu_seq_lens_q=torch.tensor(ends))
    wanted = alone(query, key, value, ends)
    assert torch.allclose(found, wanted, atol=1e-6)
    gradients = [torch.autograd.grad(out.square().sum(), (query, key, value)) for out in (found, wanted)]
    assert all(torch.allclose(one, other, atol=1e-5) for one, other in zip(*gradients, strict=True))


def test_packed_rows_use_it_and_a_model_with_a_window_does_not() -> None:
    from transformers import Gemma2Config, LlamaConfig, MistralConfig, Qwen2Config

    from trainers import _model, _tiny
    from trainers._settings import Settings
    from trainers._varlen import NAME, fits

    tokenizer = _tiny.tokenizer(["Hello there."])
    for packed, used in ((True, NAME), (False, "sdpa")):
        made = _model.weights(_model.locate("tiny"), tokenizer, Settings("sft"), packed=packed)
        assert made.config._attn_implementation == used
    assert fits(LlamaConfig())
    assert fits(Qwen2Config())
    assert not fits(MistralConfig(sliding_window=4096))
    assert not fits(Gemma2Config())


def test_rows_that_are_not_packed_are_no_case_for_it() -> None:
    import torch

    from trainers._varlen import attend

    with pytest.raises(ValueError, match="as one sequence"):
        attend(None, *[torch.zeros(2, 1, 3, 4)] * 3)
