"""IPv4 and MAC addresses. Those of IPv6 are presidio's."""

import re

from filters._recogniser import Hit, Patterns

HOST_WORDS = ("ip", "ips", "ipv4", "ipv6", "host", "server")
UNSURE = 0.2
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_NO_HOST = ("0.", "127.", "255.")  # this network, loopback, masks
_SECTION = re.compile(r"[0-9](?:\.[0-9]){3}")
_VERSION = re.compile(r"(?i)(?:\b(?:version|release|ver|v|section|chapter|rev|build)\b\W*|[=<>~^]=\s*|§\s*)$")
_PAIR, _FOUR = "[0-9A-Fa-f]{2}", "[0-9A-Fa-f]{4}"


def is_version(text: str, start: int) -> bool:
    """Whether the words before say that a version or a section is written there."""
    return _VERSION.search(text[max(0, start - 12) : start]) is not None


class Hosts(Patterns):
    """IPv4 addresses of a host: no loopback, no netmask, no version number; what may be a section needs a word."""

    def __init__(self) -> None:
        form = rf"(?<![\w.])(?:{_OCTET}\.){{3}}{_OCTET}(?:/(?:3[0-2]|[12]?[0-9]))?(?!\w|\.\w)"
        super().__init__("ip", [(form, 0.6)], HOST_WORDS)

    def hits(self, text: str) -> list[Hit]:
        """The addresses of `text`."""
        found = (hit for hit in super().hits(text) if not is_version(text, hit.start))
        return [hit._replace(score=UNSURE) if _SECTION.fullmatch(text, hit.start, hit.end) else hit for hit in found]

    def is_sure(self, value: str) -> bool | None:
        """False for no host's."""
        return False if value.startswith(_NO_HOST) else None


class Machines(Patterns):
    """MAC addresses: six pairs, or three groups of four; part of no longer row of pairs, which is a fingerprint."""

    def __init__(self) -> None:
        pairs = rf"(?<![\w:-]){_PAIR}([:-])(?:{_PAIR}\1){{4}}{_PAIR}(?!\w|[:-]{_PAIR})"
        dots = rf"(?<![\w.])(?=[0-9.]*[A-Fa-f]){_FOUR}\.{_FOUR}\.{_FOUR}(?!\w|\.\w)"
        words = ("mac", "mac address", "hardware address", "physical address", "ethernet")
        super().__init__("mac", [(pairs, 0.6), (dots, 0.6)], words)

    def is_sure(self, value: str) -> bool | None:
        """False for the address of none and of all."""
        return False if set(re.sub("[:.-]", "", value.lower())) in ({"0"}, {"f"}) else None
