"""What countries are called, in English, German, French and Spanish."""

import re
from functools import cache
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path

_ALSO = (  # what the lists of telephone codes leave out
    "usa|u.s.a.|uk|england|scotland|wales|northern ireland|great britain|britain|holland|the netherlands|czechia"
    "|ivory coast|north macedonia|burma|vatican city|vereinigte staaten|großbritannien|schottland|niederlande"
    "|états-unis|pays-bas|grande-bretagne|angleterre|écosse|países bajos|inglaterra|escocia|gran bretaña"
    "|república checa|corea del sur|emiratos árabes unidos"
)
ALSO = frozenset(_ALSO.split("|"))


@cache
def countries() -> frozenset[str]:
    """The names of all countries that telephones have a code for, in small letters."""
    said = ((of, of.get(language, "")) for of in _names_of_regions().values() for language in ("en", "de", "fr", "es"))
    names = (of[name[1:]] if name.startswith("*") else name for of, name in said)  # `*aa`: as in the language aa
    return frozenset(name.casefold() for name in names if name) | ALSO


def _names_of_regions() -> dict[str, dict[str, str]]:
    """phonenumbers' table, read alone: its package would load the place of every prefix on earth, for 0.7 s."""
    package = find_spec("phonenumbers")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("phonenumbers")
    file = Path(package.origin).parent / "geodata" / "locale.py"
    spec = spec_from_file_location("phonenumbers.geodata.locale", file)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(file.name)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    names: dict[str, dict[str, str]] = module.LOCALE_DATA
    return names


@cache
def country() -> re.Pattern[str]:
    """A country's name, the longest first: *Guinea-Bissau* is not *Guinea*."""
    return re.compile(
        rf"(?i:{'|'.join(map(re.escape, sorted(countries(), key=lambda name: (-len(name), name))))})(?!\w)"
    )
