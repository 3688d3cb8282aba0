"""Carry the words of a document through a Markdown writer untouched.

Each ASCII punctuation mark of the text is swapped for a code point that no text may use (U+FDD0 to U+FDEF, of which
there are as many), so that nothing in it is escaped, dropped or taken for markup; what is punctuation afterwards is the
writer's own. One for one: offsets found in between stay right.
"""

import string

_BARS = "|"  # stays, so that the writer escapes it in the cells of a table
_MARKS = [mark for mark in string.punctuation if mark not in _BARS]
_STAND_INS = [chr(0xFDD0 + nth) for nth in range(len(_MARKS))]
_PROTECT = str.maketrans(dict(zip(_MARKS, _STAND_INS, strict=True)) | dict.fromkeys(_STAND_INS, "\ufffd"))
_RESTORE = str.maketrans(dict(zip(_STAND_INS, _MARKS, strict=True)))


def protect(text: str) -> str:
    """`text` with a stand-in for each punctuation mark."""
    return text.translate(_PROTECT)


def restore(text: str) -> str:
    """The punctuation marks back in place."""
    return text.translate(_RESTORE)
