"""What of a function's code does not run on Lambda, though it may do so here, and what to type: whole sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lambda_emu.architectures import MACHINES
from lambda_emu.binaries.bootstrap import BOOTSTRAPS, or_set, wrong_bootstrap
from lambda_emu.binaries.entry import wrong_entry
from lambda_emu.binaries.needs import SYSTEMS, System, too_new
from lambda_emu.binaries.packages import wrong_packages
from lambda_emu.binaries.scan import Binary, Code
from lambda_emu.runtimes import Runtime

WHEELS = {"al1": ("manylinux2010",), "al2": ("manylinux2014",), "al2023": ("manylinux2014", "manylinux_2_28")}
"""What pip is told: of a platform by its number it takes no older ones."""
NPM = {"x86_64": "x64", "arm64": "arm64"}


def complaints(runtime: Runtime, architecture: str, codes: Sequence[Code], handler: str | None = None) -> Iterator[str]:
    """codes: the function's own first, then its layers in order. handler: None where it may be anywhere. OSError."""
    task, *layers = (code.folder for code in codes)
    if runtime.family == "provided":
        wrong = wrong_bootstrap(task, layers, runtime.identifier, architecture)
    else:
        wrong = None if handler is None else wrong_entry(runtime, handler, task, layers)
    if wrong is not None:
        yield wrong
    yield from wrong_packages(runtime, codes, _wheels(runtime, architecture))
    for code in codes:
        yield from _foreign(code.binaries, runtime, architecture)
    brought = frozenset().union(*(code.findings.brought for code in codes))
    yield from _newer([one for code in codes for one in code.binaries], brought, runtime, architecture)


def _foreign(binaries: list[Binary], runtime: Runtime, architecture: str) -> Iterator[str]:
    """Of code whose programs are all for another machine. Some may be: packages bring them for several."""
    if not binaries or any(one.elf.architecture == architecture for one in binaries):
        return
    first = binaries[0]
    if runtime.family == "provided" and any(one.name in BOOTSTRAPS for one in binaries):
        return  # it was told
    target = {
        "python": _wheels(runtime, architecture),
        "nodejs": f"npm install --os=linux --cpu={NPM[architecture]}",
    }.get(runtime.family, "build it for that")
    yield (
        f"{_names(binaries)} for {first.elf.architecture}, and the function is for {architecture}: "
        f"{target}{or_set(first.elf.architecture)}"
    )


def _newer(binaries: list[Binary], brought: frozenset[str], runtime: Runtime, architecture: str) -> Iterator[str]:
    system = SYSTEMS[runtime.os]
    found = too_new(binaries, system, architecture, brought)
    if found:
        first = found[0]
        more = f" ({len(found) - 1} more ask for too much)" if len(found) > 1 else ""
        yield (
            f"{first.binary.name} needs {first.version}, and {runtime.identifier} has {first.has} on Lambda: there it "
            f"fails, whatever it does here{more}. {_remedy(runtime, system, architecture)}"
        )


def _remedy(runtime: Runtime, system: System, architecture: str) -> str:
    machine = MACHINES[architecture]
    if runtime.family == "provided":
        return (
            f"Build it on {system.name}, or link it statically (Go: CGO_ENABLED=0, Rust: "
            f"--target {machine}-unknown-linux-musl, C++: -static)"
        )
    if runtime.family == "python":
        return f"Take wheels for {system.name}: {_wheels(runtime, architecture)}"
    return f"Build it on {system.name}"


def _wheels(runtime: Runtime, architecture: str) -> str:
    platforms = " ".join(f"--platform {name}_{MACHINES[architecture]}" for name in WHEELS[runtime.os])
    return f"pip install {platforms} --only-binary=:all: --target FOLDER PACKAGE"


def _names(binaries: list[Binary]) -> str:
    if len(binaries) == 1:
        return f"{binaries[0].name} is"
    return f"{binaries[0].name} and {len(binaries) - 1} more are"
