"""What Docker is asked for containers: our init is their PID 1, and everything that Lambda forbids is forbidden.

Every call blocks. SandboxError.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import docker
from docker.types import LogConfig, Mount, Ulimit

from lambda_emu.sandbox.base import StemKind
from lambda_emu.sandbox.docker.call import InitCall
from lambda_emu.sandbox.docker.client import SESSION_LABEL, engine_errors, try_to_remove
from lambda_emu.sandbox.docker.home import Home, make_folders
from lambda_emu.sandbox.docker.limits import first_limits, memory_bytes
from lambda_emu.sandbox.files import remove_tree
from lambda_emu.sandbox.init.socket_file import NAME
from lambda_emu.sandbox.rlimits import OF_EACH_PROCESS, PROCESSES

INIT_PATH = "/var/rapid/init"
LINE_PATH = "/var/rapid/line"
"""The folder with the socket by which init calls us."""
USER = "993:990"


class Containers:
    """Those of one engine. line: where inits look for our socket."""

    def __init__(self, client: docker.DockerClient, home: Home) -> None:
        self.line = LINE_PATH
        self._client = client
        self._api = client.api
        self._home = home
        self.session_label = f"{SESSION_LABEL}={home.session}"

    def start(self, image: str, kind: StemKind, call: InitCall) -> str:
        """Its id. call: how its init reaches us."""
        make_folders(call.file, () if kind.image else ("task", "opt"))
        with engine_errors("starting a container"):
            container: str = self._api.create_container(
                image,
                entrypoint=[INIT_PATH],
                command=[],
                user=USER,
                environment={"LAMBDA_EMU_INIT": f"{self.line}/{NAME}|{call.address}:{call.secret}"},
                working_dir="/",
                healthcheck={"test": ["NONE"]},
                labels=self._home.labels,
                host_config=self._host_config(kind, call),
            )["Id"]
            self._api.start(container)
        return container

    def _host_config(self, kind: StemKind, call: InitCall) -> Any:
        mounts = [(self._home.init(kind.architecture), INIT_PATH)]
        mounts.append((call.file.folder, LINE_PATH))
        if not kind.image:  # which has its code inside
            folder = call.file.folder.parent
            mounts += [(folder / "task", "/var/task"), (folder / "opt", "/opt")]
        limits = first_limits(kind)
        memory = None if limits is None else memory_bytes(limits)
        return self._api.create_host_config(
            mem_limit=memory,
            memswap_limit=memory,
            auto_remove=True,
            read_only=True,
            mounts=[Mount(target, str(source), type="bind", read_only=True) for source, target in mounts],
            tmpfs={"/tmp": f"rw,nosuid,nodev,exec,mode=1777,size={kind.tmp_mb}m"},
            extra_hosts=call.hosts,
            network_mode=call.network.name,
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            ipc_mode="none",
            pids_limit=PROCESSES + 1,
            ulimits=[Ulimit(name=name, soft=soft, hard=hard) for name, (soft, hard) in OF_EACH_PROCESS.items()],
            log_config=LogConfig(type=LogConfig.types.NONE),
        )

    def remove(self, container: str, folder: Path) -> None:
        """With its folder."""
        try_to_remove(self._client, container)  # it removes itself when init ends; make sure of it
        remove_tree(folder)

    def runs(self, container: str) -> bool:
        with engine_errors(f"looking for container {container[:12]}"):
            return bool(self._api.containers(quiet=True, filters={"id": container}))

    def left(self) -> list[str]:
        """All that there are, running or not."""
        with engine_errors("looking for this session's containers"):
            found = self._api.containers(all=True, quiet=True, filters={"label": self.session_label})
            return [one["Id"] for one in found]
