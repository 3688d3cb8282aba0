"""Licences: SPDX expressions parsed, found in headers, licence files and cards, and what they allow at the export."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory import Run, run
from factory.errors import CheckFailed, WrongRequest
from factory.licences import BadLicence, can_mix, contradicts, forbids, is_stated, refusal, ways
from factory.stages.licences import of_card, of_header, of_text
from factory.views.audit import report
from tests.corpora import recipe, rows, write_recipe
from tests.model_server import ModelServer

TEXT = "# Kiln\n\nThe kiln fires clay at a high heat, and its lid stays closed until the dial shows sixty degrees.\n"
APACHE = "          Apache License\n     Version 2.0, January 2004\n"
GPL = "          GNU GENERAL PUBLIC LICENSE\n            Version 3, 29 June 2007\n"
MIT = "Permission is hereby granted, free of charge, to any person\nobtaining a copy of this software and ..."
BSD = "Redistribution and use in source and binary forms, with or without modification, are permitted provided ..."

# --- expressions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("mit", [{"MIT"}]),
        ("MIT OR Apache-2.0", [{"MIT"}, {"Apache-2.0"}]),
        ("MIT AND (Apache-2.0 OR CC-BY-4.0)", [{"MIT", "Apache-2.0"}, {"MIT", "CC-BY-4.0"}]),
        ("MIT OR Apache-2.0 AND CC-BY-4.0", [{"MIT"}, {"Apache-2.0", "CC-BY-4.0"}]),  # AND binds closer
        ("GPL-2.0-only WITH Classpath-exception-2.0", [{"GPL-2.0-only WITH Classpath-exception-2.0"}]),
        ("GPL-2.0+", [{"GPL-2.0-or-later"}]),
        ("LicenseRef-Acme AND MIT", [{"LicenseRef-Acme", "MIT"}]),
        ("LicenseRef-MIT-TC", [{"LicenseRef-MIT-TC"}]),  # which the library takes for the MIT licence
        ("NOASSERTION", [{"unknown"}]),
    ],
)
def test_an_expression_has_its_ways(expression: str, expected: list[set[str]]) -> None:
    assert [set(way) for way in ways(expression)] == expected


@pytest.mark.parametrize(
    ("mistyped", "meant"),
    [("Apache 2.0", "Apache-2.0"), ("CC BY 4.0", "CC-BY-4.0"), ("GPLv3", "GPL-3.0-only"), ("MTI", "MIT"),
     ("MIT OR Apache2.0", "Apache-2.0")],
)  # fmt: skip
def test_a_mistyped_licence_gets_the_nearest_name(mistyped: str, meant: str) -> None:
    with pytest.raises(BadLicence, match=f"Did you mean '{meant}'"):
        ways(mistyped)


@pytest.mark.parametrize(
    "broken", ["", "MIT OR", "(MIT", "MIT AND AND MIT", "MIT WITH Nothing", "Classpath-exception-2.0"]
)
def test_what_is_no_expression_is_refused(broken: str) -> None:
    with pytest.raises(BadLicence):
        ways(broken)


def test_an_expression_of_too_many_alternatives_is_refused() -> None:
    with pytest.raises(BadLicence, match="more alternatives"):
        ways(" AND ".join(["(MIT OR Apache-2.0)"] * 2 + [f"(LicenseRef-{n} OR LicenseRef-x{n})" for n in range(9)]))


NAMES = st.sampled_from(["MIT", "Apache-2.0", "CC-BY-NC-4.0", "CC-BY-ND-4.0", "LicenseRef-Acme"])
TREES = st.recursive(NAMES, lambda its: st.tuples(st.sampled_from(["AND", "OR"]), its, its), max_leaves=5)


def written(tree: Any) -> str:
    return tree if isinstance(tree, str) else f"({written(tree[1])} {tree[0]} {written(tree[2])})"


def passes(tree: Any, use: Any) -> bool:
    if isinstance(tree, str):
        return forbids(tree, use) is None
    both = [passes(part, use) for part in tree[1:]]
    return all(both) if tree[0] == "AND" else any(both)


@given(tree=TREES, use=st.sampled_from(["commercial", "research", "internal"]))
def test_an_expression_is_refused_where_its_logic_refuses_it(tree: Any, use: Any) -> None:
    assert (refusal(written(tree), lambda one: forbids(one, use)) is None) == passes(tree, use)


@pytest.mark.parametrize(
    ("expressions", "fine"),
    [
        (["CC-BY-SA-4.0", "MIT"], True),
        (["CC-BY-SA-3.0", "CC-BY-SA-4.0", "GPL-3.0-only"], True),
        (["CC-BY-SA-4.0", "ODbL-1.0"], False),
        (["CC-BY-SA-4.0", "ODbL-1.0 OR CC-BY-4.0"], True),
        (["CC-BY-SA-4.0", "CC-BY-NC-SA-4.0"], False),
        (["GPL-2.0-only", "GPL-3.0-only"], False),
        (["GPL-2.0-or-later", "AGPL-3.0-only"], True),
        (["CC-BY-SA-4.0 AND ODbL-1.0"], False),
    ],
)
def test_share_alike_terms_go_together_or_do_not(expressions: list[str], fine: bool) -> None:
    assert can_mix(expressions) is fine


def test_only_another_licence_contradicts() -> None:
    assert not contradicts("MIT OR Apache-2.0", "MIT")
    assert not contradicts("mit", "MIT")
    assert contradicts("CC-BY-4.0", "CC-BY-SA-4.0")
    assert [is_stated(its) for its in (None, "unknown", "NOASSERTION", "MIT")] == [False, False, False, True]


# --- found -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "licence"),
    [
        (MIT, "MIT"), (APACHE, "Apache-2.0"), (GPL, "GPL-3.0-only"), (BSD, "BSD-2-Clause"),
        (BSD + "Neither the name of the holder nor ...", "BSD-3-Clause"),
        ("GNU LESSER GENERAL PUBLIC LICENSE\nVersion 2.1, February 1999", "LGPL-2.1-only"),
        ("Attribution-NonCommercial-ShareAlike 4.0 International\n\n===", "CC-BY-NC-SA-4.0"),
        ("Creative Commons Attribution 4.0 International Public License", "CC-BY-4.0"),
        ("CC0 1.0 Universal", "CC0-1.0"), ("All rights reserved.", None), ("", None),
        ("Our terms.\n" * 100 + GPL, None),  # a text that names a licence is not its text
    ],
)  # fmt: skip
def test_a_licence_is_known_by_its_text(text: str, licence: str | None) -> None:
    assert of_text(text) == licence


@pytest.mark.parametrize(
    ("text", "licence"),
    [
        ("<!-- SPDX-License-Identifier: CC-BY-4.0 -->\n# Title", "CC-BY-4.0"),
        ("# SPDX-License-Identifier: MIT OR Apache-2.0\ncode", "MIT OR Apache-2.0"),
        ("/* SPDX-License-Identifier: (MIT AND CC-BY-4.0) */", "(MIT AND CC-BY-4.0)"),
        ("SPDX-License-Identifier: what it is", None),
        ("x" * 3000 + "SPDX-License-Identifier: MIT", None),
    ],
)
def test_a_header_says_its_licence(text: str, licence: str | None) -> None:
    assert of_header(text) == licence


@pytest.mark.parametrize(
    ("text", "licence"),
    [
        ("---\nlicense: cc-by-sa-4.0\nlanguage: en\n---\n# Data", "cc-by-sa-4.0"),
        ("---\nlicense: [mit, apache-2.0]\n---\n", "(mit) AND (apache-2.0)"),
        ("---\nlicense: other\n---\n", None), ("---\nlicense: {a: b}\n---\n", None), ("# No card", None),
        ("---\n: [\n---\n", None), ("text\n---\nlicense: mit\n---\n", None),
    ],
)  # fmt: skip
def test_a_dataset_card_says_its_licence(text: str, licence: str | None) -> None:
    assert of_card(text) == licence


def made(folder: Path, files: dict[str, str], *, until: Any = "export", sources: Any = None, **keys: Any) -> Run:
    for name, text in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    given = sources or [{"path": "docs"}]
    return run(write_recipe(folder, recipe(sources=given, **{"methods": ["text"], **keys})), until=until, workers=1)


def licences_of(done: Run) -> dict[str, str | None]:
    return {row["path"]: row["licence"] for row in rows(done.path / "documents")}


def test_the_nearest_licence_counts_and_a_header_more(tmp_path: Path) -> None:
    files = {
        "docs/LICENSE": MIT,
        "docs/a.md": TEXT,
        "docs/sub/b.md": TEXT + "Another.",
        "docs/sub/COPYING": GPL,
        "docs/sub/deep/c.md": TEXT + "A third.",
        "docs/d.md": "<!-- SPDX-License-Identifier: CC0-1.0 -->\n" + TEXT,
    }
    done = made(tmp_path, files)
    found = {"a.md": "MIT", "sub/b.md": "GPL-3.0-only", "sub/deep/c.md": "GPL-3.0-only", "d.md": "CC0-1.0"}
    assert licences_of(done) == found
    its = report(done)
    assert its["measures"]["licences.unstated.share"] == 0
    assert not [finding for finding in its["findings"] if "licence" in finding["id"]]


def test_what_lies_above_the_source_does_not_count(tmp_path: Path) -> None:
    assert licences_of(made(tmp_path, {"LICENSE": MIT, "docs/a.md": TEXT})) == {"a.md": None}


def test_a_licence_that_comes_changes_the_rows_and_parses_nothing(tmp_path: Path) -> None:
    made(tmp_path, {"docs/a.md": TEXT})
    done = made(tmp_path, {"docs/LICENSE.txt": APACHE})
    assert licences_of(done)["a.md"] == "Apache-2.0"
    assert {json.loads(row["meta"])["licence"] for row in rows(done.path / "dataset")} == {"Apache-2.0"}


def test_the_recipe_counts_and_a_contradiction_is_a_finding(tmp_path: Path) -> None:
    sources = [{"path": "docs", "licence": "CC-BY-4.0"}]
    done = made(tmp_path, {"docs/LICENSE": GPL, "docs/a.md": TEXT}, sources=sources)
    assert licences_of(done)["a.md"] == "CC-BY-4.0"
    [finding] = [its for its in report(done)["findings"] if its["id"] == "sources.other_licence.docs"]
    assert (finding["count"], finding["rows"]) == (1, ["docs/a.md"])
    assert "GPL-3.0-only" in finding["why"]


def test_the_card_of_a_folder_of_rows_counts(tmp_path: Path) -> None:
    files = {
        "data/README.md": "---\nlicense: cc-by-4.0\n---\n",
        "data/train.jsonl": json.dumps({"instruction": "Say this.", "output": "This."}) + "\n",
    }
    done = made(tmp_path, files, sources=[{"path": "data", "as": "records"}], methods=[])
    assert [json.loads(row["meta"])["licence"] for row in rows(done.path / "records/sft")] == ["cc-by-4.0"]


def test_a_mistyped_licence_of_a_source_is_a_wrong_request(tmp_path: Path) -> None:
    with pytest.raises(
        WrongRequest, match=r"recipe.yaml:\d+: SPDX lists no licence 'CC-BY-40'. Did you mean 'CC-BY-4.0'"
    ):
        made(tmp_path, {"docs/a.md": TEXT}, sources=[{"path": "docs", "licence": "CC-BY-40"}])


# --- use -------------------------------------------------------------------------------------------------------------


def mixed(folder: Path, use: str, *licences: str | None, **keys: Any) -> Run:
    files = {
        f"s{nth}/a.md": f"# Part {nth}\n\nThe part number {nth} is made of clay {nth}.\n"
        for nth in range(len(licences))
    }
    sources = [{"path": f"s{nth}", **({"licence": its} if its else {})} for nth, its in enumerate(licences)]
    return made(folder, files, sources=sources, use=use, **keys)


@pytest.mark.parametrize(
    ("use", "licences"),
    [
        ("commercial", ["MIT", "CC-BY-4.0", "CC-BY-NC-4.0 OR CC-BY-4.0"]), ("research", ["CC-BY-NC-4.0", None]),
        ("internal", ["CC-BY-NC-ND-4.0", None, "CC-BY-SA-4.0", "ODbL-1.0"]),
    ],
)  # fmt: skip
def test_a_mix_that_the_use_allows_is_exported(tmp_path: Path, use: str, licences: list[str | None]) -> None:
    assert mixed(tmp_path, use, *licences).stands("export")


@pytest.mark.parametrize(
    ("use", "licences", "says"),
    [
        ("commercial", ["MIT", "CC-BY-NC-4.0"], r"commercial use.*s1 \(CC-BY-NC-4.0 forbids commercial use: 1 row\)"),
        ("commercial", ["MIT", None], r"s1 \(has no stated licence: 1 row\).*unlabelled: reject"),
        ("commercial", ["unknown"], r"s0 \(has no stated licence"),
        ("research", ["MIT", "CC-BY-ND-4.0"], r"s1 \(CC-BY-ND-4.0 forbids what is derived"),
        (
            "research",
            ["CC-BY-SA-4.0", "ODbL-1.0", "MIT"],
            r"exclude each other: s0 \(CC-BY-SA-4.0\), s1 \(ODbL-1.0\)\.",
        ),
    ],
)
def test_a_mix_that_the_use_forbids_is_refused(tmp_path: Path, use: str, licences: list[str], says: str) -> None:
    with pytest.raises(CheckFailed, match=says):
        mixed(tmp_path, use, *licences)
    assert not (tmp_path / "run/dataset").exists()
    assert not Run(tmp_path / "run").stands("export")


def test_what_the_message_says_mends_it(tmp_path: Path) -> None:
    policy: list[Any] = [{"policy": {"use": "commercial", "unlabelled": "reject"}}]
    done = mixed(tmp_path, "commercial", "MIT", "CC-BY-NC-4.0", None, documents=policy)
    assert {source for row in rows(done.path / "dataset") for source in json.loads(row["meta"])["sources"]} == {"s0"}


def test_another_use_exports_again(tmp_path: Path) -> None:
    first = mixed(tmp_path, "internal", "CC-BY-NC-4.0")
    assert "export" in first.did
    with pytest.raises(CheckFailed):
        mixed(tmp_path, "commercial", "CC-BY-NC-4.0")
    assert "export" in mixed(tmp_path, "research", "CC-BY-NC-4.0").did


@pytest.mark.parametrize(
    ("use", "terms", "says"),
    [
        ("commercial", "commercial", None), ("research", "commercial", None), ("research", None, None),
        ("internal", "internal", None), ("internal", "none", r"may not be put to it: llm \(terms: none; \d+ rows\)"),
        ("commercial", "research", r"may not be put to it: llm \(terms: research; \d+ rows\)"),
        ("commercial", None, r"terms of these models allow: llm \(\d+ rows\)"),
    ],
)  # fmt: skip
def test_the_terms_of_the_model_that_wrote_the_rows_count(
    tmp_path: Path, use: str, terms: str | None, says: str | None
) -> None:
    text = (
        "The kiln fires clay at a high heat. Its lid stays locked until it has cooled to sixty degrees, which takes "
        "three hours in summer and somewhat less in winter, as the people who clean its shelves in the evening know."
    )
    same = f"In other words: {text[0].lower()}{text[1:]}"
    with ModelServer(replies=lambda _: same) as server:
        model = {"base_url": server.url, "model": "m", **({"terms": terms} if terms else {})}
        sources = [{"path": "docs", "licence": "MIT"}]
        keys: dict[str, Any] = {"models": {"llm": model}, "methods": ["rephrase"], "use": use, "sources": sources}
        if says is None:
            assert made(tmp_path, {"docs/a.md": text}, **keys).counts("export")["rows"]
        else:
            with pytest.raises(CheckFailed, match=says):
                made(tmp_path, {"docs/a.md": text}, **keys)
