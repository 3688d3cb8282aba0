"""How fast `pii` is beside presidio as shipped, and how right; how right `secrets` is, for which presidio has nothing.

    python benchmarks/pii.py                        speed on documents made here
    python benchmarks/pii.py --data DIR             precision and recall on DIR/*.jsonl
    python benchmarks/pii.py --data DIR --half odd  on rows whose id has an odd hash: the rules are tuned on even ones
    python benchmarks/pii.py --clean DIR            what is found in texts that should hold nothing, each in its line

A line of DIR/*.jsonl is {"id": "…", "text": "…", "spans": [{"type": "EMAIL_ADDRESS", "start": 0, "end": 9}]}. Both are
timed in one run, in turns, in CPU seconds of one process. presidio runs with all its English recognisers, the threshold
of `pii` and a blank spaCy tokeniser (lemma = lower case, so that its context words count).
"""

import argparse
import hashlib
import json
import random
import re
import statistics
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tldextract
from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
from presidio_analyzer.nlp_engine import NlpArtifacts
from presidio_analyzer.predefined_recognizers import SpacyRecognizer

from filters import secrets
from filters._engine import Tokens
from filters._presidio import SURE, find

Span = tuple[str, int, int]
NAMES = {  # what data sets and presidio call our kinds
    "EMAIL_ADDRESS": "email", "CORREO_ELECTRONICO": "email", "PHONE_NUMBER": "phone", "NUMERO_TELEFONO": "phone",
    "NUMERO_FAX": "phone", "CREDIT_CARD": "credit_card", "IBAN": "iban", "IBAN_CODE": "iban", "IP_ADDRESS": "ip",
    "MAC_ADDRESS": "mac", "SOCIAL_SECURITY_NUMBER": "us_ssn", "US_SSN": "us_ssn", "BANK_ACCOUNT_NUMBER": "bank_account",
    "US_BANK_NUMBER": "bank_account", "US_PASSPORT": "passport",
    "UK_NHS": "uk_nhs", "UK_NINO": "uk_nino", "CRYPTO": "crypto", "USERNAME": "username", "STREET_ADDRESS": "address",
    "CALLE": "address", "DATE_OF_BIRTH": "date_of_birth", "EMPLOYEE_ID": "employee_id", "TAX_ID": "tax_id",
    "INSURANCE_POLICY_NUMBER": "policy_number", "INVOICE_NUMBER": "invoice_number", "SWIFT_BIC_CODE": "bic",
    "MEDICAL_RECORD_NUMBER": "medical_record", "ID_SUJETO_ASISTENCIA": "medical_record",
    "ID_CONTACTO_ASISTENCIAL": "medical_record", "ID_ASEGURAMIENTO": "es_nass", "US_DRIVER_LICENSE": "driver_license",
    "PASSWORD": "password", "API_KEY": "key",
}  # fmt: skip
WORDS = re.findall(r"\w+", "The gauge reports a level every ten minutes, and an alarm when it passes a limit.")
VALUES = [
    "jane.doe@example.com", "020 7946 0112", "(303) 555-0147", "4111 1111 1111 1111", "GB82 WEST 1234 5698 7654 32",
    "203.0.113.24", "SSN 536-22-1874", "00:1A:2B:3C:4D:5E",
]  # fmt: skip


class EagerTokens(Tokens):
    """presidio's own context words need the tokens of every text."""

    def process_text(self, text: str, language: str) -> NlpArtifacts:
        document = self.nlp.make_doc(text)
        starts, lemmas = [token.idx for token in document], [token.lower_ for token in document]
        return NlpArtifacts([], document, starts, lemmas, self, language)


def ours(text: str) -> list[Span]:
    return [(f.kind, f.start, f.end) for f in find(text) if f.score >= SURE]


def ours_and_secrets(text: str) -> list[Span]:
    """Keys of all kinds as one, and a connection string's password as one."""
    kinds = {"password": "password", "connection_string": "password"}
    return ours(text) + sorted({(kinds.get(f.kind, "key"), f.start, f.end) for f in secrets.find(text)})


def shipped() -> Callable[[str], list[Span]]:
    """presidio with its predefined English recognisers."""
    local = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
    tldextract.tldextract.TLD_EXTRACTOR = local  # as shipped it fetches a list at the first address
    nlp = EagerTokens()
    registry = RecognizerRegistry(supported_languages=["en"])
    registry.load_predefined_recognizers(languages=["en"], nlp_engine=nlp)
    registry.recognizers = [r for r in registry.recognizers if not isinstance(r, SpacyRecognizer)]  # wants a model
    engine = AnalyzerEngine(registry=registry, nlp_engine=nlp)

    def analyze(text: str) -> list[Span]:
        found = engine.analyze(text, language="en", score_threshold=SURE)
        return [(NAMES.get(r.entity_type, r.entity_type), r.start, r.end) for r in found]

    return analyze


