"""How questions are put in German, Spanish and French, and what a sentence must look like to be asked about.

English has rules of its own (`_terms`, `_titles`, `_verbs`, `_questions`), which change words where they must. Here a
question takes words over as they stand, so that no inflection has to be guessed; where a language would need another
order of words, nothing is asked. Conditions are `_conditions`' matter.
"""

import re
from dataclasses import dataclass

from factory.wording import listed, phrases


@dataclass(frozen=True)
class Language:
    """The patterns and the wordings of one language; `{0}` is the clause or term, `{1}` the title it belongs to."""

    openers: re.Pattern[str]  # how an answer begins that refers to what stood before it
    asks: re.Pattern[str]  # how a title begins that is a question
    reason: re.Pattern[str] | None  # groups: fact
    why: tuple[str, ...]
    defines: re.Pattern[str]  # groups: det, bold | bare, verb, rest
    no_terms: frozenset[str]  # nouns that no sentence defines: "advantage", "reason"
    what_is: tuple[str, ...]
    act: re.Pattern[str]  # a title that names an action
    how: tuple[str, ...]
    about: tuple[str, ...]  # a question below the title it belongs to
    no_title: re.Pattern[str]  # titles that name nothing


_TERM = r"(?:\*\*(?P<bold>[^*\n]{2,60}?)\*\*|(?P<bare>[^\W\d_][\w’'-]*(?:\s[^\W_][\w’'-]*){0,3}?))"
_DE = Language(
    openers=phrases(
        r"""\W*(?:er|sie|es|dies|diese|dieser|dieses|diesen|diesem|das ist|der|dabei|dadurch|dazu|dafür|damit|danach
        |dann|daher|deshalb|deswegen|darum|darin|darauf|hier|hierbei|hierzu|hierfür|dort|so|also|auch|außerdem|zudem
        |jedoch|aber|allerdings|trotzdem|sonst|andernfalls|ebenso|letztere|erstere|beide|solche|und|oder|denn
        |zum beispiel|beachten sie|siehe)\b(?! [A-ZÄÖÜ]\w+ ist\b)"""
    ),
    asks=phrases(
        r"""(?:wie|was|wann|warum|wieso|weshalb|wo|woher|wohin|wer|wem|wen|welche[rsnm]?|wofür|womit|wodurch|worauf|wozu
        |kann|können|darf|dürfen|muss|müssen|soll|sollte|ist|sind|hat|haben|gibt|braucht|brauche|wird|werden|bekomme
        |funktioniert|gilt|gelten|darf|lässt|in welche[mnr]?|an wen|für wen|ab wann|bis wann)\b"""
    ),
    reason=None,  # "weil" needs another order of words in the question
    why=(),
    defines=re.compile(
        rf"(?P<det>Ein|Eine|Der|Die|Das)\s+{_TERM}\s+(?P<verb>ist|sind)\s+(?P<rest>(?:ein|eine|der|die|das)\s+.+)",
        re.DOTALL,
    ),
    no_terms=listed(
        """Vorteil Nachteil Grund Beispiel Problem Ziel Zweck Fehler Unterschied Ergebnis Ausnahme Möglichkeit Lösung
        Frage Antwort Regel Hinweis Standort Wert Tipp Ursache Voraussetzung Folge Art Anfang Teil Rest"""
    ),
    what_is=("Was {1} {0}?", "Was versteht man unter {0}?", "Können Sie erklären, was {0} {1}?"),
    act=re.compile(
        r"(?:(?:Den|Die|Das|Eine?n?|Ihren?|Ihre)\s)?[A-ZÄÖÜ][\w-]*(?:\s[\w-]+){0,6}\s(?P<verb>[a-zäöüß]+(?:en|ern|eln))"
    ),
    how=("{0}: Wie gehe ich dabei vor?", "{0}: Welche Schritte sind nötig?"),
    about=("Frage zu „{1}“: {0}", "Es geht um „{1}“. {0}"),
    no_title=phrases(
        r"""(?:inhalt.*|einleitung|einführung|übersicht|überblick|hinweise?|allgemein(?:es|e .*)?|häufige fragen
        |fragen.*|faq|anhang|impressum|kontakt|zusammenfassung|fazit|hintergrund|weitere .*|siehe auch|lieferumfang
        |glossar)"""
    ),
)
_ES = Language(
    openers=phrases(
        r"""\W*(?:él|ella|ellos|ellas|ello|esto|eso|este|esta|estos|estas|ese|esa|esos|esas|aquí|allí|ahí|así|entonces
        |además|también|sin embargo|pero|por (?:lo tanto|eso|ello|tanto|ejemplo)|de lo contrario|en ese caso|ambos|ambas
        |dicho|dicha|dichos|dichas|tal|tales|y|o|luego|después|recuerde|recuerda|véase|lo mismo|su|sus)\b"""
    ),
    asks=phrases(
        r"""¿?\s*(?:qué|cómo|cuándo|cuál|cuáles|cuánto|cuánta|cuántos|cuántas|dónde|quién|quiénes|por qué|para qué|puedo
        |puede|se puede|es|son|hay|tiene|tengo|debo|debe|necesito|necesita|con qué|de qué|en qué|a quién)\b"""
    ),
    reason=re.compile(
        r"(?P<fact>(?:El|La|Los|Las)\s[^,;:.?!\n]{15,140}?),?\s+(?:porque|ya que|puesto que)\s+\S+\s\S+\s.+", re.DOTALL
    ),
    why=("¿Por qué {0}?",),
    defines=re.compile(
        rf"(?P<det>Un|Una|El|La|Los|Las)\s+{_TERM}\s+(?P<verb>es|son)\s+(?P<rest>(?:un|una|el|la|los|las)\s+.+)",
        re.DOTALL,
    ),
    no_terms=listed(
        """ventaja desventaja razón motivo ejemplo problema objetivo fin error diferencia resultado excepción
        posibilidad solución pregunta respuesta regla nota valor consejo causa requisito consecuencia parte resto
        clave idea"""
    ),
    what_is=("¿Qué {1} {0}?", "¿Cómo se define {0}?"),
    act=re.compile(r"(?:Cómo\s)?[A-ZÁÉÍÓÚÑa-z][\wáéíóúñ]*(?:ar|er|ir)(?:se)?\s\S.*"),
    how=("¿Cómo se puede {0}?", "¿Qué pasos hay que seguir para {0}?"),
    about=("Sobre «{1}»: {0}", "Mi pregunta es sobre «{1}». {0}"),
    no_title=phrases(
        r"""(?:índice|contenido|introducción|resumen|notas?|general(?:idades)?|preguntas.*|anexo|contacto
        |conclusi(?:ón|ones)|véase también|más información|glosario|antecedentes|recapitulación)"""
    ),
)
_FR = Language(
    openers=phrases(
        r"""\W*(?:il|elle|ils|elles|ce|cela|ceci|ça|cet|cette|ces|c['’]|celui-ci|celle-ci|ceux-ci|ici|là|ainsi|alors
        |donc|puis|ensuite|aussi|de plus|en outre|cependant|toutefois|mais|par (?:conséquent|exemple|contre)|sinon
        |dans ce cas|les deux|tel|telle|et|ou|en effet|voir|notez|son|sa|ses|leurs?)(?:\b|(?<=['’]))"""
    ),
    asks=phrases(
        r"""(?:qu['’]|que|quoi|comment|quand|quel(?:le)?s?|combien|où|qui|pourquoi|à quoi|de quoi|est-ce|puis-je|peut-on
        |dois-je|faut-il|y a-t-il|avec qu|dans qu|ai-je|suis-je|\w+-t-(?:il|elle|on)|\w+-(?:ils?|elles?|on|je))"""
    ),
    reason=re.compile(
        r"(?P<fact>(?:(?:Le|La|Les)\s|L['’])[^,;:.?!\n]{15,140}?),?\s+"
        r"(?:parce qu(?:e\s|['’])|puisqu(?:e\s|['’])|car\s)\S+\s\S+\s?.*",
        re.DOTALL,
    ),
    why=("Pourquoi est-ce que {0} ?",),
    defines=re.compile(
        rf"(?P<det>Un|Une|Le|La|Les|L['’])\s*{_TERM}\s+(?P<verb>est|sont)\s+(?P<rest>(?:une?\s|le\s|la\s|les\s|l['’]).+)",
        re.DOTALL,
    ),
    no_terms=listed(
        """avantage inconvénient raison exemple problème objectif but erreur différence résultat exception possibilité
        solution question réponse règle note valeur conseil cause condition conséquence partie reste clé idée"""
    ),
    what_is=("Qu'est-ce que {0} ?", "Comment définit-on {0} ?"),
    act=re.compile(r"(?:Comment\s)?[A-ZÉÈÀÊa-z][\wéèêàçîïôûù]*(?:er|ir|re)\s\S.*"),
    how=("Comment {0} ?", "Quelles sont les étapes pour {0} ?"),
    about=("À propos de « {1} » : {0}", "Ma question porte sur « {1} ». {0}"),
    no_title=phrases(
        r"""(?:sommaire|table des matières|introduction|résumé|remarques?|généralités|questions.*|foire aux questions
        |annexe|contact|conclusion|voir aussi|glossaire|contexte|récapitulatif|pour en savoir plus)"""
    ),
)
LANGUAGES = {"de": _DE, "es": _ES, "fr": _FR}
QUESTION_WORDS = {
    "en": phrases(
        r"""(?:(?:and |but |so )?(?:how|what|why|when|where|who|whom|whose|which|is|are|am|was|were|do|does|did|can
        |could|should|shall|must|may|might|will|would|has|have|had|isn['’]t|aren['’]t|don['’]t|doesn['’]t|can['’]t
        |won['’]t|in (?:what|which)|at (?:what|which)|for (?:what|how|whom|which)|to (?:what|whom|which)|from (?:what
        |which)|with (?:what|which|whom)|under (?:what|which)|by (?:what|which|when)|on (?:what|which)|if)|what['’]s
        |how['’]s|where['’]s|who['’]s)\b"""
    ),
    **{code: language.asks for code, language in LANGUAGES.items()},
}
