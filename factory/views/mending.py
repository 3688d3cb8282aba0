"""What mends a finding, as one types it: the filter that takes rows out, by command or by a line of the recipe.

Of rows that were read as they are it is a command on the dataset; of rows made from documents a line of the recipe; of
pairs that are pairs only once rankings are exported a command on what left.
"""

import shlex
from pathlib import Path
from typing import NamedTuple

from factory import addresses
from factory.runs import Run
from factory.views import declared

DATASET = "DATASET"  # in a command: stands for the dataset, until `named` says which


class Mends(NamedTuple):
    """Where what mends has to be written."""

    of_documents: bool
    of_rankings: bool = False

    @classmethod
    def of(cls, run: Run) -> "Mends":
        """For the rows of a run."""
        return cls(declared.has_documents(run))

    def by(self, filter_: str, **options: str) -> str:
        """The filter with these options."""
        spec = ",".join(f"{name}={value}" for name, value in options.items())
        entry = ", ".join(f"{name}: {value}" for name, value in options.items())
        spec = f"'{filter_}:{spec}'" if options else filter_
        recipe = f"in the recipe `filter: [{f'{filter_}: {{{entry}}}' if options else filter_}]`"
        if self.of_rankings:
            return f"`factory filter RUN/dataset/preference -f {spec} -o clean.jsonl`: there rankings are pairs"
        return recipe if self.of_documents else f"`factory filter {DATASET} -f {spec} -o clean.jsonl`, or {recipe}"


def named(run: Run) -> str:
    """What a command calls the dataset: the name of its file, or its id or address; DATASET where there are several."""
    sources = declared.recipe(run).sources
    if len(sources) != 1 or sources[0].gives != "records":
        return DATASET
    path = str(sources[0].path)
    elsewhere = path.startswith("hf:") or addresses.is_remote(path)
    return shlex.quote(addresses.bare(path) if elsewhere else Path(path).name)
