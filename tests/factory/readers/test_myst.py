"""MyST in Markdown: Sphinx's directives and roles give their words, all else stays as it is."""

import pytest

from factory.readers.markdown import parse


def read(text: str) -> str:
    return parse(text)[0]


MYST = "# Valves\n\n```{contents}\n:local: true\n```\n\n"  # what makes a page one of MyST


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("A {class}`Valve` opens.", "A `Valve` opens."),
        ("Call {py:meth}`~orlo.Valve.open` first.", "Call `open` first."),
        ("Call {func}`!orlo.start` first.", "Call `orlo.start` first."),
        ("See {ref}`the seals <seal-kinds>` of it.", "See the seals of it."),
        ("A {term}`bleed screw` lets air out.", "A bleed screw lets air out."),
        ("It calls {meth}`Valve.open\n<orlo.Valve.open>` at once.", "It calls Valve.open at once."),
        ("Not `{class}`: code.", "Not `{class}`: code."),
    ],
)
def test_a_role_gives_its_words(written: str, words: str) -> None:
    assert read(MYST + written) == f"# Valves\n\n\n{words}"


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("```{currentmodule} orlo\n```", ""),
        ("```{include} ../CHANGES.md\n```", ""),
        ("```{code-block} python\n:caption: One\n\nx = {class}\n```", "```python\n\nx = {class}\n```"),
        ("```{eval-rst}\n.. click:run::\n```", "```rst\n.. click:run::\n```"),
        ("```{note}\nThe {class}`Valve` is closed.\n```", "**Note**\n\nThe `Valve` is closed."),
        (":::{admonition} For {term}`fitters`\nOpen it.\n:::", "**For fitters**\n\nOpen it."),
        (":::{note}\n:::{tip}\nTurn it.\n:::\n:::", "**Note**\n\n**Tip**\n\nTurn it."),
        ("````{warning}\n```python\nx = 1\n```\n````", "**Warning**\n\n```python\nx = 1\n```"),
        ("```{versionadded} 6.0\n```", "Added in version 6.0"),
        ("```{versionchanged} 8.1\nThe lid stays.\n```", "Changed in version 8.1\n\nThe lid stays."),
        ("```{figure} valve.png\n---\nwidth: 50\n---\nA valve, open.\n```", "A valve, open."),
        ("```python\n{class}`Valve`\n(label)=\n```", "```python\n{class}`Valve`\n(label)=\n```"),
        ("(seal-kinds)=\nTwo seals.", "Two seals."),
        ("```{note}\nThis fence is never closed.", "```{note}\nThis fence is never closed."),
        (":::\nThree colons.", ":::\nThree colons."),
    ],
)
def test_a_directive_gives_what_stands_in_it(written: str, words: str) -> None:
    assert read(MYST + written).removeprefix("# Valves\n\n").removeprefix("\n") == words


@pytest.mark.parametrize(
    "text",
    [
        "# Sets\n\nWrite f{x}`y` as {set}`of` things.\n\n(label)=\n\nEnd.",
        "```{r}\nplot(x)\n```",
        "Type `{class}`name`` here.",
        "{% note %}\nOpen the lid.\n{% endnote %}",
    ],
)
def test_markdown_that_is_not_surely_mysts_stays_as_it_is(text: str) -> None:
    assert read(text) == text


def test_headings_stand_where_their_words_are() -> None:
    text, marks = parse("---\ntitle: Valves\n---\n(top)=\n# The {class}`Valve`\n\nIt opens.\n")
    assert [text[mark.start : mark.end] for mark in marks] == ["The `Valve`"]
