"""Drop the text of a run's documents once its export stands: passages lose theirs, which is a slice of it.

All else stays: what documents are called and where they came from, offsets, verdicts, records, dataset, report. The run
stays up to date; what needs the text reads the sources again (`pipeline`), or says so.
"""

import shutil

from factory.progress import Progress
from factory.recipe import Checked
from factory.runs import Run
from factory.stages.models import FILE

NO_MORE = (
    "Without it these cannot be done: another split into passages, other filters on documents and passages, new or "
    "changed methods, filters that see what a row was made from, the check of quotes, a new audit, forgetting one "
    "document. The same recipe stays up to date. What needs the text reads the sources again while they are there."
)
LEFTOVERS = ("documents.tmp", "documents.partial", "documents.old")


def drop_text(run: Run, checked: Checked, progress: Progress) -> None:
    """Drop the text, and say what that means. Where it is gone already, whatever a stopped call left goes, too."""
    had_text, before = run.has_text, _size(run)
    run.drop_text()
    for name in LEFTOVERS:
        shutil.rmtree(run.path / name, ignore_errors=True)
    if not had_text:
        return
    run.did.append("drop_text")
    run.log("drop_text", documents=run.counts("ingest")["documents"], size_bytes=before - _size(run))
    count = run.counts("ingest")["documents"]
    progress.end("documents", f"the text of {count} was dropped ({(before - _size(run)) / 1e6:,.1f} MB)")
    progress.say(NO_MORE)
    if (run.path / FILE).exists() and checked.recipe.journal.keep_prompts:
        progress.say(
            f"{FILE} holds what models were asked, passages among it. 'journal: {{keep_prompts: false}}' keeps none."
        )


def _size(run: Run) -> int:
    return sum(file.stat().st_size for file in (run.path / "documents").glob("*.parquet"))
