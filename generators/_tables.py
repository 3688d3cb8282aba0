"""Questions that the cells of a table answer, by the name of their row and the head of their column.

In      a page in English, German, Spanish or French with tables in Markdown (as docx, HTML and PDF files come, too).
Out     candidates whose answer is one cell. A table whose first column does not name its rows, each once, makes none;
        nor does a row whose name is marked unlike the others', and a cell that is empty, a mark, or says yes or no.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from factory.wording import phrases, plain
from generators._languages import LANGUAGES
from generators._markdown import Block, Section
from generators._questions import Candidate, Page
from generators._titles import clean
from generators._verbs import is_verb

MAX_NAME_WORDS, MAX_HEAD_WORDS = 6, 4
MAX_ROWS = 40  # a longer table is data, of which one would want an answer in figures, not a row each
_CELL = re.compile(r"(?:\\.|`[^`\n]*`|[^|\\\n])+")
_MEANING = phrases(r"meaning|means|definition|bedeutung|definition|significado|definición|signification|définition")
_DESCRIPTION = phrases(
    r"""descriptions?|purpose|explanation|what it (?:does|is)|function|use|usage|beschreibung|erklärung|zweck|funktion
    |descripción|explicación|uso|función|objetivo|usage|rôle|explication|fonction"""
)
_NOT_ASKED = phrases(
    r"""required\??|optional|mandatory|notes?|comments?|remarks?|links?|examples?|see also|#|no\.?|nr\.?|n[°º]|page
    |status|pflicht|bemerkung(?:en)?|hinweise?|beispiele?|seite|obligatorio|notas?|ejemplos?|página|obligatoire
    |remarques?|exemples?"""
)
_SAYS_NOTHING = phrases(
    r"""(?:yes|no|true|false|ja|nein|s[ií]|oui|non|none|n/?a|null|-+|–|—|x|✓|✔|✗|✅|❌|\?|\.{2,}|tbd|same|ditto|see .*
    |siehe .*|véase .*|voir .*|unknown|varies|other|total)"""
)
_KIND = phrases(
    r"""(?:parameter|option|field|command|code|error code|status code|status|setting|method|variable|header|term
    |argument|property|flag|key|attribute|endpoint|task|role|model|event|column|plan|symbol|part|product|class
    |function|type)"""
)
_NO_KIND = phrases(
    r"""names?|items?|what|who|title|purpose|category|namen?|titel|zweck|kategorie|nombre|título|categoría|nom|titre
    |catégorie|description|meaning"""
)
_NO_NOUN = phrases(  # a head that no question can name: "Where it is kept", "Deprecated in version"
    r"""(?:when|how|what|why|who|where|is|are|can|does|in|on|per|by|for|from|to)\b
    |\w+(?:ed|en|wn) (?:in|by|at|from|with|on|since|to|for)\b"""
)
FIGURES, RIVALS = 3, 2  # columns of a table
_DECIMAL = re.compile(r"^\W*\d[\d,]*\.\d+\b|^\W*\d{2,}\W*$|^\W*\d[\d.,]*\s?[x×%]\W*$")
_SET = phrases(  # heads of what somebody sets, or is bound by
    r"\b(?:default|max\w*|min\w*|limit|timeout|port|size|price|cost|fee|version|interval|duration|status|code|value)\b"
)
_OF_NAME = phrases(r"names? of (?:the )?(?P<of>[\w -]+)|(?P<kind>[\w -]+) names?")  # "Name of subprocessor"
_WHAT_HEAD = {
    "en": ("What is the {0} of {1}?", "What is the {0} for {1}?"),
    "de": ("{0} – was gilt für {1}?", "Was ist bei {1} unter „{0}“ angegeben?"),
    "es": ("¿Qué se indica como «{0}» para {1}?",),
    "fr": ("Qu'est-ce qui est indiqué comme « {0} » pour {1} ?",),
}
_WHAT_MEANS = {
    "en": ("What does {0} mean?", "What is the meaning of {0}?"),
    "de": ("Was bedeutet {0}?",),
    "es": ("¿Qué significa {0}?",),
    "fr": ("Que signifie {0} ?",),
}
_WHAT_IS = {
    "en": ("What is {0} for?", "What is {0}?"),
    "de": ("Wozu dient {0}?", "Was ist {0}?"),
    "es": ("¿Para qué sirve {0}?", "¿Qué es {0}?"),
    "fr": ("À quoi sert {0} ?", "Qu'est-ce que {0} ?"),
}


@dataclass(frozen=True, slots=True)
class Cell:
    start: int
    end: int
    text: str  # without markup


def table(page: Page) -> Iterator[Candidate]:
    """A question for each telling cell of a table whose rows have names."""
    if page.language != "en" and page.language not in LANGUAGES:
        return
    for part in page.sections:
        for block in part.blocks:
            if block.kind == "table":
                yield from _asked(page, part, block)


def _asked(page: Page, part: Section, block: Block) -> Iterator[Candidate]:
    heads, *rows = [_cells(page.text, start, end) for start, end in _lines(page.text, block)]
    rows = [row for row in rows[1:] if len(row) == len(heads)]  # the line below the heads is a rule
    if not rows or len(rows) > MAX_ROWS or len(heads) < 2 or not _are_names([row[0].text for row in rows]):
        return
    if _compares(page, heads[1:], [row[0].text for row in rows]):
        return
    if sum(_are_figures(heads[nth].text, [row[nth].text for row in rows]) for nth in range(1, len(heads))) >= FIGURES:
        return  # results of measurements: data, not what anyone asks for
    named = [row for row, is_like in zip(rows, _are_like(page, [row[0] for row in rows]), strict=True) if is_like]
    for column, head in enumerate(heads[1:], start=1):
        cells = [row[column].text for row in rows]
        if not _is_head(head.text) or len(set(cells)) == 1 < len(rows) or _are_figures(head.text, cells):
            continue
        for row in named:
            cell = row[column]
            is_named = bool(row[0].text) and not _SAYS_NOTHING.fullmatch(row[0].text)
            if not is_named or not cell.text or _SAYS_NOTHING.fullmatch(cell.text) or not re.search(r"\w", cell.text):
                continue
            question = _question(page, heads[0].text, row[0], head.text, cell)
            asked = page.in_title(part, question, cell.start) if question else None
            if asked:
                yield Candidate("table", asked, cell.start, cell.end)


def _compares(page: Page, heads: list[Cell], names: list[str]) -> bool:
    """Whether a table holds rivals beside each other, "Free?" of three presses: its heads are no properties of rows."""
    asking = sum(name.endswith("?") for name in names)
    rivals = sum("`" in page.text[head.start : head.end] or page.words.is_name(head.text) for head in heads)
    return 2 * asking > len(names) or (rivals >= RIVALS and 2 * rivals > len(heads))


def _are_figures(head: str, cells: list[str]) -> bool:
    """Whether most cells of a column are decimals, of what nobody sets or is bound by."""
    return not _SET.search(head) and 2 * sum(bool(_DECIMAL.search(cell)) for cell in cells) > len(cells)


def column(page: Page, start: int) -> str | None:
    """Which column of which table holds a place; None where it stands in no table."""
    for block in (block for part in page.sections for block in part.blocks):
        if block.kind == "table" and block.start <= start < block.end:
            first, last = next(line for line in _lines(page.text, block) if line[0] <= start <= line[1])
            nth = sum(cell.start <= start for cell in _cells(page.text, first, last))
            return f"{page.passage.id}:{block.start}:{nth}"
    return None


def _are_like(page: Page, names: list[Cell]) -> list[bool]:
    """Of each name whether it is marked as most are: "**RETURNS**" below `limit` and `wait` is none of their kind."""
    marks = [_mark(page.text[name.start : name.end]) for name in names]
    are_code, are_bold = (2 * marks.count(mark) > max(len(marks), 2) for mark in ("code", "bold"))
    return [mark == "code" or (not are_code and (mark != "bold" or are_bold)) for mark in marks]


def _mark(raw: str) -> str:
    if raw.lstrip("*_").startswith("`"):
        return "code"
    return "bold" if re.fullmatch(r"(\*\*|__).+\1", raw) else ""


def _lines(text: str, block: Block) -> Iterator[tuple[int, int]]:
    start = block.start
    for line in text[block.start : block.end].split("\n"):
        if line.strip():
            yield start, start + len(line)
        start += len(line) + 1


def _cells(text: str, start: int, end: int) -> list[Cell]:
    """The cells of a line, without the bars and the space around them."""
    line = text[start:end]
    begin = start + len(line) - len(line.lstrip().removeprefix("|"))
    inner = text[begin:end].rstrip().removesuffix("|")
    cells, at = [], begin
    for piece in re.split(r"(?<!\\)\|", inner):
        bare = piece.strip()
        first = at + len(piece) - len(piece.lstrip())
        cells.append(Cell(first, first + len(bare), plain(bare)))
        at += len(piece) + 1
    return cells


def _are_names(names: list[str]) -> bool:
    """Whether these name the rows: words, no two alike."""
    plain_names = [name.strip("`") for name in names]
    return len(set(plain_names)) == len(names) and all(
        name and len(name.split()) <= MAX_NAME_WORDS and re.search(r"[^\W_]", name) for name in plain_names
    )


def _is_head(head: str) -> bool:
    words = head.strip(": ")
    return bool(re.fullmatch(r"[^\W\d_][^\W_]*(?:[ /-][^\W_]+)*(?: \([^()]{1,20}\))?", words)) and (
        len(words.split()) <= MAX_HEAD_WORDS and not _NOT_ASKED.fullmatch(words)
    )


def _question(page: Page, kind: str, name: Cell, head: str, cell: Cell) -> str | None:
    """Ask for a cell; None where the head makes no words of a question."""
    row = _named(page, clean(kind), clean(name.text).rstrip(" .:"))
    if row is None:
        return None
    language = page.language
    telling = len(cell.text.split()) >= 4
    if _MEANING.fullmatch(head):
        return page.pick(cell.start, _WHAT_MEANS[language]).format(row) if telling else None
    if _DESCRIPTION.fullmatch(head):
        wordings = _WHAT_IS[language] if is_verb(cell.text.split()[0]) else _WHAT_IS[language][1:]
        return page.pick(cell.start, wordings).format(row) if telling else None
    if language != "en":
        return page.pick(cell.start, _WHAT_HEAD[language]).format(head, row)
    if _NO_NOUN.match(head):
        return None
    head = " ".join(word if page.words.is_name(word) else _small(word) for word in head.split())
    if head.endswith("s") and not head.endswith(("ss", "us", "is")):
        return f"What are the {head} of {row}?"
    return page.pick(cell.start, _WHAT_HEAD["en"][: 1 + (len(head.split()) > 1)]).format(head, row)


def _small(word: str) -> str:
    """A word of a head as it stands in a sentence; an acronym keeps its capitals."""
    return word if word[1:].lower() != word[1:] else word.lower()


def _named(page: Page, kind: str, name: str) -> str | None:
    """A row as a sentence speaks of it: "the parameter `limit`", "“Clean the lens”"."""
    is_number = bool(re.fullmatch(r"[\d.,]+", name))
    if page.language == "en" and _KIND.fullmatch(kind):
        shown = name if "`" in name or re.fullmatch(r"[\w.-]+", name) else f"“{name}”"
        return f"the {kind[0].lower()}{kind[1:]} {shown}"
    if is_number:
        return None
    if "`" in name or page.words.is_name(name.split()[0]) or re.search(r"\d", name):
        return name
    if len(kind.split()) > MAX_HEAD_WORDS or not _is_head(kind) or _NO_KIND.fullmatch(kind):
        return None  # "Analytics": of what?
    named = _OF_NAME.fullmatch(kind)
    if named and page.language == "en":
        return f"the {(named['of'] or named['kind']).lower()} {name}"
    return f"“{name}” ({kind.lower()})"
