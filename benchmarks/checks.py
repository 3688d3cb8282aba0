"""What the filters that ask a model ask: calls and tokens a row; and what became of the faults that were planted.

    python benchmarks/checks.py     # from the root of the repository

The rows are those of examples/answered: questions, answers and conversations made from six small documents by a strong
model, whose answers lie there. Each filter is measured on all of them, asked of a server on loopback that says `pass`
(to `judge` something that is no judgement, which is asked once). Tokens are those of the requests as they are sent, by
the tokenizer of wordllama (32,000 pieces); of answers, those of the judge's in examples/answered, which were written
with care. The faults there are planted, and judged by the same hand: that nothing else is rejected says that the chain
works, not how good a judge is.
"""

import json
import shutil
import sqlite3
import subprocess
import sys
import zlib
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow.parquet as pq
import wordllama
import yaml
from tokenizers import Tokenizer

from factory import run

ANSWERED = Path(__file__).parent.parent / "examples" / "answered"
ASKING = ("answerable", "right", "only_from_source", "self_contained", "judge")
PASS = {"explanation": "It is said in the first sentence.", "outcome": "pass", "rewording": ""}


def measured(folder: Path) -> Path:
    """The run of the example whose rows each filter was measured on."""
    command = [sys.executable, "-m", "tests.model_server", "--reply", json.dumps(PASS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ANSWERED.parents[1]) as server:  # noqa: S603 # ours
        try:
            assert server.stdout is not None  # noqa: S101 # opened as a pipe
            recipe = yaml.safe_load((ANSWERED / "recipe.yaml").read_text(encoding="utf-8"))
            judge = {"base_url": server.stdout.readline().strip(), "model": "says-pass", "reasks": 0}
            recipe["models"]["loopback"] = judge
            for uses in (recipe["generate"]["methods"], recipe["filter"]):  # go on asking its only model
                uses[:] = [_asking_llm(use) for use in uses]
            recipe["audit"] = {"measure": [{name: {"judge": "loopback"}} for name in ASKING]}
            recipe["run"] = str(folder / "run")
            (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")
            return run(folder / "recipe.yaml", until="audit").path
        finally:
            server.terminate()


def _name(use: Any) -> str:
    return use if isinstance(use, str) else next(iter(use))


def _asking_llm(use: Any) -> Any:
    roles = {"preference": ("judge", "weak")}.get(_name(use), ("judge",) if _name(use) in ASKING else ())
    return {_name(use): {**({} if isinstance(use, str) else use[_name(use)]), **dict.fromkeys(roles, "llm")}}


def calls(folder: Path, method: str, model: str, tokenizer: Any) -> tuple[int, int, int]:
    """How many calls of a model a filter made, and the tokens of their requests and answers."""
    file = sqlite3.connect(folder / "journal.sqlite")
    sql = "select body, text from calls join requests on requests.id = request where method = ? and calls.model = ?"
    found = [(zlib.decompress(body).decode(), text) for body, text in file.execute(sql, (method, model))]
    file.close()
    asked = [message["content"] for body, _ in found for message in json.loads(body)["messages"]]
    return len(found), *(sum(len(tokenizer.encode(text).ids) for text in its) for its in (asked, [t for _, t in found]))


def main() -> None:
    """Run the example twice over, and print."""
    tokenizer = Tokenizer.from_file(str(next(Path(wordllama.__file__).parent.rglob("*tokenizer*.json"))))
    with TemporaryDirectory() as folder:
        example = Path(folder) / "examples" / "answered"
        shutil.copytree(ANSWERED, example)
        shutil.copytree(ANSWERED, Path(folder), dirs_exist_ok=True)
        done = measured(Path(folder))
        counts = json.loads((done / "manifest.json").read_text(encoding="utf-8"))["stages"]["measure"]["counts"][
            "filters"
        ]
        for name in ASKING:
            number, sent, _ = calls(done, name, "loopback", tokenizer)
            unanswered = sum(count for why, count in counts[name]["reasons"].items() if why.startswith("llm."))
            rows = counts[name]["read"] - counts[name]["not_looked_at"] + unanswered
            print(f"{name:<17} {rows:>3} rows looked at, {number / max(1, rows):.2f} calls a row, "
                  f"{sent / max(1, number):.0f} tokens a request")  # fmt: skip
        (example / "recipe.yaml").write_text(
            (example / "recipe.yaml")
            .read_text(encoding="utf-8")
            .replace("runs/answered", str(Path(folder) / "replayed"))
        )
        replayed = run(example / "recipe.yaml", until="audit").path
        for name in ("answerable", "only_from_source"):
            number, sent, answered = calls(replayed, name, "llm", tokenizer)
            files = (replayed / "verdicts").rglob(f"{name}.parquet")
            verdicts = [verdict for file in files for verdict in pq.read_table(file).to_pylist()]
            outcomes = Counter(verdict["reason"] or verdict["outcome"] for verdict in verdicts)
            print(f"{name:<17} replayed: {number} calls, {sent / number:.0f} tokens a request, "
                  f"{answered / number:.0f} an answer; {dict(outcomes)}")  # fmt: skip


if __name__ == "__main__":
    main()
