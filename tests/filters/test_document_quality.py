"""Document quality: running text scores above menus and scraps, in any script; the bound alone decides."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import factory
from factory import plugins
from factory.errors import WrongRequest
from filters.document_quality import PARTS, DocumentQuality, score
from tests.laws.strategies import STRANGE

QUICKSTART = Path(factory.__file__).parent / "quickstart/documents"
PROSE = {
    "en": (
        "The pump moves ninety litres a minute when the filter is clean, and half of that when it is not. "
        "Check the gauge before you open the drain valve. If it shows more than two bar, wait until the tank "
        "has emptied itself."
    ),
    "de": (
        "Die Pumpe fördert neunzig Liter in der Minute, wenn der Filter sauber ist, und sonst nur die Hälfte "
        "davon. Prüfen Sie die Anzeige, bevor Sie das Ventil öffnen. Zeigt sie mehr als zwei Bar, so warten "
        "Sie, bis der Tank leer ist."
    ),
    "es": (
        "La bomba mueve noventa litros por minuto cuando el filtro está limpio, y la mitad cuando no lo está."
        " Mire el manómetro antes de abrir la válvula. Si marca más de dos bares, espere hasta que el "
        "depósito se haya vaciado."
    ),
    "fr": (
        "La pompe déplace quatre-vingt-dix litres par minute quand le filtre est propre, et la moitié quand "
        "il ne l'est pas. Regardez le manomètre avant d'ouvrir la vanne. S'il indique plus de deux bars, "
        "attendez que la cuve soit vide."
    ),
    "ru": (
        "Насос перекачивает девяносто литров в минуту, когда фильтр чист, и вдвое меньше, когда он засорён. "
        "Прежде чем открыть клапан, посмотрите на манометр. Если он показывает больше двух бар, подождите, "
        "пока бак опустеет."
    ),
    "zh": (
        "过滤器干净时,水泵每分钟输送九十升水,否则只有一半。打开排水阀之前请先查看压力表。如果压力超过两巴,"
        "请等待水箱排空, 然后再慢慢打开阀门。操作人员应当在记录本上写下日期、时间和读数,并在交班时告知下一"
        "位同事。"
    ),
    "th": (
        "ปั๊มสูบน้ำได้เก้าสิบลิตรต่อนาทีเมื่อตัวกรองสะอาด แ"
        "ละได้เพียงครึ่งหนึ่งเมื่อตัวกรองสกปรก ตรวจดูมาตรวั"
        "ดก่อนเปิดวาล์วระบายน้ำ หากแสดงค่ามากกว่าสองบาร์ ให"
        "้รอจนกว่าถังจะว่าง"
    ),
}
MENU = "Home\nProducts\nPumps | Valves | Gauges\nMy Account (0)\nLOG IN\nCart: $0.00\n© 2024 ACME Inc.\nNext »"


def batch_of(texts: list[str], languages: list[str | None] | None = None) -> pa.RecordBatch:
    return pa.record_batch(
        {
            "id": pa.array([f"{nth}" for nth in range(len(texts))], pa.string()),
            "text": pa.array(texts, pa.large_string()),
            "language": pa.array(languages or [None] * len(texts), pa.string()),
        }
    )


def verdicts(texts: list[str], languages: list[str | None] | None = None, **options: Any) -> list[dict[str, Any]]:
    quality = DocumentQuality(**options)
    return quality.decide(quality.measure(batch_of(texts, languages))).rows


def score_of(text: str, language: str | None = None) -> float:
    [row] = verdicts([text], [language], min_score=1)
    return float(json.loads(row["evidence"])["score"]) if row["evidence"] else 1.0


@pytest.mark.parametrize("language", PROSE)
def test_running_text_is_kept_in_any_script(language: str) -> None:
    text = " ".join(PROSE[language].split())
    assert score_of(text, language) > 0.55
    assert score_of(text) > 0.55


def test_a_menu_is_rejected_and_the_evidence_says_why() -> None:
    [row] = verdicts([MENU])
    assert (row["outcome"], row["reason"]) == ("reject", "document_quality.low_score")
    evidence = json.loads(row["evidence"])
    assert evidence["score"] < 0.3
    assert evidence["line_ends"] < 0.2
    assert set(evidence) == {"score", *PARTS}


def test_manuals_are_kept_and_release_notes_in_catchwords_are_not() -> None:
    files = sorted(QUICKSTART.rglob("*.md"))
    said = verdicts([file.read_text(encoding="utf-8") for file in files])
    assert [file.name for file, row in zip(files, said, strict=True) if row["outcome"] != "keep"] == [
        "release-notes.md"
    ]


def test_lines_broken_anywhere_score_like_the_same_text_in_one_line() -> None:
    words = PROSE["en"].split()
    broken = "\n".join(" ".join(words[at : at + 6]) for at in range(0, len(words), 6))
    assert score_of(broken) > score_of(" ".join(words)) - 0.1


def test_code_between_fences_and_markup_are_left_out() -> None:
    prose = " ".join(PROSE["en"].split())
    code = "\n".join(["```python", *(f"x[{n}] = {{'{n}': [({n}, {n})]}}" for n in range(30)), "```"])
    assert score_of(f"{prose}\n{code}\n{prose}") == score_of(f"{prose}\n{prose}")
    assert score_of(prose.replace("gauge", "[gauge](https://example.com/a?b=c#d)")) == score_of(prose)
    assert score_of(prose.replace("gauge", "**gauge**")) == score_of(prose)


def test_a_text_that_is_all_code_is_scored_as_it_stands() -> None:
    assert 0 < score_of("```\nx = [1, 2, 3]\n```") < 0.5


@pytest.mark.parametrize("text", ["", " \n", "```\n```", "…"])
def test_a_text_without_a_word_scores_nothing(text: str) -> None:
    assert score_of(text) == 0


def test_a_language_without_a_list_loses_nothing_by_it() -> None:
    turkish = "Pompa, süzgeç temiz olduğunda dakikada doksan litre su taşır. Vanayı açmadan önce göstergeye bakınız."
    assert score_of(turkish, "tr") > score_of(turkish, "de")


def test_the_weights_are_a_whole() -> None:
    assert sum(part.weight for part in PARTS.values()) == pytest.approx(1)


def test_another_bound_needs_no_new_figures() -> None:
    options = {option.name: option.decides for option in plugins.options_of(DocumentQuality)}
    assert options == {"min_score": True}
    features = DocumentQuality().measure(batch_of([PROSE["en"], MENU]))
    kept = [[row["outcome"] for row in DocumentQuality(min_score=at).decide(features).rows] for at in (0, 0.5, 1)]
    assert kept == [["keep", "keep"], ["keep", "reject"], ["reject", "reject"]]


def test_a_bound_that_is_none_is_refused() -> None:
    with pytest.raises(WrongRequest, match="document_quality: min_score must be from 0 to 1"):
        plugins.filter_("document_quality", {"min_score": 1.5})


@given(
    texts=st.lists(st.one_of(st.text(max_size=200), st.sampled_from([*PROSE.values(), MENU, *STRANGE])), max_size=6),
    cuts=st.lists(st.integers(0, 6), max_size=2),
)
def test_where_the_batches_are_cut_does_not_matter(texts: list[str], cuts: list[int]) -> None:
    quality, whole = DocumentQuality(), batch_of(texts)
    bounds = [0, *sorted(min(cut, len(texts)) for cut in cuts), len(texts)]
    parts = [whole.slice(start, end - start) for start, end in pairwise(bounds)]
    said = [row for part in parts for row in quality.decide(quality.measure(part)).rows]
    assert said == quality.decide(quality.measure(whole)).rows


@given(text=st.text(max_size=400), language=st.sampled_from([None, "en", "zh"]))
def test_any_text_scores_from_0_to_1(text: str, language: str | None) -> None:
    features = DocumentQuality().measure(batch_of([text], [language]))
    [value] = score({name: features[name].to_numpy(zero_copy_only=False) for name in PARTS})
    assert 0 <= value <= 1
