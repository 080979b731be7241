"""AWS's runtime clients, fetched or compiled once and kept in the cache folder."""

from __future__ import annotations

import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from msgspec import Struct

from lambda_emu.runtimes import NodeClient, PythonClient
from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.building.debian import MACHINES, debootstrap, options
from lambda_emu.sandbox.building.image_plan import ImagePlan
from lambda_emu.sandbox.building.tool_runner import Progress, ToolRunner

HOST_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
"""Handed to npm: where a proxy opens TLS, only the host knows its certificate."""

COMPILED = ("index.mjs", "package.json", "rapid-client.node")


class Clients(Struct, frozen=True):
    """cache: where they are kept, by what they are made of. scratch: for what is not finished, removed by its owner."""

    cache: Path
    scratch: Path
    tools: ToolRunner

    def folder(self, plan: ImagePlan, progress: Progress) -> Path | None:
        """What belongs into /var/runtime; None where the function brings its own client. May take two minutes."""
        match plan.recipe.client:
            case PythonClient() as client:
                argv = _pip(client, plan.architecture)
                return self._kept(argv, lambda folder: self._download([*argv, f"--target={folder}"], progress))
            case NodeClient() as client:
                script = plan.client_script or b""
                inputs = [client.npm, *options(client.suite, client.packages, plan.architecture), script.decode()]
                return self._kept(inputs, lambda folder: self._compile(client, plan, folder, progress))
        return None

    def _kept(self, inputs: list[str], make: Callable[[Path], None]) -> Path:
        """The folder that was made of these inputs. Made now if it never was; it gets its name when it is complete."""
        folder = self.cache / sha256("\0".join(inputs).encode()).hexdigest()[:16]
        if not folder.is_dir():
            partial = self.scratch / "client"
            partial.mkdir()
            make(partial)
            self.cache.mkdir(parents=True, exist_ok=True)
            _name(partial, folder)
        return folder

    def _download(self, argv: list[str], progress: Progress) -> None:
        progress("fetching the runtime client with pip")
        try:
            self.tools.run(argv, progress)
        except SandboxError as error:
            if "No module named pip" in str(error):
                hint = "run lambda-emu from a virtual environment, or as root: apt-get install python3-pip"
                raise SandboxError(f"{sys.executable} has no pip to fetch the runtime client with; {hint}") from error
            raise

    def _compile(self, client: NodeClient, plan: ImagePlan, folder: Path, progress: Progress) -> None:
        progress("compiling the runtime client; this is done once and takes a minute or two")
        script = self.scratch / "client.sh"
        script.write_bytes(plan.client_script or b"")
        certificates = [f"upload {HOST_CERTIFICATES} /host-ca.crt"] if HOST_CERTIFICATES.is_file() else []
        hooks = [
            f"upload {script} /client.sh",
            *certificates,
            f'chroot "$1" /bin/sh /client.sh {client.npm}',
            *(f"download /client/{name} {folder / name}" for name in COMPILED),
        ]
        arguments = options(client.suite, client.packages, plan.architecture)
        arguments += [f"--extract-hook={hook}" for hook in hooks]
        debootstrap([*arguments, "--format=null", client.suite, "/dev/null"], self.tools, progress)


def _name(partial: Path, folder: Path) -> None:
    """The build of another runtime may have made the same client meanwhile; then that one is as good."""
    try:
        partial.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise


def _pip(client: PythonClient, architecture: str) -> list[str]:
    """Wheels for the image's Python, whatever Python runs us."""
    machine = MACHINES[architecture]
    return [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--root-user-action=ignore"),
        *("--implementation=cp", f"--python-version={client.python}", "--only-binary=:all:"),
        *(f"--platform=manylinux2014_{machine}", f"--platform=manylinux_2_28_{machine}"),
        *client.pip,
    ]
