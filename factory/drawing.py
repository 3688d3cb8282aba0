"""What a seed draws: the same number for the same names, whenever, wherever and in whatever order it is asked."""

from hashlib import blake2b


def draw(*names: object) -> bytes:
    """Where something stands in a drawn order: 8 bytes that only the names decide, the seed among them."""
    return blake2b("/".join(map(str, names)).encode(errors="surrogatepass"), digest_size=8).digest()


def draw_below(among: int, *names: object) -> int:
    """A number from 0 to `among` - 1."""
    return int.from_bytes(draw(*names)) % among
