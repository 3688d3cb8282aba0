"""What a sentence with a condition answers in German, Spanish and French: "Wenn die Pumpe steht, ...".

The question takes the condition over as it stands. What it asks follows from how the rest begins, and it addresses whom
the text addresses: "können Sie" answers "Was können Sie tun, wenn ...?".
"""

import re
from dataclasses import dataclass

from factory.wording import phrases

_CLAUSE = r"(?P<clause>[^,;:.?!()\n]{12,140})"


@dataclass(frozen=True)
class Conditions:
    """The patterns and wordings of one language; in a wording `{0}` is the condition, `{1}` the word before it."""

    sentence: re.Pattern[str]  # groups: word, clause, main
    answers: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...]  # how the rest begins, and what it then answers
    happens: tuple[str, ...]  # of any other rest
    no_clause: re.Pattern[str]  # what stands in a condition that goes on from what was said before
    no_rest: re.Pattern[str]  # what stands in a rest that sends elsewhere, or speaks of what is not there


def _begins(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?:{pattern})\b")


_STATES = "werden|haben|sind|erhalten|sehen|bekommen|finden|brauchen|benötigen|möchten|wollen|würden|hätten|wären"
_DE = Conditions(
    sentence=re.compile(rf"(?P<word>Wenn|Falls|Sobald)\s+{_CLAUSE},\s+(?P<main>.+)", re.DOTALL),
    answers=(
        (_begins("können Sie"), ("Was können Sie tun, {1} {0}?",)),
        (_begins("kannst du"), ("Was kannst du tun, {1} {0}?",)),
        (_begins("kann man"), ("Was kann man tun, {1} {0}?",)),
        (_begins("müssen Sie"), ("Was müssen Sie tun, {1} {0}?",)),
        (_begins("musst du|solltest du"), ("Was solltest du tun, {1} {0}?",)),
        (_begins(r"sollten Sie|dürfen Sie|(?!(?:" + _STATES + r") )\w+n Sie"), ("Was sollten Sie tun, {1} {0}?",)),
        (_begins(r"(?:sollte|muss|darf) man"), ("Was ist zu tun, {1} {0}?",)),
    ),
    happens=("Was passiert, {1} {0}?", "Was geschieht, {1} {0}?"),
    no_clause=phrases(
        r"""\b(?:jedoch|also|dann|aber|dies\w*|solche\w*|hier|obige\w*|folgende\w*|stattdessen|anders|hingegen|wiederum
        |neugierig|interessiert|erfahren|wissen|vertraut|fragen?|lesen|experte\w*
        |beispielsweise)\b"""
    ),
    no_rest=phrases(
        r"""\b(?:dies(?! \w+ist)|weitere informationen|siehe|diese[mn]? beispiel|oben|unten|hier|nächsten? (?:kapitel
        |abschnitt)|vorherige\w* beispiel|darüber|sie dies|sie das)\b"""
    ),
)
_ES = Conditions(
    sentence=re.compile(
        rf"(?P<word>Si|Cuando)\s+(?!\w+[aei]ndo\b){_CLAUSE},\s+"
        r"(?P<main>(?:(?:el|la|los|las|un|una|no se|se|usted|puedes?|debes?)\s).+)",
        re.DOTALL,
    ),
    answers=(
        (_begins("usted puede|puede"), ("¿Qué puede hacer {1} {0}?",)),
        (_begins("puedes"), ("¿Qué puedes hacer {1} {0}?",)),
        (_begins("se puede"), ("¿Qué se puede hacer {1} {0}?",)),
        (_begins("usted debe|usted tiene que|debe"), ("¿Qué debe hacer {1} {0}?",)),
        (_begins("debes"), ("¿Qué debes hacer {1} {0}?",)),
        (_begins("se debe"), ("¿Qué se debe hacer {1} {0}?",)),
    ),
    happens=("¿Qué ocurre {1} {0}?", "¿Qué pasa {1} {0}?"),
    no_clause=phrases(
        r"""\b(?:sin embargo|entonces|est[aeo]s?|es[ae]s?|aquí|dich[ao]s?|tal(?:es)?|siguientes?|anterior(?:es)?|saber
        |curiosidad|leer|aprender|preguntas?)\b"""
    ),
    no_rest=phrases(
        r"""\b(?:este ejemplo|ejemplo anterior|más información|véase|a continuación|siguiente (?:capítulo|sección)|esto
        |eso|aquí|arriba)\b"""
    ),
)
_FR = Conditions(
    sentence=re.compile(
        rf"(?P<word>Si|S['’]|Lorsque|Lorsqu['’]|Quand)\s*{_CLAUSE},\s+"
        r"(?P<main>(?:(?:le|la|les|un|une|il|elle|ils|elles|vous|on)\s|l['’]).+)",
        re.DOTALL,
    ),
    answers=(
        (_begins("vous pouvez|vous pourrez"), ("Que pouvez-vous faire {1} {0} ?",)),
        (_begins("vous devez|vous devrez"), ("Que devez-vous faire {1} {0} ?",)),
        (_begins("on peut"), ("Que peut-on faire {1} {0} ?",)),
        (_begins("il faut|il convient"), ("Que faut-il faire {1} {0} ?",)),
    ),
    happens=("Que se passe-t-il {1} {0} ?", "Qu'arrive-t-il {1} {0} ?"),
    no_clause=phrases(
        r"""\b(?:cependant|donc|alors|cet|cette|ces|ceci|cela|ici|tel(?:le)?s?|suivante?s?|précédente?s?|curieu[sx]e?
        |savoir|lire|apprendre|questions?|débutez)\b"""
    ),
    no_rest=phrases(
        r"""\b(?:cet exemple|exemple précédent|plus d['’]informations|voir|ci-dessous|ci-dessus|cela|ceci|ici|n['’]en
        |en aurez|(?:chapitre|section) suivante?)\b"""
    ),
)
CONDITIONS = {"de": _DE, "es": _ES, "fr": _FR}
_ELSEWHERE = re.compile(r"\]\((?!https?:)")  # a link to another page of the same documents


def refers(language: str, sentence: str) -> bool:
    """Whether a sentence links to another page of its documents, or speaks of what only its page shows."""
    return bool(_ELSEWHERE.search(sentence) or CONDITIONS[language].no_rest.search(sentence))
