"""Whether an answer refuses: 'I cannot help with that', 'As an AI language model, I …', in eight languages.

In      the text of an answer.
Out     the language of the phrase that refuses, or None. Only the beginning of an answer is looked at: further on, a
        story may hold anything.
Costs   some 4 µs an answer; every pattern is linear in the text.
Source  our own phrases. Of human comparisons where one of two answers matched a list like this one, that answer lost
        65 ± 10 % (94 pairs): a refusal is worth a look, and is as often right.

"I'm sorry, but I cannot come on Friday" is a letter: an apology counts only with a verb of helping behind it. That
somebody does not know an answer, or that a text does not hold it, is no refusal.
"""

import re
import unicodedata

BEGINNING = 300  # characters
SHORT_LINE = 40
APOLOGY = re.compile(r"(?i)sorry|apolog|leid|siento|désol|spiace|desculp|抱歉|对不起|對不起|申し訳")
_I_CANNOT = r"""
    i(?:\ really)?\ (?:can\ ?not|can't|am\ (?:not\ able|unable)\ to|'m\ (?:not\ able|unable)\ to|won't
        (?:\ be\ able\ to)?|will\ not|must\ decline\ to|have\ to\ decline\ to|am\ not\ going\ to|
        'm\ not\ going\ to)
"""
_ENGLISH = rf"""
    {_I_CANNOT}\ (?:\w+\ ){{0,2}}?(?:help|assist|provide|fulfil|fulfill|comply|answer|create|generate|write|produce|
        engage|participate|support|discuss|offer|give|share|complete|process|do\ (?:that|this)|recommend|encourage|
        promote|condone|continue|browse|access|open|view|rewrite|translate|set|perform|send|draw|play)\b
    | \bas\ an?\ (?:ai|artificial\ intelligence|(?:large\ )?language\ model|virtual\ assistant|chatbot|machine)\b
        [^.\n]{{0,60}}?\bi\ (?:can\ ?not|can't|am\ (?:not|unable)|'m\ (?:not|unable)|do\ not|don't|must|won't|
            have\ no)
    | \bi(?:'m|\ am)\ (?:just\ |only\ )?an?\ (?:ai|language\ model)\b[^.\n]{{0,60}}?\b(?:can\ ?not|can't|
        unable|not\ able|don't)
    | \bi\ (?:must|have\ to|need\ to)\ (?:respectfully\ |politely\ )?(?:decline|refuse)\b
    | \bi(?:'m|\ am)\ not\ (?:comfortable|programmed|designed|allowed|permitted|capable\ of)\b
    | \bi\ (?:do\ not|don't)\ feel\ comfortable\b
    | \b(?:it\ is|it's|it\ would\ be)\ (?:not\ (?:appropriate|ethical|acceptable)|inappropriate|unethical)[ ]
        (?:for\ me\ )?to\b
    | ^(?:i(?:'m|\ am)\ )?sorry,?\ (?:but\ )?i\ (?:can\ ?not|can't)\ do\ (?:that|this)
    | ^sorry,?\ (?:but\ )?(?:the|this|your)\ (?:task|request|question|instruction)\b
    | ^(?:i(?:'m|\ am)\ sorry|sorry|i\ apologi[sz]e)\b[^.\n]{{0,40}}?\b(?:against|violates?)\ (?:my|our|the)\b
"""
_GERMAN = r"""
    \bich\ (?:kann|darf|werde)\b[^.\n]{0,60}?\b(?:nicht|keine?[nmrs]?|leider)\b[^.\n]{0,80}?\b(?:helfen|
        weiterhelfen|unterstützen|
        beantworten|erfüllen|bereitstellen|nachkommen|erstellen|anbieten|geben|schreiben|mitwirken|behilflich)\b
    | \b(?:dabei|damit|hierbei|hiermit|das|dazu)\ (?:kann|darf|werde)\ ich\b[^.\n]{0,40}?\bnicht\b
    | \bals\ (?:eine?\ )?(?:ki|künstliche\ intelligenz|sprachmodell|ki-\w+|ai)\b[^.\n]{0,60}?\b(?:kann|darf|
        bin|habe|möchte)\ ich\b[^.\n]{0,40}?\b(?:nicht|keine?[nmrs]?)\b
    | \bich\ (?:muss|möchte)\b[^.\n]{0,40}?\bablehnen\b
    | \bich\ bin\ nicht\ (?:in\ der\ lage|befugt|dafür\ ausgelegt|dazu\ programmiert)\b
"""
_SPANISH = r"""
    \bno\ (?:puedo|podré|podría|me\ es\ posible)\ (?:\w+\ )?(?:ayudar(?:te|le|lo|la)?|proporcionar(?:te|le)?|
        cumplir|responder|
        asistir(?:te|le)?|ofrecer(?:te|le)?|participar|generar|crear|brindar(?:te|le)?|dar(?:te|le)?|escribir|
            hacer\ eso|hacerlo)\b
    | \bcomo\ (?:una?\ )?(?:ia|inteligencia\ artificial|modelo\ de\ lenguaje|asistente)\b[^.\n]{0,60}?\bno[ ]
        (?:puedo|tengo|soy|estoy)\b
    | \bno\ (?:estoy|soy)\ (?:capaz|programad[oa]|autorizad[oa]|en\ condiciones)\b
    | \b(?:debo|tengo\ que)\ (?:rechazar|declinar)\b
"""
_FRENCH = r"""
    \bje\ ne\ (?:peux|puis|saurais|pourrai|pourrais)\ (?:(?:malheureusement\ )?pas\ |
        malheureusement\ pas\ )?(?:vous\ |t'|te\ |y\ )?(?:aider|
        fournir|répondre|assister|accéder|donner|proposer|générer|créer|satisfaire|participer|écrire|rédiger|
            faire\ cela)\b
    | \ben\ tant\ qu(?:e\ |')(?:une?\ )?(?:ia|intelligence\ artificielle|modèle|assistante?)\b
        [^.\n]{0,60}?\bje\ (?:ne\ |n')(?:peux|suis|dispose|ai|puis)\b
    | \bje\ (?:dois|préfère)\ (?:refuser|décliner)\b
    | \bje\ ne\ suis\ pas\ (?:en\ mesure|capable|autorisée?|programmée?)\b
    | \bil\ m'est\ impossible\b
"""
_ITALIAN = r"""
    \bnon\ (?:posso|potrei|sono\ in\ grado\ di)\ (?:aiutar(?:ti|la|e)|fornir(?:ti|e)|rispondere|assister(?:ti|
        e)|soddisfare|creare|generare|
        offrir(?:ti|e)|partecipare|scrivere|farlo)\b
    | \bcome\ (?:ia|intelligenza\ artificiale|modello\ linguistico|assistente)\b[^.\n]{0,60}?\bnon\ (?:posso|
        ho|sono)\b
    | \bdevo\ (?:rifiutare|declinare)\b
"""
_PORTUGUESE = r"""
    \bnão\ (?:posso|consigo|poderei)\ (?:te\ |lhe\ )?(?:ajudar|ajudá-lo|fornecer|responder|cumprir|criar|
        gerar|oferecer|participar|escrever|
        atender|fazer\ isso)\b
    | \bcomo\ (?:uma?\ )?(?:ia|inteligência\ artificial|modelo\ de\ linguagem|assistente)\b
        [^.\n]{0,60}?\bnão\ (?:posso|tenho|sou|estou)\b
    | \b(?:devo|tenho\ que)\ recusar\b
"""
_CHINESE = r"""
    (?:抱歉|对不起|對不起|不好意思)[^。\n]{0,20}?(?:无法|無法|不能|没有办法|沒有辦法|不便)
    | (?:作为|作為|身为|身為)(?:一个|一個|一名|一款)?(?:ai|人工智能|人工智慧|语言模型|語言模型|大型语言模型|
        大语言模型)[^。\n]{0,30}?(?:无法|無法|不能|没有|沒有|不具)
    | 我(?:无法|無法|不能|没办法|沒辦法)(?:帮助|幫助|提供|回答|协助|協助|满足|滿足|完成|生成|给出|給出|为您|
        為您|为你|為你|参与|參與)
"""
_JAPANESE = r"""
    申し訳(?:ありません|ございません|ないです)[^。\n]{0,40}?(?:できません|できかねます|お答え|いたしかね|対応して)
    | (?:ai|人工知能|言語モデル)(?:として|アシスタントとして|ですので|なので)[^。\n]{0,40}?(?:できません|
        できかねます|ありません)
    | (?:お手伝い|お答え|提供|ご提供|対応)(?:することは|は)?(?:できません|できかねます|いたしかねます)
"""
_WRITTEN = {
    "en": _ENGLISH, "de": _GERMAN, "es": _SPANISH, "fr": _FRENCH,
    "it": _ITALIAN, "pt": _PORTUGUESE, "zh": _CHINESE, "ja": _JAPANESE,
}  # fmt: skip
PATTERNS = {language: re.compile(pattern, re.VERBOSE | re.IGNORECASE) for language, pattern in _WRITTEN.items()}
_SMALL = {  # of ASCII in small letters, three times as fast: no phrase of the others is without other letters
    language: re.compile(pattern, re.VERBOSE) for language, pattern in _WRITTEN.items() if language not in ("zh", "ja")
}
_NEEDS = {  # the words of which one is in each phrase of ASCII in small letters
    "en": ("not", "n't", "unable", "decline", "refuse", "must", "have no", "inappropriate", "unethical", "sorry",
           "apolog"),
    "de": ("nicht", "kein", "leider", "ablehnen"),
    "es": ("no puedo", "no me es", "no tengo", "no soy", "no estoy", "debo ", "tengo que"),
    "fr": ("je ", "il m'est"),
    "it": ("non ", "devo "),
    "pt": ("recusar",),
}  # fmt: skip
_STRAIGHT = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "´": "'", "`": "'"})


def _beginning(answer: str) -> str:
    """The first line of an answer, with the second where the first is but an apology."""
    first, _, rest = answer.strip()[: 2 * BEGINNING].partition("\n")
    if len(first) < SHORT_LINE and APOLOGY.search(first):
        first += " " + rest.strip().partition("\n")[0]
    return first[:BEGINNING]


def refuses(answer: str) -> str | None:
    """The language in which an answer refuses at its beginning; None where it does not."""
    begins = _beginning(answer)
    if begins.isascii():
        begins = begins.replace("`", "'")  # the only one of them in ASCII
    else:
        begins = unicodedata.normalize("NFKC", begins).translate(_STRAIGHT)
    if not begins.isascii():
        return next((language for language, pattern in PATTERNS.items() if pattern.search(begins)), None)
    begins = begins.lower()
    asked = (language for language, words in _NEEDS.items() if any(word in begins for word in words))
    return next((language for language in asked if _SMALL[language].search(begins)), None)
