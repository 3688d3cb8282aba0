"""Licences that nobody stated in the recipe but that lie there: in a document's first lines, in a file beside it.

In      a file of a source, its text where it is one document.
Out     the SPDX expression that counts, and whether it contradicts what the recipe says of the source.
Rules   What the recipe states counts. Else an `SPDX-License-Identifier:` in the first 2,000 characters; else the
        nearest folder, up to the source's root, that has a LICENSE, COPYING or UNLICENSE whose text is known, or a
        README.md with `license:` in its YAML (a dataset card). Of a dataset of the hub its card alone.
Costs   one listing a folder, and the reading of what is found in it.
Source  the identifier in a header: SPDX 2.3, annex E; the card: huggingface.co/docs/hub/datasets-cards.
"""

import os.path
import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from factory import licences
from factory.policy import Policy
from factory.recipe import Source
from factory.stages.sources import File

HEADER = re.compile(r"SPDX-License-Identifier:[ \t]*([^\n]{1,200})")
ENDS_COMMENT = re.compile(r"\s*(\*/|-->|#\}|\"\"\"|\|).*$")
BEGINS = 2000  # characters of a document in which a header may stand
MOST_BYTES = 200_000  # of a licence file
NAMES = re.compile(r"(un)?licen[cs]e|copying", re.IGNORECASE)
TITLE = 800  # characters: below stand the names of other licences
EXAMPLES = 20
_CC = re.compile(r"Attribution((?:-(?:NonCommercial|NoDerivatives|NoDerivs|ShareAlike))*) (\d\.\d)")
_CC_WORDS = {"NonCommercial": "NC", "NoDerivatives": "ND", "NoDerivs": "ND", "ShareAlike": "SA"}
_TEXTS: tuple[tuple[str, str, bool], ...] = (  # words, the licence, whether they are its title
    ("GNU AFFERO GENERAL PUBLIC LICENSE Version 3", "AGPL-3.0-only", True),
    ("GNU LESSER GENERAL PUBLIC LICENSE Version 3", "LGPL-3.0-only", True),
    ("GNU LESSER GENERAL PUBLIC LICENSE Version 2.1", "LGPL-2.1-only", True),
    ("GNU GENERAL PUBLIC LICENSE Version 3", "GPL-3.0-only", True),
    ("GNU GENERAL PUBLIC LICENSE Version 2", "GPL-2.0-only", True),
    ("GNU Free Documentation License Version 1.3", "GFDL-1.3-only", True),
    ("Mozilla Public License Version 2.0", "MPL-2.0", True),
    ("Apache License Version 2.0", "Apache-2.0", True),
    ("Open Database License", "ODbL-1.0", True),
    ("CC0 1.0 Universal", "CC0-1.0", True),
    ("Permission is hereby granted, free of charge, to any person obtaining a copy of this software", "MIT", False),
    ("Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby "
     "granted, provided that the above copyright notice", "ISC", False),
    ("This is free and unencumbered software released into the public domain", "Unlicense", False),
)  # fmt: skip
_BSD = "Redistribution and use in source and binary forms, with or without modification, are permitted provided"
_THIRD_CLAUSE = re.compile(
    r"Neither the name|may not be used to endorse or promote|may be used to endorse", re.IGNORECASE
)


def of_text(text: str) -> str | None:
    """The licence whose text this is; None where it is none of those that are known."""
    plain = " ".join(re.sub(r"[#*_=]", " ", text).replace(",", "").split()).casefold()
    for words, licence, is_title in _TEXTS:
        if words.replace(",", "").casefold() in (plain[:TITLE] if is_title else plain):
            return licence
    if _BSD.replace(",", "").casefold() in plain:
        return "BSD-3-Clause" if _THIRD_CLAUSE.search(plain) else "BSD-2-Clause"
    found = _CC.search(" ".join(text.split())[:TITLE])
    if found is None:
        return None
    parts = [_CC_WORDS[word] for word in found[1].split("-") if word]
    return "-".join(["CC-BY", *parts, found[2]])


def of_header(text: str) -> str | None:
    """The expression after `SPDX-License-Identifier:` in a document's beginning; None where there is no right one."""
    found = HEADER.search(text[:BEGINS])
    return _right(ENDS_COMMENT.sub("", found[1])) if found else None


