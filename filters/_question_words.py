"""The words that make a question the one it is, in their order; what two ways of asking the same may differ in is gone.

Two questions are the same only if these are equal, so no number, name, negation, preposition or comparison is ever
among what is gone: articles, fillers, "of", "to", and of questions with a question word "do I", "can you". Plurals are
folded, and a question may say "what" or "which". In a language without a list here all words count.
"""

import re
import unicodedata

_TOKEN = re.compile(
    r"\d+(?:[.,:]\d+)*"  # a number: 3.11, 1,000, 12:30
    r"|[^\W\d_]+(?:'[^\W\d_]+)*"  # a word
    r"|(?<!\w)-(?=\d)|[+#%$€£<>=°§&@^~|*±×÷/\\−_]"  # signs that make another number, language or path
    r"|[^\w\s.,:;!?'\"()\[\]{}«»‹›„“”‘’‚`´¿¡…、。，：；！？（）「」『』・؟،؛।·–—-]"  # others that are no punctuation
)
_DROPPED = {
    "de": "der die das den dem des ein eine einen einem einer eines bitte genau eigentlich",
    "en": "a an the of to please exactly actually really just also some basically currently",
    "es": "el la los las un una unos unas exactamente",
    "fr": "le la les l un une exactement",
}
DROPPED = {language: frozenset(words.split()) for language, words in _DROPPED.items()}
_SAME = {
    "which": "what", "are": "is", "am": "is", "does": "do", "could": "can", "into": "in", "within": "in",
    "you": "i", "we": "i", "one": "i", "your": "my", "our": "my",
}  # fmt: skip
_LONG = {
    "won't": "will not", "can't": "can not", "cannot": "can not", "i'm": "i is", "i've": "i have", "let's": "let i",
    "it's": "it is", "that's": "that is", "there's": "there is",
}  # fmt: skip
_ASKING = frozenset(("how", "what", "where", "when", "why", "who"))
_HELPING = frozenset(("do", "can"))


def words(question: str, language: str | None) -> list[str]:
    """What `question` asks for; `language` is a code such as `en`. A row without one is read as English."""
    code = language or "en"
    found = _TOKEN.findall(unicodedata.normalize("NFC", question).replace("’", "'"))
    tokens = [one if nth and one == "A" else one.casefold() for nth, one in enumerate(found)]  # "option A" has a name
    if code == "en":
        return _english([part for token in tokens for part in _whole(token)])
    dropped = DROPPED.get(code, frozenset())
    parts = [part for token in tokens for part in (token.split("'") if code == "fr" else [token])]
    return [part for part in parts if part not in dropped]


def _whole(token: str) -> list[str]:
    """A short form as what it stands for: "what's", "don't"; of "the kiln's" the word."""
    if token in _LONG:
        return _LONG[token].split()
    if token.endswith("n't"):
        return [token[:-3], "not"]
    if token.endswith("'s"):
        return [token[:-2], "is"] if token[:-2] in _ASKING else [token[:-2]]
    return [token]


def _english(tokens: list[str]) -> list[str]:
    said = [_SAME.get(token, token) for token in tokens]
    asks = bool(_ASKING.intersection(said[:2]))  # "Can it …?" and "Does it …?" are two questions, "How can I …?" is not
    kept = []
    for nth, word in enumerate(said):
        before = said[nth - 1] if nth else ""
        helps = asks and word in _HELPING and nth + 1 < len(said)  # at the end it is what is asked: "What does it do?"
        asker = asks and word == "i" and before in _HELPING
        if not (helps or asker or word in DROPPED["en"]):
            kept.append(_singular(word))
    return kept


def _singular(word: str) -> str:
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    return word[:-2] if word.endswith(("sses", "xes", "zzes", "ches", "shes")) else word[:-1]
