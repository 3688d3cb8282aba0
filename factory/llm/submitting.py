"""Request files submitted through a provider's batch API, and their answers fetched: one look at each start.

Beside the request file `llm-0001.jsonl` stands a note of what became of it, `llm-0001.batch.json`:

    {"batch": "batch_67", "factory": "5f2c…", "input_file": "file-12", "status": null}

It is written before the batch is made, without its id. Where a stop, or an answer that was lost, leaves it like that,
the next start looks the batch up, by the file it was made of or the digest in its metadata, before anything is
submitted again. `status` is how the batch ended, once its answers are here. No key and no URL stands in a note.
"""

import hashlib
import json
import os
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from factory import tables
from factory.errors import DeadWorld, WrongRequest
from factory.llm._provider import LATER, Provider
from factory.llm.settings import Model

if TYPE_CHECKING:
    from openai.types import Batch

ENDED = frozenset({"completed", "failed", "expired", "cancelled"})
WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:=-]{0,255}\Z")  # an id or a status: what else a server says is not shown


@dataclass(frozen=True)
class _Note:
    """What was submitted: the digest of the request file, and the provider's ids."""

    factory: str
    input_file: str
    batch: str | None = None
    status: str | None = None  # how it ended


class Submitting:
    """The request files of one model at its provider. `collect` first, then `hand_in`."""

    def __init__(self, name: str, model: Model) -> None:
        if model.batch is None:
            raise WrongRequest(f"The model '{name}' has no 'batch' to be submitted.")
        self._name, self._folder = name, model.batch.folder
        self._provider = Provider(model)
        self._notes: dict[str, _Note] = {}  # by request file
        self._said: list[str] = []

    def close(self) -> None:
        """Give the connections back."""
        self._provider.close()

    def is_out(self, file: str) -> bool:
        """Whether a request file is at the provider and its answers are not here."""
        return file in self._notes and self._notes[file].status is None

    def left_behind(self, content: bytes) -> Path | None:
        """A file of just these requests that was written and never submitted: a stop or a refused key left it."""
        for file in sorted(self._folder.glob(f"{self._name}-*.jsonl")):
            own = file.stem.removeprefix(f"{self._name}-").isdigit() and file.name not in self._notes
            if own and file.stat().st_size == len(content) and file.read_bytes() == content:
                return file
        return None

    # --- answers

    def collect(self) -> None:
        """Look once at every batch that has not ended, and fetch the answers of those that have now.

        Raises DeadWorld where the provider cannot be asked, or does not know a batch that a note names.
        """
        for path in sorted(self._folder.glob(f"{self._name}-*.batch.json")):
            number = path.name.removeprefix(f"{self._name}-").removesuffix(".batch.json")
            if number.isdigit():
                self._notes[f"{self._name}-{number}.jsonl"] = _read(path)
        for file, note in list(self._notes.items()):
            known = self._find(file, note) if note.batch is None else note
            if known is None:  # it was never made: its requests are handed in anew, if they are still asked
                del self._notes[file]
                self._beside(file, "batch.json").unlink()
            elif known.status is None:
                self._look(file, known)

    def _find(self, file: str, note: _Note) -> _Note | None:
        """The note with the id of its batch; None where no batch was made."""
        taken = {other.batch for other in self._notes.values()}
        note_file = self._beside(file, "batch.json")
        unknown = f"it lists none. Look there whether {file} was submitted, and remove {note_file} if it was not."
        with self._provider.asking("all batches", unknown=unknown) as client:
            page = client.batches.list(limit=100)
            if not isinstance(page.data, list):
                raise ValueError("no list")  # which is not the same as an empty one
            for batch in page:
                ours = batch.input_file_id == note.input_file or (batch.metadata or {}).get("factory") == note.factory
                if ours and batch.id not in taken:
                    return self._keep(file, replace(note, batch=self._word(batch, "id")))
        return None

    def _look(self, file: str, note: _Note) -> None:
        """What has become of one batch; its answers are put beside the request file where it has ended."""
        gone = (
            "it does not know it. Was it submitted to another base_url, or with a key of another account? If it is "
            f"gone, remove {self._beside(file, 'batch.json')}, and its requests are submitted again."
        )
        with self._provider.asking(f"the batch {note.batch} of {file}", unknown=gone) as client:
            batch = client.batches.retrieve(note.batch or "")
        status = self._word(batch, "status")
        if status not in ENDED:
            self._said.append(f"{file} is submitted as {note.batch}: {status}, {_done(batch)} so far.")
            return
        for file_id, what in ((batch.output_file_id, "output"), (batch.error_file_id, "errors")):
            if file_id:
                self._fetch(file_id, self._beside(file, f"{what}.jsonl"), gone)
        self._keep(file, replace(note, status=status))
        if status != "completed":
            how = {"expired": "has expired", "cancelled": "was cancelled"}.get(status, "has failed")
            self._said.append(f"{note.batch} of {file} {how}{_why(batch)}: {_done(batch)}, the rest is asked again.")

    def _fetch(self, file_id: str, path: Path, gone: str) -> None:
        """A file of the provider, whole or not at all."""
        beside = path.with_name(path.name + ".tmp")
        try:
            with tables.writing(path):
                with beside.open("wb") as file:
                    for piece in self._provider.pieces(file_id, path.name, gone):
                        file.write(piece)
                    file.flush()
                    os.fsync(file.fileno())
                beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)

    # --- requests

    def hand_in(self, files: Sequence[Path], new: int, still: int) -> str:
        """Submit request files; returns what was done and what to do now. Raises DeadWorld where it is refused."""
        ids = [self._submit(file) for file in files]
        names = ", ".join(f"{id_} ({file.name})" for id_, file in zip(ids, files, strict=True))
        said = list(self._said)
        if new:
            said.append(f"{new} requests of the model '{self._name}' are submitted to {self._provider.url}: {names}.")
        if still:
            said.append(f"{still} were submitted before and have no answer yet.")
        return " ".join([*said, LATER])

    def _submit(self, file: Path) -> str:
        """Upload one file and have a batch made of it; returns the id of the batch."""
        with self._provider.asking(f"the file {file.name}") as client, file.open("rb") as opened:
            digest = hashlib.file_digest(opened, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
            opened.seek(0)
            uploaded = client.files.create(file=(file.name, opened), purpose="batch")
        note = self._keep(file.name, _Note(digest, self._word(uploaded, "id")))
        # once only: where its answer is lost, the next start finds it
        with self._provider.asking(f"a batch of {file.name}", retries=0) as client:
            batch = client.batches.create(
                completion_window="24h",
                endpoint="/v1/chat/completions",
                input_file_id=note.input_file,
                metadata={"factory": digest},
            )
        id_ = self._word(batch, "id")
        self._keep(file.name, replace(note, batch=id_))
        return id_

    # --- notes

    def _keep(self, file: str, note: _Note) -> _Note:
        """Put a note on disk before anything else is done."""
        tables.write_json(self._beside(file, "batch.json"), asdict(note))
        self._notes[file] = note
        return note

    def _beside(self, file: str, ending: str) -> Path:
        return self._folder / f"{file.removesuffix('.jsonl')}.{ending}"

    def _word(self, said: Any, name: str) -> str:
        """An id or a status out of an answer. Raises DeadWorld where the server says something else."""
        word = getattr(said, name, None)
        if not isinstance(word, str) or not WORD.match(word):
            raise DeadWorld(
                f"{self._provider.url} answered with no proper '{name}' of a file or batch. Check base_url."
            )
        return word


def _read(file: Path) -> _Note:
    """A note from disk. Raises WrongRequest for one that is none."""
    try:
        return _Note(**json.loads(file.read_text(encoding="utf-8")))
    except (ValueError, TypeError):
        raise WrongRequest(f"{file} is no note of a batch. Put the right one back: it says what is paid.") from None


def _done(batch: "Batch") -> str:
    """How far it is, in words."""
    counts = batch.request_counts
    return f"{counts.completed} of {counts.total} are answered" if counts else "nothing said of its answers"


def _why(batch: "Batch") -> str:
    """The code of the first thing that was wrong with it, in brackets, where there is one."""
    codes = [error.code for error in (batch.errors.data or [] if batch.errors else []) if error.code]
    return f" ({codes[0]})" if codes and WORD.match(codes[0]) else ""
