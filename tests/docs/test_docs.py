"""What a page tells the reader to do works, in the order in which it says it; and its links lead somewhere."""

import re
import shutil
from pathlib import Path

import pytest

from tests.docs.blocks import ROOT, blocks, follow, without_blocks

RUN = [ROOT / "README.md", ROOT / "docs/tutorial.md", *sorted((ROOT / "docs/howto").glob("*.md"))]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"(?<!!)\[[^\]\n]+\]\(([^)\s]+)\)|!\[[^\]\n]*\]\(([^)\s]+)\)")


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.slow
@pytest.mark.parametrize("page", RUN, ids=name)
def test_what_a_page_says_can_be_done(page: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")  # a reader of the README stands in the clone
    said = follow(page, tmp_path)
    for line in said.splitlines():
        if line.startswith("stage  "):
            shown = [" ".join(block.text.splitlines()[0].split()) for block in blocks(page) if block.language == "text"]
            assert not shown or " ".join(line.split()) in shown, "the waterfall has other columns than the page shows"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    for found in LINK.finditer(without_blocks(page)):
        target, _, anchor = (found[1] or found[2]).partition("#")
        if target.startswith(("http://", "https://")):
            continue
        place = (page.parent / target).resolve() if target else page
        assert place.exists(), f"{name(page)} links to {target}, which is not there"
        if anchor:
            assert anchor in anchors(place), f"{name(page)} links to {target}#{anchor}, which is not there"


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as they are made on the web."""
    titles = re.findall(r"^#+ (.+)$", without_blocks(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_page_names_no_place_that_only_we_have(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for unwanted in ("/home/", "/root/", "/tmp/", "localhost:80"):  # noqa: S108 # looked for, not used
        assert unwanted not in text
