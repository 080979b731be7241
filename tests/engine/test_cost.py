"""`lambda-emu cost` after real invocations: asked of the server, and read from what it has left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

from own import served

PROJECT = """
functions:
  quick: {runtime: python3.11, handler: app.handler, code: src}
  large: {runtime: python3.11, handler: app.handler, code: src, memory: 1024, ephemeral_storage: 1024}
"""
CODE = "def handler(event, context):\n    print('a line')\n    return event\n"


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "lambda_emu", *arguments]
    variables = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run(line, cwd=folder, env=variables, capture_output=True, text=True, timeout=60, check=False)


def objects(folder: Path, *arguments: str) -> list[Any]:
    done = command(folder, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_what_functions_cost_is_the_sum_of_their_reports(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.py").write_text(CODE)
    (tmp_path / "lambda-emu.yaml").write_text(PROJECT)
    before = command(tmp_path, "cost")

    with served(tmp_path, "process") as lam:
        for name in ("quick", "quick", "large"):
            lam.client.invoke(FunctionName=name, Payload=b"{}")
        version = lam.client.publish_version(FunctionName="large")["Version"]
        lam.client.put_provisioned_concurrency_config(
            FunctionName="large", Qualifier=version, ProvisionedConcurrentExecutions=1
        )
        asked = objects(tmp_path, "cost")
        logged = {name: objects(tmp_path, "logs", name) for name in ("quick", "large")}
        shown = command(tmp_path, "cost", "--month", "3M").stdout
        lam.end(15)
    left = objects(tmp_path, "cost")

    assert before.returncode == 2
    assert "No invocation is in the log yet" in before.stderr
    large, quick, total, paid = asked
    for bill, name in ((large, "large"), (quick, "quick")):
        reports = [Decimal(one["report"]["costUSD"]) for one in logged[name] if one["report"]]
        of_invocations = Decimal(bill["totalUSD"]) - Decimal(bill["provisionedUSD"]) - Decimal(bill["logUSD"])
        assert abs(of_invocations - sum(reports)) < Decimal("1e-11")
        assert bill["requests"] == len(reports)
    assert Decimal(large["storageUSD"]) > 0
    assert round(Decimal(large["provisionedUSD"]), 2) == Decimal("10.95")
    assert total["requests"] == 3
    assert abs(Decimal(total["totalUSD"]) - Decimal(paid["freeUSD"]) - Decimal(paid["toPayUSD"])) < Decimal("1e-11")
    assert "all       3,000,000 " in shown
    assert "reckoned up to a month from 3 invocations in the log" in shown
    assert "free each month, for all of an account's functions: 1,000,000 requests, 400,000 GB-s, 5 GB of logs" in shown
    assert [one["requests"] for one in left[:3]] == [1, 2, 3]
    assert left[1]["totalUSD"] == quick["totalUSD"]
