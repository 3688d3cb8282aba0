"""Orders to a model in a text: "ignore the previous instructions", "as an AI you must …", in five languages.

In      any text.
Out     which kinds of order stand in it, and whether one of them was to be seen by machines alone.
Costs   about 1 ms for 10 kB; every pattern is linear in the text.
Source  our own phrases, after the attacks that Greshake et al. 2023 (arXiv:2302.12173) and Perez and Ribeiro 2022
        (arXiv:2211.09527) describe; letters of the tag block as in Unicode's note on their misuse (UTS 51, annex C).

Patterns are for folded text (`factory.folding`): small letters without accents, invisible characters gone, look-alike
letters read as what they look like. A sentence in the imperative is no order to a model: every pattern needs the model,
its prompt, or its earlier instructions as its object.
"""

import re
import unicodedata

from factory.folding import fold

TAGS = re.compile("[\U000e0020-\U000e007e]+")  # a copy of ASCII that is not drawn
COMMENT = re.compile(r"<!--(.*?)(?:-->|$)", re.DOTALL)
_GAP = r"[^.!?;:\n]"  # inside of one sentence
_AI = (
    r"(?:a\.?i\.?|artificial intelligence|(?:large )?language model|llm|chat ?bot|chatgpt|gpt-?\d?|"
    r"(?:ai|virtual) (?:model|assistant|agent|system))"
)

_PATTERNS = {
    "override": (
        # en, de, es, fr, zh: set the instructions aside that came before
        rf"\b(?:ignor(?:e|ing)|disregard(?:ing)?|forget(?: about)?|overrid(?:e|ing)|bypass) (?:{_GAP}{{0,30}} )?"
        rf"(?:previous|prior|preceding|earlier|above|foregoing|original|initial|your|system) (?:{_GAP}{{0,20}} )?"
        r"(?:instructions?|prompts?|directives?|guidelines|programming)\b",
        rf"\b(?:ignore|disregard|forget) (?:all |any )?(?:of )?(?:the |your )?(?:instructions?|prompts?|directives?) "
        rf"(?:{_GAP}{{0,20}} )?(?:above|before|so far|given to you|you (?:were|have been) given)\b",
        rf"\b(?:ignorier(?:e|t|en)?|vergiss|vergesst|vergessen|missacht(?:e|en|et)|ubergeh(?:e|en"
        rf"|t)) (?:{_GAP}{{0,30}} )?"
        rf"(?:vorherig|vorig|bisherig|obig|vorangegangen|vorangehend|fruher|ursprunglich|dein"
        rf"|ihr)\w* (?:{_GAP}{{0,20}} )?"
        r"(?:anweisung|instruktion|vorgabe|prompt|system-?prompt|befehl)\w*",
        rf"\b(?:ignor(?:a|e|ad|en)|olvid(?:a|e|ad|en)|descart(?:a|e)|omit(?:e|a)|(?:haz|haga) caso omiso de|"
        rf"no (?:hagas|haga) caso (?:a|de)) (?:{_GAP}{{0,20}} )?(?:instrucciones|indicaciones|ordenes|directrices"
        rf"|prompts?) "
        rf"(?:{_GAP}{{0,20}} )?(?:anteriores|previas|precedentes|originales|de arriba|que (?:te|se te) (?:dieron"
        rf"|han dado))",
        rf"\b(?:ignore[zr]?|oublie[zr]?|ne (?:tiens|tenez) (?:pas|plus) compte (?:de|des)|(?:fais"
        rf"|faites) abstraction (?:de|des)"
        rf"|neglige[zr]?) (?:{_GAP}{{0,20}} )?(?:instructions|consignes|directives|prompts?) (?:{_GAP}{{0,20}} )?"
        r"(?:precedentes?|anterieures?|initiales?|ci-dessus|qui precedent|donnees)",
        r"(?:忽略|无视|無視|忽視|忘记|忘記|忘掉|不要理会|不要理會)[^。!?\n]{0,8}(?:之前|以上|上面|上述|先前|前面|此前|原来|你的|系统|系統)"
        r"[^。!?\n]{0,8}(?:指令|指示|提示|命令|设定|設定|规则|規則)",
    ),
    "address": (
        rf"\bas an? {_AI}\b{_GAP}{{0,40}}?\byou (?:now )?(?:must|shall|should|will|are to|have to|need to)\b",
        rf"\byou are (?:now|no longer|from now on) (?:an? )?(?:unrestricted |helpful |evil )?(?:{_AI}|dan\b"
        rf"|in developer mode)",
        rf"\b(?:if you are|attention,?|(?:note|message|instructions?) (?:to|for)(?: the| any"
        rf"| all)?) (?:an? )?{_AI}s?\b",
        rf"\b(?:dear|hey|hello) {_AI}\b",
        rf"\bals (?:eine? )?(?:ki|kunstliche intelligenz|sprachmodell|chatbot|ki-\w+)\b{_GAP}{{0,40}}?\b(?:musst"
        rf"|sollst|wirst|darfst) du\b",
        r"\bdu bist (?:jetzt|nun|ab jetzt|ab sofort|nicht mehr) (?:eine? )?(?:\w+ )?(?:ki\b|sprachmodell|chatbot"
        r"|chatgpt|ki-\w+)",
        r"\b(?:hinweis|anweisung|nachricht) (?:an|fur) (?:die |das |den |alle )?(?:ki\b|ki-\w+|sprachmodell\w*"
        r"|chatbot\w*|llms?\b)",
        rf"\bcomo (?:una? )?(?:ia|inteligencia artificial|modelo de lenguaje"
        rf"|asistente de ia)\b{_GAP}{{0,30}}?\b(?:debes|tienes que|ahora debes|deberas)\b",
        r"\b(?:ahora|a partir de ahora|desde ahora) eres (?:una? )?(?:\w+ )?(?:ia\b|chatbot|chatgpt"
        r"|modelo de lenguaje|asistente)",
        r"\b(?:nota|mensaje|instruccion(?:es)?) para (?:la |el |los |las )?(?:ia\b|modelos? de lenguaje"
        r"|asistentes? de ia|chatbots?|llms?\b)",
        rf"\ben tant qu(?:e |['\u2019])(?:une? )?(?:ia|intelligence artificielle|modele de langage"
        rf"|assistante? ia)\b{_GAP}{{0,30}}?\b(?:tu dois|vous devez|tu devras)\b",
        r"\b(?:tu es|vous etes) (?:maintenant|desormais) (?:une? )?(?:\w+ )?(?:ia\b|chatbot|chatgpt"
        r"|modele de langage|assistant)",
        r"\b(?:note|message|instructions?) (?:a|pour) (?:l['\u2019]|la |le |les |toute )?(?:ia\b|modeles? de langage"
        r"|assistants? ia|chatbots?|llms?\b)",
        r"作为(?:一个|一名|一款)?(?:ai|人工智能|语言模型|大模型|聊天机器人)[^。!?\n]{0,10}你(?:现在)?(?:必须|应该|应当|需要|要)",
        r"(?:从现在(?:开始|起)|现在)[,，]?你(?:就)?是(?:一个|一名)?[^。!?\n]{0,6}(?:ai\b|人工智能|语言模型|聊天机器人|chatgpt)",
    ),
    "reveal": (
        rf"\b(?:reveal|print|repeat|output|show|disclose|leak|tell)(?: me| us)? (?:{_GAP}{{0,20}} )?"
        r"(?:(?:your|the) system prompt|your (?:initial|original|hidden|secret) (?:instructions|prompt))",
        rf"\b(?:zeige?|nenne?|verrate?|wiederhole?|gib) (?:{_GAP}{{0,20}} )?(?:dein|den|ihr)\w* (?:system-?prompt"
        rf"|\w+ anweisungen aus)",
        rf"\b(?:revela|muestra|repite|imprime) (?:{_GAP}{{0,20}} )?(?:tu|el) (?:prompt|mensaje) (?:de|del) sistema",
        rf"\b(?:revele|montre|repete|affiche)[rz]? (?:{_GAP}{{0,20}} )?(?:ton|votre|le) (?:prompt|message) systeme",
        r"(?:输出|显示|透露|重复|泄露|告诉我)[^。!?\n]{0,6}(?:系统提示|系统指令|系统prompt|提示词)",
    ),
}
KINDS = tuple(_PATTERNS)
_NAMES = re.compile(
    r"(?<![a-z])(?:ai|a\.i|ki|ia|llms?|dan|gpt|chatgpt)(?![a-z])|chat ?bot|language|langage|lenguaje|sprachm|artific"
    r"|kunstliche|assist|asist|developer mode|人工智能|语言模型|大模型|聊天机器人|作为"
)
_OBJECTS = (
    "instr",
    "prompt",
    "direct",
    "guideline",
    "programming",
    "anweisung",
    "vorgabe",
    "befehl",
    "indicaciones",
    "ordenes",
    "consignes",
    "mensaje",
    "message",
    "指令",
    "指示",
    "提示",
    "命令",
    "设定",
    "設定",
    "规则",
    "規則",
)
_VERBS = {
    "override": (
        "ignor",
        "disregard",
        "forget",
        "overrid",
        "bypass",
        "vergiss",
        "vergess",
        "missacht",
        "ubergeh",
        "olvid",
        "descart",
        "omit",
        "caso",
        "oublie",
        "compte",
        "abstraction",
        "neglige",
        "忽",
        "视",
        "視",
        "忘",
        "理",
    ),
    "reveal": ("system", "sistema", "initial", "original", "hidden", "secret", "anweisungen aus", "系统", "提示词"),
}
ORDERS = {kind: re.compile("|".join(f"(?:{pattern})" for pattern in its)) for kind, its in _PATTERNS.items()}


