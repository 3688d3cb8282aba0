"""Self-contained: what points out of the row is rejected, what brings its text along or says its subject is not."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory import plugins
from factory.corpus import Row
from factory.dangling import LOOKED_AT, in_answer, in_question
from factory.dangling_words import IN_SMALL, NEEDS, RULES
from factory.records import Text
from factory.wording import in_small
from filters.self_contained_rules import SelfContainedRules
from tests.filters.sourced import measured, reasons, sft, verdicts

ELSEWHERE, NO_SUBJECT = "question_points_elsewhere", "question_without_subject"
POINTING = [
    ("en", "What does this figure show?", ELSEWHERE),
    ("en", "What does the author recommend?", ELSEWHERE),
    ("en", "According to the text, how often is the kiln cleaned?", ELSEWHERE),
    ("en", "What steps are described in the passage?", ELSEWHERE),
    ("en", "Which of the steps mentioned above comes first?", ELSEWHERE),
    ("en", "What is shown in Figure 3?", ELSEWHERE),
    ("en", "What is explained in section 4.2?", ELSEWHERE),
    ("en", "Create a program that prints the following pattern:", ELSEWHERE),
    ("en", "How do I reset this device?", ELSEWHERE),
    ("en", "What does this document say?", ELSEWHERE),
    ("en", "How often do they need oil?", NO_SUBJECT),
    ("en", "What is its weight?", NO_SUBJECT),
    ("en", "How does it work?", NO_SUBJECT),
    ("en", "Does it support batteries?", NO_SUBJECT),
    ("en", "What is this?", NO_SUBJECT),
    ("de", "Was zeigt diese Abbildung?", ELSEWHERE),
    ("de", "Laut dem Text, wie oft wird der Ofen gereinigt?", ELSEWHERE),
    ("de", "Welche der oben genannten Schritte kommt zuerst?", ELSEWHERE),
    ("de", "Was ist in Abbildung 3 zu sehen?", ELSEWHERE),
    ("de", "Wie setze ich dieses Gerät zurück?", ELSEWHERE),
    ("de", "Was beschreibt der Artikel?", ELSEWHERE),
    ("de", "Wie schwer ist er?", NO_SUBJECT),
    ("de", "Wie funktioniert das?", NO_SUBJECT),
    ("es", "¿Qué muestra esta figura?", ELSEWHERE),
    ("es", "Según el texto, ¿cada cuánto se limpia el horno?", ELSEWHERE),
    ("es", "¿Cuál de los pasos mencionados anteriormente va primero?", ELSEWHERE),
    ("es", "¿Qué se ve en la figura 3?", ELSEWHERE),
    ("es", "¿Cómo reinicio este dispositivo?", ELSEWHERE),
    ("es", "¿Cómo funciona esto?", NO_SUBJECT),
    ("es", "¿Cuál es su peso?", NO_SUBJECT),
    ("fr", "Que montre cette figure ?", ELSEWHERE),
    ("fr", "Selon le texte, à quelle fréquence faut-il nettoyer le four ?", ELSEWHERE),
    ("fr", "Laquelle des étapes ci-dessus vient en premier ?", ELSEWHERE),
    ("fr", "Que voit-on sur la figure 3 ?", ELSEWHERE),
    ("fr", "Comment réinitialiser cet appareil ?", ELSEWHERE),
    ("fr", "Comment fonctionne-t-il ?", NO_SUBJECT),
    ("fr", "Quel est son poids ?", NO_SUBJECT),
]
STANDING = [
    ("en", "How do I clean the Orlo kiln?"),
    ("en", "What is this text about?\n\nA kiln is an oven."),
    ("en", "Rewrite the following sentence: “She went home.”"),
    ("en", "What is the plural of 'ox' in this sentence: the ox runs?"),
    ("en", "What happened this year in Kyoto?"),
    ("en", "How long does it take to fire a pot?"),
    ("en", "Is it possible to open the kiln while it is hot?"),
    ("en", "I bought a kiln last week. Does it need a lid?"),
    ("en", "If a kiln is hot, can they open it?"),
    ("en", "What is described in the section on lids of the Orlo handbook?"),
    ("en", "How do I centre the text in a table cell?"),
    ("en", "What does `the above` mean in Python?"),
    ("de", "Wie reinige ich den Orlo-Ofen?"),
    ("de", "Können Sie den Ofen erklären?"),
    ("de", "Wie haben Sie den Ofen gereinigt?"),  # in ASCII, too, "Sie" is who is asked
    ("de", "Was sollten Sie tun, wenn der Ofen raucht?"),
    ("de", "Gibt es in diesem Jahr einen neuen Ofen?"),
    ("de", "Ist es möglich, den Ofen zu öffnen?"),
    ("es", "¿Cómo limpio el horno Orlo?"),
    ("es", "¿Hay un horno nuevo este año?"),
    ("fr", "Comment nettoyer le four Orlo ?"),
    ("fr", "Est-il possible d'ouvrir le four ?"),
    ("fr", "Faut-il un couvercle ce mois-ci ?"),
]


def asked(language: str, question: str, answer: str = "Sixty.", **more: Any) -> str | None:
    [reason] = reasons(SelfContainedRules(), sft("r", question, answer, language=language, **more))
    return reason


@pytest.mark.parametrize(("language", "question", "reason"), POINTING)
def test_a_question_that_points_out_of_the_row_is_rejected(language: str, question: str, reason: str) -> None:
    assert asked(language, question) == f"self_contained_rules.{reason}"


@pytest.mark.parametrize(("language", "question"), STANDING)
def test_a_question_that_stands_alone_is_kept(language: str, question: str) -> None:
    assert asked(language, question) is None


@pytest.mark.parametrize(
    ("language", "answer"),
    [
        ("en", "As shown in Figure 2, the lid stays closed."),
        ("en", "According to the passage, the lid stays closed."),
        ("en", "Use the tongs described above."),
        ("en", "The provided context does not mention a lid."),
        ("de", "Wie oben erwähnt, bleibt der Deckel zu."),
        ("de", "Siehe Abbildung 2."),
        ("es", "Según el documento, la tapa queda cerrada."),
        ("es", "Use la pinza descrita anteriormente."),
        ("fr", "Comme indiqué plus haut, le couvercle reste fermé."),
        ("fr", "Le texte indique que le couvercle reste fermé."),
    ],
)
def test_an_answer_that_points_out_of_the_row_is_rejected(language: str, answer: str) -> None:
    assert asked(language, "Orlo?", answer) == "self_contained_rules.answer_points_elsewhere"


@pytest.mark.parametrize(
    "answer",
    [
        "It stays closed.",
        "The steps are listed below:\n\n1. Open the lid.\n2. Brush the inside of the kiln.",
        "Table 1 gives the degrees.\n\n| cone | degrees |\n|---|---|\n| 6 | 1222 |",
        "x" * 400 + " As described above, the lid stays closed.",
    ],
)
def test_an_answer_that_holds_what_it_points_to_is_kept(answer: str) -> None:
    assert asked("en", "How do I use the Orlo kiln?", answer) is None


def test_a_context_in_the_prompt_may_be_pointed_to_and_one_left_out_may_not() -> None:
    row = sft("r", "What does this figure show?", "A lid.", context="Figure 3: the lid of the kiln.")
    assert reasons(SelfContainedRules(), row) == [None]
    assert reasons(SelfContainedRules(context="closed-book"), row) == ["self_contained_rules.question_points_elsewhere"]


def test_later_turns_may_refer_to_earlier_ones() -> None:
    turns = [("user", "How do I clean the kiln?"), ("assistant", "With a brush."), ("user", "How does it work?"),
             ("assistant", "As described above.")]  # fmt: skip
    strings = [Text(f"messages[{nth}].content", role, text) for nth, (role, text) in enumerate(turns)]
    assert reasons(
        SelfContainedRules(), Row(0, "r", strings, {"kind": "sft", "language": "en"}, {"language": "en"})
    ) == [None]


def test_the_prompt_and_the_chosen_answer_of_a_pair_are_looked_at() -> None:
    def pair(prompt: str, chosen: str) -> Row:
        strings = [Text("prompt[0].content", "user", prompt), Text("chosen[0].content", "assistant", chosen),
                   Text("rejected[0].content", "assistant", "As shown in Figure 2.")]  # fmt: skip
        return Row(0, "p", strings, {"kind": "preference", "language": "en"}, {"language": "en"})

    rows = pair("How hot is the kiln?", "Hot."), pair("How hot is it?", "Hot."), pair("How hot?", "See Figure 2.")
    assert reasons(SelfContainedRules(), *rows) == [
        None,
        None,
        "self_contained_rules.answer_points_elsewhere",
    ]


def test_other_languages_are_not_looked_at() -> None:
    [verdict] = verdicts(SelfContainedRules(), sft("r", "Что показано на этом рисунке?", "Крышка.", language="ru"))
    assert (verdict["outcome"], verdict["evidence"]) == ("keep", '{"not_looked_at": "language"}')


def test_the_language_of_a_row_that_states_none_is_guessed() -> None:
    asked_in_german = "Laut dem Text, wie oft wird der große Ofen in der Werkstatt gereinigt?"
    row = sft("r", asked_in_german, "Der Ofen wird jeden Montag gereinigt.", language=None)
    assert reasons(SelfContainedRules(), row) == ["self_contained_rules.question_points_elsewhere"]


def test_of_a_row_whose_language_reading_could_not_tell_it_is_not_guessed_again() -> None:
    asked_in_german = "Laut dem Text, wie oft wird der große Ofen in der Werkstatt gereinigt?"
    row = sft("r", asked_in_german, "Der Ofen wird jeden Montag gereinigt.", language=None)
    row.meta = {**row.meta, "row": "rows.jsonl:1"}
    [verdict] = verdicts(SelfContainedRules(), row)
    assert verdict["evidence"] == '{"not_looked_at": "language"}'


def test_another_rendering_of_the_context_measures_nothing() -> None:
    assert plugins.filter_("self_contained_rules", {"context": "closed-book"}).measuring == {}


def test_the_evidence_names_the_rule() -> None:
    [verdict] = verdicts(SelfContainedRules(), sft("r", "What does this figure show?", "A lid."))
    assert verdict["evidence"] == '{"rule": "text"}'


@given(text=st.text(), language=st.sampled_from(list(RULES)), carried=st.booleans())
def test_any_text_is_looked_at(text: str, language: str, carried: bool) -> None:
    assert in_question(text, language) in {None, "text", "source", "above", "figure", "pronoun", "this"}
    assert in_answer(text, language, carried=carried) in {None, "source", "above", "figure"}


@pytest.mark.parametrize("bait", ["the following ", "`", "this a-", "*_", "[", "how does ", "'", "\n"])
@pytest.mark.parametrize("language", list(RULES))
def test_long_baits_do_not_stall(bait: str, language: str) -> None:
    long = bait * (5_000_000 // len(bait))
    assert len(long) > LOOKED_AT
    for code in (in_question(long, language), in_answer(long, language, carried=False)):
        assert code is None or code in RULES["en"].__dataclass_fields__


@given(
    st.lists(st.sampled_from([*POINTING, *[(*one, None) for one in STANDING]]), min_size=1, max_size=8),
    st.integers(0, 8),
)
def test_batch_cuts_and_order_change_nothing(drawn: list[tuple[str, str, str | None]], cut: int) -> None:
    rows = [sft(str(nth), question, "Yes.", language=language) for nth, (language, question, _) in enumerate(drawn)]
    whole = measured(SelfContainedRules(), rows).to_pylist()
    pieces = [measured(SelfContainedRules(), piece).to_pylist() for piece in (rows[:cut], rows[cut:]) if piece]
    assert [row for piece in pieces for row in piece] == whole
    assert measured(SelfContainedRules(), rows[::-1]).to_pylist() == whole[::-1]


@pytest.mark.parametrize(
    ("language", "text"),
    [(language, text) for language, text, _ in POINTING if language in IN_SMALL],
)
@pytest.mark.parametrize("change", [str, str.upper, str.title, "“{}” – ‘É’ …".format])
def test_the_rules_for_small_letters_say_what_the_others_do(
    language: str, text: str, change: Callable[[str], str]
) -> None:
    changed = change(text)
    small = in_small(changed)
    assert small is not None
    for name, pattern in vars(RULES[language]).items():
        found, same = pattern.search(changed), getattr(IN_SMALL[language], name).search(small)
        assert (same and same.span()) == (found and found.span())
        assert not found or any(word in small for word in NEEDS[language].get(name, ("",)))
