"""Laws of each filter by itself: of all that are installed and ask no model, so that a new one is held to them, too."""

import inspect
import itertools
import json
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, reduce
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory import plugins
from factory.corpus import Row, batch_of, by_field
from factory.edits import EditMap
from factory.figures import of
from factory.origins import Origin
from factory.records import KINDS, Text, texts
from tests.laws.strategies import STRANGE, plain, planted

ITEM = {"question": "How many bolts hold the upper lid of the flow meter in its place?", "answer": "Twelve."}
DECIDED = {"id": "d/000", "digest": "0" * 16 + "/", "kind": "sft", "reject": "x"}  # on a row that is another now
OPTIONS: dict[str, dict[str, Any]] = {  # what a filter needs, and what lets it find more than its defaults do
    "balance": {"caps": {"document": 2}},
    "contamination": {"against": ["item.jsonl"]},
    "diversity": {"keep": 4, "distance": 0.3},
    "length": {"min_chars": 20, "max_ratio": 2.0},
    "minhash_dedup": {"threshold": 0.5, "ngram": 2},
    "question_dedup": {"other_words": True},
    "review": {"file": "decided.jsonl"},
}
LOCAL = [name for name in plugins.declared("filters") if not plugins.models_of(plugins.load("filters", name))]
COMPARING = [name for name in LOCAL if hasattr(plugins.load("filters", name), "figures")]
SCANNING = [name for name in LOCAL if hasattr(plugins.load("filters", name), "scan")]
EXAMPLES = 10  # of each law and filter: there are many


@cache
def filter_(name: str) -> plugins.Filter:
    folder = Path(mkdtemp())
    (folder / "item.jsonl").write_text(json.dumps(ITEM) + "\n", encoding="utf-8")
    (folder / "decided.jsonl").write_text(json.dumps(DECIDED) + "\n", encoding="utf-8")
    return plugins.filter_(name, OPTIONS.get(name, {}), folder=folder)


def data_of(kind: str, asked: str, said: str) -> dict[str, Any]:
    """The columns of a row that says these two things."""
    user, answer = [{"role": "user", "content": asked}], [{"role": "assistant", "content": said}]
    other = [{"role": "assistant", "content": asked}]
    return {
        "sft": {"messages": [*user, *answer], "context": asked},
        "preference": {"prompt": user, "chosen": answer, "rejected": other},
        "feedback": {"prompt": user, "completion": answer},
        "ranking": {"prompt": user, "completions": [answer, other]},
    }.get(kind, {"text": said})


def row_of(kind: str, nth: int, asked: str, said: str) -> Row:
    meta = {"quotes": [{"text": said}] if kind == "sft" else []}
    its = "text" if kind in ("document", "passage") else kind
    strings: list[Text] = texts(its, {**data_of(kind, asked, said), "meta": json.dumps(meta)}, beside=True)
    policy = {"licence": [None, "MIT", "CC-BY-NC-4.0"][nth % 3], "copyright": None, "confidentiality": "internal"}
    info = {"kind": kind, "language": "en", **policy, "sources": ["a"]}
    made_from = Origin((said,), (f"{asked}\n{said}", asked), ("Pumps",))
    known = {"language": "en", **policy, "documents": [f"d{nth % 2}"], "sources": ["a"], "generator": "qa"}
    return Row(nth, f"d/{nth:03d}", strings, info, known, (), dict.fromkeys(("sourced", "raw_sourced"), made_from))


def sentences() -> st.SearchStrategy[str]:
    """Prose with personal data, strange scripts, any Unicode, an item of a benchmark."""
    drawn = planted().map(lambda pair: pair[0])
    return st.one_of(plain(), drawn, st.sampled_from([*STRANGE, *ITEM.values()]), st.text(max_size=20))


@st.composite
def shown(draw: st.DrawFn, name: str) -> list[Row]:
    """Rows of a kind that the filter handles, some the same and some nearly."""
    kind = draw(st.sampled_from(filter_(name).kinds or ("document", "passage", *KINDS)))
    pairs = draw(st.lists(st.tuples(sentences(), sentences()), min_size=1, max_size=8))
    pairs += [(asked.upper(), said) for asked, said in pairs[:2]] + pairs[:1]
    return [row_of(kind, nth, *pair) for nth, pair in enumerate(draw(st.permutations(pairs)))]


