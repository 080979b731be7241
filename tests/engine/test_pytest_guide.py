"""docs/pytest.md: its blocks run as they stand there, in one suite."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from packages import cache_dir

pytest_plugins = ["pytester"]

PAGE = (Path(__file__).parents[2] / "docs" / "pytest.md").read_text()
BLOCKS = dict(re.findall(r"```(?:python|ini)\n# (\S+)\n(.*?)```", PAGE, re.DOTALL))
LIMIT_S = 240


@pytest.fixture
def guide(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A folder with all of its files."""
    monkeypatch.setenv("LAMBDA_EMU_CACHE_DIR", str(cache_dir()))
    for name, text in BLOCKS.items():
        (pytester.path / name).write_text(text)
    return pytester


def test_every_block_is_a_file_that_is_tried() -> None:
    assert len(BLOCKS) == PAGE.count("```") / 2
    assert sorted(BLOCKS) == [
        "anything.py", "pytest.ini", "test_hello.py", "test_late.py", "test_orders.py", "test_shop.py",
    ]  # fmt: skip


def test_its_suite_passes(guide: pytest.Pytester) -> None:
    result = guide.runpytest_subprocess("-p", "no:cacheprovider", timeout=LIMIT_S)

    result.assert_outcomes(passed=7)


def test_its_script_prints_what_the_function_returns(guide: pytest.Pytester) -> None:
    line = [sys.executable, "anything.py"]
    done = subprocess.run(line, cwd=guide.path, capture_output=True, text=True, timeout=LIMIT_S, check=False)

    assert (done.returncode, done.stdout) == (0, "Hello, Ada\n"), done.stderr


def test_every_option_and_fixture_has_its_row(guide: pytest.Pytester) -> None:
    help = guide.runpytest_subprocess("--help", timeout=LIMIT_S).stdout.str()
    fixtures = guide.runpytest_subprocess("--fixtures", timeout=LIMIT_S).stdout.str()

    named = set(re.findall(r"--lambda-emu-\w+|\blambda_emu_\w+|^lambda_\w+", f"{help}\n{fixtures}", re.MULTILINE))
    assert len(named) > 12
    assert [name for name in sorted(named) if f"`{name}" not in PAGE] == []
