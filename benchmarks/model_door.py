"""What one answer of a model costs the client: CPU, requests a second and memory, against other clients, from one run.

    python benchmarks/model_door.py [--requests 2000] [--rounds 5] [--python curator=ENV/bin/python ...]
    python benchmarks/model_door.py --storm 5000          # the same rows with and without faults
    python benchmarks/model_door.py --soak 200000         # memory, file handles and journal at both ends; then a replay

The server runs in a process of its own and answers after 100 ms; 256 requests are in flight; prompts are distinct and
about 2 kB. Each tool runs in a fresh process, in turn; imports are not measured, building the client is. CPU is that of
the process and its children. curator, sdg-hub, data-designer and distilabel are installed in environments of their own
and named by --python. Wall time and requests a second depend on what else the machine does: lean on CPU a request.
"""

import argparse
import asyncio
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
STORM = {"http_429": 0.1, "http_500": 0.05, "hang": 0.03, "reset": 0.03, "not_json": 0.05, "cut_body": 0.02}
Tool = Callable[[str, int, int, Path], int]  # base URL, requests, in flight, an empty folder -> answers


def prompt(nth: int) -> str:
    """About 2 kB, different for each number."""
    return (
        f"Row {nth}. Read this and ask one question about it. " + f"Lot {nth} of the kiln stays shut until noon. " * 44
    )


def message(nth: int) -> list[dict[str, str]]:
    return [{"role": "user", "content": prompt(nth)}]


# --- what is measured: each imports what it needs before the clock starts, and returns what to call ------------------


def bare_aiohttp() -> Tool:
    import aiohttp

    async def ask(url: str, requests: int, in_flight: int) -> int:
        places = asyncio.Semaphore(in_flight)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

            async def one(nth: int) -> str:
                async with places:
                    body = {"model": "test", "messages": message(nth)}
                    async with session.post(f"{url}/chat/completions", json=body) as response:
                        answer = await response.json()
                        return str(answer["choices"][0]["message"]["content"])

            return len(await asyncio.gather(*map(one, range(requests))))

    return lambda url, requests, in_flight, _: asyncio.run(ask(url, requests, in_flight))


def openai_client(client: str) -> Tool:
    import openai

    async def ask(url: str, requests: int, in_flight: int) -> int:
        places = asyncio.Semaphore(in_flight)
        http: Any = openai.DefaultAioHttpClient() if client == "aiohttp" else None
        async with openai.AsyncOpenAI(base_url=url, api_key="none", http_client=http) as asked:

            async def one(nth: int) -> str | None:
                async with places:
                    messages: Any = message(nth)
                    answer = await asked.chat.completions.create(model="test", messages=messages)
                    return answer.choices[0].message.content

            return len(await asyncio.gather(*map(one, range(requests))))

    return lambda url, requests, in_flight, _: asyncio.run(ask(url, requests, in_flight))


def our_pool() -> Tool:
    from factory.llm.pool import Pool
    from factory.llm.settings import Model

    async def ask(url: str, requests: int, in_flight: int) -> int:
        async with Pool(Model(model="test", base_url=url, in_flight=in_flight)) as pool:

            async def one(nth: int) -> str:
                body = json.dumps({"model": "test", "messages": message(nth)}).encode()
                answer = await pool.post(body, tokens=1_000)
                return str(answer.json["choices"][0]["message"]["content"])

            return len(await asyncio.gather(*map(one, range(requests))))

    return lambda url, requests, in_flight, _: asyncio.run(ask(url, requests, in_flight))


def ours() -> Tool:
    from factory.llm import LLM

    async def ask(url: str, requests: int, in_flight: int, folder: Path) -> int:
        journal = folder / "journal.sqlite"
        async with LLM(model="test", base_url=url, in_flight=in_flight, journal=journal) as llm:
            return len(await asyncio.gather(*(llm.chat(prompt(nth)) for nth in range(requests))))

    return lambda *given: asyncio.run(ask(*given))


