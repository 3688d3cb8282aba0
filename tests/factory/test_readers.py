"""The readers: real files in, texts with marks or reasoned rejections out."""

import csv
import json
import os
import signal
import string
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory.errors import BadItem
from factory.readers.guessing import guess
from factory.readers.headings import headings
from factory.readers.limits import Limits
from factory.readers.pruning import prune
from factory.readers.punctuation import protect, restore
from factory.readers.read import FORMATS, read
from factory.readers.reading import Reading
from factory.readers.worker import Worker, close_workers, worker
from tests.documents import docx, pdf
from tests.reading import LIMITS, all_of, one, rejected, texts

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", autouse=True)
def _no_process_is_left() -> Iterator[None]:
    yield
    close_workers()


def titles(text: str) -> list[tuple[int, str]]:
    return [(mark.level, text[mark.start : mark.end]) for mark in headings(text)]


# Markdown and plain text


def test_markdown_stays_as_it_is_and_its_headings_are_marked(tmp_path: Path) -> None:
    source = "# Guide\n\nSome *text*.\n\n## Setup { #setup }\n\n- a\n"
    got = one(tmp_path / "a.md", source)
    assert got.text == source
    assert [(m.kind, m.level, got.text[m.start : m.end]) for m in got.marks] == [
        ("heading", 1, "Guide"),
        ("heading", 2, "Setup"),
    ]
    assert (got.row, got.replaced, got.media_type) == (None, 0, "text/markdown")


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("Title\n=====\n\nPart\n---\ntext", [(1, "Title"), (2, "Part")]),
        ("```python\n# no heading\n```\n# yes", [(1, "yes")]),
        ("~~~~\n# no\n~~~\n# no\n~~~~\n# yes", [(1, "yes")]),
        ("```\n# never closed", []),
        ("    # code", []),
        ("#no space\n####### seven", []),
        ("## Closed ##\n# C#\n### # ###", [(2, "Closed"), (1, "C#"), (3, "#")]),
        ("#\n\n# \n", []),
        ("# **Bold**\n# [Link](http://x.y/(z))\n# `code`\n# **a** and **b**", [
            (1, "Bold"), (1, "Link"), (1, "code"), (1, "**a** and **b**"),
        ]),
        ("text\n\n---\n\nmore", []),
        ("- item\n---\n", []),
        ("| a | b |\n---|---\n", []),
        ("a paragraph\nof two lines\n---\n", []),
        ("> quote\n---", []),
        ("# Anchor {#a .b}\n# Set {x=1}", [(1, "Anchor"), (1, "Set {x=1}")]),
    ],
)  # fmt: skip
def test_what_is_a_heading(source: str, wanted: list[tuple[int, str]]) -> None:
    assert titles(source) == wanted


@given(st.text(alphabet="#=-`~ \n*_[](){}ab|>", max_size=200))
def test_marks_are_inside_the_text_in_order_and_on_one_line(text: str) -> None:
    marks = headings(text)
    assert all(0 <= mark.start < mark.end <= len(text) or mark.start == mark.end for mark in marks)
    assert [mark.start for mark in marks] == sorted(mark.start for mark in marks)
    assert all("\n" not in text[mark.start : mark.end] and 1 <= mark.level <= 6 for mark in marks)


def test_front_matter_is_metadata_and_a_rule_is_not(tmp_path: Path) -> None:
    assert one(tmp_path / "a.md", "---\ntitle: T\ntags:\n  - x\n\n# c\n---\n# Hello\n").text == "# Hello\n"
    rule = "---\n\nA paragraph. It ends.\n\n---\n\nmore"
    assert one(tmp_path / "b.md", rule).text == rule


