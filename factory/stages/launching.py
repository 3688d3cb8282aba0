"""Several processes that train together: how `--accelerate CONFIG` starts them, and how they end.

`accelerate launch` starts one process a GPU. On CPUs (`distributed_type: MULTI_CPU`) it starts several only through
MPI, and else one, whatever `num_processes` says. So without MPI ranks.py starts them on this machine, and torch's own
launcher on several; they talk over gloo.
"""

import contextlib
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from factory.errors import WrongRequest

ENDING_S = 10.0  # that a launcher has to end its processes


def launcher(config: Path) -> tuple[list[str], dict[str, str]]:
    """The module and arguments to put before ours, and the environment. Raises WrongRequest for a file that is none."""
    try:
        its = yaml.safe_load(config.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        its = None
    if not isinstance(its, dict):
        raise WrongRequest(f"--accelerate: {config} is no config of accelerate. Make one with: accelerate config")
    if its.get("distributed_type") != "MULTI_CPU" or _has_mpi(its):
        return ["-m", "accelerate.commands.launch", "--config_file", str(config)], {}
    machines, processes = int(its.get("num_machines") or 1), max(1, int(its.get("num_processes") or 1))
    cpu = {"ACCELERATE_USE_CPU": "true"}
    if machines == 1:
        return ["-m", "factory.stages.ranks", str(processes)], cpu
    return ["-m", "torch.distributed.run", *_places(its, machines, processes)], cpu


def _has_mpi(its: Mapping[str, Any]) -> bool:
    return bool((its.get("mpirun_config") or {}).get("mpirun_hostfile"))


def _places(its: Mapping[str, Any], machines: int, processes: int) -> list[str]:
    """How many processes, where; `processes` counts those of all machines."""
    main, port = its.get("main_process_ip"), its.get("main_process_port")
    if not main or not port:
        raise WrongRequest("--accelerate: several machines need main_process_ip and main_process_port in the config.")
    rank = str(its.get("machine_rank") or 0)
    return [
        "--nproc-per-node",
        str(max(1, processes // machines)),
        "--nnodes",
        str(machines),
        "--node-rank",
        rank,
        "--master-addr",
        str(main),
        "--master-port",
        str(port),
    ]


def end(process: "subprocess.Popen[str]") -> None:
    """Let a launcher end what it started; killed, it would leave its processes behind."""
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(ENDING_S)
