"""The command line: parses, calls, prints. Nothing heavy is imported before a verb is chosen."""

import os
import signal
import sys
from types import FrameType

from factory.errors import FactoryError


def main() -> None:
    """The `factory` command. Ends with 0, 1 (a check failed), 2 (wrong request), 3 (stopped, resumable) or 130."""
    from factory.cli.app import app

    signal.signal(signal.SIGTERM, _interrupt)
    try:
        app()
    except FactoryError as error:
        _say(str(error))
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        _say("Interrupted. What is done is safe; run the same command again and it goes on.")
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader left, as `head` does
        sys.exit(0)
    except Exception as error:  # noqa: BLE001 # the last line: no traceback, whose values may quote a document
        if os.environ.get("FACTORY_TRACEBACK"):
            raise
        _say(f"A fault of dataset-factory: {_where(error)}. What is done is safe. Set FACTORY_TRACEBACK=1 to see all, and report it.")
        sys.exit(3)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _where(error: BaseException) -> str:
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    place = f" at {os.path.basename(last.tb_frame.f_code.co_filename)}:{last.tb_lineno}" if last else ""  # noqa: PTH119 # no pathlib for one name
    return f"{type(error).__name__}{place}"


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