@pytest.mark.parametrize(
    ("front", "body", "text", "marked"),
    [
        ("title: Terms", "Be kind.\n## Fees\n", "# Terms\n\nBe kind.\n## Fees\n", [("Terms", 1), ("Fees", 2)]),
        ('title: "Orlo: Terms"', "Be kind.\n", "# Orlo: Terms\n\nBe kind.\n", [("Orlo: Terms", 1)]),
        ("title: Terms", "\n## Terms\n\nBe kind.\n", "# Terms\n\nBe kind.\n", [("Terms", 1)]),  # said twice
        (  # later parts that stand as high as the title go below it
            "title: Terms", "Be kind.\n\n# Fees\n\n## Late\n", "# Terms\n\nBe kind.\n\n# Fees\n\n## Late\n",
            [("Terms", 1), ("Fees", 2), ("Late", 3)],
        ),
        ("title: Terms", "# Hello\n\nBe kind.\n", "# Hello\n\nBe kind.\n", [("Hello", 1)]),
        ("title: '{{ page.name }}'", "Be kind.\n", "Be kind.\n", []),
        ("title: [a, b]", "Be kind.\n", "Be kind.\n", []),
        ("title: [a", "Be kind.\n", "Be kind.\n", []),  # no YAML
        ("title: 7", "Be kind.\n", "Be kind.\n", []),
        ("subtitle: T", "Be kind.\n", "Be kind.\n", []),
    ],
)  # fmt: skip
def test_a_title_in_front_matter_alone_becomes_the_heading_of_its_page(
    tmp_path: Path, front: str, body: str, text: str, marked: list[tuple[str, int]]
) -> None:
    got = one(tmp_path / "a.md", f"---\n{front}\n---\n{body}")
    assert got.text == text
    assert [(got.text[mark.start : mark.end], mark.level) for mark in got.marks] == marked


def test_front_matter_over_nothing_is_an_empty_page(tmp_path: Path) -> None:
    [item] = all_of(tmp_path / "a.md", "---\ntitle: Terms\n---\n\n")
    assert isinstance(item, BadItem)


def test_plain_text_has_no_headings(tmp_path: Path) -> None:
    got = one(tmp_path / "a.txt", "# not a heading\r\nsecond\rthird")
    assert (got.text, got.marks, got.media_type) == ("# not a heading\nsecond\nthird", (), "text/plain")


@settings(deadline=None)  # it writes files
@given(st.text(min_size=1).filter(str.strip))
def test_any_text_comes_back_as_written(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("any") / "a.txt"
    items = all_of(path, "words around " * 9 + text + " and after it")
    wanted = text.replace("\x00", "\ufffd").replace("\r\n", "\n").replace("\r", "\n")
    if isinstance(items[0], Reading):  # a text of control characters may be taken for binary data
        assert items[0].text == "words around " * 9 + wanted + " and after it"
        assert items[0].replaced == text.count("\x00")


# Encodings

SPANISH = "La señora dijo: «¡Qué rico!», y pagó después. El niño comió más jamón que ningún otro día del año.\n"
RUSSIAN = "Все люди рождаются свободными и равными в своём достоинстве и правах. Они наделены разумом и совестью.\n"
JAPANESE = "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。\n"
KOREAN = (
    "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다. 서로 형제애의 정신으로 행동하여야 한다.\n"
)
CHINESE = "人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神相对待。\n"
POLISH = "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw. Są oni obdarzeni rozumem.\n"
TURKISH = "Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar. Akıl ve vicdana sahiptirler.\n"
GREEK = "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα.\n"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        *[(SPANISH + RUSSIAN + JAPANESE, e) for e in ("utf-8-sig", "utf-16", "utf-32", "utf-8")],
        *[(SPANISH, e) for e in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "cp1252", "latin-1")],
        (RUSSIAN, "cp1251"), (RUSSIAN, "koi8_r"), (JAPANESE, "shift_jis"), (JAPANESE, "euc_jp"), (KOREAN, "euc_kr"),
        (SPANISH + "Die schöne Straße, l'été, três pães, blåbær, è già\n" * 3, "cp1252"),
        (CHINESE, "gb18030"), (POLISH, "cp1250"), (TURKISH, "cp1254"), (GREEK, "cp1253"),
    ],
)  # fmt: skip
def test_old_encodings_give_the_text_of_their_originals(tmp_path: Path, text: str, encoding: str) -> None:
    assert one(tmp_path / "a.txt", text.encode(encoding)).text == text
    row = json.dumps({"text": text}, ensure_ascii=False) + "\n"
    assert texts(all_of(tmp_path / "a.jsonl", (row * 2).encode(encoding))) == [text, text]


