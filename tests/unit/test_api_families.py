"""Operations are served by the modules that the table names, and these are imported no sooner."""

from __future__ import annotations

import subprocess
import sys

from lambda_emu.api.families import FAMILIES, handler_of, load_all


def test_each_operation_is_served_by_the_module_that_the_table_names() -> None:
    served = {operation: handler.function.__module__ for operation, handler in load_all().items()}

    named = {
        operation: f"lambda_emu.api.operations.{family}" for family, names in FAMILIES.items() for operation in names
    }
    assert served == named


def test_an_operation_that_nobody_serves_is_none() -> None:
    assert handler_of("GetSomethingNew") is None


def test_a_server_that_starts_has_imported_only_what_invocations_need() -> None:
    script = (
        "import sys, lambda_emu.server; print(*(name for name in sys.modules if name.startswith('lambda_emu.api.')))"
    )

    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()

    assert {name.rpartition(".")[2] for name in loaded} & FAMILIES.keys() == {"invocations"}
