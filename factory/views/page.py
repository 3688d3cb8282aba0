"""The page of a report: one HTML file that nothing in the data can make run, and that asks no network for anything.

Data reaches it through autoescaped templates only. Its policy (CSP) allows the one style sheet and the one script that
are packaged beside this file, by their digests; charts are SVG drawn here.
"""

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from factory import plural, reasons
from factory.views.chapter import Chapter
from factory.views.visible import visible

FOLDER = Path(__file__).parent
HEADLINES = (  # the figures at the top: measure, what it is called
    ("documents.kept", "documents"), ("passages.kept", "passages"), ("rows.total", "rows to train and test on"),
    ("tokens.total", "tokens, estimated"), ("rejected.total", "things lost, each with a reason"),
)  # fmt: skip

OF_DOCUMENTS = ("documents.kept", "passages.kept")  # not spoken of where rows were read as they are
SPEAKS = ("template",)  # a chapter that has something to say even where it could not look at all


def page(report: Mapping[str, Any], chapters: Mapping[str, tuple[str, Chapter]]) -> str:
    """The page as a string."""
    rows = chapters["rows"][1].shown.get("rows", [])
    silent = {
        name: (title, chapter.numbers["not_looked_at"])
        for name, (title, chapter) in chapters.items() if "not_looked_at" in chapter.numbers and name not in SPEAKS
    }  # fmt: skip
    return rendered(
        "page.html",
        report=report,
        measures=report["measures"],
        headlines=[
            (name, words)
            for name, words in HEADLINES
            if name in report["measures"] and (report["measures"][name] or name not in OF_DOCUMENTS)
        ],
        chapters={name: its for name, its in chapters.items() if name not in silent},
        silent=silent,
        places={row["id"]: f"row-{nth}" for nth, row in enumerate(rows)},
    )


def rendered(template: str, **values: Any) -> str:
    """A page from a template beside this file, with the style, the script and the policy that allows only these."""
    return (
        _environment()
        .get_template(template)
        .render(
            **values,
            style=_packaged("page.css"),
            script=_packaged("page.js"),
            policy=f"default-src 'none'; style-src {_digest('page.css')}; script-src {_digest('page.js')}; "
            "base-uri 'none'; form-action 'none'",
        )
    )


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(FOLDER), autoescape=True, finalize=visible, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    made.filters.update(
        number=number,
        many=plural.many,
        noun=plural.noun,
        percent=percent,
        stack=stack,
        columns=columns,
        ticks=ticks,
        place=place,
        means=lambda reason, stage: reasons.words(reason, stage).means,
    )
    return made


def _packaged(name: str) -> Markup:
    """A file of ours, as it stands: no data is in it."""
    return Markup((FOLDER / name).read_text(encoding="utf-8"))  # noqa: S704 # not data, a file of the package


def _digest(name: str) -> str:
    found = hashlib.sha256((FOLDER / name).read_bytes()).digest()
    return f"'sha256-{base64.b64encode(found).decode()}'"


def number(value: float | None) -> str:
    """`12,345`, `0.031`, or a dash."""
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4f}".rstrip("0").rstrip(".")


def percent(value: float) -> str:
    """`3.1 %`; a share that is not zero never reads as 0."""
    shown = f"{value * 100:.1f}".removesuffix(".0")
    return "< 0.1 %" if value and shown == "0" else f"{shown} %"


def stack(counts: Mapping[str, int], whole: int) -> list[dict[str, Any]]:
    """Segments of one bar, left to right: class, place and width in per cent of `whole`."""
    made, at = [], 0.0
    for name, count in counts.items():
        width = round(100 * count / whole, 3) if whole else 0.0
        if width:
            made.append({"name": name, "x": round(at, 3), "width": width})
        at += width
    return made


def columns(bins: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The columns of a histogram: place and size in per cent."""
    most = max((its["count"] for its in bins), default=1)
    width = 100 / max(1, len(bins))
    return [
        {"x": round(nth * width + width * 0.06, 3), "width": round(width * 0.88, 3),
         "height": round(max(100 * its["count"] / most, 1.5 if its["count"] else 0), 3), **its}
        for nth, its in enumerate(bins)
    ]  # fmt: skip


def place(bins: list[dict[str, Any]], value: float) -> float:
    """Where a number lies in a histogram, in per cent; at an end where it lies outside."""
    for nth, its in enumerate(bins):
        if value < its["to"]:
            within = max(0.0, (value - its["from"]) / (its["to"] - its["from"]))
            at: float = round(100 * (nth + within) / len(bins), 3)
            return at
    return 100.0


def ticks(bins: list[dict[str, Any]], at_most: int = 5) -> list[dict[str, Any]]:
    """Labels below a histogram: where some bins begin, in per cent."""
    step = max(1, -(-len(bins) // at_most))
    return [{"x": round(100 * nth / len(bins), 3), "label": bins[nth]["from"]} for nth in range(0, len(bins), step)]