def test_what_no_list_has_is_left_to_charset_normalizer() -> None:
    assert guess(("Všetci ľudia sa rodia slobodní. " * 5).encode("cp1250")) == "cp1250"
    assert guess("ข้อ ๑ มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกัน".encode("cp874")) != ""


def test_utf8_with_a_broken_byte_is_not_garbled_as_another_encoding(tmp_path: Path) -> None:
    broken = (SPANISH * 3).encode() + b"\xff" + SPANISH.encode()
    got = rejected(tmp_path / "a.txt", broken)
    assert got.reason == "ingest.undecodable"
    assert f"byte {len((SPANISH * 3).encode())}" in got.detail


# PDF


def test_each_page_of_a_pdf_is_marked_where_it_begins(tmp_path: Path) -> None:
    got = one(
        tmp_path / "a.pdf", pdf(["The museum opened in 1889.\nIt is free.", "Closed on Mondays.", "", "The end."])
    )
    starts = [mark.start for mark in got.marks]
    assert [(mark.kind, mark.level, mark.end) for mark in got.marks] == [
        ("page", n + 1, s) for n, s in enumerate(starts)
    ]
    pages = [got.text[a:b].strip() for a, b in zip(starts, [*starts[1:], len(got.text)], strict=True)]
    assert pages == ["The museum opened in 1889.\nIt is free.", "Closed on Mondays.", "", "The end."]
    assert got.media_type == "application/pdf"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (pdf(["", ""]), "ingest.no_text_layer"),
        (pdf(["secret"], encrypted=True), "ingest.encrypted"),
        (pdf(["x"])[:200], "ingest.corrupt_pdf"),
        (b"%PDF-1.4\nnothing more", "ingest.corrupt_pdf"),
        (b"plain words under a pdf name", "ingest.corrupt_pdf"),
    ],
)
def test_a_pdf_that_gives_nothing_says_why(tmp_path: Path, content: bytes, reason: str) -> None:
    assert rejected(tmp_path / "a.pdf", content).reason == reason


# Word


def test_a_docx_keeps_headings_tables_and_every_character(tmp_path: Path) -> None:
    marks = string.punctuation.replace("|", "")
    got = one(
        tmp_path / "a.docx", docx([(1, f"AT&T {marks}"), "2 < 3 & # 4", (2, "Part")], table=[["A_b", "B"], ["1", "2"]])
    )
    assert got.text == f"# AT&T {marks}\n\n2 < 3 & # 4\n\n## Part\n\n| A_b | B |\n| --- | --- |\n| 1 | 2 |"
    assert [(m.level, got.text[m.start : m.end]) for m in got.marks] == [(1, f"AT&T {marks}"), (2, "Part")]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (docx(["x"])[:300], "ingest.corrupt_docx"),
        (b"PK\x03\x04 and no archive", "ingest.corrupt_docx"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "ingest.corrupt_docx"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "ingest.encrypted"),
        (docx([]), "ingest.empty"),
    ],
)
def test_a_docx_that_gives_nothing_says_why(tmp_path: Path, content: bytes, reason: str) -> None:
    assert rejected(tmp_path / "a.docx", content).reason == reason


def test_a_zip_bomb_is_stopped_by_its_unpacked_size(tmp_path: Path) -> None:
    bomb = docx(["0" * (101 * 2**20)])
    assert len(bomb) < 2**20
    assert rejected(tmp_path / "a.docx", bomb).reason == "ingest.too_large"


@given(st.text())
def test_punctuation_comes_back(text: str) -> None:
    assert restore(protect(text)) == "".join("\ufffd" if "\ufdd0" <= c <= "\ufdee" else c for c in text)
    assert len(protect(text)) == len(text)


# HTML

PAGE = """<!doctype html><html><head><title>Opening hours &amp; prices</title><style>p{}</style></head><body>
<header><a href="/">Museum</a></header><nav><ul><li><a href="/a">Home</a></li></ul></nav>
<main><h2><a href="#h">Hours</a></h2><p>Open <em>daily</em>
 at <a href="/x">nine</a>, 5 &lt; 6 &amp; # 7.</p><p># no heading</p>
<pre>#include &lt;x&gt;
#include "y"</pre><table><tr><th>Day</th><th>a_b</th></tr><tr><td>Mon</td><td>*9*</td></tr></table>
<form><label>Name</label></form><p hidden>unseen</p><script>var x = 1</script></main>
<aside>Advertisement</aside><footer>Imprint</footer></body></html>"""


