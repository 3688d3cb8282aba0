"""presidio as others use it, and data sets of personal data: what the benchmarks of `pii` compare with.

A line of a data set is {"id": "…", "text": "…", "spans": [{"type": "EMAIL_ADDRESS", "start": 0, "end": 9}]}.
presidio runs with all its English recognisers, the threshold of `pii` and a blank spaCy tokeniser (lemma = lower case,
so that its context words count), or with a model of spaCy.
"""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tldextract
from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
from presidio_analyzer.nlp_engine import NlpArtifacts, NlpEngineProvider
from presidio_analyzer.predefined_recognizers import SpacyRecognizer

from filters._engine import Tokens
from filters._presidio import SURE

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
    "PERSON": "person", "PERSON_NAME": "person", "PER": "person", "LEGAL_PROFESSIONAL": "person",
    "NOMBRE_SUJETO_ASISTENCIA": "person", "NOMBRE_PERSONAL_SANITARIO": "person",
    "ORGANIZATION": "organization", "ORGANIZATION_NAME": "organization", "ORG": "organization",
    "corporation": "organization",
    "HOSPITAL": "organization", "INSTITUCION": "organization", "CENTRO_SALUD": "organization",
    "GPE": "location", "LOC": "location", "LOCATION": "location", "TERRITORIO": "location", "PAIS": "location",
    "location": "location", "ZIP_CODE": "location",
}  # fmt: skip


class EagerTokens(Tokens):
    """presidio's own context words need the tokens of every text."""

    def process_text(self, text: str, language: str) -> NlpArtifacts:
        document = self.nlp.make_doc(text)
        starts, lemmas = [token.idx for token in document], [token.lower_ for token in document]
        return NlpArtifacts([], document, starts, lemmas, self, language)


def shipped(model: str | None = None) -> Callable[[str], list[Span]]:
    """presidio with its predefined English recognisers, and the names that a model of spaCy finds."""
    local = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
    tldextract.tldextract.TLD_EXTRACTOR = local  # as shipped it fetches a list at the first address
    nlp = _with_model(model) if model else EagerTokens()
    registry = RecognizerRegistry(supported_languages=["en"])
    registry.load_predefined_recognizers(languages=["en"], nlp_engine=nlp)
    if not model:
        registry.recognizers = [r for r in registry.recognizers if not isinstance(r, SpacyRecognizer)]
    engine = AnalyzerEngine(registry=registry, nlp_engine=nlp)

    def analyze(text: str) -> list[Span]:
        found = engine.analyze(text, language="en", score_threshold=SURE)
        return [(NAMES.get(r.entity_type, r.entity_type), r.start, r.end) for r in found]

    return analyze


def _with_model(model: str) -> Any:
    configuration = {"nlp_engine_name": "spacy", "models": [{"lang_code": "en", "model_name": model}]}
    return NlpEngineProvider(nlp_configuration=configuration).create_engine()


def rows_of(path: Path, half: str) -> list[dict[str, Any]]:
    """The rows of a file: all, or those whose id has an even or an odd hash."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    if half == "all":
        return rows
    wanted = half == "odd"
    return [r for r in rows if hashlib.blake2b(r["id"].encode(), digest_size=1).digest()[0] % 2 == wanted]
