"""What a document is about: the product, library or company that a question must name to be understood alone.

In      the passages of one document, as the filters left them.
Out     a name; None where nothing says it for sure. In order: what the recipe says of its source, the name beside the
        slogan of the document's title, the package that its code imports or its commands install, the name that it
        speaks of most.
"""

import re
import sys
from collections import Counter
from collections.abc import Mapping, Sequence

from factory.passages import Passage
from factory.wording import leader, listed, plain, without_code
from generators._markdown import sections
from generators._titles import product
from generators._wording import Words, words_of_all

MOST = 200  # passages of a document that are looked at, spread over it
LEADS = 3  # mentions: a name that stands in a text once or twice may be an aside
PACKAGES = 2  # imports or commands, for the same reason
SPREAD = 4  # a leading name stands in one of so many passages
_NAME = re.compile(r"[^\W\d_][\w-]*[\w]")
_TABLE_LINE = re.compile(r"^[ \t]*\|.*$", re.MULTILINE)
_PACKAGE = re.compile(
    r"^[ \t>$.]*(?:from[ \t]+(?P<from>[A-Za-z]\w*)(?:\.\w+)*[ \t]+import\b"
    r"|import[ \t]+(?P<import>[A-Za-z]\w*)(?:\.\w+)*(?=[ \t]*(?:$|,|;|as\b)))"
    r"|(?:\brequire\(|\bfrom[ \t]+)['\"](?:@[\w-]+/)?(?P<script>[a-z][\w-]*)['\"/]"
    r"|\b(?:pip3?|pipx|conda|gem|uv pip|npm|yarn) (?:install|i|add)[ \t]+(?:-\S+[ \t]+)*"
    r"(?:@[\w-]+/)?['\"]?(?P<installed>[A-Za-z][\w.-]*\w(?<!\.txt)(?<!\.whl)(?<!\.gz)(?<!\.toml))"
    r"|\bcargo (?:add|install)[ \t]+(?P<crate>[a-z][\w-]*)",
    re.MULTILINE,
)
_OF_ALL = sys.stdlib_module_names | listed(  # what code of any product imports
    """fs http https os util url events stream crypto assert react pip node npm numpy pandas matplotlib pytest
    setuptools micropip typing_extensions app myapp my_app main models utils foo bar example examples test tests src
    package dist mypackage my_package module mymodule config settings path"""
)
_NO_LEADER = listed(
    """California Delaware England Europe America Germany France Spain January February March April May June July
    August September October November December Monday Tuesday Wednesday Thursday Friday Saturday Sunday Internet
    Intel AMD ARM Solaris FreeBSD OpenBSD Debian Ubuntu Fedora Android iOS GNOME GNU SSL TLS
    English French German Spanish Russian Chinese Japanese Korean Arabic Hebrew Greek Unicode Windows Linux Unix Mac
    Python Markdown GET POST PUT DELETE PATCH HEAD None True False Note Tip"""
)


def product_of(passages: Sequence[Passage], about: Mapping[str, str] | None = None) -> str | None:
    """The name of what these passages, which are one document's, are about."""
    first = passages[0]
    if said := (about or {}).get(first.source):
        return said
    read = passages[:: 1 + len(passages) // MOST]
    texts = [passage.text for passage in read]
    words = words_of_all(texts, [title for passage in read for title in passage.heading])
    begins = sections(first.text, first.heading)
    title = (*begins[0].above, begins[0].title)[0] if begins else ""
    is_english = (first.language or "en") == "en"  # in German every noun has a capital
    return product(title, words) or _package(texts, words) or (_spoken_of(texts, words) if is_english else None)


def leading_name(texts: Sequence[str], words: Words) -> str | None:
    """The name that texts speak of most, such as the product of a manual; None where no name leads."""
    prose = " ".join(plain(without_code(_TABLE_LINE.sub("", text))) for text in texts)
    names = Counter(word for word in _NAME.findall(prose) if words.is_name(word))
    first = leader(names, LEADS)
    if first is None or first.isupper() or "-" in first or first in _NO_LEADER:
        return None
    name = re.escape(first)
    is_noun = len(re.findall(rf"\b(?:[Tt]he|[Aa]n?|[Tt]his|[Yy]our) {name}\b(?! [A-Z])", prose)) * 2 > names[first]
    before = set(re.findall(rf"(?:\b([A-Z]\w*) )?\b{name}\b", prose))
    is_part = "" not in before  # "States" stands in "United States" alone
    return None if is_noun or is_part else first  # "the Program", "an Organization": a word that a contract defines


def _spoken_of(texts: Sequence[str], words: Words) -> str | None:
    name = leading_name(texts, words)
    return name if name and sum(name in text for text in texts) * SPREAD >= len(texts) else None


def _package(texts: Sequence[str], words: Words) -> str | None:
    """The package that code imports or commands install, as the prose writes its name."""
    found = (next(filter(None, match.groups())) for text in texts for match in _PACKAGE.finditer(text))
    packages = Counter(name for name in found if name not in _OF_ALL)
    if (first := leader(packages, PACKAGES)) is None:
        return None
    return next((name for name in sorted(words.names) if name.casefold() == first.casefold()), first)
