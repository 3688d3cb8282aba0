"""Guess the encoding of text that is no Unicode: which one turns its bytes into letters that go together?

Each candidate that can decode the sample is scored by the share of its non-ASCII characters that a language written in
it uses often; punctuation says nothing. Where none scores well (a language not listed), charset-normalizer decides.
The rarest letters of an alphabet are left out of its list: in the wrong encoding it is they that come up.
"""

import codecs
from collections.abc import Callable
from functools import partial

SAMPLE = 2**15  # bytes of lines that tell
SURE, MIXED = 0.85, 0.9

_PUNCTUATION = frozenset("«»“”„‘’‚–—…·•°§©®™€£¥¢№¿¡ºª×÷±µ¶²³½¼¾→\xa0\xad")
_WEST = (
    "äöüßÄÖÜåÅ",  # German, Swedish, Finnish
    "éèêëàâçîïôûùüœæÉÈÀÇÊ",  # French
    "áéíóúñüÁÉÍÓÚÑ",  # Spanish
    "ãõáéíóúâêôçàÃÇÉÁÓÊÍÚ",  # Portuguese
    "àèéìòùíóúïüçÈÀ",  # Italian, Catalan
    "åæøäöéÅÆØÄÖ",  # Danish, Norwegian
    "ëéïöüèêóá",  # Dutch
)
_ICELANDIC = ("áéíóúýþæöðÁÉÍÓÚÞÆÖ",)
_CENTRAL = (
    "ąćęłńóśźżĄĆĘŁŃÓŚŹŻ",  # Polish
    "áčďéěíňóřšťúůýžľĺôäŕÁČĎÉÍŇÓŘŠŤÚÝŽ",  # Czech, Slovak
    "áéíóöőúüűÁÉÍÓÖŐÚÜŰ",  # Hungarian
    "ăâîşţĂÂÎŞŢ",  # Romanian
    "čćđšžČĆĐŠŽ",  # Croatian, Slovene
)
_BALTIC = (
    "ąčęėįšųūžĄČĘĖĮŠŲŪŽ",  # Lithuanian
    "āčēģīķļņšūžĀČĒĢĪĶĻŅŠŪŽ",  # Latvian
    "õäöüšžÕÄÖÜŠŽ",  # Estonian
)
_TURKISH = ("çğıöşüÇĞİÖŞÜâîû",)
_CYRILLIC = (
    "оеаинтсрвлкмдпуяыьгзбчйхОЕАИНТСРВКМДП",  # Russian
    "оанитеірвсклудмпязьбгйчхїєОАНИПВСКІЄ",  # Ukrainian, Bulgarian
    "аоиенјртсвукмдлпбзгљњћчшђАОИНПСДУК",  # Serbian, Macedonian
)
_GREEK = ("αοιετσνηυρπκμλςωγδάέήίόύώΑΟΕΤΣΠΚ",)
_HEBREW = ("אבגדהוזחטיכלמנסעפצקרשתםןךףץ",)
_ARABIC = ("الينمورتبعدسفهكقحةجأشصى", "ایرندمهوتبسشلکزفگعخقآپ")  # Arabic, Persian


def guess(data: bytes) -> str:
    """The likeliest encoding of `data`, '' where nothing fits."""
    cut = b"\n".join(line for line in data.split(b"\n") if not line.isascii())[: SAMPLE + 1]
    whole = len(cut) <= SAMPLE
    scores = [(score(text), name) for name, score in _CANDIDATES if (text := _decoded(cut, name, whole)) is not None]
    best, name = max(scores, key=lambda pair: pair[0], default=(0.0, ""))  # the first of equals: the commoner one
    return name if best >= SURE else _normalizer(cut)


def _decoded(sample: bytes, encoding: str, whole: bool) -> str | None:
    try:
        return codecs.getincrementaldecoder(encoding)().decode(sample, final=whole)
    except UnicodeDecodeError:
        return None


def _normalizer(sample: bytes) -> str:
    from charset_normalizer import from_bytes

    best = from_bytes(sample).best()
    return best.encoding if best else ""


def _alphabets(alphabets: tuple[str, ...], latin: bool, text: str) -> float:
    """The best of the languages; or of all together, for a text in several, at a discount: more letters always fit."""
    together = MIXED * _letters(frozenset("".join(alphabets)), latin, text)
    return max(together, *(_letters(frozenset(alphabet), latin, text) for alphabet in alphabets))


def _letters(alphabet: frozenset[str], latin: bool, text: str) -> float:
    """Share of the letters beyond ASCII that are of `alphabet`, and stand where such letters do."""
    good = seen = 0
    before = " "
    for letter in text:
        if letter > "\x7f" and letter not in _PUNCTUATION:
            seen += 1
            inside = before.isalpha()
            misplaced = (inside and letter.isupper() and not before.isupper()) or (
                inside and before.isascii() and not latin
            )
            good += letter in alphabet and not misplaced
        before = letter
    return good / seen if seen else SURE


def _east_asian(is_common: Callable[[str], bool], needs_kana: bool, text: str) -> float:
    """Share of the characters beyond ASCII that are common ones of the language; kana are what tells Japanese."""
    wide = [letter for letter in text if letter > "\x7f"]
    kana = sum("\u3041" <= letter <= "\u30fe" for letter in wide)
    if not wide or (kana > len(wide) / 10) != needs_kana:
        return 0.0
    return sum(map(is_common, wide)) / len(wide)


def _in_rows(encoding: str, first: int, last: int, letter: str) -> bool:
    """Is the first byte of `letter` among those that the encoding gives its common characters, or its punctuation?"""
    try:
        lead = letter.encode(encoding)[0]
    except UnicodeEncodeError:
        return False
    return first <= lead <= last


def _is_japanese(letter: str) -> bool:
    return "\u3000" <= letter <= "\u30ff" or "\uff01" <= letter <= "\uff5e" or _in_rows("cp932", 0x81, 0x97, letter)


def _is_korean(letter: str) -> bool:
    return "\uac00" <= letter <= "\ud7a3" or _in_rows("euc_kr", 0xA1, 0xA3, letter)


def _is_simplified(letter: str) -> bool:
    return _in_rows("gb2312", 0xB0, 0xD7, letter) or _in_rows("gb2312", 0xA1, 0xA3, letter)


def _is_traditional(letter: str) -> bool:
    return _in_rows("big5", 0xA1, 0xC6, letter)


_CANDIDATES: tuple[tuple[str, Callable[[str], float]], ...] = (
    ("cp932", partial(_east_asian, _is_japanese, True)),
    ("euc_jp", partial(_east_asian, _is_japanese, True)),
    ("cp949", partial(_east_asian, _is_korean, False)),
    ("gb18030", partial(_east_asian, _is_simplified, False)),
    ("big5", partial(_east_asian, _is_traditional, False)),
    ("cp1252", partial(_alphabets, _WEST, True)),
    ("latin-1", partial(_alphabets, _WEST, True)),
    ("cp1254", partial(_alphabets, _TURKISH, True)),
    ("cp1252", partial(_alphabets, _ICELANDIC, True)),  # after Turkish, whose letters have the same bytes
    ("cp1250", partial(_alphabets, _CENTRAL, True)),
    ("cp1257", partial(_alphabets, _BALTIC, True)),
    ("cp1251", partial(_alphabets, _CYRILLIC, False)),
    ("koi8_r", partial(_alphabets, _CYRILLIC, False)),
    ("cp1253", partial(_alphabets, _GREEK, False)),
    ("cp1255", partial(_alphabets, _HEBREW, False)),
    ("cp1256", partial(_alphabets, _ARABIC, False)),
)
