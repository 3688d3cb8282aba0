"""Documents and recipes, drawn: prose that generators find rows in, personal data, copies, and all kinds of Unicode.

What is drawn is small, so that a whole run of it takes a tenth of a second.
"""

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.corpora import recipe

THINGS = (
    "flow meter",
    "drain valve",
    "pressure gauge",
    "relief valve",
    "charge pump",
    "level sensor",
    "heat exchanger",
)
DOES = ("measures the volume of water in a pipe", "opens when the tank is full", "stops the motor below two bar",
        "sends a signal to the controller", "keeps the line free of air")  # fmt: skip
STRANGE = (
    "系统在启动后检查所有传感器。压力过低时泵会停止。",
    "ポンプは水が足りないと止まります。",
    "تتوقف المضخة عندما ينخفض الضغط عن اثنين بار.",
    "המשאבה נעצרת כאשר הלחץ יורד.",
    "Press 🚰 then 👩🏽‍🔧, and wait for \U0001d518\U0001d52b\U0001d526 to turn green.",
    "The va\u200blve and the gau\u00adge are ﬁne; ½ turn\u2028is enough.",
    "Cafe\u0301 and café\u00a0are not the same — “quotes”, ‘too’.",
    "  \t \u3000 ",
    "a\u0000b and \ufffd\ufeff",
)
ENDS = ("\n", "\r\n")


@dataclass(frozen=True)
class Drawn:
    """Files to ingest, and the personal values that were planted in them."""

    files: dict[str, str]
    planted: tuple[str, ...]


def email() -> st.SearchStrategy[str]:
    """An address at a domain of our own making."""
    return st.builds("{}.{}{}@{}".format, st.sampled_from(["anna", "jürgen", "li"]), st.sampled_from(["weber", "ng"]),
                     st.integers(1, 999), st.sampled_from(["example.org", "mail.example.com"]))  # fmt: skip


def phone() -> st.SearchStrategy[str]:
    """A number in Berlin, as people write it."""
    return st.builds("+49 30 9018{:04d}".format, st.integers(0, 9999))


def ip() -> st.SearchStrategy[str]:
    """An address in a private network."""
    return st.builds("10.{}.{}.{}".format, *[st.integers(1, 250)] * 3)


def card() -> st.SearchStrategy[str]:
    """A payment card whose check digit is right."""
    return st.builds(
        _with_check_digit, st.builds("4111 11{:02d} {:04d} 7".format, st.integers(0, 99), st.integers(0, 9999))
    )


def _with_check_digit(number: str) -> str:
    digits = [int(digit) for digit in number if digit.isdigit()]
    padded = [*digits, 0, 0, 0][:15]
    total = sum(sum(divmod(2 * digit, 10)) if nth % 2 == 0 else digit for nth, digit in enumerate(padded))
    shown = "".join(map(str, [*padded, -total % 10]))
    return " ".join(shown[at : at + 4] for at in range(0, 16, 4))


VALUES = st.one_of(email(), phone(), ip(), card())
AROUND = (
    "Write to {} before noon.",
    "The card on file is {}.",
    "Questions go to {}, as ever; nobody else has a key.",
    "{} is what the label says.",
    "The service desk in Berlin has {} and answers within a day.",
)


@st.composite
def planted(draw: st.DrawFn) -> tuple[str, str]:
    """A sentence with a value in it, and the value."""
    value = draw(VALUES)
    return draw(st.sampled_from(AROUND)).format(value), value


def plain() -> st.SearchStrategy[str]:
    """A sentence that names a thing and what it does."""
    return st.builds("A {} is a part that {}.".format, st.sampled_from(THINGS), st.sampled_from(DOES))


def blocks() -> st.SearchStrategy[tuple[str, str | None]]:
    """A piece of a document, and the value that is in it, if any."""
    steps = st.lists(
        st.sampled_from(["Close the valve.", "Drain the line.", "Open the valve again."]), min_size=2, max_size=3
    )
    without = st.one_of(
        st.builds("{} {}".format, plain(), plain()),
        plain(),
        st.builds("## How do I reset the {0}?\n\nHold the button of the {0} for five seconds.".format,
                  st.sampled_from(THINGS)),
        st.builds("## Clean the {}\n\n{}".format, st.sampled_from(THINGS),
                  steps.map(lambda said: "\n".join(f"{n}. {step}" for n, step in enumerate(said, 1)))),
        st.builds("# {}".format, st.sampled_from(THINGS)),
        st.sampled_from(STRANGE),
        st.text(max_size=40),
    )  # fmt: skip
    shapes = st.sampled_from(["{}", "## {}", "1. Drain the line.\n2. {}", "The relief valve protects the line. {}"])
    with_value = st.tuples(shapes, planted()).map(lambda drawn: (drawn[0].format(drawn[1][0]), drawn[1][1]))
    return st.one_of(st.tuples(without, st.none()), with_value)


