"""Records: one training example each, in TRL's names and shapes where TRL has one.

| kind       | columns                                                              |
|------------|----------------------------------------------------------------------|
| text       | text                                                                 |
| sft        | messages, context (the middle of instruction-context-response), tools |
| preference | prompt, chosen, rejected: lists of messages                          |
| feedback   | prompt, completion: lists of messages; label: bool                   |
| ranking    | prompt; completions: list of lists of messages; ranks: 0 is best     |
| labels     | text, label                                                          |

A generator makes records with the functions below and never sets `id`. `texts()` is the one answer to "what is the
text of a row"; filters, export and audit all ask it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple, get_args

import pyarrow as pa

from factory.documents import digest
from factory.edits import Edit, EditMap
from factory.passages import Passage, Quote
from factory.policy import Policy, combine

VERSION = 1
# made once: `json.dumps` makes one a call; what `check` let through holds no circle
in_order = json.JSONEncoder(ensure_ascii=False, sort_keys=True, check_circular=False).encode
Kind = Literal["text", "sft", "preference", "feedback", "ranking", "labels"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Message = dict[str, str]
MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.large_string())]))
COLUMNS: dict[str, list[tuple[str, pa.DataType]]] = {
    "text": [("text", pa.large_string())],
    "sft": [("messages", MESSAGES), ("context", pa.large_string()), ("tools", pa.string())],
    "preference": [("prompt", MESSAGES), ("chosen", MESSAGES), ("rejected", MESSAGES)],
    "feedback": [("prompt", MESSAGES), ("completion", MESSAGES), ("label", pa.bool_())],
    "ranking": [("prompt", MESSAGES), ("completions", pa.list_(MESSAGES)), ("ranks", pa.list_(pa.int32()))],
    "labels": [("text", pa.large_string()), ("label", pa.string())],
}


def schema(kind: Kind) -> pa.Schema:
    """The Arrow schema of one kind's table in a run: its columns between what every record has."""
    before = [("id", pa.string()), ("unit", pa.string()), ("method", pa.string())]
    after = [("digest", pa.string()), ("meta", pa.string()), ("reason", pa.string())]
    metadata = {"factory.table": f"records/{kind}", "factory.version": str(VERSION)}
    return pa.schema([*before, *COLUMNS[kind], *after], metadata=metadata)


@dataclass(frozen=True, slots=True)
class Record:
    """One training example. `data` holds the columns of its kind; `meta` is what else the generator wants kept."""

    kind: Kind
    data: Mapping[str, Any]
    parents: tuple[str, ...]  # ids of the passages or records it was made from
    policy: Policy
    documents: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    quotes: tuple[Quote, ...] = ()
    language: str | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rejected:
    """What a generator made and will not stand for: the record (or a unit it could make nothing of), and why."""

    record: Record | None
    reason: str
    detail: str = ""


class Text(NamedTuple):
    """One string of a row: where it stands (`messages[1].content`), who says it, what it says."""

    field: str
    role: str
    text: str


Parents = Passage | Record | Sequence[Passage | Record]


def text(passages: Sequence[Passage], content: str, *, quotes: Iterable[Quote] = (), **meta: Any) -> Record:
    """Plain text for continued pretraining."""
    return _record("text", passages, {"text": content}, quotes, meta)


def sft(
    parents: Parents,
    question: str,
    answer: str,
    *,
    quotes: Iterable[Quote] = (),
    context: str | None = None,
    **meta: Any,
) -> Record:
    """One instruction and its response; `context` stays apart until export renders it or leaves it out."""
    messages = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return _record("sft", parents, {"messages": messages, "context": context, "tools": None}, quotes, meta)


def conversation(
    parents: Parents,
    turns: Iterable[tuple[str, str]],
    *,
    quotes: Iterable[Quote] = (),
    **meta: Any,
) -> Record:
    """Several turns of (role, content); roles are system, user and assistant."""
    messages = [{"role": role, "content": content} for role, content in turns]
    return _record("sft", parents, {"messages": messages, "context": None, "tools": None}, quotes, meta)


def preference(
    parents: Parents,
    prompt: str,
    chosen: str,
    rejected: str,
    *,
    quotes: Iterable[Quote] = (),
    **meta: Any,
) -> Record:
    """A prompt with a better and a worse answer."""
    data = {
        "prompt": _says("user", prompt),
        "chosen": _says("assistant", chosen),
        "rejected": _says("assistant", rejected),
    }
    return _record("preference", parents, data, quotes, meta)


