"""Split: documents become passages that fit a token budget, with offsets.

Passages tile a document but for white space, and no cut goes through a replacement that a document filter put in.
Without a tokenizer the number of tokens is an estimate (UTF-8 bytes / 4) and is called one.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from factory import passages, runs, tables
from factory.corpus import kept_documents
from factory.documents import Document, digest
from factory.edits import EditMap
from factory.errors import WrongRequest
from factory.passages import passage_id
from factory.plural import many
from factory.progress import Progress
from factory.readers.read import MARKDOWN
from factory.recipe import Checked
from factory.runs import Run
from factory.tokens import BYTES_A_TOKEN

LONGEST = 2**14  # characters of a line; to split one takes the square of its length
ENOUGH = 2**17  # characters of a part; to split a text takes the square of its length, from some megabytes on
MAX_FENCE = 200  # characters; a longer line opens no code


def estimate_tokens(text: str) -> int:
    """About how many tokens `text` has: its UTF-8 bytes divided by four, rounded up."""
    return -(-len(text.encode()) // BYTES_A_TOKEN)


def fingerprint(checked: Checked, before: str) -> str:
    """What split depends on: the documents that were kept, and the budget."""
    from importlib.metadata import version

    options = checked.recipe.passages.model_dump(exclude={"filter"})
    return runs.fingerprint(before, passages.VERSION, options, version("semantic-text-splitter"), runs.core_digest())


def split(run: Run, checked: Checked, before: str, progress: Progress) -> str:
    """Bring `passages/` up to date; returns its fingerprint."""
    mark = fingerprint(checked, before)
    if run.is_done("split", mark):
        return mark
    cut = Cutter(checked.recipe.passages.max_tokens, checked.recipe.passages.tokenizer)
    read = 0
    total = run.counts("filter.documents").get("kept")
    with tables.TableWriter(run.path / "passages", passages.SCHEMA, groups_a_part=1 << 30) as table:
        for _, document, edits in progress.over(kept_documents(run), "split", total):
            read += 1
            for row in cut.rows(document, edits):
                table.write(row)
            del document, edits  # the next one is not read yet
        run.undo("split")
    counts = {"documents": read, "passages": table.rows, "tokens_are": "exact" if cut.exact else "estimated"}
    run.done("split", mark, counts)
    progress.end(
        "split",
        f"{many(table.rows, 'passage')} of at most {checked.recipe.passages.max_tokens} tokens "
        f"({counts['tokens_are']})",
    )
    return mark


class Cutter:
    """Cuts texts into pieces of at most `max_tokens`, at the highest boundary that fits: heading, paragraph …"""

    def __init__(self, max_tokens: int, tokenizer: str | None = None) -> None:
        from semantic_text_splitter import MarkdownSplitter, TextSplitter

        self.exact = tokenizer is not None
        self._stretch = max(LONGEST, 4 * BYTES_A_TOKEN * max_tokens)
        if tokenizer is None:
            self.count: Callable[[str], int] = estimate_tokens
            self._markdown: Any = MarkdownSplitter.from_callback(estimate_tokens, max_tokens)
            self._plain: Any = TextSplitter.from_callback(estimate_tokens, max_tokens)
        else:
            loaded = load_tokenizer(tokenizer)
            self.count = lambda text: len(loaded.encode(text, add_special_tokens=False).ids)
            self._markdown = MarkdownSplitter.from_huggingface_tokenizer(loaded, max_tokens)
            self._plain = TextSplitter.from_huggingface_tokenizer(loaded, max_tokens)

    def rows(self, document: Document, edits: EditMap) -> Iterator[dict[str, Any]]:
        """The passages of one document as rows of the table; offsets are of the document as parsed."""
        text = edits.apply(document.text)
        for index, (start, end) in enumerate(self.spans(text, edits, markdown=document.media_type in MARKDOWN)):
            first, last = edits.to_source(start, end)
            piece = text[start:end]
            yield {
                "id": passage_id(document.id, index),
                "document": document.id,
                "index": index,
                "start": first,
                "end": last,
                "tokens": self.count(piece),
                "digest": digest(piece),
                "source": document.source,
                "language": document.language,
                **document.policy.as_dict(),
            }

    def spans(self, text: str, edits: EditMap, *, markdown: bool) -> list[tuple[int, int]]:
        """Where the pieces of `text` begin and end: everything but white space is in exactly one."""
        splitter = self._markdown if markdown else self._plain
        starts = [
            _uncut(begin + at, edits)
            for begin, end in _stretches(text, self._stretch)
            for at, _ in splitter.chunk_indices(text[begin:end])
        ]
        bounds = [*sorted(set(starts)), len(text)]
        spans = []
        for start, after in pairwise(bounds):  # none where the text is white space, or was edited away
            end = start + len(text[start:after].rstrip())
            if start < end:
                spans.append((start, end))
        return spans


def _stretches(text: str, longest: int) -> Iterator[tuple[int, int]]:
    """Begin and end of the parts that are split one by one: all of `text` at once, unless it is large.

    After ENOUGH characters a part ends at the next empty line outside fenced code, after eight times as many at the
    next line; a line over `longest` is cut at a space.
    """
    begin = here = 0
    is_code = False
    while here < len(text) and len(text) - begin > longest:
        end = text.find("\n", here)
        end = len(text) if end < 0 else end
        while end - here > longest:
            space = text.rfind(" ", here + longest // 2, here + longest)
            here = here + longest if space < 0 else space + 1
            yield begin, here
            begin = here
        if end - here < MAX_FENCE and text[here:end].lstrip(" >").startswith(("```", "~~~")):
            is_code = not is_code
        is_between = not is_code and not text[here:end].strip()
        if here - begin > (ENOUGH if is_between else 8 * ENOUGH):
            yield begin, end
            begin = end
        here = end + 1
    yield begin, len(text)


def _uncut(at: int, edits: EditMap) -> int:
    """`at`, or the beginning of the replacement that it would cut."""
    return edits.widen(at, at + 1)[0] if edits else at


def load_tokenizer(name: str) -> Any:
    """A tokenizer from a tokenizer.json, from a folder that holds one, or by its id on the hub.

    Raises WrongRequest where there is none.
    """
    from tokenizers import Tokenizer

    path = Path(name).expanduser()
    file = path / "tokenizer.json" if path.is_dir() else path
    try:
        return Tokenizer.from_file(str(file)) if file.is_file() else Tokenizer.from_pretrained(name)
    except Exception as error:  # the library raises bare Exception
        raise WrongRequest(
            f"passages.tokenizer: '{name}' is no tokenizer.json, no folder with one, and cannot be had from the hub."
        ) from error