def documents(count: int, size: int, with_values: float, seed: int = 1) -> list[str]:
    """`count` texts of about `size` characters, a share of which holds three values."""
    draw = random.Random(seed)  # noqa: S311 # no secret
    made = []
    for _ in range(count):
        words = [draw.choice(WORDS) if draw.random() > 0.03 else str(draw.randrange(3000)) for _ in range(size // 5)]
        if draw.random() < with_values:
            for value in draw.sample(VALUES, 3):
                words[draw.randrange(len(words))] = value
        made.append(" ".join(words[i] + ("\n" if i % 40 == 39 else "") for i in range(len(words))))
    return made


def speed(name: str, texts: list[str], presidio: Callable[[str], list[Span]], rounds: int = 3) -> None:
    """Print documents a CPU second of both, and their ratio: the median of interleaved rounds."""
    ours(texts[0]), presidio(texts[0])
    taken: dict[str, list[float]] = {"pii": [], "presidio": []}
    for _ in range(rounds):
        for tool, run in (("pii", ours), ("presidio", presidio)):
            start = time.process_time()
            for text in texts:
                run(text)
            taken[tool].append(time.process_time() - start)
    fast, slow = (len(texts) / statistics.median(taken[tool]) for tool in ("pii", "presidio"))
    print(f"{name:34} pii {fast:9,.0f} docs/s   presidio {slow:7,.0f} docs/s   ratio {fast / slow:5.1f}")


def rows_of(path: Path, half: str) -> list[dict[str, Any]]:
    """The rows of a file: all, or those whose id has an even or an odd hash."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    if half == "all":
        return rows
    wanted = half == "odd"
    return [r for r in rows if hashlib.blake2b(r["id"].encode(), digest_size=1).digest()[0] % 2 == wanted]


def accuracy(path: Path, half: str, presidio: Callable[[str], list[Span]]) -> None:
    """Print precision and recall a kind: a finding is right when a true span of its kind overlaps it."""
    rows = rows_of(path, half)
    kinds = {NAMES[s["type"]] for row in rows for s in row["spans"] if s["type"] in NAMES}
    print(f"\n{path.name}: {len(rows)} rows ({half})\n{'':14} {'true':>6}   {'pii':^34} {'presidio':^34}")
    counts: dict[str, Counter[str]] = {"pii": Counter(), "presidio": Counter()}
    for row in rows:
        true = [(NAMES.get(s["type"], s["type"]), s["start"], s["end"]) for s in row["spans"]]
        for tool, run in (("pii", ours_and_secrets), ("presidio", presidio)):
            found = run(row["text"])
            for kind, _, _ in found:
                counts[tool][f"found {kind}"] += 1
            for one in found:
                counts[tool][f"right {one[0]}"] += any(_overlap(one, other) for other in true)
            for one in true:
                counts[tool][f"true {one[0]}"] += 1
                counts[tool][f"hit {one[0]}"] += any(_overlap(one, other) for other in found)
    for kind in sorted(kinds | {key[6:] for key in counts["pii"] if key.startswith("found ")}):
        tools = (_scores(counts[tool], kind) for tool in ("pii", "presidio"))
        print(f"{kind:14} {counts['pii'][f'true {kind}']:6}   {'   '.join(tools)}")


def _overlap(one: Span, other: Span) -> bool:
    return one[0] == other[0] and one[1] < other[2] and other[1] < one[2]


def _scores(counts: Counter[str], kind: str) -> str:
    found, true = counts[f"found {kind}"], counts[f"true {kind}"]
    precision = f"{counts[f'right {kind}'] / found:.3f}" if found else "-"
    recall = f"{counts[f'hit {kind}'] / true:.3f}" if true else "-"
    both = counts[f"right {kind}"] * counts[f"hit {kind}"]
    f1 = f"{2 * both / (counts[f'right {kind}'] * true + counts[f'hit {kind}'] * found):.3f}" if both else "-"
    return f"P {precision:>5} R {recall:>5} F1 {f1:>5} ({found:5})"


def clean(folder: Path) -> None:
    """Print every finding in the texts of a folder, in its line."""
    texts = [p for p in sorted(folder.rglob("*")) if p.suffix in {".md", ".rst", ".txt"}]
    total, size = 0, 0
    for path in texts:
        text = path.read_text(encoding="utf-8", errors="replace")
        size += len(text)
        for kind, start, end in ours(text):
            total += 1
            line = text[text.rfind("\n", 0, start) + 1 : start][-50:] + "[[" + text[start:end] + "]]"
            print(f"  {path.relative_to(folder)}:{text.count(chr(10), 0, start) + 1} {kind}: {line}")
    share = total / max(1, size) * 10_000
    print(f"{total} findings in {size:,} characters of {len(texts)} files: {share:.2f} in 10 kB")


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of JSONL files with spans")
    parser.add_argument(
        "--half", choices=["all", "even", "odd"], default="all", help="which rows, by the hash of their id"
    )
    parser.add_argument("--clean", type=Path, help="folder of texts without personal data")
    given = parser.parse_args()
    if given.clean:
        clean(given.clean)
        return
    presidio = shipped()
    for path in sorted(given.data.glob("*.jsonl")) if given.data else []:
        accuracy(path, given.half, presidio)
    for size, share in [(2200, 0.0), (2200, 0.45), (300, 0.02)]:
        speed(f"{size} characters, values in {share:.0%}", documents(100, size, share), presidio)
    if given.data:
        for path in sorted(given.data.glob("*.jsonl")):
            texts = [row["text"] for row in rows_of(path, given.half)[:150]]
            speed(path.name, texts, presidio)


if __name__ == "__main__":
    main()
