"""Whose entry or cell it is: of the titles above it, the innermost that names code.

`Press.print` has a `wait` of its own, which is not that of the class `Press` around it.

In      a question for a parameter, a field, a cell, and the section it stands in.
Out     the question with that title; None where the wording of the question leaves that title out: a `wait` of what?
"""

import re
from dataclasses import replace

from factory.wording import plain
from generators._markdown import Section
from generators._questions import Page

_CODE = re.compile(r"`[^`\n]+`|(?<![\w.])\w+(?:\.\w+)*\([^()\n]*\)(?!\w)")  # `Press.print`, print(sheets)


def in_title(page: Page, part: Section, question: str, start: int) -> str | None:
    """`question` with the title that it belongs to, as `Page.in_title` words it."""
    owner = next((title for title in (part.title, *reversed(part.above)) if _names(title)), None)
    if owner is None:
        return page.in_title(part, question, start)
    names = _names(owner)
    outer = tuple(title for title in (*part.above, part.title) if title and title != owner)
    for title in (owner, *names[:1]) if len(names) == 1 else (owner,):  # "Use `Press`" is no subject, `Press` is one
        asked = page.in_title(replace(part, title="", above=(title, *outer)), question, start)
        if asked and all(name in asked for name in names):
            return asked
    return None


def _names(title: str) -> list[str]:
    return _CODE.findall(plain(title))
