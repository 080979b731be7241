"""An emulator that starts on the data of an earlier one."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from own import ENGINES, own_emulator

Eventually = Callable[[Callable[[], Any], str], Any]

LAZY = {
    "app.py": """
import time
def handler(event, context):
    time.sleep(event.get("sleep", 0))
    import late
    return late.VALUE
""",
    "late.py": "VALUE = 'old'",
}


@pytest.mark.parametrize("engine", ENGINES)
def test_old_code_is_whole_until_what_runs_has_finished(engine: str, tmp_path: Path, eventually: Eventually) -> None:
    """No function needs it any more, but environments do: one that runs, and one that is only starting."""
    with own_emulator(tmp_path, engine, stems=0) as first:
        first.create("lazy", LAZY)

    with own_emulator(tmp_path, engine, stems=0) as lam, ThreadPoolExecutor() as threads:
        running = threads.submit(lam.invoke, "lazy", {"sleep": 1})
        eventually(lambda: lam.environments("lazy"), "an environment")
        waiting = [threads.submit(lam.invoke, "lazy", {}) for _ in range(4)]

        lam.update("lazy", "def handler(event, context): return 'new'")

        assert running.result().payload == "old"
        assert {answer.result().payload for answer in waiting} <= {"old", "new"}
        assert lam.invoke("lazy", {}).payload == "new"
