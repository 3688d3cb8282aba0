"""The command line: parses, calls, prints. Nothing heavy is imported before a verb is chosen."""

import contextlib
import os
import sys

from factory.cli.interrupts import Interrupts, is_interrupt
from factory.errors import FactoryError, where

# Arrow's own allocators keep what was freed, some 500 MB after a text of 50 MB; the C library gives large pieces back
# at once. Arrow asks for it where it is loaded, so that this is said before, and our processes have it from us.
LEAN = ("ARROW_DEFAULT_MEMORY_POOL", "system")


def main() -> None:
    """The `factory` command. Ends with 0, 1 (a check failed), 2 (wrong request), 3 (stopped, resumable) or 130."""
    os.environ.setdefault(*LEAN)
    from factory.cli.app import app

    interrupts = Interrupts()
    interrupts.install()
    try:
        app()
    except FactoryError as error:
        _say(str(error))
        sys.exit(error.exit_code)
    except OSError as error:
        _say(f"{_refused(error)}. What is done is safe: mend that, then run the same command again.")
        sys.exit(3)
    except Exception as error:  # the last line: no traceback, whose values may quote a document
        if os.environ.get("FACTORY_TRACEBACK"):
            raise
        _say(
            f"A fault of dataset-factory: {where(error)}. What is done is safe. "
            "Set FACTORY_TRACEBACK=1 to see all, and report it."
        )
        sys.exit(3)
    except BaseException as error:
        if not is_interrupt(error):
            raise
        if interrupts.time_is_over:
            _say("The time of --max-time is over. What is done is safe; run the same command again and it goes on.")
            sys.exit(3)
        _say("Interrupted. What is done is safe; run the same command again and it goes on.")
        sys.exit(130)


def _refused(error: OSError) -> str:
    """`No space left on device (part-00000.parquet)`."""
    why = os.strerror(error.errno) if error.errno else type(error).__name__
    return f"{why} ({os.path.basename(error.filename)})" if isinstance(error.filename, str) else why  # noqa: PTH119 # as below


def _say(line: str) -> None:
    with contextlib.suppress(BrokenPipeError):
        sys.stderr.write(f"{line}\n")
