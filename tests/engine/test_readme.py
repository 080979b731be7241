"""What the README's first screens tell to type beside the examples, as it stands there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from own import QUICKER, served

CHECKOUT = Path(__file__).parents[2]
BLOCK = re.compile(r"```console\n(\$ aws [^`]*events put-rule[^`]*)```")


@pytest.mark.parametrize("engine", QUICKER)
def test_a_day_of_a_rule_passes_at_once(engine: str, tmp_path: Path, aws_cli: Path) -> None:
    for name in ("lambda-emu.yaml", "hello", "report", "burn"):
        source, target = CHECKOUT / "examples" / name, tmp_path / "examples" / name
        target.parent.mkdir(exist_ok=True)
        shutil.copytree(source, target) if source.is_dir() else shutil.copyfile(source, target)
    (block,) = BLOCK.findall((CHECKOUT / "README.md").read_text())

    with served(tmp_path / "examples", engine) as lam:
        script = re.sub(r"^\$ ", "", block, flags=re.MULTILINE).replace("http://127.0.0.1:9000", lam.url)
        script = script.replace(".venv/bin/lambda-emu", str(Path(sys.executable).parent / "lambda-emu"))
        signed = {"AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}
        path = f"{aws_cli.parent}:{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-ec", script],
            cwd=tmp_path,
            env={**os.environ, **signed, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    assert done.returncode == 0, done.stderr
    assert done.stdout.count("REPORT RequestId") == 24