def feedback(
    parents: Parents,
    prompt: str,
    completion: str,
    label: bool,
    *,
    quotes: Iterable[Quote] = (),
    **meta: Any,
) -> Record:
    """A prompt with one answer, and whether it is good."""
    data = {"prompt": _says("user", prompt), "completion": _says("assistant", completion), "label": label}
    return _record("feedback", parents, data, quotes, meta)


def ranking(
    parents: Parents,
    prompt: str,
    completions: Sequence[str],
    ranks: Sequence[int],
    *,
    quotes: Iterable[Quote] = (),
    **meta: Any,
) -> Record:
    """A prompt with answers and their ranks: 0 is best, equals share one. Raises ValueError where counts differ."""
    if len(completions) != len(ranks):
        raise ValueError(f"{len(completions)} completions have {len(ranks)} ranks")
    answers = [_says("assistant", completion) for completion in completions]
    data = {"prompt": _says("user", prompt), "completions": answers, "ranks": list(ranks)}
    return _record("ranking", parents, data, quotes, meta)


def _says(role: str, content: str) -> list[Message]:
    return [{"role": role, "content": content}]


def _record(
    kind: Kind,
    parents: Parents,
    data: dict[str, Any],
    quotes: Iterable[Quote],
    meta: dict[str, Any],
) -> Record:
    made_from = [parents] if isinstance(parents, Passage | Record) else list(parents)
    languages = {one.language for one in made_from}
    its = [_lineage(one) for one in made_from]
    return Record(
        kind=kind,
        data=data,
        parents=tuple(dict.fromkeys(id_ for ids, _, _ in its for id_ in ids)),
        policy=combine(one.policy for one in made_from),
        documents=tuple(sorted({document for _, documents, _ in its for document in documents})),
        sources=tuple(sorted({source for _, _, sources in its for source in sources})),
        quotes=tuple(quotes),
        language=languages.pop() if len(languages) == 1 else None,
        meta=meta,
    )


def _lineage(one: Passage | Record) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """The passages, documents and sources behind a parent."""
    if isinstance(one, Record):
        return one.parents, one.documents, one.sources
    return (one.id,), (one.document,), (one.source,)


def descended(record: Record, parent: Record, id_: str) -> Record:
    """A record made from another, which has the id `id_`: it has all that this one has to answer for."""
    return replace(
        record,
        parents=tuple(dict.fromkeys((*record.parents, *parent.parents, id_))),
        policy=combine([record.policy, parent.policy]),
        documents=tuple(sorted({*record.documents, *parent.documents})),
        sources=tuple(sorted({*record.sources, *parent.sources})),
    )


FIRST = {
    "sft": "messages",
    "preference": "prompt",
    "feedback": "prompt",
    "ranking": "prompt",
}  # what a chat begins with


def with_system(record: Record, system: str | None) -> Record:
    """The record with a system message before all others, where it is a chat that has none."""
    name = FIRST.get(record.kind)
    if not system or name is None or any(message["role"] == "system" for message in record.data[name]):
        return record
    messages = [{"role": "system", "content": system}, *record.data[name]]
    return replace(record, data={**record.data, name: messages})


OPTIONAL = {"context", "tools"}


def check(record: Record) -> None:
    """Raise ValueError for a record whose columns or `meta` have no place in its table, saying which.

    Raises UnicodeEncodeError, which is one too, for text that is no Unicode.
    """
    for name, type_ in COLUMNS[record.kind]:
        value = record.data[name]
        if value is None and name not in OPTIONAL:
            raise ValueError(f"'{name}' is missing")
        if isinstance(value, str) and pa.types.is_large_string(type_):
            value.encode()  # Arrow would keep what it makes of it as long as the text itself
            continue
        try:
            pa.array([value], type_)
        except (pa.ArrowInvalid, pa.ArrowTypeError, TypeError):
            raise ValueError(f"'{name}' is not of its type") from None
    try:
        meta = json.dumps(record.meta, ensure_ascii=False)
    except TypeError:
        raise ValueError("its meta is not JSON") from None
    (meta + "".join(quote.text for quote in record.quotes)).encode()


def as_row(
    record: Record,
    *,
    id_: str,
    unit: str,
    method: str,
    sources: Sequence[str],
    paths: Sequence[str],
    rejected: str | None,
    asked: Mapping[str, Any] | None = None,
    by_ocr: bool = False,
) -> dict[str, Any]:
    """The record as a row of its kind's table. `meta` is JSON with sorted keys: the same record, the same bytes.

    `asked` says which models were asked for it: `models`, `journal` (keys of their answers), `prompts` (digests).
    `by_ocr`: some of what it was made from was read from pictures; `meta` has it where it is so.
    """
    meta = {
        **record.meta,
        **(asked or {}),
        **({"by_ocr": True} if by_ocr else {}),
        "kind": record.kind,
        "generator": method,
        "parents": list(record.parents),
        "documents": list(record.documents),
        "sources": sorted(set(sources)),
        "paths": sorted(set(paths)),
        "language": record.language,
        **record.policy.as_dict(),
        "quotes": [quote_as_dict(quote) for quote in record.quotes],
    }
    content = in_order(record.data)
    return {
        "id": id_,
        "unit": unit,
        "method": method,
        **record.data,
        "digest": digest(content),
        "meta": in_order(meta),
        "reason": rejected,  # why its generator does not stand for it; not 'rejected', which a preference has
    }


