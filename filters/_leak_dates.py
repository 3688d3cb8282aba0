"""A day in whatever form it is written: `23 May 1980`, `1980-05-23`, `23.05.80`, `05/23/1980`, `mai 23, 1980`.

What is in figures alone may be day and month in either order: where both can be, both are looked for.
"""

import re
from collections.abc import Iterator
from datetime import date

_MONTHS = (
    "jan january januar janvier ene enero|feb february februar février febrero|mar march märz mars marzo|"
    "apr april avril abr abril|may mai mayo|jun june juni juin junio|jul july juli juillet julio|"
    "aug august août ago agosto|sep sept september septembre septiembre|oct october okt oktober octobre octubre|"
    "nov november novembre noviembre|dec december dez dezember déc décembre dic diciembre"
)
MONTHS = [names.split() for names in _MONTHS.split("|")]
_FIGURES = re.compile(r"\d+")
_WORD = re.compile(r"[^\W\d_]{3,}")
_GAP = r"[\s./,-]{1,3}"
_OF = r"(?:de |of |del )?"


def forms(value: str) -> str | None:
    """A regular expression for the day that `value` is, however it is written; None where it is none."""
    days = set(_days(value))
    return "|".join(_form(day) for day in sorted(days)) if days else None


def _days(value: str) -> Iterator[date]:
    """The days that `value` can be."""
    figures = [int(one) for one in _FIGURES.findall(value)]
    month = next((nth for word in _WORD.findall(value.casefold()) if (nth := _month(word))), None)
    if month and len(figures) == 2:
        day, year = sorted(figures) if max(figures) > 31 else figures
        yield from _day(year, month, day)
    elif len(figures) == 3 and figures[0] > 31:
        yield from _day(*figures)
    elif len(figures) == 3:
        first, second, year = figures
        yield from _day(year, second, first)
        yield from _day(year, first, second)


def _month(word: str) -> int | None:
    return next((nth for nth, names in enumerate(MONTHS, 1) if word in names), None)


def _day(year: int, month: int, day: int) -> Iterator[date]:
    if year < 100:
        year += 2000 if year < 30 else 1900  # of two figures: as birthdays are
    try:
        yield date(year, month, day)
    except ValueError:
        return


def _form(day: date) -> str:
    d, m = (rf"0?{part}" for part in (day.day, day.month))
    year = rf"(?:{day.year}|{day.year % 100:02d})"
    name = rf"(?:{'|'.join(sorted(MONTHS[day.month - 1], key=lambda word: (-len(word), word)))})\.?"
    ordinal = rf"{d}(?:st|nd|rd|th|er|º)?"
    return "|".join(
        (
            rf"{day.year}{_GAP}{m}{_GAP}{d}",
            rf"{d}{_GAP}{m}{_GAP}{year}",
            rf"{m}{_GAP}{d}{_GAP}{year}",
            rf"{ordinal}\.?[\s-]{{0,2}}{_OF}{name}[\s,-]{{1,2}}{_OF}{day.year}",
            rf"{name}\s{ordinal}[\s,]{{1,2}}{day.year}",
        )
    )
