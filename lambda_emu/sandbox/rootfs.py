"""Makes the root file system of an image as a tar: Debian packages, our files, the runtime client."""

from __future__ import annotations

import os
import platform
import tarfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.blueprint import Blueprint
from lambda_emu.sandbox.workshop import Progress, Workshop

MACHINES = {"x86_64": ("x86_64", "AMD64"), "arm64": ("aarch64", "arm64")}
NEEDS_ROOT = (
    "building images needs root, or a user namespace: as root `apt-get install uidmap`, and a line for you in "
    "/etc/subuid and /etc/subgid"
)


def check_machine(architecture: str) -> None:
    """SandboxError where programs for this architecture cannot run: setting up an image runs some."""
    if platform.machine() in MACHINES[architecture] or _is_emulated(architecture):
        return
    raise SandboxError(
        f"this machine cannot run {architecture} programs, so it cannot build their images; "
        "as root: apt-get install qemu-user-static"
    )


def build_root(blueprint: Blueprint, client: Path | None, folder: Path, shop: Workshop, progress: Progress) -> Path:
    """Write <folder>/root.tar. folder: exists, and is the caller's to remove."""
    overlay, root = folder / "overlay.tar", folder / "root.tar"
    _write_overlay(blueprint.files, client, overlay)
    argv = [
        "mmdebstrap",
        *blueprint.debian_options(),
        f"--extract-hook=tar-in {overlay} /",
        f'--extract-hook=chroot "$1" /bin/sh /tmp/finish.sh {blueprint.runtime.os}',
        blueprint.recipe.suite,
        str(root),
    ]
    debootstrap(argv, shop, progress)
    return root


def debootstrap(argv: list[str], shop: Workshop, progress: Progress) -> None:
    """Run mmdebstrap, handing on its own words and not those of the tools below it."""

    def tell(line: str) -> None:
        if line.startswith("I: "):
            progress(line.removeprefix("I: "))

    try:
        shop.run(argv, tell)
    except SandboxError as error:
        raise error if os.geteuid() == 0 else SandboxError(f"{error}\n{NEEDS_ROOT}") from error


def _is_emulated(architecture: str) -> bool:
    return Path(f"/proc/sys/fs/binfmt_misc/qemu-{MACHINES[architecture][0]}").exists()


def _write_overlay(files: Mapping[str, bytes], client: Path | None, output: Path) -> None:
    """Everything of ours as root's, with modes that do not depend on how this package was installed."""
    with tarfile.open(output, "w") as tar:
        for path, content in files.items():
            _add(tar, path.lstrip("/"), content)
        for found in sorted(client.rglob("*")) if client is not None else ():
            if found.is_file():
                _add(tar, f"var/runtime/{found.relative_to(client or found)}", found.read_bytes())


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    entry.mode = 0o755 if content.startswith(b"#!") else 0o644
    tar.addfile(entry, BytesIO(content))