def test_the_main_text_of_a_page_is_read_without_navigation(tmp_path: Path) -> None:
    got = one(tmp_path / "a.html", PAGE)
    assert got.text == (
        "# Opening hours & prices\n\n## Hours\n\nOpen *daily* at nine, 5 < 6 & # 7.\n\n# no heading\n\n"
        '```\n#include <x>\n#include "y"\n```\n\n| Day | a_b |\n| --- | --- |\n| Mon | *9* |\n\nName'
    )
    assert [got.text[m.start : m.end] for m in got.marks] == ["Opening hours & prices", "Hours"]
    assert got.media_type == "text/html"


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("<ul><li><a>Home</a><li><a>News</a><li><a>About</a></ul><p>Words of the page.", "Words of the page."),
        ("<p>See <a>one</a>, <a>two</a> and <a>three</a> for more on it.", "See one, two and three for more on it."),
        ("<table><tr><td><h2>T</h2><p>Prose</td></tr></table>", "## T\n\nProse"),
        ("<table><tr><td>only</td></tr><tr><td>cells</td></tr></table>", "only\n\ncells"),
        ("<ul><li><a>Only</a><li><a>a</a><li><a>menu</a></ul>", "- Only\n- a\n- menu"),
        ("<div>" * 5000 + "deep", "deep"),
        ("<table><tr><td>a</div></td><td>b</td></tr></table>after", "| a | b |\n| --- | --- |\n\nafter"),
        ("<ul><li><p>one<li><p>two</ul><p>three<p>four", "- one\n\n- two\n\nthree\n\nfour"),
        ("<nav>never closed<p>but the text is kept", "never closed\n\nbut the text is kept"),
    ],
)
def test_pages_in_the_wild(tmp_path: Path, body: str, wanted: str) -> None:
    assert one(tmp_path / "a.html", f"<html><body>{body}").text == wanted


def test_a_page_says_its_encoding(tmp_path: Path) -> None:
    page = f'<meta charset="iso-8859-2"><p>{POLISH}</p>'
    assert one(tmp_path / "a.html", page.encode("iso-8859-2")).text == POLISH.strip()
    assert prune("<title> A \n B </title>x")[0] == "A B"


# JSON lines


def test_a_broken_line_costs_only_itself(tmp_path: Path) -> None:
    lines = [
        '{"text": "one"}', "", '{"text": "cut', "[1]", '{"text": null}', '{"text": 5}', '{"id": 1, "title": "t"}',
        '{"text": " "}', '"words"', '{"body": "two", "id": 3}', '{"text": 1, "content": "three"}', "   ", "9" * 5000,
    ]  # fmt: skip
    items = all_of(tmp_path / "faq.jsonl", "\n".join(lines), label="sub/faq.jsonl")
    assert texts(items) == [
        "one", "ingest.bad_json", "ingest.bad_json", "ingest.no_text", "ingest.no_text", "ingest.no_text",
        "ingest.empty", "ingest.bad_json", "two", "three", "ingest.bad_json",
    ]  # fmt: skip
    places = [item.place if isinstance(item, BadItem) else item.row for item in items]
    assert places[:4] == [1, "sub/faq.jsonl:3", "sub/faq.jsonl:4", "sub/faq.jsonl:5"]
    assert places[8:] == [10, 11, "sub/faq.jsonl:13"]


def test_a_line_without_a_text_names_its_keys_and_the_fix(tmp_path: Path) -> None:
    got = rejected(tmp_path / "faq.jsonl", '{"question": "private words", "answer": "more of them"}')
    assert "columns here: question, answer" in got.detail
    assert "map: {text: COLUMN}" in got.detail
    assert "private" not in str(got)


def test_a_mapped_column_is_the_text(tmp_path: Path) -> None:
    rows = '{"text": "no", "body": "yes"}\n{"text": "no"}\n'
    assert texts(all_of(tmp_path / "a.jsonl", rows, columns={"text": "body"})) == ["yes", "ingest.no_text"]
    table = "text,body\nno,yes\n"
    assert texts(all_of(tmp_path / "a.csv", table, columns={"text": "body"})) == ["yes"]
    assert texts(all_of(tmp_path / "b.csv", table, columns={"text": "nowhere"})) == ["ingest.no_text"]