@st.composite
def corpora(draw: st.DrawFn, *, max_documents: int = 4, max_blocks: int = 6) -> Drawn:
    """A few documents; some repeat another, whole or nearly; some are rows of a JSON Lines file."""
    texts, values = [], list[str]()
    for _ in range(draw(st.integers(1, max_documents))):
        if texts and draw(st.integers(0, 3)) == 0:
            copy = draw(st.sampled_from(texts))
            texts.append(copy.replace("water", "oil", 1) if draw(st.booleans()) else copy)
            continue
        drawn = draw(st.lists(blocks(), min_size=1, max_size=max_blocks))
        end = draw(st.sampled_from(ENDS))
        texts.append((end * 2).join(text.replace("\n", end) for text, _ in drawn))
        values += [value for _, value in drawn if value]
    files = dict[str, str]()
    for nth, text in enumerate(texts):
        ending = draw(st.sampled_from(["md", "md", "txt", "jsonl"]))
        if ending == "jsonl":
            files["rows.jsonl"] = files.get("rows.jsonl", "") + as_line(text)
        else:
            files[f"{nth}.{ending}"] = text
    return Drawn(files, tuple(dict.fromkeys(values)))


def as_line(text: str) -> str:
    """A line of JSON Lines."""
    import json

    return json.dumps({"text": text}, ensure_ascii=False) + "\n"


def filters(*, pii: bool | None = None) -> st.SearchStrategy[list[Any]]:
    """Some filters in some order. `pii`: whether that one is among them; by chance, if None."""
    options = {
        "policy": st.fixed_dictionaries({"use": st.sampled_from(["commercial", "internal"])}),
        "exact_dedup": st.just({}),
        "minhash_dedup": st.fixed_dictionaries(
            {"threshold": st.sampled_from([0.5, 0.8, 1.0]), "unit": st.sampled_from(["word", "char"])}
        ),
        "length": st.fixed_dictionaries({"min_chars": st.sampled_from([1, 20, 60])}),
        "pii": st.fixed_dictionaries({"action": st.sampled_from(["placeholder", "mask"])}),
    }
    always = ["pii"] if pii else []
    others = [name for name in options if name != "pii" or pii is None]
    chosen = st.lists(st.sampled_from(others), unique=True, max_size=4).flatmap(
        lambda names: st.permutations([*names, *always])
    )
    return chosen.flatmap(lambda names: st.tuples(*[options[name] for name in names]).map(
        lambda given: [{name: option} for name, option in zip(names, given, strict=True)]
    ))  # fmt: skip


@st.composite
def recipes(
    draw: st.DrawFn, *, pii_passages: bool | None = None, pii_records: bool | None = None, **fixed: Any
) -> dict[str, Any]:
    """A recipe over `documents/`: filters in any order at each stage, a target or none, any split."""
    shares = st.sampled_from([0.0, 0.05, 0.25, 0.4])
    licence = st.sampled_from([None, "CC-BY-4.0", "CC-BY-NC-4.0"])
    methods = st.sampled_from(
        [
            ["text"],
            ["extractive_qa"],
            ["text", "extractive_qa"],
            ["extractive_qa", {"text": {"max_tokens": 64}}],
            ["text", {"extractive_qa": {"target": 2}}],
        ]
    )
    drawn = {
        "seed": draw(st.integers(0, 3)),
        "sources": [{"path": "documents", "licence": draw(licence)}],
        "documents": draw(filters()),
        "passages": draw(filters(pii=pii_passages)),
        "records": draw(filters(pii=pii_records)),
        "methods": draw(methods),
        "max_tokens": draw(st.sampled_from([16, 24, 64, 512])),
        "target": draw(st.sampled_from([None, None, 1, 5])),
        "export": {"split": {"validation": draw(shares), "test": draw(shares)},
                   "formats": draw(st.sampled_from([["trl"], ["trl", "messages"]])),
                   "context": draw(st.sampled_from(["open-book", "closed-book"]))},
    }  # fmt: skip
    return recipe(**{**drawn, **fixed})
