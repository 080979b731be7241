"""Where the kernel gives no namespaces: a sandbox is our init in a folder, run by the emulator's own user.

Its programs see this machine's files; /var/task, /opt and /tmp are folders beside each other, named relative to the
first, because nothing can be mounted. Init ends what it started, and nothing else.
"""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from lambda_emu.sandbox.base import Abilities, Program, SandboxError
from lambda_emu.sandbox.files import fill
from lambda_emu.sandbox.process.isolation import FILTERS_CALLS
from lambda_emu.sandbox.process.namespaces import PATH
from lambda_emu.sandbox.rlimits import OF_EACH_PROCESS, prlimit
from lambda_emu.sandbox.toolchain.interpreter import LANG, RUNTIME
from lambda_emu.sandbox.toolchain.layout import Toolchain

ABILITIES = Abilities(
    name="process without namespaces",
    limits_cpu=False,
    limits_tmp=False,
    limits_memory=True,
    limits_pids=False,
    isolates_files=False,
    isolates_network=False,
    hides_loopback=False,
    filters_calls=FILTERS_CALLS,
)

LIMITS = {
    **OF_EACH_PROCESS,
    "core": (0, 0),
}  # the code's folder can be written: a crash would leave its memory on the disk

FROM_TASK = {"/var/task/bootstrap": "./bootstrap", "/opt/bootstrap": "../opt/bootstrap"}

SETTLE = """
export LAMBDA_TASK_ROOT="$PWD" TMPDIR="${PWD%/*}/tmp"
export PATH="$PATH:${PWD%/*}/opt/bin"
[ -z "$NODE_PATH" ] || export NODE_PATH="${PWD%/*}/opt/nodejs/node_modules:$NODE_PATH"
[ -z "$RUBYLIB" ] || export RUBYLIB="$PWD:${PWD%/*}/opt/ruby/lib:$RUBYLIB"
case "$GEM_PATH" in */opt/ruby/gems/*)
    gems=${GEM_PATH#*/opt/ruby/gems/}; gems=${gems%%:*}
    export GEM_PATH="$PWD/vendor/bundle/ruby/$gems:${PWD%/*}/opt/ruby/gems/$gems:"/var/runtime/ruby/"$gems"; unset gems
esac
"""
"""Says where the sandbox's folders are, which only the process in there knows: init started it in its `task`."""


class LeadsOut(SandboxError):
    """A link that would be followed on this machine."""

    def __init__(self, name: str, target: str) -> None:
        super().__init__(
            f"the code has a link {name} to {target}, which would lead into this machine's files: "
            "it needs Docker, or a machine that gives namespaces"
        )


class NoIsolation:
    """isolation.Isolation that holds nothing back."""

    abilities = ABILITIES
    line = "./line"

    def __init__(self, init: Path) -> None:
        self._init = init

    def prepare_toolchain(self, toolchain: Toolchain) -> None:
        """Links to host files. A Python finds its library where it is; as a virtual environment, no other packages.

        The path of a link's target says where a program was installed, except to a Python with a pyvenv.cfg.
        """
        for shown, host in toolchain.host_files.items():
            place = toolchain.place(shown)
            if place is not None and (shown.parent == LANG / "bin" or shown.is_relative_to(RUNTIME)):
                place.symlink_to(host)
        if toolchain.interpreter is not None:
            (toolchain.folder / "lang/pyvenv.cfg").write_text(
                f"home = {toolchain.interpreter.path.parent}\ninclude-system-site-packages = false\n"
            )

    def prepare(self, folder: Path, toolchain: Toolchain, tmp_mb: int, names: Mapping[str, str]) -> list[str]:
        for name in ("task", "opt", "tmp"):
            (folder / name).mkdir()
        limits = prlimit(LIMITS) if shutil.which("prlimit", path=PATH) else []
        return [*limits, str(self._init)]

    def load(self, folder: Path, task: Path, layers: Sequence[Path]) -> None:
        """Copies: nothing keeps the code from writing into its files."""
        fill(task, layers, folder / "task", folder / "opt", copies=True)
        for root in (folder / "task", folder / "opt"):
            _refuse_ways_out(root)

    def program(self, toolchain: Toolchain, bootstrap: str, environment: Mapping[str, str]) -> Program:
        script = f"{SETTLE}exec {toolchain.start or FROM_TASK[bootstrap]}"
        for name in ("lang", "runtime"):
            script = script.replace(f"/var/{name}/", shlex.quote(f"{toolchain.folder / name}/"))
        runtime = str(toolchain.folder / "runtime")
        here = {name: value.replace("/var/runtime", runtime) for name, value in environment.items()}
        return Program(["/bin/sh", "-c", script], here, "task")


def _refuse_ways_out(root: Path) -> None:
    """SandboxError for a link that leads out of what was placed: absolute, or relative by way of another layer's."""
    inside = os.path.realpath(root)
    left = [inside]
    while left:
        with os.scandir(left.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    left.append(entry.path)
                elif entry.is_symlink():
                    target = os.readlink(entry.path)
                    leads_to = os.path.realpath(entry.path)
                    if target.startswith("/") or os.path.commonpath((inside, leads_to)) != inside:
                        raise LeadsOut(os.path.relpath(entry.path, inside), target)