def test_a_line_over_the_limit_is_rejected_alone(tmp_path: Path) -> None:
    rows = "\n".join(json.dumps({"text": words}) for words in ("a", "b" * 500, "c", "d" * 88, "d" * 89, "é" * 40))
    items = all_of(tmp_path / "a.jsonl", rows, limits=Limits(max_line_bytes=100))
    assert texts(items) == ["a", "ingest.line_too_long", "c", "d" * 88, "ingest.line_too_long", "ingest.line_too_long"]
    wide = json.dumps({"text": "é" * 45}, ensure_ascii=False)
    assert texts(all_of(tmp_path / "b.jsonl", wide, limits=Limits(max_line_bytes=100))) == ["ingest.line_too_long"]


def test_a_line_in_another_encoding_is_rejected_alone(tmp_path: Path) -> None:
    rows = [json.dumps({"text": f"señora {n}"}, ensure_ascii=False).encode() for n in range(20)]
    rows[7] = '{"text": "señora"}'.encode("latin-1")
    items = all_of(tmp_path / "a.jsonl", b"\n".join(rows))
    assert [n for n, item in enumerate(items) if isinstance(item, BadItem)] == [7]
    assert texts(items)[7] == "ingest.undecodable"


def test_nul_and_lone_surrogates_become_u_fffd_and_are_counted(tmp_path: Path) -> None:
    row = one(tmp_path / "a.jsonl", r'{"text": "a\u0000b\ud800c\ud83d\ude00\r\nd"}')
    assert (row.text, row.replaced) == ("a\ufffdb\ufffdc\U0001f600\nd", 2)
    whole = one(tmp_path / "a.txt", b"\xff\xfea\x00\x00\xd8b\x00")
    assert (whole.text, whole.replaced) == ("a\ufffdb", 1)


def test_a_stream_is_not_held_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "big.jsonl"
    with path.open("w") as file:
        file.writelines('{"text": "' + "word " * 400 + '"}\n' for _ in range(20_000))
    tracemalloc.start()
    try:
        assert sum(1 for _ in read(path, limits=Limits(max_bytes=1000))) == 20_000
        assert tracemalloc.get_traced_memory()[1] < path.stat().st_size / 4
    finally:
        tracemalloc.stop()


