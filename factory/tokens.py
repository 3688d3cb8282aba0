"""How many tokens texts have: under a tokenizer, or estimated where there is none.

The estimate is UTF-8 bytes divided by four, rounded up: English prose under current tokenizers. It is called one
wherever it is shown.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from factory.errors import WrongRequest

BYTES_A_TOKEN = 4


def count(texts: Sequence[str], tokenizer: Path | None) -> list[int]:
    """The tokens of each text, special ones apart; `tokenizer` is a tokenizer.json."""
    if tokenizer is None:
        return [-(-len(text.encode("utf-8", "surrogatepass")) // BYTES_A_TOKEN) for text in texts]
    return [len(encoded.ids) for encoded in load(tokenizer).encode_batch(list(texts), add_special_tokens=False)]


def shared(one: str, other: str, tokenizer: Path | None) -> int:
    """The tokens with which both texts begin; estimated, those of the characters with which both begin."""
    if tokenizer is None:
        return len(one[: shared_prefix(one, other)].encode("utf-8", "surrogatepass")) // BYTES_A_TOKEN
    first, second = (load(tokenizer).encode(text, add_special_tokens=False).ids for text in (one, other))
    return shared_prefix(first, second)


def shared_prefix(one: Sequence[Any], other: Sequence[Any]) -> int:
    """The number of characters, or of other things, with which both begin."""
    least, most = 0, min(len(one), len(other))
    while least < most:
        middle = (least + most + 1) // 2
        if one[least:middle] == other[least:middle]:
            least = middle
        else:
            most = middle - 1
    return least


@cache
def load(file: Path) -> Any:
    """The tokenizer in a tokenizer.json. Raises WrongRequest where it is none."""
    from tokenizers import Tokenizer

    if file.is_dir():
        raise WrongRequest(f"{file} is a folder. Name the tokenizer.json in it.")
    try:
        return Tokenizer.from_file(str(file))
    except Exception as error:  # the library raises bare Exception
        raise WrongRequest(
            f"{file} is no tokenizer.json that can be read. Save it again with 'save_pretrained'."
        ) from error
