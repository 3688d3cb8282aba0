"""Start Python as several processes of one training on this machine: `python -m factory.stages.ranks N ARGUMENTS`.

They find each other at 127.0.0.1 and talk over gloo. torch's own launcher does the same and looks up this machine's
name on the network first, which nobody asked for. The first process that fails ends the others; its exit code is ours.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence

LOOPBACK = "127.0.0.1"
LOOK_S, ENDING_S = 0.05, 5.0
ENDED = 128 + signal.SIGTERM


def main(processes: int, *command: str) -> int:
    """Start them and wait; returns the exit code of the first that failed, 0 where none did."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(ENDED))  # what was started is ended on the way out
    started: list[subprocess.Popen[bytes]] = []
    try:
        for world in _worlds(processes):
            environment = {**os.environ, **world}
            started.append(subprocess.Popen([sys.executable, *command], env=environment))  # noqa: S603 # our own
        while True:
            codes = [process.poll() for process in started]
            if failed := [code for code in codes if code]:
                return failed[0]
            if None not in codes:
                return 0
            time.sleep(LOOK_S)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        _end(started)


def _worlds(processes: int) -> list[dict[str, str]]:
    """What each process is told: which one it is, of how many, and where they meet."""
    with socket.socket() as free:
        free.bind((LOOPBACK, 0))
        port = free.getsockname()[1]
    all_ = {"WORLD_SIZE": str(processes), "LOCAL_WORLD_SIZE": str(processes)}
    all_ |= {"MASTER_ADDR": LOOPBACK, "MASTER_PORT": str(port)}
    if any(name == "lo" for _, name in socket.if_nameindex()):
        all_["GLOO_SOCKET_IFNAME"] = "lo"  # else gloo looks for an address by the machine's name
    return [{**all_, "RANK": str(rank), "LOCAL_RANK": str(rank)} for rank in range(processes)]


def _end(started: Sequence["subprocess.Popen[bytes]"]) -> None:
    for process in started:
        process.terminate()
    for process in started:
        try:
            process.wait(ENDING_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), *sys.argv[2:]))