# CSV


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_each_row_of_a_table_is_a_document_by_its_columns(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "a.csv"
    with path.open("w", newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(
            [["name", "", "note"], ["Ann", "x", "a, b; c"], ["Bo", " ", "d\ne"]]
        )
    items = list(read(path, limits=LIMITS))
    assert texts(items) == ["name: Ann\ncolumn 2: x\nnote: a, b; c", "name: Bo\nnote: d\ne"]
    assert [item.row for item in items if isinstance(item, Reading)] == [1, 2]


def test_a_text_column_is_the_text_of_a_row(tmp_path: Path) -> None:
    assert texts(all_of(tmp_path / "a.csv", "id,content\n1,Hello\n2,\n")) == ["Hello", "ingest.empty"]
    assert texts(all_of(tmp_path / "a.tsv", "a\tb\n1\t2\n\t\n")) == ["a: 1\nb: 2", "ingest.empty"]


def test_a_row_with_the_wrong_number_of_cells_is_rejected_alone(tmp_path: Path) -> None:
    items = all_of(tmp_path / "a.csv", "a,b\n1,2\n\n3\n4,5,6\n7,8\n")
    assert texts(items) == ["a: 1\nb: 2", "ingest.bad_csv_row", "ingest.bad_csv_row", "a: 7\nb: 8"]
    assert isinstance(items[1], BadItem)
    assert items[1].place == "a.csv:4"
    assert "Data row 2 has 1 cell where the header has 2" in items[1].detail


def test_a_stray_quote_does_not_swallow_the_rows_below(tmp_path: Path) -> None:
    rows = [f"{n},words {n}" for n in range(3000)]
    rows[5] = '5,"never closed'
    items = all_of(tmp_path / "a.csv", "id,text\n" + "\n".join(rows) + "\n")
    assert texts(items) == [f"words {n}" if n != 5 else "ingest.bad_csv_row" for n in range(3000)]


def test_a_cell_may_hold_line_ends_and_loose_quotes(tmp_path: Path) -> None:
    items = all_of(tmp_path / "a.csv", 'id,text\r\n1,"one\r\ntwo ""three"""\r\n2,5" pipe\r\n3,"a "b" c"\r\n')
    assert texts(items) == ['one\ntwo "three"', '5" pipe', 'a b" c"']


def test_a_cell_over_the_limit_is_rejected_alone(tmp_path: Path) -> None:
    items = all_of(tmp_path / "a.csv", f"id,text\n1,{'x' * 500}\n2,short\n", limits=Limits(max_line_bytes=100))
    assert texts(items) == ["ingest.line_too_long", "short"]


@settings(deadline=None)  # it writes files
@given(
    st.lists(
        st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\x00\r")), min_size=2, max_size=2), min_size=1
    )
)
def test_what_a_csv_writer_writes_is_read_back(tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]) -> None:
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        csv.writer(file).writerows([["id", "text"], *rows])
    wanted = [text if text.strip() else "ingest.empty" for _, text in rows]
    assert texts(list(read(path, limits=LIMITS))) == wanted


# Whole files that give nothing


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.txt", b"", "ingest.empty"),
        ("a.md", b" \n\t\n", "ingest.empty"),
        ("a.html", b"<html><body><script>1</script></body></html>", "ingest.empty"),
        ("a.jsonl", b"\n\n", "ingest.empty"),
        ("a.csv", b"id,text\n", "ingest.empty"),
        ("a.xyz", b"words", "ingest.unsupported"),
        ("Makefile", b"words", "ingest.unsupported"),
        ("a.txt", pdf(["words"]), "ingest.binary"),
        ("a.md", b"PK\x03\x04\x14\x00\x00\x00" + bytes(range(256)), "ingest.binary"),
        ("a.txt", bytes(1000), "ingest.binary"),
        ("a.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "ingest.binary"),
        ("a.jsonl", bytes(range(256)) * 4, "ingest.binary"),
        ("a.txt", b"\xff\xfe\x00\xd8\x00\xd8a", "ingest.undecodable"),
        ("a.txt", b"x" * 101, "ingest.too_large"),
    ],
)
def test_a_file_that_gives_nothing_is_a_finding(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    limits = Limits(max_bytes=100 if reason == "ingest.too_large" else 10**6)
    got = rejected(tmp_path / name, content, limits)
    assert got.reason == reason
    assert got.place == name
    assert got.detail.endswith((".", "?"))
    assert str(tmp_path) not in str(got)


def test_what_cannot_be_opened_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "link.md").symlink_to(tmp_path / "gone")
    (tmp_path / "folder.md").mkdir()
    os.mkfifo(tmp_path / "pipe.md")
    for name in ("link.md", "folder.md", "pipe.md", "vanished.md"):
        [got] = read(tmp_path / name, limits=LIMITS)
        assert isinstance(got, BadItem)
        assert got.reason == ("ingest.broken_link" if name == "link.md" else "ingest.unreadable")
        assert got.place == name


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("x")
    path.chmod(0)
    [got] = read(path, limits=LIMITS)
    assert isinstance(got, BadItem)
    assert got.reason == "ingest.unreadable"


def test_what_is_supported_is_named(tmp_path: Path) -> None:
    got = rejected(tmp_path / "a.xyz", "x")
    assert all(extension in got.detail for extension in FORMATS)
    assert one(tmp_path / "A.MD", "x").text == "x"


# The parser process