def orders(text: str) -> tuple[list[str], bool]:
    """The kinds of order in `text`, and whether one stands where no reader sees it."""
    shown, unseen = COMMENT.sub(" ", TAGS.sub("", text)), [found.group(1) for found in COMMENT.finditer(text)]
    unseen += [_untagged(found.group()) for found in TAGS.finditer(text)]
    plain, hidden = _kinds(_flat(shown)), {kind for one in unseen for kind in _kinds(_flat(one))}
    disguised = plain - _kinds(_spaced(shown)) if plain and not shown.isascii() else set()
    return sorted(plain | hidden), bool(hidden | disguised)


def _kinds(flat: str) -> set[str]:
    return {kind for kind, pattern in ORDERS.items() if _may_hold(kind, flat) and pattern.search(flat)}


def _may_hold(kind: str, flat: str) -> bool:
    """Whether the words are there without which no pattern of the kind can match: most texts end here."""
    if kind == "address":
        return _NAMES.search(flat) is not None
    return any(word in flat for word in _OBJECTS) and any(word in flat for word in _VERBS[kind])


def _flat(text: str) -> str:
    """Folded, markup of emphasis gone, with single spaces: lines are broken anywhere."""
    return " ".join(fold(text).replace("*", "").replace("_", " ").split())


def _spaced(text: str) -> str:
    """The same as a reader meets it who sees a gap wherever a character is not drawn."""
    return _flat("".join(" " if unicodedata.category(c) == "Cf" and c != "\u00ad" else c for c in text))


def _untagged(run: str) -> str:
    return "".join(chr(ord(c) - 0xE0000) for c in run)
