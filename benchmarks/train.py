"""Training: CPU time a step and memory of `sft`, against TRL alone with the same arguments, from one interleaved run.

    python benchmarks/train.py [--rows 400] [--epochs 2] [--rounds 5] [--data ROWS.jsonl]

Both train the same `tiny` model on the same conversations, each round in a process of its own, in turn, on one thread;
the median of the rounds is printed. TRL gets the messages and `assistant_only_loss`, as its documentation shows; ours
is the trainer with its log and checks. The steps are timed apart from what comes before and after. Also printed: rows a
second of the preflight. Without --data the rows are made up: one question and an answer of about 60 words.
"""

import argparse
import json
import multiprocessing
import random
import resource
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from factory.training import Split

WORDS = (
    "valve",
    "pump",
    "kiln",
    "seal",
    "shaft",
    "hose",
    "lid",
    "dial",
    "bolt",
    "the",
    "a",
    "of",
    "is",
    "to",
    "on",
    "by",
)
LEARNING_RATE, BATCH, LENGTH = 2e-3, 8, 512


def made_up(rows: int) -> list[dict[str, Any]]:
    """Conversations of one question and one answer."""
    draw = random.Random(7)  # noqa: S311 # not a secret
    said = lambda count: " ".join(draw.choices(WORDS, k=count))  # noqa: E731 # used twice, here
    return [
        {"id": str(n), "messages": [
            {"role": "user", "content": f"Question {n}: {said(12)}?"},
            {"role": "assistant", "content": f"{said(draw.randint(30, 90))}."},
        ]}
        for n in range(rows)
    ]  # fmt: skip


def timed_steps() -> list[float]:
    """CPU seconds of every call of the trainer's loop from now on, whoever calls it."""
    import transformers

    spent: list[float] = []
    inner = transformers.Trainer.train

    def train(self: Any, *args: Any, **options: Any) -> Any:
        started = time.process_time()
        try:
            return inner(self, *args, **options)
        finally:
            spent.append(time.process_time() - started)

    transformers.Trainer.train = train
    return spent


def ours(file: Path, epochs: float, out: Path) -> tuple[float, int]:
    """CPU seconds of the steps, and tokens."""
    from trainers import sft

    spent = timed_steps()
    data = Split("sft", (file,))
    args = {"save_strategy": "no", "per_device_train_batch_size": BATCH}
    done = sft.train(
        data, "tiny", out, epochs=epochs, batch=BATCH, learning_rate=LEARNING_RATE, max_length=LENGTH, args=args
    )
    return spent[0], done.tokens


def trl(file: Path, epochs: float, out: Path) -> tuple[float, int]:
    """The same by TRL alone: the model and tokenizer are ours, for the same work."""
    import torch
    from datasets import Dataset
    from transformers import LlamaForCausalLM
    from trl import SFTConfig, SFTTrainer

    from trainers import _tiny

    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    tokenizer = _tiny.tokenizer(message["content"] for row in rows for message in row["messages"])
    torch.manual_seed(0)
    torch.set_num_threads(1)
    config = SFTConfig(
        output_dir=str(out), assistant_only_loss=True, max_length=LENGTH, learning_rate=LEARNING_RATE, bf16=False,
        num_train_epochs=epochs, per_device_train_batch_size=BATCH, gradient_checkpointing=False, save_strategy="no",
        report_to="none", disable_tqdm=True, logging_steps=1, lr_scheduler_type="cosine",
    )  # fmt: skip
    data = Dataset.from_list([{"messages": row["messages"]} for row in rows])
    spent = timed_steps()
    trainer = SFTTrainer(
        LlamaForCausalLM(_tiny.config(tokenizer)), config, train_dataset=data, processing_class=tokenizer
    )
    trainer.train()
    return spent[0], int(trainer.state.log_history[-2]["num_tokens"])


def preflight(file: Path, epochs: float, out: Path) -> tuple[float, int]:
    """CPU seconds of a preflight, and no tokens."""
    from trainers import sft

    sft.preflight(Split("sft", (file,)), "tiny", max_length=LENGTH)  # the first one pays for the imports
    started = time.process_time()
    sft.preflight(Split("sft", (file,)), "tiny", max_length=LENGTH)
    return time.process_time() - started, 0


def once(tool: Any, file: Path, epochs: float, pipe: Any) -> None:
    """One tool in a process of its own."""
    import os
    import sys

    os.environ.update(HF_HUB_OFFLINE="1", TQDM_DISABLE="1", HF_DATASETS_DISABLE_PROGRESS_BARS="1", OMP_NUM_THREADS="1")
    with tempfile.TemporaryDirectory() as out, open(os.devnull, "w") as nowhere:  # noqa: PTH123 # no path to open
        os.dup2(nowhere.fileno(), 1)
        spent, tokens = tool(file, epochs, Path(out))
    pipe.send(
        (spent, tokens, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 1e6))
    )


def run(tool: Any, file: Path, epochs: float) -> tuple[float, int, float]:
    """CPU seconds, tokens and peak MB of one tool."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=once, args=(tool, file, epochs, there))
    process.start()
    while not here.poll(1):
        if not process.is_alive():
            raise SystemExit(f"{tool.__name__} ended without a result")
    found: tuple[float, int, float] = here.recv()
    process.join()
    return found


def main() -> None:
    """Print the medians and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=400)
    parser.add_argument("--epochs", type=float, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--data", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.jsonl"
        lines = [json.dumps(row) for row in made_up(asked.rows)]
        if asked.data:
            lines = asked.data.read_text(encoding="utf-8").splitlines()[: asked.rows]
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        results: dict[str, list[tuple[float, int, float]]] = {"ours": [], "trl": [], "preflight": []}
        for _ in range(asked.rounds):
            for tool in (ours, trl, preflight):
                results[tool.__name__].append(run(tool, file, asked.epochs))
    print(f"{len(lines)} rows, {asked.epochs:g} epochs, {asked.rounds} rounds, one thread")
    for name in ("ours", "trl"):
        seconds, tokens, megabytes = (statistics.median(column) for column in zip(*results[name], strict=True))
        speed = f"{tokens / seconds:>9,.0f} tokens a CPU-second in the steps ({tokens:,.0f})"
        print(f"{name:<10} {speed}, peak {megabytes:,.0f} MB")
    pairs = zip(results["ours"], results["trl"], strict=True)
    ratio = statistics.median(one[0] / other[0] for one, other in pairs)
    print(f"ours takes {ratio:.3f} times the CPU time of TRL alone (median of {asked.rounds} pairs)")
    seconds = statistics.median(result[0] for result in results["preflight"])
    print(f"preflight  {len(lines) / seconds:>9,.0f} rows a CPU-second")


if __name__ == "__main__":
    main()
