"""What a trained model says when it is asked: always its likeliest words, several questions at once.

Greedy, so that the same model and question give the same answer on the same machine.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from factory import chat
from factory.training import Message
from trainers import _losses
from trainers._rows import Method

BATCH = 16


def answers(method: Method, model: str, prompts: Sequence[Sequence[Message]], max_tokens: int) -> Iterator[str]:
    """The answer to each prompt (messages that end with the user's), in order. Raises WrongRequest for no model."""
    import torch

    loaded, tokenizer, _ = _losses.opened(model, method)
    tokenizer.padding_side = "left"  # the answer must follow its prompt
    template, waiting = tokenizer.get_chat_template(), iter(prompts)
    while batch := list(islice(waiting, BATCH)):
        asked = [chat.render(tokenizer, messages, template, ask=True)[0] for messages in batch]
        inputs = tokenizer(asked, return_tensors="pt", padding=True, add_special_tokens=False)
        inputs = {name: inputs[name].to(loaded.device) for name in ("input_ids", "attention_mask")}
        with torch.no_grad():
            said = loaded.generate(**inputs, max_new_tokens=max_tokens, do_sample=False, **_ends(loaded, tokenizer))
        for tokens in said[:, inputs["input_ids"].shape[1] :]:
            yield tokenizer.decode(tokens, skip_special_tokens=True).strip()


def _ends(model: Any, tokenizer: Any) -> dict[str, Any]:
    """The tokens that end an answer: those of the model, and those that close a turn in its tokenizer."""
    known = model.generation_config.eos_token_id
    ends = {tokenizer.eos_token_id, *(known if isinstance(known, list) else [known])} - {None}
    return {"eos_token_id": sorted(ends), "pad_token_id": tokenizer.pad_token_id}
