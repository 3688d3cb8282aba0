"""reStructuredText to Markdown."""

from pathlib import Path

import pytest

from tests.reading import marked, one

GUIDE = """
.. _guide:

Kiln & care
===========

.. A comment that nobody shall read.

See :ref:`the other page <other>`, :meth:`~kiln.Kiln.open`, ``open()`` and
`a link <http://127.0.0.1/>`_ or *two*.

Steps
-----

1. Wait.
2. Open the *lid*, 5 < 6.

.. warning::

   It is **hot**.

.. versionadded:: 2.1

   A second lid.

.. code-block:: python
   :linenos:

   kiln.open()  # not `now`

.. toctree::
   :maxdepth: 2

   other/page

==== =====
Size a_b
==== =====
2    x|y
==== =====

Deeper
~~~~~~

- `One <http://127.0.0.1/1>`_
- `Two <http://127.0.0.1/2>`_
- `Three <http://127.0.0.1/3>`_
"""


def test_structure_is_kept_and_what_is_for_machines_is_not(tmp_path: Path) -> None:
    got = one(tmp_path / "a.rst", GUIDE)
    assert got.text == (
        "# Kiln & care\n\nSee the other page, `open`, `open()` and a link or *two*.\n\n## Steps\n\n"
        "1. Wait.\n2. Open the *lid*, 5 < 6.\n\n**Warning**\n\nIt is **hot**.\n\nAdded in version 2.1\n\n"
        "A second lid.\n\n```\nkiln.open()  # not `now`\n```\n\n"
        "| Size | a_b |\n| --- | --- |\n| 2 | x\\|y |\n\n### Deeper\n\n- One\n- Two\n- Three"
    )
    assert marked(got) == [("heading", 1, "Kiln & care"), ("heading", 2, "Steps"), ("heading", 3, "Deeper")]
    assert got.media_type == "text/x-rst"


@pytest.mark.parametrize(
    "directive",
    [
        "include:: {path}", "raw:: html\n   :file: {path}", "csv-table::\n   :file: {path}",
        "literalinclude:: {path}", "raw:: html\n\n   <p>secret</p>", "raw:: html\n   :url: http://127.0.0.1:9/x",
        "figure:: {path}\n   :scale: 50",
    ],
)  # fmt: skip
def test_nothing_is_taken_from_other_files_or_the_network(tmp_path: Path, directive: str) -> None:
    (tmp_path / "other.txt").write_text("secret,words\n")
    got = one(tmp_path / "a.rst", "Before.\n\n.. " + directive.format(path=tmp_path / "other.txt") + "\n\nAfter.\n")
    assert got.text == "Before.\n\nAfter."


def test_what_is_broken_or_unknown_is_still_text(tmp_path: Path) -> None:
    source = "Title\n===\n\n:unknown:`words` and `half\n\n.. strange:: First\n   :option: 1\n\n   Second.\n\n*open\n"
    got = one(tmp_path / "a.rst", source)
    for words in ("Title", "words", "half", "First", "Second.", "open"):
        assert words in got.text
    assert "System Message" not in got.text
    assert str(tmp_path) not in got.text
