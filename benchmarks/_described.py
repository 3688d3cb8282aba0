"""A dataset described by another tool, in an environment of its own: the tool and a file of JSON lines in, costs out.

Out  [CPU seconds, MB]: of this process and those that it started, imports included; the most that the largest held.
"""

import json
import re
import resource
import sys
import tempfile
from collections import Counter
from pathlib import Path


def python(file):
    """Twenty lines: what people write before they look for a tool."""
    lengths, empty, rows, kinds = [], 0, Counter(), Counter()
    addresses = 0
    with Path(file).open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            text = json.dumps(row, ensure_ascii=False)
            kinds[tuple(row)] += 1
            lengths.append(len(text))
            empty += any(value in ("", None, []) for value in row.values())
            rows[hash(text)] += 1
            addresses += re.search(r"[\w.+-]+@[\w-]+\.\w+", text) is not None
    lengths.sort()
    cuts = [lengths[len(lengths) * part // 100] for part in (5, 25, 50, 75, 95)]
    repeated = sum(count - 1 for count in rows.values())
    return {"rows": len(lengths), "lengths": cuts, "empty": empty, "repeated": repeated, "addresses": addresses}


def ydata(file):
    """A profile in HTML, in the setting that its documentation gives for large data."""
    import pandas
    from ydata_profiling import ProfileReport

    with Path(file).open(encoding="utf-8") as lines:
        rows = pandas.DataFrame(flat(json.loads(line)) for line in lines)
    with tempfile.TemporaryDirectory() as folder:
        ProfileReport(rows, minimal=True, progress_bar=False).to_file(Path(folder) / "report.html")


def flat(row):
    """Turns of a conversation as columns: a table has no lists."""
    if "messages" not in row:
        return row
    return {turn["role"]: turn["content"] for turn in row["messages"]}


def datatrove(file):
    """Its statistics of documents, words, lines and paragraphs."""
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.pipeline.stats import DocStats, LineStats, ParagraphStats, WordStats

    def text(self, row, path, nth):
        return {"text": "\n".join(flat(row).values()), "id": str(nth), "metadata": {}}

    with tempfile.TemporaryDirectory() as folder:
        reader = JsonlReader(str(Path(file).parent), glob_pattern=Path(file).name, adapter=text)
        out, groups = str(Path(folder) / "out"), ["summary", "histogram"]  # its others are by web address
        stats = [made(out, groups_to_compute=groups) for made in (DocStats, WordStats, LineStats, ParagraphStats)]
        LocalPipelineExecutor([reader, *stats], logging_dir=str(Path(folder) / "logs"), workers=1).run()


def main():
    tool, file = sys.argv[1:]
    {"python": python, "ydata-profiling": ydata, "datatrove": datatrove}[tool](file)
    its, theirs = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    seconds = its.ru_utime + its.ru_stime + theirs.ru_utime + theirs.ru_stime
    status = Path("/proc/self/status").read_text(encoding="ascii")  # ru_maxrss is also that of who started us
    kb = max(int(status.split("VmHWM:")[1].split()[0]), theirs.ru_maxrss)
    sys.stdout.write("\n" + json.dumps([seconds, kb / 1024]) + "\n")


if __name__ == "__main__":
    main()
