"""`lambda-emu services`, as a user runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from boto_rig import client_at
from own import Served, served


def services(lam: Served, *options: str) -> str:
    line = [sys.executable, "-m", "lambda_emu", "services", *options]
    done = subprocess.run(line, cwd=lam.folder, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout


def test_the_command_lists_who_serves_what_in_which_process(tmp_path: Path) -> None:
    with served(tmp_path, "process", "--service", "ses=http://127.0.0.1:9") as lam:
        before = json.loads(services(lam, "--json"))
        client_at(lam.url, "sns").publish(PhoneNumber="+4930123456", Message="There is a new photo")
        after, shown = json.loads(services(lam, "--json")), services(lam)

        by = {one["name"]: one["by"] for one in before["services"]}
        assert {name: by[name] for name in ("lambda", "sqs", "sns", "ses", "iot")} == {
            "lambda": "lambda-emu", "sqs": "lambda-emu", "sns": "moto", "ses": "http://127.0.0.1:9", "iot": None
        }  # fmt: skip
        assert [one["name"] for one in before["processes"]] == ["lambda-emu"]
        assert [one["name"] for one in after["processes"]] == ["lambda-emu", "moto"]
        assert after["processes"][0]["pid"] == lam.process.pid
        assert after["processes"][1]["pid"] in {number for number, _ in lam.tree()}
        assert all(one["memory_mb"] > 10 for one in after["processes"])
        assert "iot                       nobody; --service iot=URL\n" in shown
        assert [(one["to"], one["by"], one["message"]) for one in after["outbox"]] == [
            ("+4930123456", "sms", "There is a new photo")
        ]
        assert "+4930123456  sms  There is a new photo\n" in shown
        assert f"moto        {after['processes'][1]['pid']}" in shown
