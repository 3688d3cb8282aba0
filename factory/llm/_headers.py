"""What servers say about waiting, in the headers of an answer: Retry-After and the x-ratelimit family."""

import math
import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?\Z")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a server asks to wait: Retry-After as seconds or as a date, or retry-after-ms (Azure, OpenAI)."""
    thousandths = _number(headers.get("retry-after-ms", ""))
    if thousandths is not None:
        return thousandths / 1000
    said = headers.get("Retry-After", "")
    seconds = _number(said)
    return _until(said, headers.get("Date")) if seconds is None else seconds


def _number(text: str) -> float | None:
    """A number of seconds, 0 for a negative one; None for what is none."""
    try:
        number = float(text)
    except ValueError:
        return None
    return max(0.0, number) if math.isfinite(number) else None


def _until(date: str, today: str | None) -> float | None:
    """Seconds between two HTTP dates: the server's own clock is asked, where it tells it."""
    try:
        then = parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError):
        return None
    try:
        now = parsedate_to_datetime(today or "").timestamp()
    except (ValueError, OverflowError):
        now = time.time()
    return max(0.0, then - now)


def nothing_left(headers: Mapping[str, str]) -> float | None:
    """Seconds until there is something again, where x-ratelimit headers say that nothing remains; else None."""
    waits = []
    for what in ("requests", "tokens"):
        remaining = headers.get(f"x-ratelimit-remaining-{what}")
        if remaining is not None and remaining.strip() in ("0", "0.0"):
            wait = duration(headers.get(f"x-ratelimit-reset-{what}", ""))
            waits += [wait] if wait is not None else []
    return max(waits, default=None)


def duration(text: str) -> float | None:
    """Seconds of `6m0s`, `1h2m`, `350ms`, `12` or `0.5`; None for anything else, also for dates."""
    text = text.strip()
    try:
        seconds = float(text)
    except ValueError:
        found = DURATION.match(text)
        if not text or found is None:
            return None
        hours, minutes, rest, thousandths = (float(part or 0) for part in found.groups())
        return hours * 3600 + minutes * 60 + rest + thousandths / 1000
    return seconds if 0 <= seconds < 1e6 else None  # larger: a moment since 1970, not a length of time
