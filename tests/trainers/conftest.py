"""Trainers are tried for real, with `tiny`: TRL itself trains, on rows that each test writes."""

from importlib.util import find_spec
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What torch, transformers and TRL warn of among themselves is theirs."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.filterwarnings("ignore"))


@pytest.fixture(scope="session", autouse=True)  # before any module's own fixture, which may train already
def _the_extra() -> None:
    if find_spec("trl") is None:
        pytest.skip("needs the extra: pip install -e '.[train]'")