def of_card(text: str) -> str | None:
    """The licence in the YAML at the head of a README.md; several are joined by AND."""
    _, fence, rest = text.partition("---\n")
    head, closed, _ = rest.partition("\n---")
    if not fence or not closed or text.index("---\n"):
        return None
    try:
        front = yaml.safe_load(head)
    except yaml.YAMLError:
        return None
    said = front.get("license") if isinstance(front, dict) else None
    named = said if isinstance(said, list) else [said]
    joined = [_right(one) if isinstance(one, str) else None for one in named]
    return " AND ".join(f"({one})" for one in joined if one) if len(joined) > 1 and all(joined) else joined[0]


def _right(expression: str) -> str | None:
    try:
        licences.ways(expression.strip())
    except licences.BadLicence:
        return None
    return expression.strip() if licences.is_stated(expression) else None


@dataclass
class Found:
    """The licences of the files of a run, and where they contradict the recipe."""

    cards: Mapping[str, str] = field(default_factory=dict)  # by source: what the card of a dataset of the hub says
    _by_folder: dict[Path, str | None] = field(default_factory=dict)
    _nearest: dict[tuple[str, int], str | None] = field(default_factory=dict)  # by folder, and how far its root is
    counts: dict[str, Counter[str]] = field(default_factory=dict)  # by source: licences found where none is stated
    against: dict[str, dict[str, Any]] = field(default_factory=dict)  # by source: what is found against what is stated

    def policy(self, file: File, text: str = "") -> Policy:
        """The policy of what a file holds; `text` is given where it is one document."""
        source = file.source
        found = of_header(text) or self.beside(file)
        if found is not None and licences.is_stated(source.licence):
            if licences.contradicts(str(source.licence), found):
                self._note(source, file, found)
        elif found is not None:
            self.counts.setdefault(source.name, Counter())[found] += 1
        stated = source.licence if licences.is_stated(source.licence) else None
        return Policy(stated or found, source.copyright, source.confidentiality)

    def _note(self, source: Source, file: File, found: str) -> None:
        its = self.against.setdefault(source.name, {"stated": source.licence, "found": {}, "files": 0, "places": []})
        its["found"][found] = its["found"].get(found, 0) + 1
        its["files"] += 1
        if len(its["places"]) < EXAMPLES:
            its["places"].append(file.label)

    def beside(self, file: File) -> str | None:
        """The licence of the nearest folder above a file, up to its source's root; of the hub's that of the card."""
        if file.source.is_on_hub:
            return self.cards.get(file.source.name)
        folder, depth = os.path.dirname(file.place), file.path.count("/") + 1  # noqa: PTH120 # of each of 100,000 files
        if (folder, depth) not in self._nearest:
            above = [Path(folder), *Path(folder).parents][:depth]
            self._nearest[folder, depth] = next((its for one in above if (its := self._of(one))), None)
        return self._nearest[folder, depth]

    def _of(self, folder: Path) -> str | None:
        if folder not in self._by_folder:
            self._by_folder[folder] = _in_folder(folder)
        return self._by_folder[folder]

    def mark(self, files: Iterable[File]) -> list[tuple[str, str, str]]:
        """What a stage depends on: the source, folder and licence of each that has one."""
        folders = {(file.source.name, posixpath.dirname(file.path) or "."): self.beside(file) for file in files}
        return sorted((name, folder, licence) for (name, folder), licence in folders.items() if licence)

    def as_counts(self) -> dict[str, Any]:
        """For the manifest; nothing where nothing was found."""
        made = {
            "found": {name: dict(sorted(its.items())) for name, its in self.counts.items()},
            "against": self.against,
        }
        return {"licences": made} if self.counts or self.against else {}


def _in_folder(folder: Path) -> str | None:
    try:
        names = sorted(place for place in folder.iterdir() if place.is_file())
    except OSError:
        return None
    texts = [of_text(_read(place)) for place in names if NAMES.match(place.name)]
    cards = [of_card(_read(place)) for place in names if place.name.lower() == "readme.md"]
    return next((licence for licence in [*texts, *cards] if licence), None)


def _read(place: Path) -> str:
    try:
        with place.open("rb") as file:
            return file.read(MOST_BYTES).decode("utf-8-sig", "replace").replace("\r\n", "\n")
    except OSError:
        return ""
