"""How the code is laid out is what docs/architecture.md says, and the arrows between the rooms go down alone."""

import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest
from test_errors import every_error

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "lambda_emu"
PAGE = (ROOT / "docs" / "architecture.md").read_text()
NO_ROOMS = {"__init__.py", "__main__.py", "py.typed"}


def described() -> list[list[str]]:
    """The rooms of each row of the table, from the top."""
    table = PAGE.partition("| Room |")[2].partition("\n\n")[0]
    return [re.findall(r"`([\w.]+)/?`", row.split("|")[1]) for row in table.splitlines()[2:]]


def test_every_room_has_its_line() -> None:
    named = [room for row in described() for room in row]
    there = {path.name for path in PACKAGE.iterdir() if path.name not in NO_ROOMS and not path.name.startswith("_")}

    assert sorted(named) == sorted(there)


def test_the_rooms_stand_in_the_order_of_their_imports() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    heights = {room: height for height, rooms in enumerate(layers) for room in rooms.split(" | ")}
    found = [heights[room.removesuffix(".py")] for row in described() for room in row]

    assert found == sorted(found)


@pytest.mark.parametrize("room", sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py")))
def test_every_room_states_its_rule(room: str) -> None:
    assert (PACKAGE / room / "__init__.py").read_text().startswith('"""')


def test_no_value_is_a_dataclass() -> None:
    """Each would be compiled anew at every start. docs/decisions/values.md."""
    written = [path for path in PACKAGE.rglob("*.py") if re.search(r"\bdataclass(es)?\b", path.read_text())]

    assert written == []


def test_imports_go_down_and_never_in_a_circle() -> None:
    ran = run(str(Path(sys.executable).with_name("lint-imports")))

    assert ran.returncode == 0, ran.stdout


def test_an_error_that_one_room_raises_stands_in_it() -> None:
    """Those of the wire alone stand with the others that a request can get whatever it asks for."""
    of_the_wire = {"MalformedRequest", "UnknownPath"}
    rooms_of: defaultdict[str, set[str]] = defaultdict(set)
    for path in PACKAGE.rglob("*.py"):
        for word in set(re.findall(r"\w+", path.read_text())):
            rooms_of[word].add(path.relative_to(PACKAGE).parts[0])
    lonely = []
    for error in every_error():
        is_shared = error.__module__.startswith("lambda_emu.errors.") and not error.__subclasses__()
        if is_shared and len(rooms_of[error.__name__] - {"errors"}) < 2:
            lonely.append(error.__name__)

    assert set(lonely) - of_the_wire == set()


def test_every_file_that_the_page_names_is_there() -> None:
    named = set(re.findall(r"`((?:[a-z_]+/)+(?:[a-z_]+\.py)?)`", PAGE))
    places = [PACKAGE, PACKAGE / "model", PACKAGE / "api", PACKAGE / "sandbox", ROOT, ROOT / "tests"]

    assert len(named) > 20
    assert [name for name in sorted(named) if not any((place / name).exists() for place in places)] == []


def test_the_diagrams_show_the_tables_that_there_are() -> None:
    ran = run(sys.executable, "scripts/diagrams.py", "--check")

    assert ran.returncode == 0, ran.stderr


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
