"""Numbers and names in a text, found without a model: what a rewriting must neither lose nor invent."""

import re
import unicodedata
from itertools import pairwise

NUMBER = re.compile(r"\d+(?:[.,:/\u00a0\u202f'’-]\d+)*")
GROUPED = re.compile(r"\d{1,3}(?:[.,\u00a0\u202f'’]\d{3})+")
WORD = re.compile(r"[^\W\d_][\w'’-]*")
LETTERS = re.compile(r"[^\W\d_]+")
IDENTIFIER = re.compile(r"\b(?=\w*\d)(?=\w*[^\W\d_])[\w-]{2,}|\b[A-Z]{2,}[A-Z0-9-]*\b")
SENTENCE_START = re.compile(r"(?:^|[.!?:;•\n\"“”«»(\[|*#>-])\s*$")
NOUNS_ARE_CAPITAL = {"de", "lb"}  # there a capital says nothing
WORDS = {
    **dict.fromkeys(("one", "eins", "ein", "eine", "uno", "una", "un", "une"), "1"),
    **dict.fromkeys(("two", "zwei", "dos", "deux"), "2"),
    **dict.fromkeys(("three", "drei", "tres", "trois"), "3"),
    **dict.fromkeys(("four", "vier", "cuatro", "quatre"), "4"),
    **dict.fromkeys(("five", "fünf", "cinco", "cinq"), "5"),
    **dict.fromkeys(("six", "sechs", "seis"), "6"),
    **dict.fromkeys(("seven", "sieben", "siete", "sept"), "7"),
    **dict.fromkeys(("eight", "acht", "ocho", "huit"), "8"),
    **dict.fromkeys(("nine", "neun", "nueve", "neuf"), "9"),
    **dict.fromkeys(("ten", "zehn", "diez", "dix"), "10"),
    **dict.fromkeys(("eleven", "elf", "once", "onze"), "11"),
    **dict.fromkeys(("twelve", "zwölf", "doce", "douze"), "12"),
    **dict.fromkeys(("twenty", "zwanzig", "veinte", "vingt"), "20"),
    **dict.fromkeys(("thirty", "dreißig", "treinta", "trente"), "30"),
    **dict.fromkeys(("forty", "vierzig", "cuarenta", "quarante"), "40"),
    **dict.fromkeys(("fifty", "fünfzig", "cincuenta", "cinquante"), "50"),
    **dict.fromkeys(("sixty", "sechzig", "sesenta", "soixante"), "60"),
    **dict.fromkeys(("seventy", "siebzig", "setenta"), "70"),
    **dict.fromkeys(("eighty", "achtzig", "ochenta"), "80"),
    **dict.fromkeys(("ninety", "neunzig", "noventa"), "90"),
    **dict.fromkeys(("hundred", "hundert", "cien", "cent"), "100"),
    **dict.fromkeys(("thousand", "tausend", "mil", "mille"), "1000"),
}


def numbers(text: str) -> set[str]:
    """The numbers written in digits, without marks between thousands: `1,250` and `1.250` are `1250`."""
    return {_plain(found) for found in NUMBER.findall(_digits(text))}


def spoken(text: str) -> set[str]:
    """The numbers written in words, in English, German, Spanish and French; of tens and ones also the sum."""
    found = [WORDS.get(word, "") for word in LETTERS.findall(text.casefold())]
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


def _plain(number: str) -> str:
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
