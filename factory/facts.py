"""Numbers and names in a text, found without a model: what a rewriting must neither lose nor invent.

Generators hold rewritings against them, filters answers against their sources, and texts that say the same.
"""

import re
import unicodedata
from itertools import pairwise

NUMBER = re.compile(r"\d+(?:[.,:/\u00a0\u202f'’-]\d+)*")
GROUPED = re.compile(r"\d{1,3}(?:[.,\u00a0\u202f'’]\d{3})+")
WORD = re.compile(r"[^\W\d_][\w'’-]*")
LETTERS = re.compile(r"[^\W\d_]+")
IDENTIFIER = re.compile(r"\b(?=\w*\d)(?=\w*[^\W\d_])[\w-]{2,}|\b[A-Z]{2}[A-Z0-9-]*\b")
SENTENCE_START = re.compile(r"(?:^|[.!?:;•\n\"“”«»(\[|*#>-])\s*$")
NOUNS_ARE_CAPITAL = {"de", "lb"}  # there a capital says nothing
_SPELLED = {  # English, German, Spanish, French, and other forms; of one language a word stands once
    "0": "zero null cero zéro",
    "1": "one eins uno un ein eine una une",
    "2": "two zwei dos deux zwo",
    "3": "three drei tres trois",
    "4": "four vier cuatro quatre",
    "5": "five fünf cinco cinq",
    "6": "six sechs seis",
    "7": "seven sieben siete sept",
    "8": "eight acht ocho huit",
    "9": "nine neun nueve neuf",
    "10": "ten zehn diez dix",
    "11": "eleven elf once onze",
    "12": "twelve zwölf doce douze",
    "20": "twenty zwanzig veinte vingt",
    "30": "thirty dreißig treinta trente",
    "40": "forty vierzig cuarenta quarante",
    "50": "fifty fünfzig cincuenta cinquante",
    "60": "sixty sechzig sesenta soixante",
    "70": "seventy siebzig setenta",
    "80": "eighty achtzig ochenta",
    "90": "ninety neunzig noventa",
    "100": "hundred hundert cien cent",
    "1000": "thousand tausend mil mille",
}
SPELLED = {word: number for number, words in _SPELLED.items() for word in words.split()}


def numbers(text: str) -> set[str]:
    """The numbers written in digits, without marks between thousands: `1,250` and `1.250` are `1250`."""
    return {plain(found) for found in NUMBER.findall(_digits(text))}


def spoken(text: str) -> set[str]:
    """The numbers written in words, in English, German, Spanish and French; of tens and ones also the sum."""
    found = [SPELLED.get(word, "") for word in LETTERS.findall(text.casefold())]
    sums = {
        str(int(tens) + int(ones))
        for tens, ones in pairwise(found)
        if tens and ones and int(tens) in range(20, 100, 10) and int(ones) < 10
    }
    return {number for number in found if number} | sums


def _digits(text: str) -> str:
    """Digits of every script as 0 to 9."""
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)


def plain(number: str) -> str:
    """A number in digits without marks between thousands."""
    return (
        re.sub(r"\D", "", number) if GROUPED.fullmatch(number) else number.replace("\u00a0", "").replace("\u202f", "")
    )


def names(text: str, language: str | None) -> set[str]:
    """Identifiers (`K2`, `HTTP`) and words with a capital in mid-sentence, folded; the latter not in German."""
    found = {one.casefold() for one in IDENTIFIER.findall(text)}
    if language in NOUNS_ARE_CAPITAL:
        return found
    for word in WORD.finditer(text):
        if word.group()[0].isupper() and not SENTENCE_START.search(text, max(0, word.start() - 8), word.start()):
            found.add(_stem(word.group()))
    return found


def words(text: str) -> set[str]:
    """Every word and identifier of a text, folded as `names` are: where a name may come from."""
    return {_stem(word) for word in WORD.findall(text)} | {one.casefold() for one in IDENTIFIER.findall(text)}


def _stem(word: str) -> str:
    """Folded, without a genitive or plural s."""
    folded = re.sub(r"['’]s?$", "", word.casefold())
    return folded[:-1] if len(folded) > 3 and folded.endswith("s") else folded
