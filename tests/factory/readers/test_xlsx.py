"""Excel workbooks to Markdown."""

import datetime
import io
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.documents import packed, repacked
from tests.reading import marked, one, rejected


def workbook(**sheets: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
        sheet.sheet_state = "hidden" if name.startswith("hidden") else "visible"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_each_sheet_is_a_page_under_its_name_and_its_cells_a_table(tmp_path: Path) -> None:
    noon = datetime.datetime(2024, 3, 1, 12, 30)
    prices = [["Name", "Price", "Since"], ["P_1 | x", 12.5, datetime.date(2024, 3, 1)], ["*P2*\nnew", 0.1 + 0.2, noon]]
    got = one(tmp_path / "a.xlsx", workbook(Prices=prices, Empty=[], Notes=[["Kept in March."], [], ["By Ann."]]))
    assert got.text == (
        "## Prices\n\n| Name | Price | Since |\n| --- | --- | --- |\n| P_1 \\| x | 12.5 | 2024-03-01 |\n"
        "| *P2* new | 0.3 | 2024-03-01 12:30:00 |\n\n## Notes\n\nKept in March.\n\nBy Ann."
    )
    assert marked(got) == [
        ("page", 1, "## Prices"), ("heading", 2, "Prices"), ("page", 3, "## Notes"), ("heading", 2, "Notes"),
    ]  # fmt: skip


def test_an_empty_row_does_not_take_the_header_from_the_rows_below(tmp_path: Path) -> None:
    rows = [["Stock of March"], [], ["Part", "Count"], ["lid", 2], [], ["shelf", 3], [], [None, 7, True]]
    got = one(tmp_path / "a.xlsx", workbook(Stock=rows))
    assert got.text == (
        "## Stock\n\nStock of March\n\n| Part | Count |\n| --- | --- |\n| lid | 2 |\n\n"
        "| Part | Count |\n| --- | --- |\n| shelf | 3 |\n\n| B | C |\n| --- | --- |\n| 7 | TRUE |"
    )


def test_a_long_table_has_its_header_in_each_part(tmp_path: Path) -> None:
    got = one(tmp_path / "a.xlsx", workbook(Long=[["Nr", "Half"], *([n, n / 2] for n in range(45))]))
    assert got.text.count("| Nr | Half |") == 3
    assert got.text.count("\n| 4") == 6  # 4, and 40 to 44: no row twice
    assert "\n| 44 | 22 |" in got.text


def test_a_formula_is_its_saved_value_and_is_not_evaluated(tmp_path: Path) -> None:
    book = workbook(A=[["Sum", "Share"], ["=1+1", 0.25], ['=HYPERLINK("http://127.0.0.1:9/x","click")', 0.5]])
    one_form = repacked(book, "<v />", "<v></v>")  # openpyxl writes either, by whether lxml is there
    saved = repacked(one_form, "<f>1+1</f><v></v>", "<f>1+1</f><v>41</v>")  # what was saved counts, right or wrong
    assert saved != one_form
    assert one(tmp_path / "a.xlsm", saved).text == "## A\n\n| Sum | Share |\n| --- | --- |\n| 41 | 0.25 |\n|  | 0.5 |"


def test_percentages_show_as_they_do_in_the_program(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active["A1"] = 0.125
    book.active["A1"].number_format = "0.0%"
    book.save(tmp_path / "a.xlsx")
    assert one(tmp_path / "a.xlsx", (tmp_path / "a.xlsx").read_bytes()).text == "## Sheet\n\n12.5%"


def test_hidden_sheets_are_left_out(tmp_path: Path) -> None:
    got = one(tmp_path / "a.xlsx", workbook(hidden_pay=[["Ann", 9000]], Shown=[["words"]]))
    assert got.text == "## Shown\n\nwords"


def test_a_cell_at_the_far_end_of_a_sheet_costs_nothing(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active["A1"], book.active["XFD900000"] = "near", "far"
    book.save(tmp_path / "a.xlsx")
    assert one(tmp_path / "a.xlsx", (tmp_path / "a.xlsx").read_bytes()).text == "## Sheet\n\nnear\n\nfar"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (workbook(A=[["x"]])[:300], "ingest.corrupt_xlsx"),
        (packed({"readme.txt": "words"}), "ingest.corrupt_xlsx"),
        (repacked(workbook(A=[["x"]]), "<sheetData>", "<sheetData><"), "ingest.corrupt_xlsx"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "ingest.encrypted"),
        (workbook(A=[]), "ingest.empty"),
        (workbook(A=[[" "]]), "ingest.empty"),
    ],
)
def test_a_workbook_that_gives_nothing_says_why(tmp_path: Path, content: bytes, reason: str) -> None:
    assert rejected(tmp_path / "a.xlsx", content).reason == reason
