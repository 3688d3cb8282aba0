"""Attention for packed rows: every document by itself, so that no token sees another document's.

On a GPU one call of `torch.nn.attention.varlen` for all documents of a sequence; elsewhere a causal SDPA a document.
transformers' own SDPA would build a mask of the whole sequence, whose cost grows with the square of its length.
Source  torch's varlen attention; the interface for attention functions of transformers.
"""

from itertools import pairwise
from typing import Any

NAME = "varlen"


def registered() -> str:
    """The name under which transformers now finds this attention."""
    from transformers import AttentionInterface, AttentionMaskInterface

    AttentionInterface.register(NAME, attend)
    AttentionMaskInterface.register(NAME, _no_mask)
    return NAME


def fits(config: Any) -> bool:
    """Whether a model attends to all that came before, and no more than that: no window, no capped scores."""
    text = config.get_text_config()
    windowed = getattr(text, "sliding_window", None) and getattr(text, "use_sliding_window", True)
    layers = set(getattr(text, "layer_types", None) or ()) - {"full_attention"}
    return not windowed and not layers and not getattr(text, "attn_logit_softcapping", None)


def _no_mask(*_: Any, **__: Any) -> None:
    """Where documents end is told by `cu_seq_lens_q`."""


def attend(
    module: Any, query: Any, key: Any, value: Any, attention_mask: Any = None, scaling: float | None = None,
    dropout: float = 0.0, cu_seq_lens_q: Any = None, max_length_q: int = 0, **options: Any,
) -> tuple[Any, None]:  # fmt: skip
    """Query (1, heads, tokens, size), keys and values perhaps of fewer heads -> (1, tokens, heads, size).

    `cu_seq_lens_q` are the places where documents begin, and the end. Raises ValueError where they are not told.
    """
    if cu_seq_lens_q is None or query.shape[0] != 1:
        raise ValueError("packed rows come as one sequence, with the places where they begin")
    if query.is_cuda and query.dtype.itemsize == 2:
        return _on_gpu(query, key, value, cu_seq_lens_q, int(max_length_q), scaling), None
    return _one_by_one(query, key, value, cu_seq_lens_q.tolist(), scaling, dropout), None


def _one_by_one(query: Any, key: Any, value: Any, ends: list[int], scaling: float | None, dropout: float) -> Any:
    from torch import cat
    from torch.nn.functional import scaled_dot_product_attention

    parts = [
        scaled_dot_product_attention(
            query[:, :, first:last], key[:, :, first:last], value[:, :, first:last],
            dropout_p=dropout, is_causal=True, scale=scaling, enable_gqa=query.shape[1] != key.shape[1],
        )
        for first, last in pairwise(ends)
    ]  # fmt: skip
    return cat(parts, dim=2).transpose(1, 2).contiguous()


def _on_gpu(query: Any, key: Any, value: Any, ends: Any, longest: int, scaling: float | None) -> Any:
    from torch.nn.attention.varlen import varlen_attn

    flat = [part[0].transpose(0, 1).contiguous() for part in (query, key, value)]
    ends = ends.to(query.device)
    done = varlen_attn(
        *flat,
        ends,
        ends,
        longest,
        longest,
        scale=scaling,
        window_size=(-1, 0),
        enable_gqa=flat[0].shape != flat[1].shape,
    )
    return done.unsqueeze(0)
