"""The fixtures that docs/testing.md gives to suites, used as they stand there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

WRITTEN = (Path(__file__).parents[2] / "docs" / "testing.md").read_text()
SUITE = """
import pytest

@pytest.mark.parametrize("time", [1, 2])
def test_every_test_finds_it_empty(client, time):
    assert client.list_functions()["Functions"] == []
    client.create_capacity_provider(
        CapacityProviderName="left-behind",
        VpcConfig={"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
        PermissionsConfig={"CapacityProviderOperatorRoleArn": "arn:aws:iam::000000000000:role/any"},
    )
"""


def test_a_suite_that_takes_the_fixtures_of_the_guide_passes(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(WRITTEN.partition("```python\n")[2].partition("```")[0])
    (tmp_path / "test_suite.py").write_text(SUITE)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        env=os.environ | {"PATH": path, "LAMBDA_EMU_ENGINE": "process"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert "2 passed" in done.stdout, done.stdout + done.stderr
