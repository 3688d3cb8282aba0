"""mix: caps and weights by source, drawn by the seed, each row left out with its reason."""

import json
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory import Run, run
from factory.errors import WrongRequest
from factory.recipe import Share
from factory.stages.mix import quotas
from factory.views import verify
from factory.views.ledger import by_reason, entries
from tests.corpora import contents, recipe, rows, workspace, write_recipe


def mixed(folder: Path, sizes: dict[str, int], mix: dict[str, Any], *, same: str = "", **keys: Any) -> Run:
    """The run of sources with so many rows; those of `same` are the rows of another one again."""
    sources = []
    for name, count in sizes.items():
        whose = next(iter(sizes)) if name == same else name
        lines = [{"instruction": f"Name {nth} of {whose}.", "output": f"It is {nth}, {whose}."} for nth in range(count)]
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        sources.append({"path": f"{name}.jsonl", "as": "records", "name": name})
    made = recipe(**{"sources": sources, "methods": [], "mix": mix, **keys})
    return run(write_recipe(folder, made), until="export", workers=1)


def left(done: Run) -> dict[str, int]:
    """The rows of each source that left."""
    return dict(Counter(source for row in rows(done.path / "dataset") for source in json.loads(row["meta"])["sources"]))


def test_a_cap_and_weights_leave_what_they_say(tmp_path: Path) -> None:
    done = mixed(
        tmp_path, {"a": 20, "b": 50, "c": 9}, {"a": {"weight": 2}, "b": {"weight": 1.5, "cap": 40}, "c": {"cap": 4}}
    )
    assert left(done) == {"a": 20, "b": 15, "c": 4}
    assert by_reason(entries(done)) == {"mix.over_weight": 25, "mix.over_cap": 15}
    its = done.counts("filter.records")["filters"]["mix"]
    assert (its["read"], its["kept"], its["rejected"]) == (79, 39, 40)
    found = verify.verify(done)
    assert not verify.broken(found)
    assert next(one.checked for one in found if one.what.startswith("mix")) == 3


def test_a_source_that_is_not_named_leaves_whole_and_an_empty_one_is_passed_over(tmp_path: Path) -> None:
    done = mixed(
        tmp_path, {"a": 10, "b": 10, "c": 10}, {"b": {"weight": 1}, "c": {"weight": 1, "cap": 5}}, same="b",
        filter=["exact_dedup"],
    )  # fmt: skip
    assert left(done) == {"a": 10, "c": 5}  # every row of b is one of a


def test_the_seed_draws_the_rows(tmp_path: Path) -> None:
    drawn = []
    for nth, seed in enumerate((1, 1, 2)):
        (tmp_path / str(nth)).mkdir()
        done = mixed(tmp_path / str(nth), {"a": 60}, {"a": {"cap": 20}}, seed=seed)
        drawn.append({row["id"] for row in rows(done.path / "dataset")})
    assert drawn[0] == drawn[1] != drawn[2]


def test_a_changed_mix_is_drawn_anew_and_the_same_one_is_not(tmp_path: Path) -> None:
    assert left(mixed(tmp_path, {"a": 30}, {"a": {"cap": 10}})) == {"a": 10}
    assert mixed(tmp_path, {"a": 30}, {"a": {"cap": 10}}).did == []
    assert left(mixed(tmp_path, {"a": 30}, {"a": {"cap": 20}})) == {"a": 20}
    done = mixed(tmp_path, {"a": 30}, {})
    assert left(done) == {"a": 30}
    assert not verify.broken(verify.verify(done))


def test_a_cap_goes_with_a_target(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    for nth in range(8):
        (tmp_path / f"docs/{nth}.md").write_text(f"# Part {nth}\n\nPart {nth} is made of clay.\n", encoding="utf-8")
    sources = [{"path": "docs"}]
    made = recipe(sources=sources, methods=["text"], target=5, mix={"docs": {"cap": 6}})
    done = run(write_recipe(tmp_path, made), until="export", workers=1)
    assert left(done) == {"docs": 5}
    assert done.counts("filter.records")["order"] == ["mix", "target"]
    assert not verify.broken(verify.verify(done))


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"mix": {"chat": {"cap": 1}}}, r"recipe.yaml:\d+: there is no source 'chat' to mix. Did you mean 'chats'"),
        ({"mix": {"chats": {}}}, "give a weight or a cap"),
        ({"mix": {"chats": {"cap": 0}}}, "greater than or equal to 1"),
        ({"mix": {"chats": {"weight": 1}}, "target": 5}, "would each undo what the other says"),
        ({"records": [{"mix": {"plugin": "exact_dedup"}}]}, "the run's own verdicts are called 'mix'"),
    ],
)
def test_a_mix_that_is_not_right_is_refused(tmp_path: Path, keys: dict[str, Any], says: str) -> None:
    (tmp_path / "chats.jsonl").write_text("{}\n", encoding="utf-8")
    source = {"path": "chats.jsonl", "as": "records", "name": "chats"}
    with pytest.raises(WrongRequest, match=says):
        run(write_recipe(tmp_path, recipe(sources=[source], methods=[], **keys)))


SHARES = st.builds(Share, weight=st.sampled_from([0.5, 1, 2, 3]), cap=st.none() | st.integers(1, 50))


@given(rows=st.dictionaries(st.sampled_from("abcd"), st.integers(0, 60), min_size=1), mix=st.data())
def test_no_source_is_over_its_weight_or_its_cap_and_one_is_whole(rows: dict[str, int], mix: Any) -> None:
    shares = {name: mix.draw(SHARES) for name in rows}
    found = quotas(rows, shares)
    with_rows = [name for name in rows if rows[name]]
    for name, (capped, kept) in found.items():
        assert 0 <= kept <= capped <= min(rows[name], shares[name].cap or rows[name])
    if with_rows:
        units = {name: Fraction(found[name][1] + 1) / Fraction(str(shares[name].weight)) for name in with_rows}
        assert any(found[name][0] == found[name][1] for name in with_rows)
        scarcest = min(Fraction(found[name][0]) / Fraction(str(shares[name].weight)) for name in with_rows)
        assert all(unit > scarcest for unit in units.values())  # one row more would be over the weight


@settings(max_examples=10)
@given(sizes=st.lists(st.integers(1, 12), min_size=2, max_size=3), cap=st.integers(1, 8))
def test_the_counts_of_a_mix_add_up_and_a_second_run_is_the_same(sizes: list[int], cap: int) -> None:
    with workspace() as folder:
        named = dict(zip("abc", sizes, strict=False))
        done = mixed(folder, named, {"a": {"cap": cap}, "b": {"weight": 1}})
        assert not verify.broken(verify.verify(done))
        before = contents(done.path / "dataset")
        assert contents(mixed(folder, named, {"a": {"cap": cap}, "b": {"weight": 1}}).path / "dataset") == before
