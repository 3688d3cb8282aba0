"""Sentences: spans that tile a text; the stop of an abbreviation ends none; other scripts have marks of their own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.sentences import sentences


def said(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


@given(text=st.text(max_size=200))
def test_sentences_tile_a_text_but_for_white_space(text: str) -> None:
    assert "".join("".join(said(text)).split()) == "".join(text.split())


@given(before=st.text(max_size=30), text=st.text(max_size=80), behind=st.text(max_size=30))
def test_a_part_of_a_text_has_its_sentences_inside_of_it(before: str, text: str, behind: str) -> None:
    spans = sentences(before + text + behind, len(before), len(before) + len(text))
    assert all(len(before) <= start < end <= len(before) + len(text) for start, end in spans)
    assert spans == sorted(spans)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Use e.g. Docker Inc. tools. Set `a. B` to 1. Then stop.",
            ["Use e.g. Docker Inc. tools.", "Set `a. B` to 1.", "Then stop."],
        ),
        ("It is 2.5 bar. Really?! Yes… No.", ["It is 2.5 bar.", "Really?!", "Yes…", "No."]),
        ("He said “Stop.” Then he left.", ["He said “Stop.”", "Then he left."]),
        ("Der Ofen, z.B. Modell K2, ist heiß. Bzw. warm.", ["Der Ofen, z.B. Modell K2, ist heiß.", "Bzw. warm."]),
        ("泵会停止。系统在启动后检查所有传感器！", ["泵会停止。", "系统在启动后检查所有传感器！"]),
        ("「止まります。」ポンプは動きません。", ["「止まります。」", "ポンプは動きません。"]),
        ("पंप रुक जाता है। फिर वह चलता है।", ["पंप रुक जाता है।", "फिर वह चलता है।"]),
        ("توقفت المضخة؟ نعم.", ["توقفت المضخة؟", "نعم."]),
        ("", []),
        (" \n", []),
    ],
)
def test_where_sentences_end(text: str, expected: list[str]) -> None:
    assert said(text) == expected


@pytest.mark.parametrize("bait", ["a. ", ".", ".)", "`. A ", "。", " ", "?\n", "e.g. "])
def test_long_baits_do_not_stall(bait: str) -> None:
    long = bait * (500_000 // len(bait))
    assert "".join(said(long)).replace(" ", "").replace("\n", "") == long.replace(" ", "").replace("\n", "")
