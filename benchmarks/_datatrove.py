"""datatrove's four filters, in an environment of its own: lines of JSON in, lines of JSON out.

In   {"texts": [...]}
Out  {"seconds": CPU seconds, "kept": {"gopher": [...], "c4": [...], "fineweb": [...]}}

Each text goes through all four before the next, as in its pipelines, so that what it keeps of the last texts is used.
"""

import json
import sys
import time

from datatrove.data import Document
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
)

FILTERS = [
    ("gopher", GopherQualityFilter()),
    ("gopher", GopherRepetitionFilter()),
    ("c4", C4QualityFilter()),
    ("fineweb", FineWebQualityFilter()),
]


def keeps(filter_, text):
    """Whether a filter keeps a text; one that fails on it does not."""
    try:
        said = filter_.filter(Document(text=text, id="0"))
    except (ValueError, ZeroDivisionError):
        return False
    return said is True


def main():
    for _, filter_ in FILTERS:
        keeps(filter_, "Its tokeniser is loaded now, and not while the time is taken.")
    for line in sys.stdin:
        texts = json.loads(line)["texts"]
        start = time.process_time()
        said = [[keeps(filter_, text) for _, filter_ in FILTERS] for text in texts]
        seconds = time.process_time() - start
        kept = {name: [True] * len(texts) for name, _ in FILTERS}
        for nth, row in enumerate(said):
            for (name, _), value in zip(FILTERS, row, strict=True):
                kept[name][nth] = kept[name][nth] and value
        sys.stdout.write(json.dumps({"seconds": seconds, "kept": kept}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
