"""What is told where an image cannot be had: every way to it, as one types it."""

from __future__ import annotations

from lambda_emu.architectures import HOST_ARCHITECTURE
from lambda_emu.recipes import Installed
from lambda_emu.runtimes import Runtime, catalogue
from lambda_emu.sandbox.base import SandboxError


def pull_command(runtime: Runtime, architecture: str) -> str:
    """For AWS's image; the name without an architecture is that of this machine's."""
    return f"docker pull {runtime.aws_image}{'' if architecture == 'x86_64' else f'-{architecture}'}"


def of_machine(runtime: Runtime) -> str | None:
    """What of this machine its image is made of, as one calls it: `.NET 8`."""
    parts = () if runtime.recipe is None else runtime.recipe.parts["x86_64"].values()
    return next((f".NET {part.dotnet}" for part in parts if isinstance(part, Installed)), None)


def _build_command(runtime: Runtime, architecture: str) -> str:
    option = "" if architecture == "x86_64" else f" --architecture {architecture}"
    return f"lambda-emu runtimes build {runtime.identifier}{option}"


def _elsewhere(runtime: Runtime) -> str:
    """How to take the image of a machine that has it."""
    export = f"lambda-emu runtimes export FILE {runtime.identifier}"
    return f"`lambda-emu runtimes import FILE`, which `{export}` wrote on a machine that has one"


class NoRuntime(SandboxError):
    """Lambda never had it."""

    def __init__(self, runtime: str) -> None:
        meant = catalogue().nearest(runtime)
        advice = f"did you mean {meant!r}?" if meant else "`lambda-emu runtimes list` shows those there are"
        super().__init__(f"there is no runtime {runtime!r}; {advice}")


class NoImage(SandboxError):
    """There is no image of a runtime, and none is made now. asked: AWS's registry was, in vain.

    machine: why this machine's own part of it cannot be had, in words.
    """

    def __init__(self, runtime: Runtime, architecture: str, *, asked: bool = False, machine: str | None = None) -> None:
        ways = [f"`{pull_command(runtime, architecture)}`", _elsewhere(runtime)]
        if runtime.recipe is not None and machine is None:
            why = "none was built"
            ways.insert(0, f"`{_build_command(runtime, architecture)}`")
        else:
            why = "lambda-emu cannot build one" + (", and AWS's registry did not give AWS's" if asked else "")
            ways.append("or a function packaged as an image, which brings its runtime")
        if machine is not None:
            why += f": it is made of this machine's own {of_machine(runtime)}, and {machine}"
        if machine is not None and architecture == HOST_ARCHITECTURE:
            ways.insert(0, f"install {of_machine(runtime)}, its `dotnet` on the PATH")
        super().__init__(f"no image for {runtime.identifier} ({architecture}): {why}. Ways to one: {'; '.join(ways)}")


class Unreachable(SandboxError):
    """A registry did not answer while an image was built. who: asked it; said: what it said of that."""

    def __init__(self, runtime: Runtime, architecture: str, who: str, said: str) -> None:
        super().__init__(
            f"the image of {runtime.identifier} could not be built: {who} had no answer from where it fetches: "
            f"{said}\nWhat came before is kept, so try again once there is a way out; behind a proxy with "
            "HTTP_PROXY and HTTPS_PROXY, with mirrors as docs/runtimes.md has it (Offline and CI).\n"
            f"Without a way out: {_elsewhere(runtime)}; `{pull_command(runtime, architecture)}`, if that is let through"
        )
