"""What of somebody else's code is opened on this machine: what lies below its folder, never where a link leads."""

import errno
import os
import stat
from collections.abc import Sequence
from pathlib import Path

import pytest
from descriptors_rig import opened

from lambda_emu.runtimes import catalogue
from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.bootstrap import find_bootstrap
from lambda_emu.sandbox.init.binary import find_init
from lambda_emu.sandbox.process.no_isolation import NoIsolation
from lambda_emu.store.code.beneath import open_beneath


def tree(path: Path, *files: str, **links: str) -> Path:
    path.mkdir(exist_ok=True)
    for name in files:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(name)
        (path / name).chmod(0o755)
    for name, target in links.items():
        (path / name).symlink_to(target)
    return path


def test_what_lies_below_is_opened(tmp_path: Path) -> None:
    root = tree(tmp_path / "root", "a/b/c")

    with open(open_beneath(root, "a/b/c")) as file:
        assert file.read() == "a/b/c"


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("inner", errno.ELOOP),
        ("outer", errno.ELOOP),
        ("away/secret", errno.ENOTDIR),
        ("../secret", errno.EXDEV),
        ("a/../../secret", errno.EXDEV),
        ("/etc/passwd", errno.EXDEV),
        ("", errno.EXDEV),
        ("none", errno.ENOENT),
        ("a/x/y", errno.ENOTDIR),
    ],
)
def test_what_does_not_lie_below_is_not(tmp_path: Path, name: str, refused: int) -> None:
    tree(tmp_path, "secret")
    root = tree(tmp_path / "root", "a/x", inner="a/x", outer="../secret", away="..")
    before = opened()

    with pytest.raises(OSError) as caught:  # noqa: PT011 - each row has its errno
        open_beneath(root, name)

    assert caught.value.errno == refused
    assert opened() - before == frozenset()


def test_a_pipe_in_the_place_of_a_file_makes_nobody_wait(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    descriptor = open_beneath(tmp_path, "pipe")

    assert stat.S_ISFIFO(os.fstat(descriptor).st_mode)
    os.close(descriptor)


@pytest.mark.parametrize(
    ("task", "layer", "found"),
    [
        ({"bootstrap": None}, {}, "/var/task/bootstrap"),
        ({}, {"bootstrap": None}, "/opt/bootstrap"),
        ({"bootstrap": "bin/run", "bin/run": None}, {}, "/var/task/bootstrap"),
        ({"bootstrap": "/var/task/bin/run", "bin/run": None}, {}, "/var/task/bootstrap"),
        ({"bootstrap": "/opt/bin/run"}, {"bin/run": None}, "/var/task/bootstrap"),
        ({"bootstrap": "/opt/link/run"}, {"link": "/opt/bin", "bin/run": None}, "/var/task/bootstrap"),
        ({"bootstrap": "/opt/../var/task/run", "run": None}, {}, "/var/task/bootstrap"),
        ({"bootstrap": "/usr/bin/env"}, {}, "/var/task/bootstrap"),  # the environment's own, which it will find or not
        ({"bootstrap": "/opt/bin/none"}, {"bin/run": None}, None),
        ({"bootstrap": "bootstrap"}, {}, None),
        ({"bootstrap": "/opt"}, {}, None),
        ({"bootstrap/x": None}, {}, None),
        ({"bootstrap/x": None}, {"bootstrap": None}, "/opt/bootstrap"),
        ({}, {}, None),
    ],
)
def test_a_bootstrap_is_looked_for_as_its_environment_will(
    tmp_path: Path, task: dict[str, str | None], layer: dict[str, str | None], found: str | None
) -> None:
    folders = []
    for name, files in (("task", task), ("layer", layer)):
        plain = [file for file, target in files.items() if target is None]
        folders.append(tree(tmp_path / name, *plain, **{file: to for file, to in files.items() if to is not None}))
    runtime = catalogue().get("provided.al2023")
    assert runtime is not None

    assert find_bootstrap(runtime, folders[0], [tree(tmp_path / "first"), folders[1]]) == found


@pytest.mark.parametrize("linked", ["task", "layer"])
def test_without_isolation_code_whose_links_would_lead_into_the_machine_is_refused(tmp_path: Path, linked: str) -> None:
    folders = {name: tree(tmp_path / name, "lib/x", inside="lib") for name in ("task", "layer")}
    tree(folders[linked] / "lib", host="/etc/hostname")
    sandbox = tree(tmp_path / "sandbox", "task/placed", "opt/placed")

    with pytest.raises(SandboxError, match=r"a link lib/host to /etc/hostname, which would lead into this machine"):
        _no_isolation().load(sandbox, folders["task"], [folders["layer"]])


def test_without_isolation_layers_whose_links_lead_out_together_are_refused_and_nothing_is_written_there(
    tmp_path: Path,
) -> None:
    """Each alone stays inside: the second's `..` is of where the first's link leads."""
    first, second = tree(tmp_path / "first", here="."), tree(tmp_path / "second", up="here/..")
    third = tree(tmp_path / "third", "up/x", "here/../there")
    sandbox = tree(tmp_path / "sandbox", "task/placed", "opt/placed")

    with pytest.raises(SandboxError, match=r"a link up to here/\.\., which would lead"):
        _no_isolation().load(sandbox, tree(tmp_path / "task"), [first, second])
    _no_isolation().load(
        tree(tmp_path / "other", "task/placed", "opt/placed"), tree(tmp_path / "task"), [first, second, third]
    )

    assert names(tmp_path / "other") == [
        "opt", "opt/here", "opt/placed", "opt/there", "opt/up", "opt/up/x", "task", "task/placed"
    ]  # fmt: skip


def test_without_isolation_code_with_links_that_stay_inside_is_loaded(tmp_path: Path) -> None:
    sandbox = tree(tmp_path / "sandbox", "task/placed", "opt/placed")

    _no_isolation().load(sandbox, tree(tmp_path / "task", "lib/x", inside="lib"), [])

    assert (sandbox / "task" / "inside" / "x").read_text() == "lib/x"


def names(folder: Path) -> Sequence[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def _no_isolation() -> NoIsolation:
    return NoIsolation(find_init(os.uname().machine))
