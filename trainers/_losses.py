"""Losses a row under a trained model, with the masks that the trainer had."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from factory.errors import WrongRequest
from factory.training import Loss
from trainers import _model
from trainers._rows import Chat, Encoded, Fault, Method
from trainers._settings import Settings

BATCH = 8
WINDOW = 32 * BATCH  # rows among which those of one length are found for a batch: a third less to compute
Tokens = tuple[str, list[int], list[int]]  # id, ids, labels


def opened(model: str, method: Method) -> tuple[Any, Any, Chat]:
    """A trained model in evaluation mode, its tokenizer, and its chat. Raises WrongRequest."""
    place = _model.locate(model)
    if place.name is None:
        raise WrongRequest("'tiny' knows nothing before it is trained: name the folder of a trained model.")
    tokenizer = _model.tokenizer(place, lambda: [])
    _model.check_writes(place, tokenizer, reward=method.reward)
    if method.chats and not tokenizer.chat_template:  # a base model: asked in plain words
        tokenizer.chat_template = _model.PLAIN
    template = _model.marked(tokenizer) if method.chats else ""
    if template is None:
        raise WrongRequest(f"{model} has no chat template with generation markers, and none can be written for it.")
    loaded = _model.weights(place, tokenizer, Settings(method.name), reward=method.reward)
    _model.use_few_threads(loaded.num_parameters())
    return _model.on_device(loaded).eval(), tokenizer, Chat.of(tokenizer, template)


def encoded(method: Method, chat: Chat, rows: Iterable[Mapping[str, Any]]) -> Iterable[tuple[str, Encoded]]:
    """The rows as the trainer gets them; those with a fault are not trained and have no loss."""
    for nth, row in enumerate(rows):
        try:
            yield str(row.get("id") or nth), method.encode(chat, {name: row.get(name) for name in method.columns})
        except Fault:
            continue


def of_tokens(model: Any, pairs: Iterable[Tokens]) -> Iterator[Loss]:
    """The mean and the largest loss over the learned tokens of (id, ids, labels), as each batch is done.

    Rows without any are left out. They come in another order: those of about one length are asked together.
    """
    import torch
    from torch.nn.functional import cross_entropy

    for batch in _alike(pairs):
        width, device = max(len(ids) for _, ids, _ in batch), model.device
        ids = torch.tensor([[*ids, *[0] * (width - len(ids))] for _, ids, _ in batch], device=device)
        labels = torch.tensor([[*labels, *[-100] * (width - len(labels))] for _, _, labels in batch], device=device)
        mask = torch.tensor([[1] * len(ids) + [0] * (width - len(ids)) for _, ids, _ in batch], device=device)
        with torch.no_grad():
            logits = model(input_ids=ids, attention_mask=mask).logits[:, :-1].float()
        losses = cross_entropy(logits.transpose(1, 2), labels[:, 1:], reduction="none")
        for (id_, _, _), row, learned in zip(batch, losses, labels[:, 1:] != -100, strict=True):
            if learned.any():
                of_row = row[learned]
                yield Loss(id_, of_row.mean().item(), of_row.max().item(), len(of_row))


def _alike(pairs: Iterable[Tokens]) -> Iterator[list[Tokens]]:
    """Batches of rows of about one length."""
    waiting = iter(pairs)
    while window := sorted(islice(waiting, WINDOW), key=lambda row: len(row[1])):
        yield from (window[at : at + BATCH] for at in range(0, len(window), BATCH))


def of_answers(model: Any, pairs: Iterable[tuple[str, Sequence[int], Sequence[int]]]) -> Iterator[Loss]:
    """The same for (id, prompt, answer), of which the answer is learned."""
    return of_tokens(
        model, ((id_, [*prompt, *answer], [-100] * len(prompt) + [*answer]) for id_, prompt, answer in pairs)
    )
