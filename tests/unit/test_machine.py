"""How many environments a machine can bear, if nobody says."""

from __future__ import annotations

import pytest

from lambda_emu.sandbox.machine import Machine, this_machine


@pytest.mark.parametrize(
    ("cores", "memory_mb", "processes", "bearable"),
    [
        (2, 25_000, 32_768, 128),  # the cores decide
        (16, 8_192, 32_768, 64),  # the memory
        (16, 65_536, 4_096, 64),  # the processes
        (1, 512, 100, 8),  # at least so many
    ],
)
def test_the_scarcest_of_what_it_has_decides(cores: int, memory_mb: int, processes: int, bearable: int) -> None:
    assert Machine(cores, memory_mb, processes).bearable == bearable


def test_this_machine_has_what_it_needs_for_us() -> None:
    here = this_machine()

    assert here.cores >= 1
    assert here.memory_mb > 100
    assert here.processes > 100
