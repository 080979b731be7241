"""Where the containers of one emulator find what is theirs on this machine: init, its socket, code and layers."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from lambda_emu.architectures import MACHINES
from lambda_emu.folders import PASSED_THROUGH, close_to_others, remove_sessions
from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.docker.client import OWNER_LABEL, PROCESSES_LABEL, SESSION_LABEL
from lambda_emu.sandbox.init.binary import find_init
from lambda_emu.sandbox.init.socket_file import SocketFile
from lambda_emu.sandbox.leases import own_processes


class Home(Struct, frozen=True):
    """What an engine needs to know of the emulator.

    run_dir: bind-mounted into containers, so the engine must see it under the same path.
    """

    session: str
    owner: str
    run_dir: Path

    @property
    def labels(self) -> dict[str, str]:
        """What every container bears from its creation on."""
        return {SESSION_LABEL: self.session, OWNER_LABEL: self.owner, PROCESSES_LABEL: own_processes()}

    def init(self, architecture: str) -> Path:
        """Our init, at a path that the engine can mount."""
        return self.run_dir / f"init-{MACHINES[architecture]}"


def prepare_folder(home: Home) -> None:
    """A fresh folder for this session's sandboxes; what earlier ones left is nobody's: the data folder is locked.

    SandboxError for an init that cannot be used. OSError.
    """
    inits = [find_init(machine) for machine in MACHINES.values()]
    remove_sessions(home.run_dir.parent)
    for folder in (home.run_dir.parent, home.run_dir):
        folder.mkdir(exist_ok=True)
        close_to_others(folder, PASSED_THROUGH)
    for init in inits:
        shutil.copy2(init, home.run_dir / init.name)


def make_folders(file: SocketFile, names: Sequence[str]) -> None:
    """What is mounted: for its init, and where its code and layers will be. SandboxError if there is no room."""
    folder = file.folder.parent
    try:
        folder.mkdir()
        folder.chmod(PASSED_THROUGH)
        file.make()
        for name in names:
            (folder / name).mkdir()
            (folder / name).chmod(0o755)  # whatever the umask: inside it is another user's
    except OSError as error:
        raise SandboxError(f"the folder of a container could not be made: {error}") from error
