"""How several processes are started that train together."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from factory.errors import WrongRequest
from factory.stages.launching import launcher


def told(folder: Path, config: str) -> list[str]:
    file = folder / "config.yaml"
    file.write_text(config)
    return launcher(file)[0]


def test_gpus_and_mpi_are_for_accelerate(tmp_path: Path) -> None:
    for config in (
        "distributed_type: MULTI_GPU\nnum_processes: 2\n",
        "distributed_type: MULTI_CPU\nnum_processes: 2\nmpirun_config: {mpirun_hostfile: hosts}\n",
    ):
        assert told(tmp_path, config) == [
            "-m",
            "accelerate.commands.launch",
            "--config_file",
            f"{tmp_path}/config.yaml",
        ]


def test_on_cpus_without_mpi_as_many_are_started_as_are_said(tmp_path: Path) -> None:
    assert told(tmp_path, "distributed_type: MULTI_CPU\nnum_processes: 3\n") == [
        "-m", "factory.stages.ranks", "3",
    ]  # fmt: skip
    several = "distributed_type: MULTI_CPU\nnum_processes: 4\nnum_machines: 2\nmachine_rank: 1\n"
    with pytest.raises(WrongRequest, match="main_process_ip"):
        told(tmp_path, several)
    where = told(tmp_path, f"{several}main_process_ip: 10.0.0.1\nmain_process_port: 29500\n")
    assert where[2:4] == ["--nproc-per-node", "2"]
    assert where[4:] == [
        "--nnodes", "2", "--node-rank", "1", "--master-addr", "10.0.0.1", "--master-port", "29500",
    ]  # fmt: skip


@pytest.mark.parametrize("config", ["- a list", "{", ""])
def test_a_file_that_is_no_config_is_a_wrong_request(config: str, tmp_path: Path) -> None:
    with pytest.raises(WrongRequest, match="is no config of accelerate"):
        told(tmp_path, config)


RANKS = [sys.executable, "-m", "factory.stages.ranks"]


def test_each_rank_is_told_which_it_is_and_where_all_meet() -> None:
    names = "'RANK', 'WORLD_SIZE', 'MASTER_ADDR'"  # written at once: the ranks share a pipe
    said = f"import os; os.write(1, (' '.join(os.environ[name] for name in ({names})) + '\\n').encode())"
    ended = subprocess.run([*RANKS, "3", "-c", said], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, sorted(ended.stdout.splitlines())) == (
        0,
        ["0 3 127.0.0.1", "1 3 127.0.0.1", "2 3 127.0.0.1"],
    )


def test_a_rank_that_fails_ends_the_others() -> None:
    code = "import os, time; time.sleep(0 if os.environ['RANK'] == '1' else 600); raise SystemExit(7)"
    assert subprocess.run([*RANKS, "2", "-c", code], timeout=60).returncode == 7


def test_when_it_is_ended_its_ranks_are() -> None:
    waits = "import os, time; os.write(1, b'%d\\n' % os.getpid()); time.sleep(600)"
    with subprocess.Popen([*RANKS, "2", "-c", waits], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            ranks = [int(process.stdout.readline()) for _ in range(2)]
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 128 + signal.SIGTERM
        finally:
            process.kill()
    assert not [rank for rank in ranks if Path(f"/proc/{rank}").exists()]
