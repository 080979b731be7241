"""Which interpreter is taken for a runtime, of those there are."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambda_emu.architectures import ARCHITECTURES, HOST_ARCHITECTURE
from lambda_emu.runtimes import catalogue
from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.toolchain.interpreter import Interpreter, by_nearness, nearest
from lambda_emu.sandbox.toolchain.layout import for_another


@pytest.mark.parametrize(
    ("runtime", "there", "taken"),
    [
        ("python3.12", ["python3.11", "python3.12", "python3.13"], "python3.12"),
        ("python3.12", ["python3.11", "python3.13"], "python3.13"),  # of two as near the newer one
        ("python3.9", ["python3.11", "python3.13"], "python3.11"),
        ("python3.15", ["python3.9", "python3.14"], "python3.14"),
        ("nodejs24.x", ["nodejs20.x", "nodejs22.x"], "nodejs22.x"),
        ("java17.al2023", ["java21", "java17"], "java17"),
        ("ruby4.0", ["ruby3.3", "ruby3.4"], "ruby3.4"),
    ],
)
def test_the_nearest_version_is_taken(runtime: str, there: list[str], taken: str) -> None:
    wanted = catalogue().get(runtime)
    assert wanted is not None

    found = nearest(wanted, [Interpreter(Path("/usr/bin", name), name, name, "") for name in there])

    assert found is not None
    assert (found.runtime, by_nearness(runtime, there)[0]) == (taken, taken)


def test_one_version_of_a_runtime_is_as_good_as_the_other() -> None:
    wanted = catalogue().get("java17.al2023")
    assert wanted is not None

    assert Interpreter(Path("/usr/bin/java"), "Java 17", "java17", "").instead_of(wanted) is None


def test_of_another_python_it_is_said_what_it_cannot_load() -> None:
    wanted = catalogue().get("python3.13")
    assert wanted is not None

    assert Interpreter(Path("/usr/bin/python3.11"), "python3.11", "python3.11", "").instead_of(wanted) == (
        "python3.13 is not on this machine; its functions run on python3.11 (/usr/bin/python3.11), "
        "which loads no modules compiled for python3.13"
    )


def test_strict_runtimes_refuse_code_for_another_processor() -> None:
    other = next(name for name in ARCHITECTURES if name != HOST_ARCHITECTURE)
    python = next(runtime for runtime in catalogue() if runtime.family == "python")

    assert for_another(python, HOST_ARCHITECTURE, strict=True) is None
    assert f"for {other} and runs on {HOST_ARCHITECTURE}" in str(for_another(python, other))
    with pytest.raises(SandboxError, match=f"it cannot run {other} without Docker"):
        for_another(python, other, strict=True)