def measured(its: plugins.Filter, rows: Sequence[Row]) -> pa.Table:
    found = its.code.measure(batch_of(rows, its.sees))
    return pa.Table.from_batches([found]) if isinstance(found, pa.RecordBatch) else found


def one_batch(table: pa.Table) -> pa.RecordBatch:
    [batch] = table.combine_chunks().to_batches()
    return batch


def cuts_of(length: int) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(0, length), max_size=4).map(lambda places: [0, *sorted(places), length])


def verdicts(
    its: plugins.Filter, rows: Sequence[Row], fold: Callable[[Any, Any], Any] = lambda scan, merge: scan(())
) -> list[dict[str, Any]]:
    """What a filter says of rows; the state of one that scans is what `fold` makes of pieces, `()` being all rows."""
    code, features = its.code, one_batch(measured(its, rows))
    if not its.scans:
        return list(code.decide(features).rows)

    def scan(piece: Sequence[Row]) -> Any:
        return code.scan(one_batch(measured(its, piece or rows)))

    state = fold(scan, code.merge)
    if hasattr(code, "settle"):
        state = code.settle(state, lambda ids: [(row.id, row.text) for row in reversed(rows) if row.id in set(ids)])
    return list(code.decide(features, state).rows)


@pytest.mark.parametrize("name", LOCAL)
@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_where_batches_are_cut_and_in_which_order_they_come_changes_no_feature(name: str, data: st.DataObject) -> None:
    rows = data.draw(shown(name))
    whole = measured(filter_(name), rows).to_pylist()
    places = data.draw(cuts_of(len(rows)))
    pieces = [measured(filter_(name), rows[a:b]) for a, b in itertools.pairwise(places) if a < b]
    assert pa.concat_tables(pieces).to_pylist() == whole
    assert measured(filter_(name), rows[::-1]).to_pylist() == whole[::-1]


@pytest.mark.parametrize("name", SCANNING)
@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_states_merge_in_any_order_and_grouping(name: str, data: st.DataObject) -> None:
    rows = data.draw(shown(name))
    whole = verdicts(filter_(name), rows)
    places = data.draw(cuts_of(len(rows)))
    pieces = data.draw(st.permutations([rows[a:b] for a, b in itertools.pairwise(places) if a < b]))
    middle = data.draw(st.integers(0, len(pieces)))

    def left_to_right(scan: Any, merge: Any) -> Any:
        return reduce(merge, map(scan, pieces))

    def two_halves(scan: Any, merge: Any) -> Any:
        halves = [reduce(merge, map(scan, half)) for half in (pieces[:middle], pieces[middle:]) if half]
        return reduce(merge, halves)

    def right_to_left(scan: Any, merge: Any) -> Any:
        return reduce(lambda into, piece: merge(scan(piece), into), reversed(pieces[:-1]), scan(pieces[-1]))

    for grouping in (left_to_right, two_halves, right_to_left):
        assert verdicts(filter_(name), rows, grouping) == whole


@pytest.mark.parametrize("name", LOCAL)
@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_each_row_has_one_verdict_whose_edits_can_be_applied(name: str, data: st.DataObject) -> None:
    rows = data.draw(shown(name))
    said = verdicts(filter_(name), rows)
    assert [verdict["id"] for verdict in said] == [row.id for row in rows]
    for row, verdict in zip(rows, said, strict=True):
        assert verdict["outcome"] == "keep" or "." in verdict["reason"]
        strings = {string.field: string.text for string in row.strings}
        for field, edits in by_field(verdict["edits"]).items():
            assert EditMap(tuple(edits)).apply(strings[field]) != strings[field]


@pytest.mark.parametrize("name", COMPARING)
@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_a_row_whose_figure_lies_past_a_bound_is_not_kept_without_a_word(name: str, data: st.DataObject) -> None:
    its, rows = filter_(name), data.draw(shown(name))
    figures = of(its, one_batch(measured(its, rows)))
    said = verdicts(its, rows)
    assert figures
    for figure in figures:
        assert len(figure.values) == len(rows)
        past = np.zeros(len(rows), bool)
        past |= False if figure.least is None else figure.values < figure.least
        past |= False if figure.most is None else figure.values > figure.most
        assert all(verdict["reason"] for verdict, is_past in zip(said, past, strict=True) if is_past)


# --- what only decides -----------------------------------------------------------------------------------------------

