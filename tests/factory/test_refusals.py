"""Refusals: what says no in eight languages, and what only sounds like it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.refusals import PATTERNS, refuses

REFUSALS = {
    "en": [
        "I'm sorry, but I can't help with that.",
        "I’m sorry, I cannot fulfill this request.",
        "As an AI language model, I don't have personal opinions.",
        "Unfortunately, I am unable to provide legal advice.",
        "I must respectfully decline.",
        "Sorry.\n\nI can't assist with that.",
        "Sorry, the task requires a picture, which cannot be made here.",
        "I'm not comfortable with that request.",
        "It would be inappropriate to speculate about her health.",
    ],
    "de": [
        "Es tut mir leid, aber ich kann dir dabei nicht helfen.",
        "Dabei kann ich leider nicht helfen.",
        "Als KI-Sprachmodell habe ich keine eigene Meinung.",
        "Ich muss diese Anfrage ablehnen.",
        "Ich bin nicht in der Lage, medizinische Diagnosen zu stellen.",
    ],
    "es": [
        "Lo siento, pero no puedo ayudarte con eso.",
        "Como modelo de lenguaje, no tengo opiniones.",
        "No puedo proporcionar esa información.",
        "Debo rechazar esta solicitud.",
    ],
    "fr": [
        "Je suis désolé, mais je ne peux pas vous aider.",
        "En tant qu'intelligence artificielle, je ne peux pas donner d'avis.",
        "Je ne suis pas en mesure de répondre à cette demande.",
        "Il m’est impossible de le faire.",
    ],
    "it": ["Mi dispiace, ma non posso aiutarti.", "Come modello linguistico non ho opinioni."],
    "pt": ["Desculpe, mas não posso ajudar com isso.", "Como um modelo de linguagem, não tenho opiniões."],
    "zh": [
        "很抱歉，我无法回答这个问题。",
        "作为一个人工智能语言模型，我没有个人观点。",
        "對不起，我不能提供這類資訊。",
    ],
    "ja": ["申し訳ありませんが、お答えできません。", "AIアシスタントとして、そのご質問には対応できません。"],
}
ANSWERS = [
    "",
    "The pump cannot be opened while it runs.",
    "Dear Ms Lee,\n\nI am sorry, but I cannot come on Friday. I am unable to help in the kitchen either.",
    "I'm sorry to hear that. Let me help you.",
    "Alone, yet not alone\nMy mind wages war I can't condone",
    "As an AI language model, I can help you with your plan.",
    "The passage does not say how hot the kiln is.",
    "The story begins. " * 30 + "I can't help with that, said the smith.",
    "Ich kann nicht schwimmen, sagte er.",
    "No puedo nadar.",
    "Je ne peux pas venir demain.",
    "他不能游泳。",
    "I can't repudiate my fears.",
]


@pytest.mark.parametrize(("language", "text"), [(name, text) for name, texts in REFUSALS.items() for text in texts])
def test_a_refusal_is_known_by_its_language(language: str, text: str) -> None:
    assert refuses(text) == language


@pytest.mark.parametrize("text", ANSWERS)
def test_an_answer_is_none(text: str) -> None:
    assert refuses(text) is None


@given(text=st.text(max_size=400))
def test_any_text_is_looked_at(text: str) -> None:
    assert refuses(text) is None or len(text) > 4


@pytest.mark.parametrize(
    "bait", ["ich kann " * 50_000, "as an ai " * 50_000, "i can't " * 50_000, "抱歉" * 100_000, " " * 10**6]
)
def test_bait_does_not_stall(bait: str) -> None:
    assert refuses(bait) is None


@pytest.mark.parametrize("text", [text for texts in REFUSALS.values() for text in texts if text.isascii()])
def test_capitals_make_no_difference(text: str) -> None:
    assert refuses(text.upper()) == refuses(text.lower()) == refuses(text)


@pytest.mark.parametrize("language", ["zh", "ja"])
@given(data=st.data())
def test_what_is_not_looked_for_in_ascii_is_never_ascii(language: str, data: st.DataObject) -> None:
    found = PATTERNS[language].search(data.draw(st.from_regex(PATTERNS[language])))
    assert found
    assert not found.group().isascii()
