"""The words by which reading_comprehension finds a task in a text, and those in which it asks, by language."""

import re
from dataclasses import dataclass

from factory.wording import phrases


@dataclass(frozen=True)
class Connectors:
    """Patterns for how a sentence begins that answers the one before it, and the wordings of each task.

    `{0}` of a wording is the sentence, the term or the words that it asks about.
    """

    effect: re.Pattern[str]
    contrast: re.Pattern[str]
    example: re.Pattern[str]
    restated: re.Pattern[str]
    because: re.Pattern[str]  # inside a sentence; groups fact, reason
    asks: dict[str, tuple[str, ...]]
    question: str
    answer: str


_EN = Connectors(
    effect=phrases(
        r"(?:therefore|as a (?:result|consequence)|consequently|for this reason|thus|hence|because of this)\b,?"
    ),
    contrast=phrases(
        r"(?:however|nevertheless|nonetheless|in contrast|by contrast|on the other hand|on the contrary)\b,?"
    ),
    example=phrases(r"(?:for (?:example|instance))\b,?"),
    restated=phrases(r"(?:in other words|put differently|that is to say|this means that|that means that)\b,?"),
    because=re.compile(
        r"(?P<fact>[A-Z][^;:!?]{20,200}?),?\s+(?P<reason>because\s+(?!of\b)[^;:!?]{15,240}\.)", re.DOTALL
    ),
    asks={
        "title": ("What would be a fitting title for this text?", "How could this text be headed?"),
        "words": ("How does the text put {0} together in one sentence?", "Which sentence of the text connects {0}?"),
        "definition": ("According to the text, what {1} {0}?", "How does the text define {0}?"),
        "reason": ("Which reason does the text give for this: “{0}”?", "Why is that so, according to the text: “{0}”?"),
        "effect": ("What follows from this, according to the text: “{0}”?", "What is the consequence of this: “{0}”?"),
        "contrast": ("What does the text set against this: “{0}”?", "Which statement of the text limits this: “{0}”?"),
        "example": ("Which example does the text give for this: “{0}”?",),
        "restated": ("How does the text say this in other words: “{0}”?",),
        "completion": ("How does the text go on?", "What could the next paragraph of this text say?"),
    },
    question="Question",
    answer="Answer",
)
_DE = Connectors(
    effect=phrases(r"(?:deshalb|daher|deswegen|darum|folglich|infolgedessen|aus diesem grund)\b"),
    contrast=phrases(r"(?:jedoch|allerdings|dagegen|hingegen|trotzdem|dennoch|im gegensatz dazu)\b,?"),
    example=phrases(r"(?:zum beispiel|beispielsweise|so (?:kann|können)\b.* etwa)\b"),
    restated=phrases(r"(?:mit anderen worten|anders gesagt|das (?:heißt|bedeutet))\b[,:]?"),
    because=re.compile(r"(?P<fact>[A-ZÄÖÜ][^;:!?]{20,200}?),\s+(?P<reason>(?:weil|da)\s[^;:!?]{15,240}\.)", re.DOTALL),
    asks={
        "title": ("Welcher Titel passt zu diesem Text?", "Wie könnte dieser Text überschrieben sein?"),
        "words": ("Wie verbindet der Text {0} in einem Satz?", "In welchem Satz des Textes geht es um {0}?"),
        "definition": ("Was {1} laut dem Text {0}?", "Was sagt der Text: Was {1} {0}?"),
        "reason": ("Welchen Grund nennt der Text dafür: „{0}“?", "Warum ist das laut dem Text so: „{0}“?"),
        "effect": ("Was folgt laut dem Text daraus: „{0}“?", "Welche Folge hat das: „{0}“?"),
        "contrast": ("Was stellt der Text dem entgegen: „{0}“?", "Welche Aussage des Textes schränkt das ein: „{0}“?"),
        "example": ("Welches Beispiel nennt der Text dafür: „{0}“?",),
        "restated": ("Wie sagt der Text das mit anderen Worten: „{0}“?",),
        "completion": ("Wie geht der Text weiter?", "Was könnte im nächsten Absatz dieses Textes stehen?"),
    },
    question="Frage",
    answer="Antwort",
)
_ES = Connectors(
    effect=phrases(
        r"(?:por (?:lo tanto|tanto|ello|eso|consiguiente)|en consecuencia|como (?:resultado|consecuencia))\b,?"
    ),
    contrast=phrases(r"(?:sin embargo|no obstante|en cambio|por el contrario|en contraste)\b,?"),
    example=phrases(r"por ejemplo\b,?"),
    restated=phrases(r"(?:en otras palabras|dicho de otro modo|es decir|esto significa que)\b,?"),
    because=re.compile(
        r"(?P<fact>[A-ZÁÉÍÓÚ][^;:!?]{20,200}?),?\s+(?P<reason>(?:porque|ya que|puesto que)\s[^;:!?]{15,240}\.)",
        re.DOTALL,
    ),
    asks={
        "title": ("¿Qué título sería adecuado para este texto?", "¿Cómo se podría titular este texto?"),
        "words": ("¿Cómo relaciona el texto {0} en una sola frase?", "¿Qué frase del texto habla de {0}?"),
        "definition": ("Según el texto, ¿qué {1} {0}?", "¿Cómo define el texto {0}?"),
        "reason": ("¿Qué razón da el texto para esto: «{0}»?", "Según el texto, ¿a qué se debe esto: «{0}»?"),
        "effect": ("Según el texto, ¿qué se sigue de esto: «{0}»?", "¿Qué consecuencia tiene esto: «{0}»?"),
        "contrast": ("¿Qué contrapone el texto a esto: «{0}»?", "¿Qué afirmación del texto matiza esto: «{0}»?"),
        "example": ("¿Qué ejemplo da el texto de esto: «{0}»?",),
        "restated": ("¿Cómo dice el texto esto con otras palabras: «{0}»?",),
        "completion": ("¿Cómo sigue el texto?", "¿Qué podría decir el siguiente párrafo de este texto?"),
    },
    question="Pregunta",
    answer="Respuesta",
)
_FR = Connectors(
    effect=phrases(r"(?:par conséquent|en conséquence|c['’]est pourquoi|de ce fait|ainsi donc|pour cette raison)\b,?"),
    contrast=phrases(r"(?:cependant|toutefois|néanmoins|en revanche|par contre|au contraire)\b,?"),
    example=phrases(r"par exemple\b,?"),
    restated=phrases(r"(?:en d['’]autres termes|autrement dit|c['’]est-à-dire|cela signifie que)\b,?"),
    because=re.compile(
        r"(?P<fact>[A-ZÀÉÈ][^;:!?]{20,200}?),?\s+"
        r"(?P<reason>(?:parce qu(?:e\s|['’])|puisqu(?:e\s|['’])|car\s)[^;:!?]{15,240}\.)",
        re.DOTALL,
    ),
    asks={
        "title": ("Quel titre conviendrait à ce texte ?", "Comment pourrait-on intituler ce texte ?"),
        "words": ("Comment le texte relie-t-il {0} en une phrase ?", "Quelle phrase du texte parle de {0} ?"),
        "definition": ("D'après le texte, qu'est-ce que {0} ?", "Comment le texte définit-il {0} ?"),
        "reason": ("Quelle raison le texte donne-t-il à ceci : « {0} » ?", "Pourquoi, d'après le texte : « {0} » ?"),
        "effect": ("D'après le texte, qu'en résulte-t-il : « {0} » ?", "Quelle est la conséquence de ceci : « {0} » ?"),
        "contrast": ("Qu'oppose le texte à ceci : « {0} » ?", "Quelle affirmation du texte nuance ceci : « {0} » ?"),
        "example": ("Quel exemple le texte donne-t-il de ceci : « {0} » ?",),
        "restated": ("Comment le texte dit-il ceci autrement : « {0} » ?",),
        "completion": ("Comment le texte continue-t-il ?", "Que pourrait dire le paragraphe suivant de ce texte ?"),
    },
    question="Question",
    answer="Réponse",
)
CONNECTORS = {"en": _EN, "de": _DE, "es": _ES, "fr": _FR}
