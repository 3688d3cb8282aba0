"""Find personal data, such as e-mail addresses, card numbers and names, and replace, fake, mask, reject or flag it.

Finds   contacts, payment and bank numbers, national and labelled numbers, addresses with a street's word, dates of
        birth, user names, places on the map: by presidio with the recognisers that were measured to be wrong replaced.
        Shapes, check digits and labels decide; disguises and line breaks are undone first. `allow` lets one's own stay.
        With `ner`, also names of people, organisations and places, and addresses without a form: by a model that is on
        disk, shown only where a name may stand, and put right by titles, labels and e-mails beside.
Never   names without `ner`: they have no form. Passwords and keys are what `secrets` looks for.
Keeps   spans, kinds and scores; never a value. For fakes also digests of the values, keyed with a secret of the run.
Costs   0.2 ms a 2 kB document that holds nothing, about 0.7 ms one that holds some; 0.4 s once a process, 0.9 s more
        at a card, an IBAN, a bitcoin or IPv6 address whose check digits are right (presidio's import). No network.
        With `ner: rampart` 0.1 s a kB that may hold names, twice where it does.
Source  presidio-analyzer (https://microsoft.github.io/presidio), phonenumbers, Rampart.
"""

import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal

import pyarrow as pa

from factory.errors import did_you_mean
from factory.plugins import KEY
from factory.verdicts import Verdicts
from filters import _fake_names, _fakes, _own, _personal, _presidio, _spans
from filters._looking import Looking
from filters._presidio import SURE
from filters._screen import fold
from filters._spans import FINDING, Allowed, Finding

Action = Literal["placeholder", "fake", "mask", "reject", "flag"]
DECIDES = {"decides": True}
FAKED = pa.struct([*FINDING, *_fakes.FORM])

NOT_LOOKED_FOR = ("PERSON", "ORGANIZATION")  # without `ner`


@dataclass(frozen=True)
class Pii(Looking):
    """`types`: the kinds to look for, all by default; `exclude`: kinds to leave out.

    `allow`: values that may stay; `@acme.com` allows a domain, `192.168.0.0/16` a network, `/EMP-9.*/` what a regular
    expression matches.
    `patterns`: kinds of one's own, a regular expression each: `{ticket: "TCK-[0-9]{6}"}`.
    `recogniser_files`: presidio's YAML files of recognisers; `recognisers`: those that installed packages declare.

    `actions`: what becomes of some kinds, in the place of `action`: `{person: fake, credit_card: reject}`.
    `fake` puts made-up values in their form, the same for the same value through a document; `seed` draws others.

    `ner`: the model that reads names: `rampart`, `spacy:MODEL`, `transformers:FOLDER` or `gliner:FOLDER`; without it
    none are.

    Scrubbing twice changes nothing; below the default threshold that is not promised.
    """

    sees: ClassVar[str] = "strings"
    not_looked_for: ClassVar[tuple[str, ...]] = NOT_LOOKED_FOR
    action: Action = field(default="placeholder", metadata=DECIDES)
    actions: dict[str, Action] = field(default_factory=dict, metadata=DECIDES)
    seed: int = field(default=0, metadata=DECIDES)
    types: list[str] | None = None
    exclude: list[str] = field(default_factory=list)
    threshold: float = field(default=SURE, metadata=DECIDES)
    allow: list[str] = field(default_factory=list)
    patterns: dict[str, str] = field(default_factory=dict)
    recogniser_files: list[Path] = field(default_factory=list)
    recognisers: list[str] = field(default_factory=list)
    ner: str | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for an option that cannot work, WrongRequest for a model or recogniser that is not there."""
        self.check_looking()
        for kind in self.actions:
            if kind not in (*_personal.PLACEHOLDERS, *self.own.kinds):
                raise ValueError(f"actions: unknown type '{kind}'.{did_you_mean(kind, _personal.PLACEHOLDERS)}")
        if self.keyed:
            _fake_names.check()
        self.check_threshold()

    @property
    def replaces(self) -> bool:
        """Whether nothing that it finds is left in a text."""
        return {self.action, *self.actions.values()}.isdisjoint(("reject", "flag"))

    @property
    def keyed(self) -> bool:
        """Whether the run's key is needed, for fakes."""
        return "fake" in (self.action, *self.actions.values())

    def prepare(self) -> None:
        """Load what most datasets of some size need for some row."""
        _presidio.prepare()

    def measure(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """`id`, `field`, `text`, several rows an id -> `id`, `findings`: one row an id, overlaps left to `decide`."""
        kinds = _personal.kinds(self.types, self.exclude, self.ner)

        def look(text: str) -> list[Finding]:
            return _personal.find(text, kinds, self.ner, self.own)

        allowed = Allowed(self.allow, fold)
        if not self.keyed:
            return _spans.measure(batch, look, allowed)
        key = (batch.schema.metadata or {}).get(KEY) or secrets.token_bytes(32)  # without a run: good for this batch
        return _spans.measure(
            batch, lambda text: look(_without_fakes(text)), allowed,
            lambda value, kind: _fakes.describe(value, kind, key), FAKED,
        )  # fmt: skip

    def decide(self, features: pa.RecordBatch) -> Verdicts:
        """One verdict an id; evidence counts the spans of each kind."""

        def action(kind: str) -> str:
            return self.actions.get(kind, self.action)

        def replacement(id_: str, span: _spans.Described) -> str:
            kind = span["kind"]
            fake = _fakes.draw(kind, span, self.seed, _document_of(id_)) if action(kind) == "fake" else None
            return fake or _own.placeholder(kind)

        return _spans.verdicts(features, "pii", action, replacement, self.threshold)


def _without_fakes(text: str) -> str:
    """`text` with fakes of ours filled: they are nobody's, and stay."""
    return _spans.blank(text, _fakes.ours(text))


def _document_of(id_: str) -> str:
    """What a row came from: a document, or of a foreign dataset the row."""
    return id_ if id_.startswith("row:") else id_.partition("/")[0]
