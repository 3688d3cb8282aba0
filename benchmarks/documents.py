"""Documents: what becomes of every file of a folder, columns in order, and the pace from files to passages.

    python benchmarks/documents.py FOLDER [--copies 20]

Files     each is read once, in alphabetical order; what it gave, or the reason why it gave nothing.
Columns   of each PDF of two pages or more: the words of pdfium's own text, in its order, that stand in ours in that
          order (longest common blocks, difflib without its heuristics); seconds of CPU a page, in the parser process.
Pace      the same files, each `--copies` times under other names: read alone (the parser), and read, told apart by
          language, written and split into passages (`factory ingest` without filters), in CPU seconds of all processes.
          Files of rows are left out: their documents are their rows.
"""

import argparse
import difflib
import re
import resource
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pypdfium2

from factory import run
from factory.errors import BadItem
from factory.readers.limits import Limits
from factory.readers.read import read
from factory.readers.rows import is_rows
from factory.readers.worker import close_workers


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds that `work` takes here and in the processes that it starts, which end with it."""
    before = _spent()
    work()
    close_workers()
    return _spent() - before


def _spent() -> float:
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(its.ru_utime + its.ru_stime for its in both)


def outcomes(folder: Path) -> Counter[str]:
    """How many files of each ending gave documents, or only rejections, by reason."""
    counts: Counter[str] = Counter()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        items = list(read(file, limits=Limits(), label=file.relative_to(folder).as_posix()))
        lost = [item for item in items if isinstance(item, BadItem)]
        for item in lost:
            print(f"  {item.place:60} {item.reason}")
        counts[f"{file.suffix or 'none'} {'read' if len(lost) < len(items) else lost[0].reason}"] += 1
    return counts


def in_order(file: Path) -> tuple[int, float, float]:
    """Pages of a PDF, the share of pdfium's words that stand in its order in our text, CPU seconds a page."""
    with closing(pypdfium2.PdfDocument(file)) as document:
        theirs = " ".join(page.get_textpage().get_text_bounded() for page in document)
        pages = len(document)
    [got] = read(file, limits=Limits())
    ours = "" if isinstance(got, BadItem) else got.text
    first, second = ([*re.findall(r"\w+", re.sub(r"[\ufffe\x02]\s*", "", text))] for text in (theirs, ours))
    same = difflib.SequenceMatcher(None, first, second, autojunk=False).get_matching_blocks()
    again = seconds(lambda: [list(read(file, limits=Limits())) for _ in range(6)])
    once = seconds(lambda: list(read(file, limits=Limits())))  # with the start of the parser process
    return pages, sum(block.size for block in same) / max(1, len(first)), (again - once) / 5 / max(1, pages)


def copied(files: list[Path], copies: int, into: Path) -> Iterator[Path]:
    """The files again and again, under names of their own."""
    for nth in range(copies):
        for number, file in enumerate(files):
            place = into / f"{nth}-{number}{file.suffix}"
            shutil.copy(file, place)
            yield place


def pace(files: list[Path], copies: int) -> str:
    """A line of the table: MB a CPU second, of the parser alone and of ingest and split."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "documents").mkdir()
        made = list(copied(files, copies, folder / "documents"))
        size = sum(file.stat().st_size for file in made) / 1e6
        recipe = folder / "recipe.yaml"
        recipe.write_text(f"run: {folder / 'run'}\nsources: [{{path: documents}}]\n", encoding="utf-8")
        alone = seconds(lambda: [list(read(file, limits=Limits())) for file in made])
        whole = seconds(lambda: run(recipe, until="ingest"))
    return f"{len(made):6,} files {size:8.1f} MB {size / alone:8.1f} {size / whole:8.1f} MB/s {whole / alone:6.2f}x"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--copies", type=int, default=20)
    asked = parser.parse_args()
    spent = seconds(lambda: print(*(f"{n:5} {what}" for what, n in sorted(outcomes(asked.folder).items())), sep="\n"))
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(f"all files {spent:.1f} CPU s, the largest process {peak / 1000:.0f} MB")
    files = sorted(path for path in asked.folder.rglob("*") if path.is_file())
    for file in (file for file in files if file.suffix == ".pdf"):
        try:
            pages, share, each = in_order(file)
        except pypdfium2.PdfiumError:
            continue  # damaged or locked: see above
        if pages > 1:
            print(f"{file.name:40} {pages:3} pages, {share:.4f} of its words in order, {each * 1000:.1f} ms a page")
    print(f"{'':24}{'parser':>18}{'passages':>9}")
    for ending in sorted({file.suffix.lower() for file in files}):
        good = [file for file in files if file.suffix.lower() == ending and not is_rows(file.name)]
        good = [file for file in good if not isinstance(next(iter(read(file, limits=Limits()))), BadItem)]
        if good:
            print(f"{ending:10} {pace(good, asked.copies)}")


if __name__ == "__main__":
    main()
