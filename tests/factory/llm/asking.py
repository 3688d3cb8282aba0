"""A process that asks: `python -m tests.factory.llm.asking URL JOURNAL LAST USED [CAP]`, to be killed.

It asks for the prompts 0 to LAST, below a cap if one is given (`inf`: at a price, without a cap), and writes each one
to USED as soon as it has its answer in hand.
"""

import asyncio
import math
import os
import sys

from factory.llm import LLM

PRICE = {"input": 1.0, "output": 2.0}  # per million tokens


async def main(url: str, journal: str, last: int, used: str, cap: float | None = None) -> None:
    out = os.open(used, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    async def ask(nth: int) -> None:
        [reply] = await llm.chat(f"Say {nth}.")
        os.write(out, f"{nth} {reply.text}\n".encode())

    money = {"price": PRICE, "max_tokens": 20} if cap is not None else {}
    money |= {"max_spend": cap} if cap not in (None, math.inf) else {}
    async with LLM(model="test", base_url=url, journal=journal, in_flight=32, **money) as llm:
        await asyncio.gather(*map(ask, range(last)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], *map(float, sys.argv[5:])))