@pytest.fixture
def parser(monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    """A parser process that can also run the parsers of tests/factory/parsers.py."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    with Worker(Limits(timeout_s=60, memory_mb=1024)) as worker:
        yield worker


def pid(parser: Worker) -> int:
    return int(parser.parse("tests.factory.parsers:echo", Path("a"))[0])


def test_one_process_serves_file_after_file(parser: Worker) -> None:
    assert pid(parser) == pid(parser) != os.getpid()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("segfault", "ingest.parser_crashed"),
        ("panic", "ingest.parser_crashed"),
        ("exhaust", "ingest.out_of_memory"),
        ("abort_out_of_memory", "ingest.out_of_memory"),
    ],
)
def test_a_parser_that_dies_costs_only_its_file(parser: Worker, name: str, reason: str) -> None:
    before = pid(parser)
    with pytest.raises(BadItem) as error:
        parser.parse(f"tests.factory.parsers:{name}", Path("a"))
    assert error.value.reason == reason
    assert pid(parser) != before


def test_a_parser_that_hangs_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    with Worker(Limits(timeout_s=0.5)) as parser:
        before = pid(parser)
        start = time.monotonic()
        with pytest.raises(BadItem) as error:
            parser.parse("tests.factory.parsers:hang", Path("a"))
        assert error.value.reason == "ingest.timeout"
        assert time.monotonic() - start < 30
        with pytest.raises(ProcessLookupError):
            os.kill(before, 0)
        assert pid(parser) != before


def test_a_process_killed_between_two_files_costs_none(parser: Worker) -> None:
    os.kill(before := pid(parser), signal.SIGKILL)
    time.sleep(0.2)
    assert pid(parser) != before


def test_what_a_library_prints_stays_out_of_the_protocol(parser: Worker) -> None:
    assert parser.parse("tests.factory.parsers:chatter", Path("a"))[0] == "fine"
    assert parser.parse("tests.factory.parsers:lone_surrogate", Path("a"))[0] == "a\ud800\x00b"


def test_the_process_ends_with_its_parent() -> None:
    code = (
        "import os; from pathlib import Path; from factory.readers.limits import Limits;"
        "from factory.readers.worker import worker;"
        "print(worker(Limits()).parse('tests.factory.parsers:echo', Path('a'))[0], flush=True); os._exit(0)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=True,
    )
    for _ in range(100):
        if not Path(f"/proc/{int(run.stdout)}/cmdline").exists():
            return
        time.sleep(0.1)
    pytest.fail("the parser process outlived its parent")


def test_text_files_start_no_process_and_load_nothing_heavy(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# x\n")
    (tmp_path / "b.csv").write_text("a,b\n1,2\n")
    code = (
        "import sys; from pathlib import Path; from factory.readers.read import read;"
        "from factory.readers.limits import Limits;"
        "print([len(list(read(Path(p), limits=Limits()))) for p in sys.argv[1:]],"
        "{'subprocess', 'kreuzberg', 'charset_normalizer', 'pyarrow', 'factory.readers.worker'} & set(sys.modules))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "a.md"), str(tmp_path / "b.csv")],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert run.stdout.strip() == "[1, 1] set()"


def test_each_thread_and_limit_has_its_own_process() -> None:
    assert worker(LIMITS) is worker(LIMITS)
    assert worker(LIMITS) is not worker(Limits(timeout_s=61))


def test_two_columns_of_one_name_are_both_read(tmp_path: Path) -> None:
    (tmp_path / "notes.csv").write_text("name,note,note\nAnna,first one,second one\n", encoding="utf-8")
    [row] = read(tmp_path / "notes.csv", limits=Limits())
    assert isinstance(row, Reading)
    assert row.text == "name: Anna\nnote: first one\nnote: second one"


def test_a_text_column_that_stands_twice_cannot_be_chosen(tmp_path: Path) -> None:
    (tmp_path / "notes.csv").write_text("note,note\nfirst one,second one\n", encoding="utf-8")
    [row] = read(tmp_path / "notes.csv", limits=Limits(), columns={"text": "note"})
    assert isinstance(row, BadItem)
    assert row.reason == "ingest.no_text"


def test_a_key_that_stands_twice_costs_its_line(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "one", "text": "two"}\n{"text": "three"}\n', encoding="utf-8")
    broken, fine = read(tmp_path / "a.jsonl", limits=Limits())
    assert isinstance(broken, BadItem)
    assert (broken.reason, broken.place) == ("ingest.bad_json", "a.jsonl:1")
    assert isinstance(fine, Reading)


def test_a_hyphen_that_pdf_makes_a_control_character_is_joined() -> None:
    from factory.readers.pdf import join

    text, _ = join(["The repre\x02\nsentation of a \x01word"])
    assert text == "The representation of a word"