KEYED = {"pii": ("action", "actions")}  # whether fakes are asked for: they need digests, and the page says so


class Unread:
    """What an option holds that nobody may look at."""

    def _refuse(self, *_: Any) -> Any:
        raise AssertionError("measure reads an option that only decides")

    __bool__ = __eq__ = __lt__ = __le__ = __gt__ = __ge__ = __add__ = __radd__ = __mul__ = __rmul__ = _refuse
    __iter__ = __len__ = __contains__ = __getitem__ = __getattr__ = __float__ = __int__ = __str__ = _refuse
    __hash__ = None  # type: ignore[assignment] # nor look for it


@pytest.mark.parametrize("name", LOCAL)
def test_another_threshold_measures_nothing_again(name: str) -> None:
    its = filter_(name)
    rows = [row_of((its.kinds or ("sft",))[0], nth, *pair) for nth, pair in enumerate(itertools.pairwise(STRANGE))]
    before = measured(its, rows).to_pylist()
    decide = [o.name for o in plugins.options_of(type(its.code)) if o.decides and o.name not in KEYED.get(name, ())]
    kept = {option: getattr(its.code, option) for option in decide}
    try:
        for option in decide:
            object.__setattr__(its.code, option, Unread())
        assert measured(its, rows).to_pylist() == before
    finally:
        for option, value in kept.items():
            object.__setattr__(its.code, option, value)


# --- rows that are made to stop a filter -----------------------------------------------------------------------------

BAIT = (
    "a", " ", "\n", "\t1", "a@", "a.", "1", "1-", "1.", '"', "'a", "{[", "}]", "```\n", "<a ", "<!--", "\u0301", "%40",
    "&lt;", "word ", "Anna Weber ", "This is it. ", "http://a/", "QUJD", "Q1", "系统", "\u00a0\u200b", "|a", "**", "# ",
    "key: ", "_", "-", "[INST] ", "ab1-", "Ã©", "!", "٣", "x\r\n", "\\u0041", "=", "sk-",
)  # fmt: skip
LENGTH = 50_000  # characters; the rows hold it several times
CPU_S = 30  # ten times what the slowest takes on the slowest bait: whoever needs more grows with the square of a text
LINE = 1_000_000  # characters of a line that somebody forgot to break
LINES = ("a", " ", "([{<", "系统", "Anna Weber ", "a@", "".join(BAIT))  # what one is made of
LINE_CPU_S = 60  # the slowest takes 5 s: a square would need many minutes


@contextmanager
def an_end_to_it(cpu_s: float = CPU_S) -> Iterator[None]:
    """Raise where the process has worked too long; a regular expression that runs away is stopped, too."""

    def stop(*_: Any) -> None:
        raise TimeoutError(f"no end after {cpu_s} s of work")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, cpu_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def kind_for(name: str) -> str:
    return next(kind for kind in ("sft", "preference", "document") if kind in (filter_(name).kinds or (kind,)))


def comes_back(name: str, text: str) -> None:
    """Look at two rows that hold a text, once with another end: what nearly fits is what costs."""
    kind = kind_for(name)
    rows = [row_of(kind, nth, said, said) for nth, said in enumerate((text, text + "x"))]
    with an_end_to_it():
        assert [verdict["id"] for verdict in verdicts(filter_(name), rows)] == [row.id for row in rows]


@pytest.mark.slow
@pytest.mark.parametrize("name", LOCAL)
def test_bait_for_regular_expressions_stalls_no_filter(name: str) -> None:
    for bait in BAIT:
        comes_back(name, bait * (LENGTH // len(bait)))


@pytest.mark.slow
@pytest.mark.parametrize("name", LOCAL)
def test_a_line_of_a_million_characters_stalls_no_filter(name: str) -> None:
    for piece in LINES:
        text = piece * (LINE // len(piece))
        asked = text if name == "question_dedup" else "Which line is it?"  # what it reads
        with an_end_to_it(LINE_CPU_S):
            [verdict] = verdicts(filter_(name), [row_of(kind_for(name), 0, asked, text)])
        assert verdict["id"] == "d/000"


def test_every_filter_is_held_to_these_laws_or_asks_a_model() -> None:
    asking = set(plugins.declared("filters")) - set(LOCAL)
    assert all(inspect.iscoroutinefunction(plugins.load("filters", name).measure) for name in asking)
    assert set(OPTIONS) <= set(LOCAL)
