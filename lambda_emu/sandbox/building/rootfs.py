"""Makes the root file system of an image as a tar: Debian packages, our files, the runtime client."""

from __future__ import annotations

import tarfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

from lambda_emu.sandbox.building.debian import debootstrap
from lambda_emu.sandbox.building.image_plan import ImagePlan
from lambda_emu.sandbox.building.tool_runner import Progress, ToolRunner


def build_root(plan: ImagePlan, client: Path | None, folder: Path, tools: ToolRunner, progress: Progress) -> Path:
    """Write <folder>/root.tar. folder: exists, and is the caller's to remove."""
    overlay, root = folder / "overlay.tar", folder / "root.tar"
    _write_overlay(plan.files, client, overlay)
    hooks = [f"tar-in {overlay} /", f'chroot "$1" /bin/sh /tmp/finish.sh {plan.runtime.os}']
    arguments = [*plan.debian_options(), *(f"--extract-hook={hook}" for hook in hooks)]
    debootstrap([*arguments, plan.recipe.suite, str(root)], tools, progress)
    return root


def _write_overlay(files: Mapping[str, bytes], client: Path | None, output: Path) -> None:
    """Everything of ours as root's, with modes that do not depend on how this package was installed."""
    with tarfile.open(output, "w") as tar:
        for path, content in files.items():
            _add(tar, path.lstrip("/"), content)
        if client is not None:
            for found in sorted(path for path in client.rglob("*") if path.is_file()):
                _add(tar, f"var/runtime/{found.relative_to(client)}", found.read_bytes())


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    entry.mode = 0o755 if content.startswith(b"#!") else 0o644
    tar.addfile(entry, BytesIO(content))
