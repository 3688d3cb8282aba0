"""What is called after somebody, or only looks so: eponyms, places, offices, firms and software that a model takes for
persons.

An eponym and a piece of software are nothing to be found. A strait, an office and a firm are found as what they are.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from filters._name_rules import Place, any_of
from filters._spans import Finding

_RESULT = any_of(
    "theorem lemma law algorithm disease syndrome inequality equation principle index distance constant paradox"
)
_METHOD = any_of(
    "distances? effects? transforms? coefficients? distributions? matrix matrices optimi[sz]ers? divergence "
    "kernels? estimators? criterion polynomials? ciphers? reflex classification score scale test sign procedure "
    "normal_form space lymphoma sarcoma cells? units? anomaly"
)
_SCIENCE = re.compile(rf"(?:['’]s)?[ \n]{_RESULT}s?\b|[ \n]{_METHOD}\b")
_MEDICINE = re.compile(
    r"(?:(?i:síndrome|enfermedad|signos?|escala|maniobras?|tinción|técnica|linfoma|células|conducto|fascia"
    r"|malformación|anomalía|test|polígono|clasificación|índice|criterios|sarcoma|macroglobulinemia|syndrome|maladie|signe|théorème"
    r"|loi|unidades)"
    r" (?:de la |de los |de |d['’]|des )?|\bMorbus )$"
)
_LANDSCAPE = any_of(
    "Channel River Lake Bay Islands? Mountains? Valley Bridge Dam Airport Stadium Harbou?r Falls Peninsula Straits?"
)
_LANDMARK = re.compile(rf"(?:['’]s)?[ \n]{_LANDSCAPE}\b")
_OFFICE = re.compile(r"(?:[ ][A-Z]{2,5})?[ \n](?:Branch|Division|Directorate|Department|Bureau|Office|Section)\b")
_SOFTWARE = """
airflow android angular ansible apache bing celery changelog chrome chromium cmake conda cpython cython debian django
docker elasticsearch emacs ethernet excel fedora firefox flask gimp github gitlab google gradle grafana gunicorn
hadoop hostname http httplib httplib2 https ipython java javascript jinja jira json jupyter keras kibana
kubernetes lenet linux lowercase lucene macos mariadb markdown matplotlib memcached microsoft mongodb mozilla mysql
nginx numpy numpydoc oauth pandas perl photoshop php plaintext postfix postgres postgresql powerpoint powershell
pydantic pypi pytest python pytorch quickstart rabbitmq readme redis scipy skype solr sphinx splunk sqlalchemy sqlite
stacktrace starlette swagger symfony tensorflow terraform timestamp tomcat traceback trello twitter typescript ubuntu
unix uppercase uvicorn vagrant vim vscode webpack wikidata wikipedia windows wordpress xcode yaml youtube zookeeper
"""
SOFTWARE = frozenset(_SOFTWARE.split())  # its names and words; none is what people are called
COURTS = frozenset(("casación", "justicia", "asilo", "apelación", "cuentas", "cassation", "justice", "appeal"))
_COURT = re.compile(r"\b(?i:tribunal|corte|court|cour) (?:[A-Z]\w+ )?(?:de|of) $")
_JOINED = re.compile(r"[^\W\d_]+(?: ?- ?[^\W\d_]+)*")
_POSSESSIVE = re.compile(r"['’]s$")
LEAST_FIRM = 4  # letters of the first word of a firm by which it is known


def is_nothing(text: str, found: Finding) -> bool:
    """Whether what a model sees is an eponym, such as *Mahalanobis distance*, a piece of software, or a court."""
    name = _POSSESSIVE.sub("", text[found.start : found.end])
    if name.casefold() in COURTS and _COURT.search(text, max(0, found.start - 40), found.start):
        return True
    if _JOINED.fullmatch(name) and _MEDICINE.search(text, max(0, found.start - 20), found.start):
        return True
    if " " in name or "\n" in name:
        return False
    if found.kind in ("person", "location") and name.casefold() in SOFTWARE:
        return True
    return found.kind == "person" and _SCIENCE.match(text, found.start + len(name)) is not None


def first_words(text: str, ruled: Iterable[Place]) -> set[str]:
    """What firms are called for short: Boeing, where the Boeing Company stands."""
    names = (text[place.start : place.end] for place in ruled if place.kind == "organization")
    return {name.partition(" ")[0] for name in names if " " in name}


def things_called_so(
    text: str, persons: Sequence[Finding], ruled: Iterable[Place], firms: Collection[str]
) -> Iterator[Place]:
    """Places, offices and firms in whose names a model sees persons.

    `ruled` is what rules found; `firms` what firms of the text are called for short, those too that are taken out.
    """
    begins = {place.start: place.end for place in ruled if place.kind == "organization"}
    whole = {word for f in persons for word in text[f.start : f.end].split() if " " in text[f.start : f.end]}
    for found in persons:
        name = _POSSESSIVE.sub("", text[found.start : found.end])
        end = found.start + len(name)
        if landmark := _LANDMARK.match(text, end):
            yield Place(found.start, landmark.end(), "location", 0.0)
        elif office := _OFFICE.match(text, end):
            yield Place(found.start, office.end(), "organization", 0.0)
        elif len(name) >= LEAST_FIRM and name in firms and name not in whole:
            yield Place(found.start, end, "organization", 0.0)
        elif _in_running_text(text, found.start) and text[end : end + 1] == "\n" and end + 1 in begins:
            yield Place(found.start, begins[end + 1], "organization", 0.0)  # a line break inside of a firm's name


def _in_running_text(text: str, at: int) -> bool:
    return at > 0 and text[at - 1] == " " and text[at - 2 : at - 1].isalnum()
