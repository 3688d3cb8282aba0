"""A GGUF file as llama.cpp writes one, of a model of ours: to be read back by transformers."""

import json
from pathlib import Path
from typing import Any

NAMES = {
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
}  # fmt: skip


def write(folder: Path, file: Path) -> None:
    """The Llama in a folder, in float32."""
    import gguf
    import numpy as np
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    shape, out = model.config, gguf.GGUFWriter(str(file), "llama")
    out.add_block_count(shape.num_hidden_layers)
    out.add_context_length(shape.max_position_embeddings)
    out.add_embedding_length(shape.hidden_size)
    out.add_feed_forward_length(shape.intermediate_size)
    out.add_head_count(shape.num_attention_heads)
    out.add_head_count_kv(shape.num_key_value_heads)
    out.add_layer_norm_rms_eps(shape.rms_norm_eps)
    out.add_vocab_size(shape.vocab_size)
    _add_tokenizer(out, tokenizer, json.loads((folder / "tokenizer.json").read_text())["model"]["merges"])
    for name, weight in model.state_dict().items():
        if name != "lm_head.weight":  # it is the embedding once more
            out.add_tensor(*_tensor(name, np.ascontiguousarray(weight.numpy()), shape.num_attention_heads))
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


def _add_tokenizer(out: Any, tokenizer: Any, merges: list[Any]) -> None:
    vocabulary = sorted(tokenizer.get_vocab().items(), key=lambda entry: entry[1])
    out.add_tokenizer_model("gpt2")
    out.add_tokenizer_pre("gpt-2")
    out.add_token_list([token for token, _ in vocabulary])
    out.add_token_types([3 if token.startswith("<|") else 1 for token, _ in vocabulary])
    out.add_token_merges([merge if isinstance(merge, str) else " ".join(merge) for merge in merges])
    out.add_bos_token_id(tokenizer.bos_token_id)
    out.add_eos_token_id(tokenizer.eos_token_id)
    out.add_pad_token_id(tokenizer.pad_token_id)
    out.add_chat_template(tokenizer.chat_template)


def _tensor(name: str, weight: Any, heads: int) -> tuple[str, Any]:
    """Name and values as llama.cpp has them: its rotary embedding wants queries and keys in another order."""
    whole = {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight"}
    if name in whole:
        return whole[name], weight
    _, _, block, rest = name.split(".", 3)
    part = rest.removesuffix(".weight")
    if part in ("self_attn.q_proj", "self_attn.k_proj"):
        pairs = weight.reshape(heads, 2, weight.shape[0] // heads // 2, *weight.shape[1:])
        weight = pairs.swapaxes(1, 2).reshape(weight.shape)
    return f"blk.{block}.{NAMES[part]}.weight", weight
