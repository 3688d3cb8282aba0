"""A real browser on real pages: an audit of hostile rows, the quickstart's run, a diff. Skipped where there is none.

The browser is Debian's (`apt-get install chromium`), driven by Playwright (`pip install -e '.[browser]'`); axe-core is
found in `node_modules` of the checkout or by NODE_PATH (`npm install axe-core`).
"""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from factory import run
from factory.foreign import audit_dataset
from factory.foreign.diffs import diff

HERE = Path(__file__).parent
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip
HOSTILE = [
    "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'>",
    "</script></style></svg><script>window.hacked = 3</script>",
    '=HYPERLINK("http://example.com"; "click") and @SUM(1+1)*cmd|\' /C calc\'!A0',
    "The word \u202egnihtemos\u202c hides \u2066behind\u2069 a mark \u200b of nothing.",
    "javascript:window.hacked=4 {{ 7 * 7 }} ${7*7} <svg onload=window.hacked=5>",
    "x" * 9_000,
    "[link](http://example.com/a.png) <a href='http://example.com' autofocus onfocus='window.hacked=6'>here</a>",
]
MAIL = "anna.weber@acme-pumps.example"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests here need a browser."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The browser, started once."""
    api = pytest.importorskip("playwright.sync_api", reason="needs a browser's driver, the extra [browser]")
    found = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )
    if found is None:
        pytest.skip("needs a browser: apt-get install chromium")
    with api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core."""
    places = [*filter(None, os.environ.get("NODE_PATH", "").split(os.pathsep)), str(HERE.parents[1] / "node_modules")]
    file = next((f for place in places if (f := Path(place) / "axe-core/axe.min.js").is_file()), None)
    if file is None:
        pytest.skip("needs axe-core: npm install axe-core, or NODE_PATH")
    return file.read_text(encoding="utf-8")


def row(nth: int, **other: Any) -> dict[str, Any]:
    answer = (
        f"Valve {nth} closes pipe {nth * 7}, since the mill number {nth * nth} needs the water." + " So it is." * nth
    )
    return {"id": nth, "instruction": f"Say what valve {nth} does, and why.", "input": "", "output": answer, **other}


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The pages by name."""
    folder = tmp_path_factory.mktemp("pages")
    rows = [row(nth) for nth in range(40)]
    rows[4] = row(4, output=f"Write to {MAIL}.")
    rows[6] = row(6, output="")
    hostile = [row(100 + nth, instruction=text, output=f"It says: {text}") for nth, text in enumerate(HOSTILE)]
    for name, its in (("a", rows), ("b", [*rows[2:], *hostile, rows[9], {"text": "Another shape."}])):
        text = "".join(json.dumps(one) + "\n" for one in its)
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
    audit_dataset(folder / "b.jsonl", into=folder / "audit", workers=1)
    diff(folder / "a.jsonl", folder / "b.jsonl", into=folder / "diff", workers=1, gates=["diff.dropped < 0"])
    done = run("quickstart", set=[f"run={folder / 'quickstart'}"])
    return {
        "audit": folder / "audit/report.html",
        "run": done.path / "report.html",
        "diff": folder / "diff/diff.html",
    }
