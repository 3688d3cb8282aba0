"""Batch files: requests left in a folder as OpenAI Batch JSONL, and answers read from it, in rounds.

What is asked and not answered yet is written to `NAME-0001.jsonl` and so on; whoever has it answered (a provider's
batch API, `vllm run-batch`, a person) puts a file of answers beside it, under any name that ends in .jsonl. Answers may
come in any order, in several files, in part, twice, or for requests of somebody else. A request stays out until its
file is answered; what its answers left open or failed goes into the next file. With `submit` the files go to the
provider and the answers come from it by themselves: see `submitting.py`.
"""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from factory import tables
from factory.errors import BadItem, Waiting, WrongRequest
from factory.llm.request import Request

if TYPE_CHECKING:
    from factory.llm.journal import Journal
    from factory.llm.pool import Answer
    from factory.llm.submitting import Submitting

URL = "/v1/chat/completions"
REFUSED = (400, 413, 422)
MAX_LINES, MAX_BYTES = 50_000, 190_000_000  # of one file, as OpenAI takes them
SETTLE_S = 0.02  # in which what is asked beside a request is asked too


@dataclass
class Counts:
    """What a folder held."""

    answers: int = 0
    failed: int = 0
    duplicate: int = 0
    foreign: int = 0
    broken: int = 0


@dataclass(frozen=True)
class _Place:
    file: Path
    offset: int


@dataclass(frozen=True)
class _Found:
    """An answer: where it stands, the limit it was asked under, and whether that cut it."""

    place: _Place
    max_tokens: int | None
    cut: bool

    def serves(self, max_tokens: int | None) -> bool:
        """As in the journal: one cut by length does not where the limit rose."""
        if not self.cut or self.max_tokens is None:
            return True
        return max_tokens is not None and max_tokens <= self.max_tokens


