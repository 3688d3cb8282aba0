"""What may be a card, an IBAN, a bitcoin or IPv6 address: all that presidio finds, and little more."""

import subprocess
import sys
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from presidio_analyzer.predefined_recognizers.generic.iban_patterns import regex_per_country

from filters._check_digits import IBAN_COUNTRIES, may_be_bitcoin, may_be_card, may_be_iban, may_be_ipv6
from filters._presidio import _presidios

MAY_BE = {"credit_card": may_be_card, "crypto": may_be_bitcoin, "iban": may_be_iban, "ip": may_be_ipv6}
VALUES = [
    "4111 1111 1111 1111", "4111-1111-1111-1111 110", "378282246310005", "3782 822463 10005", "0604000000000000",
    "DE89 3704 0044 0532 0130 00", "gb29nwbk60161331926819", "FR14-2004-1010-0505-0001-3M02-606",
    "1BoatSLRHtKNngkdXEeobR76b53LETtpyT", "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy", "11111111111111111111BZbvjr",
    "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0", "2001:db8::8a2e:370:7334", "fe80::%eth0",
    "::ffff:10.2.3.4", "1:2:3:4::", "2001:db8:1:2:3:4:5:6", "64:ff9b::10.2.3.4", "2001:db8:1:2:3:4:10.2.3.4",
]  # fmt: skip
SIGNS = "0123456789 -:.%/abcdefABCDEFxyzÉ²\n"


@pytest.mark.parametrize(("kind", "may_be"), MAY_BE.items())
@given(data=st.data())
def test_nothing_that_presidio_finds_is_passed_over(
    kind: str, may_be: Callable[[str], bool], data: st.DataObject
) -> None:
    glued = st.text(alphabet=SIGNS, max_size=12)
    parts = data.draw(st.lists(st.tuples(glued, st.sampled_from(VALUES)), max_size=3))
    text = "".join(before + value for before, value in parts) + data.draw(glued)
    if list(_presidios()[kind].hits(text)):
        assert may_be(text)


@pytest.mark.parametrize("value", VALUES)
def test_what_is_one_may_be_one(value: str) -> None:
    assert [kind for kind, may_be in MAY_BE.items() if may_be(f"It is {value}.")]


@pytest.mark.parametrize(
    "text",
    ["4111 1111 1111 1112", "1514943473584", "MX150 graphics card", "DE88 3704 0044 0532 0130 00",
     "31415926535897932384626433832795", "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mbb", "add::face", "10:20:30"],
)  # fmt: skip
def test_wrong_check_digits_are_none(text: str) -> None:
    assert not any(may_be(text) for may_be in MAY_BE.values())


def test_every_country_whose_ibans_presidio_knows_is_one_of_ours() -> None:
    assert set(regex_per_country) <= IBAN_COUNTRIES


def test_wrong_check_digits_do_not_load_presidio() -> None:
    code = (
        "import sys; from filters._presidio import find; find('Card 4111 1111 1111 1112, MX150 graphics card, "
        "DE88 3704 0044 0532 0130 00'); print('presidio_analyzer' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.slow
@pytest.mark.parametrize("bait", ["1", "4111 ", "a1", "DE89 ", "1:", "::", "bc1q", "1111-111111-"])
def test_bait_is_read_to_its_end(bait: str) -> None:
    text = bait * (200_000 // len(bait))
    for may_be in MAY_BE.values():
        may_be(text)
