"""General text beside the documents, so that a model that reads them does not forget the rest.

In      a file of text: rows of JSONL or Parquet with `text`, or a text file, whose paragraphs are joined to pieces.
Out     the data with pieces drawn from it until they are the wanted share of all characters.
Source  replay in continued pretraining: Ibrahim et al. 2024 (arXiv:2403.08763), who use 5 % and more.
"""

import dataclasses
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from factory import training
from factory.drawing import draw
from factory.errors import WrongRequest
from factory.plural import many
from factory.training import Finding, Split

PIECE_CHARS = 4000  # about 1,000 tokens: a text file is cut between paragraphs into pieces of this size
COLUMN = "text"


def mixed(data: Split, file: Path | None, share: float, folder: Path, seed: int) -> tuple[Split, list[Finding]]:
    """The data with `share` of its characters from `file`, written below `folder`, and a note that says how much.

    Raises WrongRequest for a file without text.
    """
    if file is None:
        return data, []
    pieces = list(_pieces(file))
    if not pieces:
        raise WrongRequest(f"replay: {file} has no text. Give a text file, or JSONL or Parquet with a column 'text'.")
    wanted = sum(len(row[COLUMN] or "") for _, row in training.read(data.train, (COLUMN,))) * share / (1 - share)
    drawn, chars = [], 0
    for nth in sorted(range(len(pieces)), key=lambda nth: draw(seed, "replay", nth)):
        if chars >= wanted:
            break
        drawn.append(nth)
        chars += len(pieces[nth])
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / "replay.jsonl"
    lines = (json.dumps({"id": f"replay/{nth:07d}", COLUMN: pieces[nth]}) + "\n" for nth in sorted(drawn))
    place.write_text("".join(lines), encoding="utf-8")
    return dataclasses.replace(data, train=(*data.train, place)), [_note(file, drawn, chars, wanted)]


def _note(file: Path, drawn: list[int], chars: int, wanted: float) -> Finding:
    short = "" if chars >= wanted else f", {wanted - chars:,.0f} fewer than asked for: the file has no more"
    message = f"Of {file.name}, {many(len(drawn), 'piece')} mixed in: {many(chars, 'character')}{short}."
    return Finding("note", "train.replay", message, values={"rows": len(drawn), "characters": chars})


def _pieces(file: Path) -> Iterator[str]:
    if file.suffix in (".jsonl", ".parquet"):
        texts: Iterable[str] = (row[COLUMN] for _, row in training.read([file], (COLUMN,)) if row[COLUMN])
    else:
        texts = _joined(file.read_text(encoding="utf-8", errors="replace").split("\n\n"))
    yield from (text for text in texts if text.strip())


def _joined(paragraphs: Iterable[str]) -> Iterator[str]:
    held = ""
    for paragraph in paragraphs:
        if held and len(held) + len(paragraph) > PIECE_CHARS:
            yield held
            held = ""
        held = f"{held}\n\n{paragraph}" if held else paragraph
    yield held
