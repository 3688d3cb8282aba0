"""Names that nobody has: what fakes are made of, so that a fake is known for one and no real name is mistaken for it.

A fake is drawn from made-up words; they are in no list of names that Faker has (a test asks). Of a real name only this
is kept: whether it is given or a family's, a woman's or a man's, and in which language's lists it stands.

Source  lists of names: Faker (https://faker.readthedocs.io), the extra [fake].
"""

import re
from functools import cache
from importlib import import_module

from factory.errors import WrongRequest

LANGUAGES = {  # of a name in several lists the first counts: those in which fewest names of others stand come first
    "de": ("de_DE",),
    "es": ("es_ES",),
    "it": ("it_IT",),
    "en": ("en_US", "en_GB"),
    "fr": ("fr_FR",),
    "nl": ("nl_NL",),
}
_ROOTS = (
    "Tarvel Ostrin Brenmor Corvath Drell Fenwor Galdren Hestrov Jornath Kelmar Lorvend Morwith Nestral Pelgorn Quenvar "
    "Rostell"
)
_ENDINGS = {
    "en": ("wick", "worth", "combe", "stead"),
    "de": ("hauer", "stedt", "bruck", "rath"),
    "es": ("andez", "uera", "illo", "azar"),
    "fr": ("ault", "eville", "onnet", "iard"),
    "it": ("etti", "ano", "ucci", "olo"),
    "nl": ("dijk", "sma", "stra", "haven"),
}
_GIVEN_ROOTS = (
    "Jorv Elvr Tamrel Nolvan Quisk Zalv Dorvel Fyrn Halvor Ilvan Kerven Lysk Mavrel Orsk Pelvar Rinvel Sorv Tevr Ulvan "
    "Wynv"
)
_GIVEN_ENDINGS = {"F": ("ina", "ella", "ette"), "M": ("ano", "ert", "olf"), "N": ("is", "ey", "in")}

FAMILY = {language: tuple(r + e for r in _ROOTS.split() for e in its) for language, its in _ENDINGS.items()}
GIVEN = {gender: tuple(r + e for r in _GIVEN_ROOTS.split() for e in its) for gender, its in _GIVEN_ENDINGS.items()}
_A_FAMILY = rf"(?:(?:{'|'.join(_ROOTS.split())})(?:{'|'.join(e for its in _ENDINGS.values() for e in its)}))"
_A_GIVEN = rf"(?:(?:{'|'.join(_GIVEN_ROOTS.split())})(?:{'|'.join(e for its in _GIVEN_ENDINGS.values() for e in its)}))"
A_GIVEN, A_FAMILY = rf"(?i:{_A_GIVEN})", rf"(?i:{_A_FAMILY})"
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


@cache
def _lists() -> tuple[frozenset[str], frozenset[str], dict[str, str]]:
    """Women's and men's given names, and families' with their language, in small letters."""
    women: set[str] = set()
    men: set[str] = set()
    families: dict[str, str] = {}
    for language, locales in LANGUAGES.items():
        for locale in locales:
            its = import_module(f"faker.providers.person.{locale}").Provider
            women.update(map(str.casefold, its.first_names_female))
            men.update(map(str.casefold, its.first_names_male))
            for name in its.last_names:
                families.setdefault(name.casefold(), language)
    return frozenset(women), frozenset(men), families


def check() -> None:
    """Raise WrongRequest where the lists of names are not installed."""
    try:
        import faker  # noqa: F401 # asks whether it is there
    except ModuleNotFoundError:
        raise WrongRequest("pii: the action fake needs an extra: pip install 'dataset-factory[fake]'.") from None


def words_of(name: str) -> list[tuple[str, str]]:
    """The words of a name with what is kept of them: `F`, `M`, `N` given, `S:de` a family's, `I` an initial.

    Small words such as *de* and *van* are left out. What stands in no list is a family's where it stands last or alone.
    """
    words = [word for word in _WORD.findall(name) if not (word.islower() and len(word) <= 3)] or _WORD.findall(name)
    return [(word, _role(word, last=nth == len(words) - 1)) for nth, word in enumerate(words)]


def _role(word: str, *, last: bool) -> str:
    plain = word.casefold()
    women, men, families = _lists()
    if len(word) == 1:
        return "I"
    if plain in women or plain in men:
        return "N" if plain in women and plain in men else "F" if plain in women else "M"
    return f"S:{families.get(plain, 'en')}" if plain in families or last else "N"


def named(role: str, at: int) -> str:
    """The made-up word for a role; `at` is any number."""
    if role == "I":
        return "X."
    names = FAMILY[role[2:]] if role.startswith("S:") else GIVEN[role]
    return names[at % len(names)]
