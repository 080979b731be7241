"""Guides for who comes from elsewhere, typed as they stand: docs/from-sam-local.md, docs/from-localstack.md."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from guide_rig import DOCS, Block, blocks, without_ids
from own import free_port, served

EXAMPLE = DOCS.parent / "examples" / "sam"
README = "../README.md"
INSTALLS = re.compile(r"pip install 'lambda-emu\[sam\]'")
"""What a first line does; here it was done."""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return Path(shutil.copytree(EXAMPLE, tmp_path / "sam-app"))


def serves(block: Block) -> str:
    """What its server prints, as one without Docker would say it. Nothing else may be typed but what installs it."""
    *before, last = block.commands
    assert last.startswith("lambda-emu serve")
    assert all(INSTALLS.match(line) for line in before)
    return block.printed.replace("(docker)", "(process)")


def test_every_block_of_the_guides_is_typed() -> None:
    assert [len(blocks(page)) for page in ("from-sam-local.md", "from-localstack.md")] == [4, 2]


def test_what_is_told_to_who_comes_from_sam_local_is_what_happens(project: Path) -> None:
    with served(project, "process") as lam:
        assert lam.process.stdout is not None
        printed = [lam.heard_before.splitlines()[-1], *(lam.process.stdout.readline().strip() for _ in range(2))]
        (rest,) = re.findall(r"/api/(\w+)/Prod", printed[1])
        first, second, *_ = blocks("from-sam-local.md", **{"http://127.0.0.1:9000": lam.url, "abcdefghij": rest})

        assert without_ids("".join(printed)) == without_ids(serves(first))
        told = second.type(project)
        assert second.commands[-1].startswith("lambda-emu logs")
        assert told.startswith(second.printed)
        assert told.count("REPORT RequestId") == 3


def test_the_suite_of_the_guide_passes(project: Path) -> None:
    page = (DOCS / "from-sam-local.md").read_text()
    ((name, text),) = re.findall(r"```python\n# (\S+)\n(.*?)```", page, re.DOTALL)
    (project / name).write_text(text)
    install, run = blocks("from-sam-local.md")[2].commands
    assert INSTALLS.match(install)

    assert "2 passed" in Block([f"{run} -p no:cacheprovider"], "").type(project)


def test_a_server_in_the_background_of_a_job_is_there_when_the_guide_says_so(project: Path) -> None:
    at = f"127.0.0.1:{free_port()}"
    serve = f"serve --engine process --port {at.rpartition(':')[2]}"
    block = blocks(
        "from-sam-local.md", **{"lambda-emu serve --eph": f"lambda-emu {serve} --eph", "127.0.0.1:9000": at}
    )[3]

    assert block.type(project) == block.printed


def test_what_is_told_to_who_comes_from_localstack_is_what_happens(tmp_path: Path, aws_cli: Path) -> None:
    with served(tmp_path, "process") as lam:
        port = f":{lam.url.rpartition(':')[2]}"
        first, second = blocks(
            "from-localstack.md", **{"127.0.0.1:4566": f"127.0.0.1{port}", "localhost:4566": f"localhost{port}"}
        )

        assert lam.heard_before.splitlines()[-1] == serves(first)
        assert second.type(tmp_path, aws_cli.parent) == second.printed


def first_screen(word: str) -> Block:
    """The block of the README that has this word in a line that is typed."""
    [found] = [block for block in blocks(README) if any(word in line for line in block.commands)]
    return found


def test_the_readme_serves_a_sam_project(tmp_path: Path) -> None:
    block = first_screen("serve examples/sam")
    shutil.copytree(EXAMPLE, tmp_path / "examples" / "sam")

    with served(tmp_path, "process", "examples/sam") as lam:
        assert lam.process.stdout is not None
        printed = [lam.heard_before.splitlines()[-1], *(lam.process.stdout.readline().strip() for _ in range(2))]
        assert without_ids("".join(printed).replace(lam.url, "http://127.0.0.1:9000")) == without_ids(serves(block))


def test_the_readmes_suite_passes_and_its_handler_runs(tmp_path: Path) -> None:
    page = (DOCS / README).read_text()
    ((name, text),) = re.findall(r"```python\n# (test_\S+)\n(.*?)```", page, re.DOTALL)
    (tmp_path / name).write_text(text)
    shutil.copytree(EXAMPLE.parent / "hello", tmp_path / "examples" / "hello")
    (suite,) = first_screen(f"pytest {name}").commands
    run = suite.removeprefix("pip install pytest && ")
    invoke = first_screen("invoke examples/hello")
    engine = {"LAMBDA_EMU_ENGINE": "process"}

    assert "1 passed" in Block([f"{run} -p no:cacheprovider"], "").type(tmp_path, **engine)
    told = Block([f"{invoke.commands[0]} 2>&1"], "").type(tmp_path, **engine)
    for word in (
        "INIT_START Runtime Version: python:3.11",
        "Billed Duration: ",
        "PRICE $",
        '{"greeting": "Hello, Ada"}',
    ):
        assert (word in invoke.printed, word in told) == (True, True), told
