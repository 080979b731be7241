"""A project file of a stranger costs bounded time: `serve` refuses it and ends. Each runs in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lambda_emu.cli.handlers import detect
from lambda_emu.project.document import MAX_BYTES, MAX_MEMBERS, MAX_MERGES

LIMIT_S = 120  # without the bounds: for ever


def serve(folder: Path) -> tuple[int, str]:
    line = [sys.executable, "-m", "lambda_emu", "serve", "--port", "0", "--engine", "process", str(folder)]
    done = subprocess.run(line, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    return done.returncode, done.stderr


def doubling(depth: int) -> str:
    """Each mapping merges the one before twice."""
    lines = ["settings:", "functions:", "  m0: &m0 {a: b}"]
    lines += [f"  m{level}: &m{level} {{<<: [*m{level - 1}, *m{level - 1}]}}" for level in range(1, depth)]
    return "\n".join(lines)


def repeated(names: int, members: int) -> str:
    """One mapping, as many functions as there are names."""
    variables = ", ".join(f"v{number}: x" for number in range(members))
    one = f"functions:\n  one: &one {{runtime: python3.11, handler: a.b, code: ., environment: {{{variables}}}}}\n"
    return one + "".join(f"  f{number}: *one\n" for number in range(names))


GROWN = f"has grown beyond {MAX_MEMBERS} members, by `<<` or aliases"
CHAIN = "functions:\n  m0: &m0 {a: b}\n" + "".join(f"  m{at}: &m{at} {{<<: *m{at - 1}}}\n" for at in range(1, 500))
HOSTILE = {
    "merges that double": (doubling(30), GROWN),
    "merges in a row": (CHAIN, f"merges more than {MAX_MERGES} mappings into one another"),
    "one mapping many times": (repeated(5000, 1000), GROWN),
    "one list many times": (f"l: &l [{'a,' * 50_000}]\nfunctions: {{f: {{layers: *l}}}}", "must be at most 5"),
    "mistakes without number": ("functions: {f: {" + "".join(f"k{n}: 1, " for n in range(20_000)) + "}}", "more"),
    "nested without end": ("functions: " + "[" * 100_000, "nested too deep"),
    "too long": (f"# {'x' * MAX_BYTES}", f"must be at most {MAX_BYTES} bytes long"),
    "a text without end": (f"functions: {{f: {{memory: {'x' * 200_000}}}}}", "x…"),
}


@pytest.mark.parametrize(("text", "said"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_project_file_that_would_cost_without_bound_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "lambda-emu.yaml").write_text(text)

    code, errors = serve(tmp_path)

    assert said in errors
    assert code == 2
    assert len(errors) < 64 * 1024


@pytest.mark.parametrize(
    ("kind", "said"),
    [("pipe", "is not a file"), ("endless device", "is not a file"), ("folder", "cannot be read: Is a directory")],
)
def test_a_project_file_that_is_no_file_is_refused(tmp_path: Path, kind: str, said: str) -> None:
    path = tmp_path / "lambda-emu.yaml"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero")

    code, errors = serve(tmp_path)

    assert (errors, code) == (f"Error: lambda-emu.yaml:1: {said}\n", 2)


@pytest.mark.parametrize("text", ["-" * 500_000 + "1", "(" * 100_000, "x = 1\n" * 400_000])
def test_a_source_that_would_cost_without_bound_is_left_to_the_runtime(tmp_path: Path, text: str) -> None:
    (tmp_path / "app.py").write_text(text)

    assert detect(tmp_path)[1] == "app.handler"