def curator() -> Tool:
    import importlib.util

    spec = importlib.util.find_spec("litellm")
    assert spec is not None  # noqa: S101  # curator needs it
    # it would fetch a vocabulary and a price list; litellm brings both along
    tokenizers = Path(str(spec.origin)).parent / "litellm_core_utils" / "tokenizers"
    os.environ |= {"TIKTOKEN_CACHE_DIR": str(tokenizers), "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    os.environ |= {"TELEMETRY_ENABLED": "false", "OPENAI_API_KEY": "none", "CURATOR_DISABLE_RICH_DISPLAY": "1"}
    from bespokelabs import curator as peer  # type: ignore[import-not-found]  # in an environment of its own
    from datasets import Dataset

    class Ask(peer.LLM):  # type: ignore[misc]  # its base is unknown here
        def prompt(self, row: dict[str, Any]) -> str:
            return prompt(row["nth"])

        def parse(self, row: dict[str, Any], response: str) -> list[dict[str, Any]]:
            return [{"nth": row["nth"], "reply": response}]

    def run(url: str, requests: int, in_flight: int, folder: Path) -> int:
        limits = {"max_requests_per_minute": 10**7, "max_tokens_per_minute": 10**10}
        params = {"base_url": url, "max_concurrent_requests": in_flight, **limits}
        asked = Ask(model_name="gpt-4o-mini", backend="openai", backend_params=params)
        made = asked(Dataset.from_list([{"nth": nth} for nth in range(requests)]), working_dir=str(folder))
        return len(getattr(made, "dataset", made))

    return run


def sdg_hub() -> Tool:
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    import pandas as pd
    from sdg_hub import Flow  # type: ignore[import-not-found]  # in an environment of its own

    def run(url: str, requests: int, in_flight: int, folder: Path) -> int:
        chat = {"block_name": "chat", "input_cols": "messages", "output_cols": "reply", "async_mode": True}
        about = {"name": "flow", "description": "chat", "version": "1.0.0", "author": "none"}
        needs = {"dataset_requirements": {"required_columns": ["messages"]}}
        flow = {"metadata": about | needs, "blocks": [{"block_type": "LLMChatBlock", "block_config": chat}]}
        (folder / "flow.yaml").write_text(json.dumps(flow), encoding="utf-8")  # JSON is YAML, too
        made = Flow.from_yaml(str(folder / "flow.yaml"))
        made.set_model_config(model="openai/test", api_base=url, api_key="none")
        rows = pd.DataFrame({"messages": [message(nth) for nth in range(requests)]})
        return int(made.generate(rows, max_concurrency=in_flight)["reply"].notna().sum())

    return run


def data_designer() -> Tool:
    os.environ |= {"NEMO_TELEMETRY_ENABLED": "false", "NO_KEY": "none"}
    import data_designer.config as dd  # type: ignore[import-not-found]  # in an environment of its own
    import pandas as pd
    from data_designer.interface import DataDesigner  # type: ignore[import-not-found]  # likewise

    def run(url: str, requests: int, in_flight: int, folder: Path) -> int:
        provider = dd.ModelProvider(name="here", endpoint=url, provider_type="openai", api_key="NO_KEY")
        parallel = dd.ChatCompletionInferenceParams(max_parallel_requests=in_flight)
        model = dd.ModelConfig(
            alias="m", model="test", provider="here", skip_health_check=True, inference_parameters=parallel
        )
        build = dd.DataDesignerConfigBuilder(model_configs=[model])
        rows = pd.DataFrame({"text": [prompt(nth) for nth in range(requests)]})
        build.with_seed_dataset(dd.DataFrameSeedSource(df=rows))
        build.add_column(dd.LLMTextColumnConfig(name="reply", model_alias="m", prompt="{{ text }}"))
        designer = DataDesigner(artifact_path=str(folder), model_providers=[provider])
        made = designer.create(build, num_records=requests, dataset_name="rows").load_dataset()
        return int(made["reply"].notna().sum())

    return run


def distilabel() -> Tool:
    from distilabel.models.llms import OpenAILLM  # type: ignore[import-not-found]  # in an environment of its own
    from distilabel.pipeline import Pipeline  # type: ignore[import-not-found]  # likewise
    from distilabel.steps import LoadDataFromDicts  # type: ignore[import-not-found]  # likewise
    from distilabel.steps.tasks import TextGeneration  # type: ignore[import-not-found]  # likewise

    def run(url: str, requests: int, in_flight: int, folder: Path) -> int:
        with Pipeline(name="rows", cache_dir=str(folder)) as pipeline:
            rows = [{"instruction": prompt(nth)} for nth in range(requests)]
            load = LoadDataFromDicts(data=rows, batch_size=in_flight)
            model = OpenAILLM(model="test", base_url=url, api_key="none")
            _ = load >> TextGeneration(llm=model, input_batch_size=in_flight)  # its batch is its concurrency
        made = pipeline.run(use_cache=False)["default"]["train"]
        return sum(reply is not None for reply in made["generation"])

    return run


TOOLS: dict[str, Callable[[], Tool]] = {
    "bare aiohttp": bare_aiohttp,
    "openai, aiohttp": lambda: openai_client("aiohttp"),
    "openai, httpx": lambda: openai_client("httpx"),
    "ours, pool alone": our_pool,
    "ours, journal": ours,
    "curator": curator,
    "sdg-hub": sdg_hub,
    "data-designer": data_designer,
    "distilabel": distilabel,
}
PEERS = ("curator", "sdg-hub", "data-designer", "distilabel")


# --- measuring -------------------------------------------------------------------------------------------------------


def cpu() -> float:
    """CPU seconds of this process and of its children that have ended."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in spent)


def measure_here(name: str, url: str, requests: int, in_flight: int) -> None:
    """Run one tool in this process and print what it took as the last line."""
    tool = TOOLS[name]()
    with tempfile.TemporaryDirectory() as folder:
        before, began = cpu(), time.perf_counter()
        answers = tool(url, requests, in_flight, Path(folder))
        took = {"cpu": cpu() - before, "wall": time.perf_counter() - began, "answers": answers}
    peaks = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(json.dumps(took | {"rss": max(peaks) / 1024}), flush=True)


def measure(python: str, name: str, url: str, options: argparse.Namespace) -> dict[str, float] | str:
    """The same in a fresh process; a line that says why not, where there is nothing to measure."""
    given = ["--tool", name, "--url", url, "--requests", str(options.requests), "--in-flight", str(options.in_flight)]
    ours_too = {"PYTHONPATH": str(ROOT)} if python == sys.executable else {}
    command = [python, __file__, *given]
    ended = subprocess.run(command, capture_output=True, text=True, env=os.environ | ours_too)  # noqa: S603  # our own
    try:
        found: dict[str, float] = json.loads(ended.stdout.strip().splitlines()[-1])
    except (IndexError, ValueError):
        return (ended.stderr.strip().splitlines() or ["it said nothing"])[-1][:200]
    return found


@contextmanager
def server(*options: str) -> Iterator[str]:
    """The model server in a process of its own; its base URL."""
    command = [sys.executable, "-m", "tests.model_server", *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:  # noqa: S603  # our own
        try:
            assert running.stdout is not None  # noqa: S101  # a pipe was asked for
            yield running.stdout.readline().strip()
        finally:
            running.terminate()


def compare(options: argparse.Namespace) -> None:
    """All tools in turn, so many rounds; the medians, and the ratio to ours with the journal."""
    pythons = dict(given.split("=", 1) for given in options.python)
    runs: dict[str, list[dict[str, float]]] = {}
    for nth in range(options.rounds):
        for name in [name for name in TOOLS if nth == 0 or name in runs]:
            if name in PEERS and name not in pythons:
                print(f"{name}: absent, not compared. Install it elsewhere and name it: --python {name}=ENV/bin/python")
                continue
            with server("--delay", "0.1") as url:
                took = measure(pythons.get(name, sys.executable), name, url, options)
            if isinstance(took, str):
                print(f"{name}: not measured: {took}")
            elif took["answers"] != options.requests:
                print(f"{name}: {took['answers']:.0f} of {options.requests} answers, not compared")
            else:
                runs.setdefault(name, []).append(took)
    print(f"{options.requests} requests, {options.in_flight} in flight, 100 ms; medians of {options.rounds} rounds")
    print("client             CPU ms a request   x ours   requests/s   RSS MB")
    medians = {name: {key: statistics.median(one[key] for one in run) for key in run[0]} for name, run in runs.items()}
    for name, median in medians.items():
        each = median["cpu"] / options.requests * 1000
        ratio = median["cpu"] / medians["ours, journal"]["cpu"] if "ours, journal" in medians else float("nan")
        print(
            f"{name:<18} {each:>16.3f} {ratio:>8.2f} {options.requests / median['wall']:>12.0f} {median['rss']:>8.0f}"
        )


# --- storm and soak --------------------------------------------------------------------------------------------------


async def ask_all(url: str, rows: int, first_byte: float) -> tuple[Counter[str], float]:
    """How the rows ended, and the seconds that all took."""
    from factory.errors import BadItem
    from factory.llm.pool import Pool
    from factory.llm.settings import Model, Timeout

    ended: Counter[str] = Counter()
    async with Pool(Model(model="test", base_url=url, timeout=Timeout(first_byte=first_byte))) as pool:

        async def one(nth: int) -> None:
            try:
                await pool.post(json.dumps({"model": "test", "messages": message(nth)}).encode(), tokens=1_000)
                ended["answered"] += 1
            except BadItem as error:
                ended[error.reason] += 1

        began = time.perf_counter()
        await asyncio.gather(*map(one, range(rows)))
        return ended, time.perf_counter() - began


def storm(options: argparse.Namespace) -> None:
    """The same rows with and without faults: how many are answered, and how much longer it takes."""
    faults = [part for name, share in STORM.items() for part in ("--fault", f"{name}={share}")]
    ratios = []
    for seed in range(1, options.rounds + 1):
        walls = []
        for which, more in (("no faults", []), ("storm", faults)):
            with server("--delay", str(options.delay), "--seed", str(seed), *more) as url:
                ended, wall = asyncio.run(ask_all(url, options.storm, 5 * options.delay))
            walls.append(wall)
            answered = ended["answered"] / options.storm
            print(f"seed {seed}, {which}: {dict(ended)} of {options.storm} ({answered:.2%}) in {wall:.1f} s")
        ratios.append(walls[1] / walls[0])
    each = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    print(f"wall time with faults over without, by seed: {each}; median {statistics.median(ratios):.2f}")


async def soak_here(url: str, requests: int, folder: Path) -> None:
    """Ask so many, a window of them at a time, and look at both ends; then have all of them from the journal."""
    from factory.llm import LLM

    journal = folder / "journal.sqlite"

    async def ask(llm: LLM, first: int, last: int) -> None:
        numbers = iter(range(first, last))

        async def some() -> None:
            for nth in numbers:
                await llm.chat(prompt(nth))

        await asyncio.gather(*(some() for _ in range(512)))

    def look(what: str) -> None:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        handles = len(list(Path("/proc/self/fd").iterdir()))
        size = sum(file.stat().st_size for file in folder.iterdir()) / 2**20
        mb = pages * resource.getpagesize() / 2**20
        print(f"{what}: {mb:.0f} MB resident, {handles} file handles, journal {size:.1f} MB", flush=True)

    async with LLM(model="test", base_url=url, journal=journal) as llm:
        marks = sorted({min(1_000, requests), requests // 10, requests // 2, requests})
        for first, last in zip([0, *marks], marks, strict=False):
            await ask(llm, first, last)
            look(f"after {last} requests")
    before, began = cpu(), time.perf_counter()
    async with LLM(model="test", base_url=url, journal=journal) as llm:
        await ask(llm, 0, requests)
        look(f"after a replay of {llm.stats.from_journal}")
    print(f"replay: {time.perf_counter() - began:.1f} s, {(cpu() - before) / requests * 1000:.3f} ms CPU an answer")


def soak(options: argparse.Namespace) -> None:
    """One long run against a server without delay."""
    with server() as url, tempfile.TemporaryDirectory() as folder:
        asyncio.run(soak_here(url, options.soak, Path(folder)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=2_000)
    parser.add_argument("--in-flight", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--python", action="append", default=[], metavar="NAME=PATH", help="where a peer is installed")
    parser.add_argument("--storm", type=int, metavar="ROWS", help="with and without faults, instead")
    parser.add_argument("--delay", type=float, default=0.5, help="seconds an answer takes in a storm")
    parser.add_argument("--soak", type=int, metavar="REQUESTS", help="one long run, instead")
    parser.add_argument("--tool", help=argparse.SUPPRESS)  # one tool in this process
    parser.add_argument("--url", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.tool:
        measure_here(options.tool, options.url, options.requests, options.in_flight)
    elif options.storm:
        storm(options)
    elif options.soak:
        soak(options)
    else:
        compare(options)


if __name__ == "__main__":
    main()
