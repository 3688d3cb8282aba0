"""The items of benchmark files: what is asked and what is answered, from any JSONL, JSON, CSV, TSV or Parquet file.

Columns are known by their names: what is asked stands under one of QUESTION, what is answered under one of ANSWER, and
an answer that is a number or a letter names one of CHOICES. Lists of messages are taken apart by role. A file without
any of these names is taken whole: all its text is what is asked.
"""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from factory.errors import WrongRequest

QUESTION = {"question", "prompt", "instruction", "input", "problem", "query", "text", "goal", "statement", "sentence",
            "premise", "ctx", "task", "question_text", "messages"}  # fmt: skip
ANSWER = {"answer", "answers", "output", "completion", "response", "solution", "canonical_solution", "target",
          "reference", "best_answer", "correct_answer", "correct_answers", "code", "final_answer", "label",
          "answer_key", "answerkey"}  # fmt: skip
CHOICES = {"choices", "options", "endings"}
ASKING = {"user", "human", "system", "prompter"}  # roles; what another role says is an answer
CALLED = {"id", "task_id", "key", "question_id"}
LONGEST_NAME = 80  # characters; what is longer is no name
ENDINGS = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet")
CELL = 1 << 26  # characters that a cell of a CSV file may have


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a benchmark: the file's name without its ending, what the item is called, its questions and answers.

    It is called by its `id`, `task_id`, `key` or `question_id`; without one by the number of its row, from 0.
    """

    benchmark: str
    name: str
    questions: tuple[str, ...]
    answers: tuple[str, ...]


def read(file: Path) -> Iterator[Item]:
    """The items of a file, in order.

    Raises WrongRequest, with the line or row, for a file that is not what its ending says or has another ending.
    """
    rows = list(_rows(file))
    named = any(_name(column) in QUESTION | ANSWER for row in rows[:100] for column in row)
    for nth, row in enumerate(rows):
        questions, answers = _parts(row) if named else ([text for value in row.values() for text in _texts(value)], [])
        yield Item(file.stem, _called(row, nth), tuple(filter(str.strip, questions)), tuple(filter(str.strip, answers)))


def _called(row: Mapping[str, Any], nth: int) -> str:
    for column, value in row.items():
        if _name(column) in CALLED and isinstance(value, str | int) and 0 < len(str(value)) <= LONGEST_NAME:
            return str(value)
    return str(nth)


def _rows(file: Path) -> Iterator[Mapping[str, Any]]:
    ending = file.suffix.lower()
    try:
        if ending in (".jsonl", ".ndjson"):
            yield from _lines(file)
        elif ending == ".json":
            yield from _objects(file, json.loads(file.read_text(encoding="utf-8-sig")))
        elif ending in (".csv", ".tsv"):
            csv.field_size_limit(CELL)
            with file.open(encoding="utf-8-sig", newline="") as opened:
                yield from csv.DictReader(opened, delimiter="\t" if ending == ".tsv" else ",", restkey="rest")
        elif ending == ".parquet":
            import pyarrow.parquet as pq

            yield from pq.ParquetFile(file).read().to_pylist()
        else:
            raise WrongRequest(f"{file}: benchmarks are read from {', '.join(ENDINGS)}. Convert it to one of these.")
    except OSError as error:  # pyarrow's too
        raise WrongRequest(f"{file} cannot be read ({error.strerror or 'no such format'}): check it.") from None
    except (ValueError, csv.Error) as error:  # not JSON, not UTF-8, not CSV, not Parquet
        raise WrongRequest(f"{file}: not readable as {ending} ({type(error).__name__}). Export it again.") from None


def _lines(file: Path) -> Iterator[Mapping[str, Any]]:
    with file.open(encoding="utf-8-sig") as opened:
        for number, line in enumerate(opened, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError:
                raise WrongRequest(f"{file}:{number}: not JSON. Correct the line, or take it out.") from None
            if not isinstance(row, dict):
                raise WrongRequest(f"{file}:{number}: not a JSON object. Write one item a line.")
            yield row


def _objects(file: Path, value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, dict):  # {"data": [...]}, as some benchmarks are wrapped
        value = next((inner for inner in value.values() if isinstance(inner, list)), value)
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise WrongRequest(f"{file}: not a list of JSON objects. Write one object an item.")
    yield from value


@lru_cache(1 << 10)  # rows have the same columns again and again
def _name(column: object) -> str:
    return re.sub(r"\W+", "_", str(column).strip().lower())


def _parts(row: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """What a row asks, and what it answers."""
    questions, answers, keys = list[str](), list[str](), list[Any]()
    choices: list[str] = []
    for column, value in row.items():
        name = _name(column)
        if name in CHOICES:
            choices = list(_texts(value))
        elif name in QUESTION | ANSWER and _is_messages(value):
            for message in value:
                said = message.get("content") or message.get("value")
                role = message.get("role") or message.get("from")
                (questions if role in ASKING else answers).extend(_texts(said))
        elif name in QUESTION:
            questions += _texts(value)
        elif name in ANSWER:
            keys += value if isinstance(value, list) else [value]
            answers += [part for text in _texts(value) for part in (text.split(";") if name.endswith("s") else [text])]
    picked = [choice for key in keys if (choice := _choice(key, choices))]
    return questions, picked or answers


def _is_messages(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(m, dict) and m.keys() & {"role", "from"} for m in value)
    )


def _texts(value: Any) -> Iterator[str]:
    """The strings in a value; numbers as they are written."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, bool):
        return
    elif isinstance(value, int | float):
        yield str(value)
    elif isinstance(value, Mapping):
        yield from _texts(value.get("text"))  # {"text": [...], "label": [...]} of choices, {"text": [...]} of answers
    elif isinstance(value, Iterable):
        for item in value:
            yield from _texts(item)


def _choice(key: Any, choices: list[str]) -> str | None:
    """The choice that a number from 0, or a letter from A, names."""
    if isinstance(key, str) and re.fullmatch(r"[A-Za-z]|\d{1,2}", key.strip()):
        plain = key.strip().upper()
        key = int(plain) if plain.isdigit() else ord(plain) - ord("A")
    if isinstance(key, int) and not isinstance(key, bool) and 0 <= key < len(choices):
        return choices[key]
    return None
