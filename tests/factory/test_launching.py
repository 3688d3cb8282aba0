"""How several processes are started that train together."""

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


def test_on_cpus_without_mpi_torch_starts_as_many_as_are_said(tmp_path: Path) -> None:
    assert told(tmp_path, "distributed_type: MULTI_CPU\nnum_processes: 3\n") == [
        "-m", "torch.distributed.run", "--nproc-per-node", "3", "--standalone",
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
