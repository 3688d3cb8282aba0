"""What holds for every test: nothing leaves this machine, not even from a child process; no setting comes in."""

import os
import shutil
import sys
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests import loopback_only

settings.register_profile(
    "house",
    deadline=None,  # a run of the factory is not timed by its first, cold example
    derandomize=os.environ.get("CI") == "true",
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("house")

GUARD = pytest.StashKey[Path]()
EVERY_EXTRA = "FACTORY_EVERY_EXTRA" in os.environ  # then a test that skips for want of an extra has failed


def pytest_configure(config: pytest.Config) -> None:
    """Before any test module is imported: the guard, here and on the path of every child."""
    if not hasattr(config, "workerinput") and config.getoption("dist", "no") != "no":
        return  # the tests run in workers, each with a guard of its own
    folder = Path(tempfile.mkdtemp(prefix="loopback-only-"))
    config.stash[GUARD] = folder
    loopback_only.install(folder / "notes")
    loopback_only.guard(folder, folder / "notes")
    sys.path.insert(0, str(folder))  # children that get our sys.path as their PYTHONPATH
    inherited = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(folder), inherited]))
    os.environ.update(HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1")
    for name in [name for name in os.environ if name.startswith("FACTORY_")]:
        del os.environ[name]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where every extra is installed, a skip that asks for one is a failure."""
    report = yield
    if EVERY_EXTRA and report.skipped and "pip install" in str(report.longrepr):
        report.outcome = "failed"
    return report


def pytest_unconfigure(config: pytest.Config) -> None:
    """The folder of the guard goes."""
    if GUARD in config.stash:
        shutil.rmtree(config.stash[GUARD], ignore_errors=True)


class Attempts:
    """What tried to leave this machine, in this process or in a child of it."""

    def __init__(self, notes: Path) -> None:
        self._notes = notes

    def take(self) -> list[str]:
        """The attempts so far, which are then forgotten."""
        if not self._notes.exists():
            return []
        found = self._notes.read_text(encoding="utf-8").splitlines()
        self._notes.unlink()
        return found


@pytest.fixture(autouse=True)
def attempts(pytestconfig: pytest.Config) -> Iterator[Attempts]:
    """Fails the test that tried to leave this machine, also where the error was caught."""
    noted = Attempts(pytestconfig.stash[GUARD] / "notes")
    yield noted
    found = noted.take()
    assert not found, "this test left the machine:\n" + "\n".join(found)
