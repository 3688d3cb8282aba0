"""What reads pictures of text: the program tesseract (R. Smith 2007, ICDAR), as it is installed on this machine."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass

from factory.errors import WrongRequest, did_you_mean

PROGRAM = "tesseract"
PATIENCE_S = 60  # for what it says of itself, on a busy machine
ORIENTATION = "osd"  # the data that tells which way up a page is; Debian's package brings it, others as a language
INSTALL = "apt-get install tesseract-ocr, brew install tesseract, or https://tesseract-ocr.github.io"


@dataclass(frozen=True, slots=True)
class Ocr:
    """What reads pictures: the program's version, the languages it looks for, and whether it turns pages upright."""

    version: str
    languages: tuple[str, ...]
    turns: bool = False

    def __str__(self) -> str:
        return f"{PROGRAM} {self.version} {'+'.join(self.languages)}{' turning pages' if self.turns else ''}"


def installed(languages: Sequence[str]) -> Ocr:
    """The program as it is installed. Raises WrongRequest where it is not there, or lacks a language."""
    if shutil.which(PROGRAM) is None:
        raise WrongRequest(f"the program {PROGRAM} is not installed: {INSTALL}")
    there = [line.strip() for line in _said("--list-langs")[1:]]
    for language in languages:
        if language not in there:
            raise WrongRequest(
                f"{PROGRAM} has no language '{language}'.{did_you_mean(language, there)} Installed: "
                f"{', '.join(there) or 'none'}. More: apt-get install {PROGRAM}-ocr-{language.replace('_', '-')}, or "
                "https://tesseract-ocr.github.io/tessdoc/Data-Files"
            )
    return Ocr(_said("--version")[0].removeprefix(PROGRAM).strip(), tuple(languages), ORIENTATION in there)


def _said(question: str) -> list[str]:
    """The lines that the program answers, of which releases put some on stderr. Raises WrongRequest where it fails."""
    import subprocess  # 10 ms that nobody pays who has no scans

    try:
        done = subprocess.run(  # noqa: S603 # a program that the user asked for, by its fixed name
            [PROGRAM, question],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE_S, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        raise WrongRequest(f"'{PROGRAM} {question}' does not work ({type(error).__name__}): {INSTALL}") from None
    return done.stdout.decode("utf-8", "replace").splitlines() or [""]
