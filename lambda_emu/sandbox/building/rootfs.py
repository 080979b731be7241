"""Makes the root file system of an image as a tar: Debian packages, our files, parts from other registries."""

from __future__ import annotations

import tarfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import IO

from lambda_emu.sandbox.building.debian import mmdebstrap
from lambda_emu.sandbox.building.image_plan import ImagePlan
from lambda_emu.sandbox.building.tool_runner import Progress, ToolRunner

IN_ROOT = """
mount -t proc proc "$1/proc" 2>/dev/null || mount --rbind /proc "$1/proc" 2>/dev/null || true
chroot "$1" /bin/sh /tmp/finish.sh "$2"
"""
"""Some programs find themselves by /proc. In mounts of its own, which end with the shell."""
OWN_MOUNTS = "$(unshare --mount true 2>/dev/null && echo unshare --mount)"
"""Nothing where that is not allowed, as in a container without privileges; then nor is a mount."""


def build_root(plan: ImagePlan, parts: Mapping[str, Path], folder: Path, tools: ToolRunner, progress: Progress) -> Path:
    """Write <folder>/root.tar. parts: folders, by where they belong. folder: exists, and is the caller's to remove."""
    overlay, script, root = folder / "overlay.tar", folder / "in-root.sh", folder / "root.tar"
    script.write_text(f"set -e{IN_ROOT}")
    _write_overlay(plan.files, parts, overlay)
    hooks = [f"tar-in {overlay} /", f'{OWN_MOUNTS} /bin/sh {script} "$1" {plan.runtime.os}']
    arguments = [*plan.debian_options(), *(f"--extract-hook={hook}" for hook in hooks)]
    mmdebstrap([*arguments, plan.recipe.suite, str(root)], tools, progress)
    return root


def _write_overlay(files: Mapping[str, bytes], parts: Mapping[str, Path], output: Path) -> None:
    """Everything of ours as root's, with modes that do not depend on how this package was installed."""
    with tarfile.open(output, "w") as tar:
        for path, content in files.items():
            _add(tar, path, len(content), BytesIO(content), content.startswith(b"#!"))
        for where, folder in parts.items():
            for found in sorted(path for path in folder.rglob("*") if path.is_file()):
                with found.open("rb") as file:
                    may_run = bool(found.stat().st_mode & 0o100)
                    _add(tar, f"{where}/{found.relative_to(folder)}", found.stat().st_size, file, may_run)


def _add(tar: tarfile.TarFile, path: str, size: int, content: IO[bytes], may_run: bool) -> None:
    entry = tarfile.TarInfo(path.lstrip("/"))
    entry.size = size
    entry.mode = 0o755 if may_run else 0o644
    tar.addfile(entry, content)