CORE = {  # what `as_row` puts into `meta` beside what a generator wants kept
    "kind", "generator", "parents", "documents", "sources", "paths", "language", "licence", "copyright",
    "confidentiality", "quotes", "models", "journal", "prompts", "edits", "by_ocr",
}  # fmt: skip


def from_row(kind: Kind, row: Mapping[str, Any]) -> Record:
    """The record that a row of its kind's table holds, as the filters left it."""
    meta = json.loads(row["meta"])
    return Record(
        kind=kind,
        data={name: row[name] for name, _ in COLUMNS[kind]},
        parents=tuple(meta["parents"]),
        policy=Policy(meta["licence"], meta["copyright"], meta["confidentiality"]),
        documents=tuple(meta["documents"]),
        sources=tuple(meta["sources"]),
        quotes=tuple(quote_from(quote) for quote in meta["quotes"]),
        language=meta["language"],
        meta={name: value for name, value in meta.items() if name not in CORE},
    )


def quote_from(row: Mapping[str, Any]) -> Quote:
    """A quote that stands in `meta`."""
    place = (row["document"], row["passage"], row["start"], row["end"])
    return Quote(*place, row["text"], edits_from(row["edits"]))


def quote_as_dict(quote: Quote) -> dict[str, Any]:
    """A quote as it stands in `meta`."""
    place = {"document": quote.document, "passage": quote.passage, "start": quote.start, "end": quote.end}
    return {**place, "text": quote.text, "edits": [edit_as_dict(edit) for edit in quote.edits.edits]}


def edit_as_dict(edit: Edit) -> dict[str, Any]:
    """An edit as it stands in JSON."""
    return {"start": edit.start, "end": edit.end, "kind": edit.kind, "replacement": edit.replacement}


def edits_from(rows: Iterable[Mapping[str, Any]]) -> EditMap:
    """The edit map of edits as they stand in JSON or in a table."""
    return EditMap(tuple(Edit(row["start"], row["end"], row["kind"], row["replacement"]) for row in rows))


BESIDE = ("quote", "reworded")  # the roles of strings that stand beside a row, in `meta`: scrubbed, but not its text


def texts(kind: str, row: Mapping[str, Any], *, beside: bool = False) -> list[Text]:
    """Every string of a row that a model would learn from, in order; with `beside`, also those that `meta` holds.

    `row` has the columns of its kind (and `meta`, a JSON string, where those beside are asked for).
    """
    found: list[Text] = []
    for name, _ in COLUMNS[kind]:
        value = row.get(name)
        if value is None or isinstance(value, bool):
            continue
        found += _strings(name, value)
    return found + texts_beside(json.loads(row["meta"])) if beside else found


def texts_beside(meta: Mapping[str, Any]) -> list[Text]:
    """The strings that `meta` holds: quotes, and other words for the question."""
    found = [Text(f"quotes[{nth}].text", "quote", quote["text"]) for nth, quote in enumerate(meta["quotes"])]
    return found + [Text(f"rewordings[{nth}]", "reworded", said) for nth, said in enumerate(meta.get("rewordings", ()))]


def _strings(name: str, value: Any) -> list[Text]:
    if isinstance(value, str):
        return [Text(name, "text", value)]
    found: list[Text] = []
    for nth, item in enumerate(value):
        if isinstance(item, (dict, Mapping)):  # a dict is known at once, a Mapping is asked for
            found.append(Text(f"{name}[{nth}].content", item["role"], item["content"] or ""))
        elif isinstance(item, list):
            found += _strings(f"{name}[{nth}]", item)
    return found


def joined(kind: str, row: Mapping[str, Any]) -> str:
    """The whole text of a row: what near-duplicates are looked for in, and what a length is measured on."""
    return "\n".join(part.text for part in texts(kind, row))


def row_id(file: str, number: int, nth: int, of: int) -> str:
    """The id of a record read from row `number` of a file: `row:faq.jsonl:0000017`, which sorts as the file does.

    Of a row that gives several records (`of`) `….0`, `….1` …
    """
    return f"row:{file}:{number:07d}.{nth}" if of > 1 else f"row:{file}:{number:07d}"
