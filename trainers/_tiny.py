"""A model made on the spot: a small Llama with random weights and a byte-level BPE tokenizer learned from the data.

It knows nothing, and is big enough to learn some dozens of rows by heart in seconds: to try a whole chain on any
machine, with no download. The same data and seed make the same tokenizer and weights.
"""

from collections.abc import Iterable
from itertools import takewhile
from typing import Any

VOCABULARY = 4096  # at most
SAMPLE_CHARS = 2_000_000  # learning the tokenizer from more costs seconds and changes nothing that matters here
CONTEXT = 2048
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n"
    "{% if message.role == 'assistant' %}{% generation %}{{ message.content }}<|im_end|>\n{% endgeneration %}"
    "{% else %}{{ message.content }}<|im_end|>\n{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def tokenizer(texts: Iterable[str]) -> Any:
    """A byte-level BPE tokenizer of at most 4,096 tokens, learned from the first two million characters."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|pad|>"],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    bpe.train_from_iterator(_sample(texts), trainer)
    marks = {"bos_token": "<|endoftext|>", "eos_token": "<|im_end|>", "pad_token": "<|pad|>"}
    return PreTrainedTokenizerFast(tokenizer_object=bpe, chat_template=TEMPLATE, model_max_length=CONTEXT, **marks)


def _sample(texts: Iterable[str]) -> Iterable[str]:
    left = SAMPLE_CHARS

    def fits(text: str) -> bool:
        nonlocal left
        left -= len(text)
        return left + len(text) > 0

    return takewhile(fits, texts)


def config(tokenizer: Any, **changes: Any) -> Any:
    """The shape: two layers of width 128, about half a million parameters and the embeddings."""
    from transformers import LlamaConfig

    return LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=128,
        intermediate_size=384,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=tokenizer.bos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        **changes,
    )
