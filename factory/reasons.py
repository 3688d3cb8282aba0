"""What a reason means and what to do about it, in the words of docs/reference/reasons.md.

`reasons.json` beside this file is made of that page by docs/build_reference.py. A reason that any plugin can have
stands there as NAME under the stage in which it does: `generate/NAME.failed`.
"""

import json
from functools import cache
from pathlib import Path
from typing import NamedTuple

WORDS = Path(__file__).with_name("reasons.json")
ANY = "NAME"  # stands for the name of a plugin in the recipe


class Words(NamedTuple):
    """A sentence or two each; both '' for a reason that only its plugin knows."""

    means: str = ""
    do: str = ""


def words(reason: str, stage: str) -> Words:
    """What is said of a reason; `stage` as in the ledger."""
    of_any = f"{stage.partition('.')[0]}/{ANY}.{reason.rpartition('.')[2]}"
    return _all().get(reason) or _all().get(of_any) or Words()


@cache
def _all() -> dict[str, Words]:
    return {reason: Words(*said) for reason, said in json.loads(WORDS.read_text(encoding="utf-8")).items()}
