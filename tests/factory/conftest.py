"""What tests of several stages watch."""

from pathlib import Path
from typing import Any

import pytest

from factory.stages import ingest


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were opened to be parsed, in order."""
    opened: list[str] = []
    real = ingest.read

    def read(path: Path, **options: Any) -> Any:
        opened.append(path.name)
        return real(path, **options)

    monkeypatch.setattr(ingest, "read", read)
    return opened
