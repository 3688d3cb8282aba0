"""Which vectors are near: the same pairs as comparing all with all, whatever the order and the machine."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters import _nearest
from filters._nearest import Vectors, cosines, near_pairs, quantised


def drawn(rows: int, seed: int = 0, size: int = 24) -> Vectors:
    """Rows around some directions."""
    draw = np.random.default_rng(seed)
    around = draw.normal(size=(max(1, rows // 6), size))
    return quantised(around[draw.integers(0, len(around), rows)] + 0.3 * draw.normal(size=(rows, size)))


def found(vectors: Vectors, threshold: float = 0.8) -> dict[tuple[int, int], float]:
    pairs: dict[tuple[int, int], float] = {}
    for some, cosine in near_pairs(vectors, threshold):
        for (left, right), value in zip(some.tolist(), cosine.tolist(), strict=True):
            assert pairs.setdefault((left, right), value) == value  # exact, wherever it was worked out
    return pairs


def test_pairs_are_those_that_reach_the_threshold() -> None:
    vectors = quantised(np.array([[1, 0, 0], [1, 0.1, 0], [0, 1, 0], [-1, 0, 0], [0, 0, 0]], float))
    assert set(found(vectors)) == {(0, 1)}
    assert found(vectors)[0, 1] == pytest.approx(0.995, abs=0.001)


def test_zeros_are_near_nothing_and_no_rows_have_no_pairs() -> None:
    assert found(np.zeros((3, 8), np.int8)) == {}
    assert found(np.zeros((0, 8), np.int8)) == {}


def test_with_cells_nearly_all_pairs_are_found_and_none_is_made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = drawn(900)
    wanted = found(vectors)
    monkeypatch.setattr(_nearest, "FEW", 10)
    cells = found(vectors)
    assert cells.items() <= wanted.items()
    assert len(cells) > 0.97 * len(wanted)


def test_what_is_worked_out_at_once_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = drawn(300)
    wanted = found(vectors)
    monkeypatch.setattr(_nearest, "AT_ONCE", 700)
    assert found(vectors) == wanted


@given(st.integers(1, 8192), st.integers(0, 99))
def test_sums_are_exact_however_many_numbers_a_row_has(size: int, seed: int) -> None:
    draw = np.random.default_rng(seed)
    left, right = (quantised(draw.choice(np.array([-1.0, 0.99, 1.0]), (2, size))) for _ in range(2))
    assert np.abs(left).max() == min(127, int((2**24 / size) ** 0.5))
    exact = left.astype(np.int64) @ right.astype(np.int64).T
    as_floats = left.astype(np.float32) @ right.astype(np.float32).T
    assert (exact == as_floats.astype(np.int64)).all()
    assert (np.abs(cosines(left, right)) <= 1 + 1e-6).all()


def test_a_row_keeps_its_direction_as_small_numbers() -> None:
    rows = np.random.default_rng(3).normal(size=(50, 256))
    small = quantised(rows)
    assert (np.abs(small).max(axis=1) == 127).all()
    unit, near = (part / np.linalg.norm(part, axis=1, keepdims=True) for part in (rows, small.astype(float)))
    assert ((unit * near).sum(axis=1) > 0.999).all()