class Batch:
    """The requests and answers of one model in a folder. A context manager; `hand_out` writes what waits.

    An answer in it without a request is the run's own where `journal` has taken it, now or in an earlier round.
    """

    def __init__(self, name: str, folder: Path, journal: "Journal", provider: "Submitting | None" = None) -> None:
        self._name, self._folder, self._journal, self._provider = name, folder, journal, provider
        self._without_request: list[bytes] = []  # keys of answers
        self._waiting: dict[str, bytes] = {}
        self._refused: set[str] = set()
        self.counts = Counts()

    async def __aenter__(self) -> "Batch":
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if self._provider is not None:
                self._provider.collect()
            self._out, self._answers = self._read()
        except OSError as error:
            raise WrongRequest(f"The batch folder {self._folder} cannot be read ({error.strerror}).") from None
        return self

    async def __aexit__(self, *_: object) -> None:
        self._waiting.clear()

    async def post(self, request: Request, *, tokens: int) -> "Answer":
        """The answer, if the folder has it. Raises Waiting where it has not, BadItem for one that is no completion."""
        from factory.llm.pool import Answer

        key = request.key.hex()
        found = self._answers.get(key)
        if found is not None and found.serves(request.max_tokens):
            body = _response(self._line(found.place))
            if body is None:
                raise BadItem("llm.no_answer", "The line of its answer in the batch folder is no chat completion.")
            return Answer(body, "batch", 0.0, 1)
        id_ = _id(key, request.max_tokens)
        if id_ in self._refused:
            raise BadItem("llm.request_refused", "The line of its answer says that the request itself was refused.")
        self._waiting[id_] = request.body
        await asyncio.sleep(SETTLE_S)
        raise Waiting(f"A request of the model '{self._name}' waits for its answer in {self._folder}.")

    def hand_out(self) -> str:
        """Write what waits and is in no file yet, and submit it; returns what to do now, '' where nothing waits."""
        if not self._waiting:
            return ""
        new = {id_: body for id_, body in self._waiting.items() if id_ not in self._out}
        files = self._write(new)
        still = len(self._waiting) - len(new)
        if self._provider is not None:
            return self._provider.hand_in(files, len(new), still)
        said = [f"{len(new)} requests of the model '{self._name}' are in {', '.join(map(str, files))}."] if new else []
        said += [f"{still} were handed out before and have no answer yet."] if still else []
        return " ".join(
            [*said, f"Have them answered, put the answers into {self._folder}, then run the same command again."]
        )

    def said(self) -> str:
        """What of the answers was no answer, or none to this run; '' where all were."""
        counts = self.counts
        counts.foreign = sum(self._journal.get(key) is None for key in self._without_request)
        odd = {"failed": counts.failed, "twice": counts.duplicate, "foreign": counts.foreign, "broken": counts.broken}
        found = ", ".join(f"{n} {what}" for what, n in odd.items() if n)
        return f"{self._folder}: {counts.answers - counts.foreign} answers; {found}" if found else ""

    def _write(self, new: dict[str, bytes]) -> list[Path]:
        files: list[Path] = []
        lines: list[bytes] = []
        size = 0
        for id_, body in new.items():
            head = json.dumps({"custom_id": id_, "method": "POST", "url": URL})[:-1].encode()
            line = head + b', "body": ' + body + b"}\n"
            if lines and (len(lines) == MAX_LINES or size + len(line) > MAX_BYTES):
                files.append(self._file(lines))
                lines, size = [], 0
            lines.append(line)
            size += len(line)
        return [*files, self._file(lines)] if lines else files

    def _file(self, lines: list[bytes]) -> Path:
        content = b"".join(lines)
        if self._provider is not None and (left := self._provider.left_behind(content)):
            return left
        numbers = [
            int(n)
            for file in self._folder.glob(f"{self._name}-*.json*")
            if (n := file.name.rpartition("-")[2].partition(".")[0]).isdigit()
        ]
        file = self._folder / f"{self._name}-{max(numbers, default=0) + 1:04d}.jsonl"
        tables.write_file(file, content)
        return file

    # --- reading

    def _read(self) -> tuple[set[str], dict[str, _Found]]:
        """Requests that are out, and the answers by key: a line of each file at a time is held."""
        asked: dict[str, str] = {}  # request -> its file
        submitted: set[str] = set()
        answers: dict[str, _Found] = {}
        answered: set[str] = set()
        failed: set[str] = set()
        for file in sorted(self._folder.glob("*.jsonl")):
            for place, line in _lines(file):
                id_ = line.get("custom_id") if line is not None else None
                if line is None or not isinstance(id_, str):
                    self.counts.broken += 1
                elif "method" in line:
                    asked[id_] = file.name
                    submitted |= {id_} if self._provider and self._provider.is_out(file.name) else set()
                elif id_ in answered:
                    self.counts.duplicate += 1
                elif (body := _response(line)) is None:
                    (self._refused if _is_refused(line) else failed).add(id_)
                else:
                    answered.add(id_)
                    key, limit = _key(id_)
                    found = _Found(place, limit, body["choices"][0].get("finish_reason") == "length")
                    if key not in answers or answers[key].cut:
                        answers[key] = found
        answered_files = {asked[id_] for id_ in (*answered, *failed, *self._refused) if id_ in asked}
        failed = {id_ for id_ in failed if id_ in asked and id_ not in answered}
        self.counts.failed, self.counts.answers = len(failed), len(answered)
        self._without_request = [_key_bytes(id_) for id_ in sorted(answered - asked.keys())]
        if self._provider is not None:
            return submitted, answers
        return {id_ for id_, file in asked.items() if file not in answered_files}, answers

    def _line(self, place: _Place) -> dict[str, Any]:
        with place.file.open("rb") as file:
            file.seek(place.offset)
            found: dict[str, Any] = json.loads(file.readline())
        return found


def _id(key: str, max_tokens: int | None) -> str:
    """What names a request in a file: its key, and the limit, under which an answer may be cut."""
    return key if max_tokens is None else f"{key}-{max_tokens}"


def _key(id_: str) -> tuple[str, int | None]:
    key, _, limit = id_.partition("-")
    return key, int(limit) if limit.isdigit() else None


def _key_bytes(id_: str) -> bytes:
    """The key as the journal has it; b"" for an id that is not ours."""
    try:
        return bytes.fromhex(_key(id_)[0])
    except ValueError:
        return b""


def _is_refused(line: dict[str, Any]) -> bool:
    """Whether a request would be refused again: it is too long, or not as the server wants it."""
    response = line.get("response")
    return isinstance(response, dict) and response.get("status_code") in REFUSED


def _lines(file: Path) -> Iterator[tuple[_Place, dict[str, Any] | None]]:
    """Each line that is not empty, where it stands, and what it says; None for one that is no JSON object."""
    offset = 0
    with file.open("rb") as opened:
        for line in opened:
            place, offset = _Place(file, offset), offset + len(line)
            if line.strip():
                try:
                    value = json.loads(line)
                except ValueError:
                    value = None
                yield place, value if isinstance(value, dict) else None


def _response(line: dict[str, Any]) -> dict[str, Any] | None:
    """The chat completion of a line of answers; None where the request failed."""
    response = line.get("response")
    if line.get("error") or not isinstance(response, dict) or response.get("status_code", 200) != 200:
        return None
    body = response.get("body")
    return body if isinstance(body, dict) and body.get("choices") else None
