"""Zip packages: bombs, entities, passwords and names that lead elsewhere."""

import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.errors import BadItem
from factory.readers import package
from factory.readers.package import below, opened
from tests.documents import docx, epub, packed, pptx, repacked, shape
from tests.factory.readers.test_xlsx import workbook
from tests.reading import one, rejected

SHORT = "short words"
GOOD = {
    "a.docx": docx([SHORT]),
    "a.pptx": pptx([[shape(SHORT)]]),
    "a.xlsx": workbook(A=[[SHORT]]),
    "a.epub": epub({"a.xhtml": f"<p>{SHORT}</p>"}),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_zip_bomb_is_stopped_by_its_unpacked_size(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(io.BytesIO(GOOD[name])) as parts:
        holder = next(part for part in parts.namelist() if SHORT.encode() in parts.read(part))
    bomb = repacked(GOOD[name], SHORT, "0" * (101 * 2**20))
    assert len(bomb) < 2**20, holder
    assert rejected(tmp_path / name, bomb).reason == "ingest.too_large"


def test_many_parts_are_counted_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.zip").write_bytes(packed({f"{n}": "0" * 1000 for n in range(10)}))
    monkeypatch.setattr(package, "MAX_BYTES", 5000)
    with opened(tmp_path / "a.zip", "ingest.corrupt_docx") as found:
        assert [len(found.read(f"{n}")) for n in range(5)] == [1000] * 5
        with pytest.raises(BadItem, match="too_large"):
            found.read("5")
    with pytest.raises(BadItem, match="too_large"), opened(tmp_path / "a.zip", "ingest.corrupt_docx") as found:
        found.check_sizes()
    monkeypatch.setattr(package, "MAX_PARTS", 9)
    with pytest.raises(BadItem, match="more than 9 parts"), opened(tmp_path / "a.zip", "ingest.corrupt_docx"):
        pass


@pytest.mark.parametrize("name", ["a.pptx", "a.xlsx", "a.epub"])
def test_entities_that_grow_are_refused(tmp_path: Path, name: str) -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 9}">' for n in range(1, 12))
    begins = {"a.pptx": "<p:presentation ", "a.xlsx": "<workbook ", "a.epub": "<package "}[name]
    bomb = repacked(GOOD[name], begins, f'<!DOCTYPE x [<!ENTITY l0 "ha">{laughs}]>{begins}')
    bomb = repacked(bomb, SHORT, "&l11;")
    assert rejected(tmp_path / name, bomb).reason == f"ingest.corrupt_{name[2:]}"


@pytest.mark.parametrize("name", GOOD)
def test_a_part_whose_name_leads_elsewhere_is_only_a_name(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "deep" / "er"
    folder.mkdir(parents=True)
    with zipfile.ZipFile(io.BytesIO(GOOD[name])) as parts:
        more = {part: parts.read(part) for part in parts.namelist()} | {"../../evil.txt": b"x", "/evil.txt": b"x"}
    assert SHORT in one(folder / name, packed(more)).text
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [name]


def test_a_part_with_a_password_is_encrypted(tmp_path: Path) -> None:
    data = bytearray(packed({"a.xml": "words"}))
    data[6] |= 1  # the flag in the part's own header, and in the directory
    data[data.index(b"PK\x01\x02") + 8] |= 1
    assert rejected(tmp_path / "a.pptx", bytes(data)).reason == "ingest.encrypted"


def test_an_old_office_file_under_a_new_name_says_what_to_do(tmp_path: Path) -> None:
    got = rejected(tmp_path / "a.pptx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500))
    assert (got.reason, "save it as .pptx" in got.detail) == ("ingest.corrupt_pptx", True)


@given(st.text(alphabet="./a%2eF#", max_size=30), st.sampled_from(["", "ppt", "ppt/slides"]))
def test_no_target_leaves_the_package(target: str, folder: str) -> None:
    name = below(folder, target)
    assert not name.startswith("/")
    assert ".." not in name.split("/")


def test_targets_are_found_as_office_writes_them() -> None:
    assert below("ppt/slides", "../media/a%20b.png#x") == "ppt/media/a b.png"
    assert below("ppt", "/ppt/slides/a.xml") == below("ppt", "slides/a.xml") == "ppt/slides/a.xml"
