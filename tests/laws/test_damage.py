"""A damaged file is named, what the message says to do helps, and the run ends in the bytes it had."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from factory import Run, run
from factory.errors import DeadWorld
from factory.views import verify
from tests.corpora import contents, recipe, workspace, write_documents, write_recipe

FILES = {
    "pump.md": "# Pump\n\nA pump moves water.\n\n## How do I reset the pump?\n\nHold its button for five seconds.\n",
    "valve.md": "# Valve\n\nA valve stops water.\n\n## How do I reset the valve?\n\nTurn it to the left, and back.\n",
    "broken.pdf": b"%PDF-1.4 and no more",
}


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-50])


def garble(file: Path) -> None:
    content = bytearray(file.read_bytes())
    middle = len(content) // 2
    content[middle - 30 : middle + 30] = bytes(byte ^ 0x5A for byte in content[middle - 30 : middle + 30])
    file.write_bytes(content)


def flip(file: Path) -> None:
    """One bit of the first page of values, as a bad disk does it: most such bits leave a file that can be read."""
    content = bytearray(file.read_bytes())
    content[60] ^= 0x10
    file.write_bytes(content)


@pytest.mark.slow
@pytest.mark.parametrize("damage", [cut, garble, flip])
def test_after_what_the_message_says_the_run_ends_in_the_same_bytes(damage: Callable[[Path], None]) -> None:
    made = recipe(passages=["pii"], records=["length", "exact_dedup"])
    with workspace() as folder:
        write_documents(folder, FILES)
        file = write_recipe(folder, made)
        whole = run(file, until="export").path
        expected = contents(whole / "dataset")
        shutil.copytree(whole, folder / "kept")
        damaged = [path.relative_to(whole) for path in sorted(whole.rglob("*.parquet"))]
        assert len(damaged) > 12
        said: list[tuple[Path, str]] = []
        for name in damaged:
            shutil.rmtree(whole)
            shutil.copytree(folder / "kept", whole)
            damage(whole / name)
            try:
                run(file, until="export", set=["filter.length.min_chars=2"])
                verify.verify(run(file, until="export"))
            except DeadWorld as error:
                said.append((name, str(error)))
                (whole / "manifest.json").unlink()
                run(file, until="export")
            assert contents(whole / "dataset") == expected, name
            assert not verify.broken(verify.verify(Run(whole))), name
        assert said
        for name, message in said:
            assert f"{name.parent.name}/{name.name} is damaged. Delete manifest.json" in message


def test_rows_that_left_and_are_damaged_are_exported_again(tmp_path: Path) -> None:
    write_documents(tmp_path, FILES)
    file = write_recipe(tmp_path, methods=["text"])
    done = run(file, until="export")
    expected = contents(done.path / "dataset")
    cut(done.path / "dataset/text/train-00000.parquet")
    with pytest.raises(
        DeadWorld, match=r"text/train-00000.parquet is damaged. Delete dataset/ and export the run again"
    ):
        verify.verify(done)
    shutil.rmtree(done.path / "dataset")
    assert contents(run(file, until="export").path / "dataset") == expected
