"""Template x-ray: the rows as the trainer will see them. What its preflight would refuse, tokens, what is cut, packing.

Without a tokenizer (`audit: {tokenizer: …}`, `--tokenizer PATH`) only the faults of turns are looked for.

template.refused, template.refused.share   rows that the preflight of `factory train` refuses, of those a trainer takes
template.tokens                            of an epoch, under the tokenizer; template.learned.share of them are learned
template.beyond                            rows longer than the trainer's max_length: at most 4,096, or the context
template.unended, template.double_bos      rows whose end is not learned; rows that begin twice
template.packing                           how full packed sequences are
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from factory import tables
from factory.chat import Chat, Unrenderable, load, marked, pieces
from factory.corpus import kept, record_tables
from factory.errors import WrongRequest
from factory.faults import FAULTS
from factory.runs import Run
from factory.views import declared, exported, lesson, packing
from factory.views.chapter import Chapter, Finding, share, some
from factory.views.histogram import bins, summary
from factory.views.lesson import Lesson
from factory.views.masked import masked
from factory.views.mending import Mends

NAME, TITLE = "template", "What the trainer sees"
LONGEST = 4096  # tokens a row where nobody says more, as in the trainers
STEP = 64  # max_length is rounded up to it
CUTS = (512, 1024, 2048, 4096, 8192, 16_384, 32_768)
SHOWN, TOKENS = 5, 350  # rows that are shown token by token, and tokens of each
MEASURED = ("template.tokens", "template.learned.share", "template.beyond", "template.unended", "template.double_bos",
            "template.packing")  # fmt: skip


def chapter(run: Run) -> Chapter:
    """Every row through the tokenizer and the template, where there are any."""
    name = declared.recipe(run).audit.tokenizer
    lens, why = _lens(name)
    found, mends = Lesson(lens).read(run), Mends.of(run)
    if lens is None:
        numbers = {**_refused(found), "not_looked_at": why}
        return Chapter(numbers, _counts(found), [*_faults(found, mends)], not_measured=dict.fromkeys(MEASURED, why))
    tokenizer = lens.tokenizer
    context = lesson.context_of(tokenizer, str(name))
    longest = max((max(its.lengths, default=0) for its in found.kinds.values()), default=0)
    size = min(LONGEST, context or LONGEST, -(-max(longest, 1) // STEP) * STEP)
    _strike_long(found, size)
    numbers = {
        **_refused(found),
        "tokenizer": str(name).rstrip("/").rsplit("/", 1)[-1], "context": context, "max_length": size,
        "own_markers": lesson.own_markers(tokenizer), "system": lesson.takes_system(tokenizer),
        "tools": lesson.takes_tools(tokenizer), "bos_twice_elsewhere": lesson.doubles_bos(tokenizer),
        "kinds": {kind: _kind(its, size) for kind, its in found.kinds.items()},
    }  # fmt: skip
    measures = _counts(found) | _measures(found, numbers)
    findings = [*_faults(found, mends, context), *_odd(run, found, numbers)]
    return Chapter(numbers, measures, findings, shown={"rows": _shown(run, lens)})


def _lens(name: str | None) -> tuple[Chat | None, str]:
    """The tokenizer with its marked template; or why there is none."""
    if name is None:
        return None, "no tokenizer is named: --tokenizer PATH, in a recipe audit: {tokenizer: PATH}"
    try:
        tokenizer = load(name)
    except WrongRequest as error:
        if "extra" in str(error):
            return None, str(error)
        raise
    if not tokenizer.chat_template:
        return None, "the tokenizer has no chat template (a base model?); 'factory train' takes --set template=plain"
    template = marked(tokenizer)
    if template is None:
        return None, "the chat template has no generation markers, and none can be written for it"
    return Chat.of(tokenizer, template), ""


def _strike_long(found: Lesson, size: int) -> None:
    """Rows beyond max_length, as the preflight calls them; texts are cut into parts, all of which are learned."""
    for kind, its in found.kinds.items():
        for id_, length, prompt in zip(its.ids, its.lengths, its.prompts, strict=True) if kind != "text" else ():
            if length > size:
                found.strike("prompt_too_long" if prompt >= size else "answer_cut", id_)


def _refused(found: Lesson) -> dict[str, Any]:
    said = {name: count for name, count in found.struck.items() if name in FAULTS}
    return {
        "rows": sum(its.rows for its in found.kinds.values()),
        "refused": sum(said.values()),
        "faults": {name: {"count": count, "rows": found.examples[name]} for name, count in sorted(said.items())},
    }


def _counts(found: Lesson) -> dict[str, float]:
    its = _refused(found)
    return {"template.refused": its["refused"], "template.refused.share": share(its["refused"], its["rows"])}


def _kind(its: lesson.Kind, size: int) -> dict[str, Any]:
    lengths = np.array(its.lengths, np.int64)
    packed = packing.sequences(its.lengths.tolist(), size)
    fitting = int(lengths[lengths <= size].sum())
    return {
        "rows": its.rows, "in_order": len(its.ids), "tokens": its.tokens, "learned": its.learned,
        "learned_share": share(its.learned, its.tokens), "lengths": summary(lengths), "histogram": bins(lengths),
        "cut": [_cut(lengths, at) for at in CUTS if at < 2 * lengths.max(initial=0)],
        "sequences": packed, "packing": share(fitting, packed * size),
        "padded": round(packing.padded(its.lengths, size), 4),
    }  # fmt: skip


def _cut(lengths: "np.ndarray[Any, np.dtype[np.int64]]", at: int) -> dict[str, Any]:
    """What would be lost if rows ended at so many tokens."""
    rows = int((lengths > at).sum())
    lost = int(np.maximum(lengths - at, 0).sum())
    return {"at": at, "rows": rows, "share": share(rows, len(lengths)), "tokens": lost}


def _measures(found: Lesson, numbers: dict[str, Any]) -> dict[str, float]:
    kinds = numbers["kinds"].values()
    tokens, packed = sum(its["tokens"] for its in kinds), sum(its["sequences"] for its in kinds)
    fitting = sum(length for its in found.kinds.values() for length in its.lengths if length <= numbers["max_length"])
    return {
        "template.tokens": tokens,
        "template.learned.share": share(sum(its["learned"] for its in kinds), tokens),
        "template.beyond": found.struck["answer_cut"] + found.struck["prompt_too_long"],
        "template.unended": found.struck["unended"],
        "template.double_bos": found.struck["double_bos"],
        "template.packing": share(fitting, packed * numbers["max_length"]),
    }


# --- findings


def _faults(found: Lesson, mends: Mends, context: int | None = None) -> Iterable[Finding]:
    """What the preflight of `factory train` stops at."""
    for name, count in sorted(found.struck.items()):
        if name in FAULTS:
            yield Finding(
                f"template.{name}", "error", f"A trainer refuses rows: they {FAULTS[name].split(':')[0]}",
                "The preflight stops at them; other trainers learn what nobody meant, or drop them in silence.",
                count, _mend(name, context, mends), some(found.examples[name]),
            )  # fmt: skip


def _mend(name: str, context: int | None, mends: Mends) -> str:
    if name in ("answer_cut", "prompt_too_long"):
        longer = context is not None and context > LONGEST
        more = f"a greater max_length (the model reads {context:,} tokens), or " if longer else ""
        return f"{more}shorter rows: " + mends.by("length", max_chars="N")
    if name in ("same_answers", "same_when_cut"):
        return mends.by("preference_sanity")
    return mends.by("format") + "; `factory train … --set faulty=drop` leaves them out"


def _odd(run: Run, found: Lesson, numbers: dict[str, Any]) -> Iterable[Finding]:
    """What the preflight does not stop at, and a reader should know."""
    struck = found.struck
    yield Finding(
        "template.unended", "warning", "The end of an answer is not learned",
        "No token that ends a turn is among the learned ones: the model will not know when to stop.",
        struck["unended"], "another chat template, one that marks the end of the assistant’s turn as its own",
        some(found.examples.get("unended", ())),
    )  # fmt: skip
    yield Finding(
        "template.double_bos", "warning", "Rows begin twice", "The token that begins a text stands there two times.",
        struck["double_bos"], "take the token out of the chat template or out of the rows",
        some(found.examples.get("double_bos", ())),
    )  # fmt: skip
    yield Finding(
        "template.bos_elsewhere", "info", "Another trainer may begin rows twice",
        "The template writes the token that begins a text, and the tokenizer adds one more if it is asked to.",
        int(numbers["bos_twice_elsewhere"]),
        "nothing for `factory train`; elsewhere tokenize with `add_special_tokens=False`",
    )  # fmt: skip
    yield Finding(
        "template.no_markers", "info", "The chat template has no generation markers",
        "It does not say which tokens are the assistant’s; a trainer that asks it learns all or none.",
        int(not numbers["own_markers"]), "nothing for `factory train`, which writes an equal template with markers",
    )  # fmt: skip
    yield Finding(
        "template.system_dropped", "warning", "The chat template does not show system messages",
        "The rows have some, and the model would never read them.",
        struck["system"] if not numbers["system"] else 0,
        "another chat template, or the system message in the first question",
        some(found.examples.get("system", ())),
    )  # fmt: skip
    tools = _with_tools(run)
    yield Finding(
        "template.tools", "warning", "Rows have tools that the model is not shown",
        "They are left out of the export" + ("." if numbers["tools"] else "; the chat template does not speak of any."),
        len(tools), "put what the tools are into a system message", some(tools),
    )  # fmt: skip


def _with_tools(run: Run) -> list[str]:
    """The ids of kept rows that come with tools."""
    found: list[str] = []
    for table in record_tables(run):
        if table.kind != "sft":
            continue
        alive, first = kept(run, table).alive, 0
        for batch in tables.batches(table.folder, table.schema, columns=["id", "tools"]):
            pairs = zip(batch["id"].to_pylist(), batch["tools"].to_pylist(), strict=True)
            found += [id_ for nth, (id_, tools) in enumerate(pairs, first) if tools and alive[nth]]
            first += len(batch)
    return found


# --- the rows


def _shown(run: Run, lens: Chat) -> list[dict[str, Any]]:
    """Some conversations token by token; what measured filters found in them is masked."""
    places = _places(run)
    rows = [(kind, row) for kind, _, row in exported.at(run, places, exported.WHOLE) if kind == "sft"]
    hidden = masked(run, [row["id"] for _, row in rows])
    shown = []
    for _, row in rows:
        try:
            parts = pieces(lens.tokenizer, hidden.get(row["id"], row)["messages"], lens.template)
        except Unrenderable:
            continue
        learned = sum(is_learned for _, is_learned in parts)
        its = {"id": row["id"], "tokens": parts[:TOKENS], "count": len(parts), "learned": learned}
        shown.append({**its, "more": max(0, len(parts) - TOKENS)})
    return shown[:SHOWN]


def _places(run: Run) -> list[int]:
    """Places of conversations, spread over all there are."""
    first, count = 0, 0
    for kind, _, batch in exported.batches(run, exported.IDS):
        if kind == "sft":
            count += len(batch)
        elif not count:
            first += len(batch)
    return sorted({first + int(nth) for nth in np.linspace(0, count - 1, min(count, 2 * SHOWN))})
