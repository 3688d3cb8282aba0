"""The pages in a real browser: they ask for nothing, run nothing of the data, fit every screen, and serve anyone."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

Open = Callable[..., Any]
NAMES = ("audit", "run", "diff")


@pytest.fixture
def open_page(chromium: Any, pages: dict[str, Path]) -> Iterator[Open]:
    """Opens a page by name; afterwards nothing was asked for but it, and nothing stood in the console."""
    said: list[str] = []
    asked: list[str] = []
    contexts: list[Any] = []

    def opened(name: str, *, width: int = 1400, scheme: str = "light", part: str = "") -> Any:
        contexts.append(chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme))
        page = contexts[-1].new_page()
        page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.on("dialog", lambda dialog: said.append(f"dialog: {dialog.message}"))
        page.goto(pages[name].as_uri() + part)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert said == []
    assert {url.partition("#")[0] for url in asked} <= {file.as_uri() for file in pages.values()}


def shown(page: Any) -> int:
    return int(page.locator("#explorer > details:visible").count())


# --- nothing runs, nothing is asked for


@pytest.mark.parametrize("name", NAMES)
def test_a_page_opens_from_a_file_and_asks_for_nothing(open_page: Open, name: str) -> None:
    page = open_page(name)
    assert page.locator("h1").is_visible()
    assert page.locator(".verdict").inner_text()


@pytest.mark.parametrize("name", ["audit", "diff"])
def test_nothing_in_a_row_runs_or_loads(open_page: Open, name: str) -> None:
    page = open_page(name)
    page.evaluate("for (const row of document.querySelectorAll('details')) row.open = true")
    page.wait_for_timeout(200)
    assert page.evaluate("window.hacked") is None
    assert (
        page.locator("img, iframe, a[href^='http'], a[href^='javascript'], [onerror], [onload], [autofocus]").count()
        == 0
    )
    assert page.locator("script").count() == 1
    text = page.locator("main").text_content()
    assert "<script>window.hacked = 1</script>" in text
    assert "⟨U+202E⟩gnihtemos" in text
    assert not set(text) & set("\u202e\u202d\u2066\u2069\u200b")


# --- the explorer


def test_search_and_filters_leave_the_rows_that_fit(open_page: Open) -> None:
    page = open_page("audit")
    every = shown(page)
    assert every == 46
    page.locator("#search").fill("1369 mill")
    assert shown(page) == 1
    assert page.locator("#matching").inner_text() == f"1 of {every}"
    page.locator("#search").fill("nothing that any row says")
    assert shown(page) == 0
    page.locator("#search").fill("")
    assert shown(page) == every


def test_a_kind_is_chosen_from_a_list(open_page: Open) -> None:
    page = open_page("run")
    every = shown(page)
    page.locator("select[data-filter=kind]").select_option("sft")
    assert 0 < shown(page) < every
    assert page.locator("#explorer > details:visible:not([data-kind=sft])").count() == 0


def test_rows_are_sorted_and_back_again(open_page: Open) -> None:
    page = open_page("audit")
    sizes = "[...document.querySelectorAll('#explorer > details')].map((row) => Number(row.dataset.size))"
    before = page.evaluate(sizes)
    page.locator("#sort").select_option("size")
    assert page.evaluate(sizes) == sorted(before, reverse=True) != before
    page.locator("#sort").select_option("-size")
    assert page.evaluate(sizes) == sorted(before)
    page.locator("#sort").select_option("verdicts")
    said = page.evaluate("[...document.querySelectorAll('#explorer > details')].map((row) => +row.dataset.verdicts)")
    assert said == sorted(said, reverse=True)
    assert said[0] > 0
    page.locator("#sort").select_option("")
    assert page.evaluate(sizes) == before


def test_a_row_shows_what_filters_said_and_masks_what_they_found(open_page: Open) -> None:
    page = open_page("audit")
    page.locator("#search").fill("pii.email")
    page.locator("#explorer > details:visible summary").click()
    text = page.locator("#explorer > details:visible").inner_text()
    assert "pii would edit it pii.email" in " ".join(text.split())
    assert "Write to <EMAIL>." in text


def test_a_quote_stands_in_its_source(open_page: Open) -> None:
    page = open_page("run")
    row = page.locator("#explorer > details:has(mark)").first
    row.locator("summary").click()
    assert row.locator("mark").first.is_visible()
    assert row.locator("figcaption").first.inner_text()


def test_a_finding_leads_to_its_row_and_opens_it(open_page: Open) -> None:
    page = open_page("audit")
    finding = page.locator(".finding", has=page.locator("a[href^='#row-']")).first
    finding.locator("summary").click()
    link = finding.locator("a[href^='#row-']").first
    target = page.locator(str(link.get_attribute("href")))
    assert not target.evaluate("row => row.open")
    link.click()
    assert target.evaluate("row => row.open")
    assert target.is_visible()


# --- every screen, every reader


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", [320, 768, 1600])
def test_no_screen_scrolls_sideways(open_page: Open, name: str, width: int) -> None:
    page = open_page(name, width=width)
    page.evaluate("for (const row of document.querySelectorAll('details')) row.open = true")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("name", NAMES)
def test_dark_is_dark(open_page: Open, name: str) -> None:
    colour = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)"
    assert max(open_page(name, scheme="dark").evaluate(colour)) < 60
    assert min(open_page(name).evaluate(colour)) > 200


@pytest.mark.parametrize("name", NAMES)
def test_the_keyboard_reaches_everything(open_page: Open, name: str) -> None:
    """The skip link comes first, the focus can be seen, and a row opens by Enter."""
    page = open_page(name)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.locator(".skip").bounding_box()["x"] >= 0
    seen = set()
    for _ in range(600):
        page.keyboard.press("Tab")
        where = page.evaluate(
            "(() => { const it = document.activeElement; const box = getComputedStyle(it);"
            " return [it.tagName, it.matches('.row > summary'), box.outlineStyle, box.outlineWidth]; })()"
        )
        seen.add(where[0])
        assert where[0] == "BODY" or (where[2], where[3]) != ("none", "0px"), where
        if where[1]:
            break
    assert where[1], seen
    before = page.evaluate("document.activeElement.parentElement.open")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.parentElement.open") != before


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(open_page: Open, axe: str, name: str, scheme: str) -> None:
    page = open_page(name, scheme=scheme)
    page.evaluate("for (const row of document.querySelectorAll('details')) row.open = true")
    page.evaluate(axe)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then((its) => its.violations)")
    grave = [
        f"{its['id']}: {its['help']}: {node['target']} {node['failureSummary']}"
        for its in found if its["impact"] in ("serious", "critical") for node in its["nodes"][:3]
    ]  # fmt: skip
    assert grave == []


def test_a_print_has_no_controls(open_page: Open) -> None:
    page = open_page("audit")
    page.emulate_media(media="print")
    assert not page.locator("nav").is_visible()
    assert not page.locator("#controls").is_visible()
    assert len(page.pdf()) > 10_000
