"""What functions run on without Docker goes along in a bundle, and is kept where builds would have put it."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from bundle_rig import layer, room_for, saved

from lambda_emu.runtimes import catalogue
from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.building.image_plan import plan_image
from lambda_emu.sandbox.bundle.clients import Clients
from lambda_emu.sandbox.bundle.manifest import Imported
from lambda_emu.sandbox.bundle.writer import BundleWriter, write_whole

CLIENT = "client of java21"


def key(runtime: str = "java21", path: str = "/var/runtime/lib") -> str:
    """The name of a part in the cache."""
    found = catalogue().get(runtime)
    assert found is not None
    assert found.recipe is not None
    plan = plan_image(found, found.recipe, "x86_64", catalogue().folder)
    return plan.parts[path].key


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A cache that has the client of Java."""
    part = tmp_path / "here/parts" / key()
    part.mkdir(parents=True)
    (part / "deep" / ("x" * 90)).mkdir(parents=True)
    (part / "client.jar").write_bytes(os.urandom(70_000))
    (part / "deep" / ("x" * 90) / ("y" * 90)).write_text("small")
    (part / "a-block").write_bytes(bytes(512))
    (part / "program").touch(0o755)
    (part / "the last one").write_text("last")
    return tmp_path / "here"


def clients(cache: Path) -> Clients:
    return Clients(cache, catalogue())


def files(cache: Path) -> dict[str, tuple[bytes, int]]:
    parts = cache / "parts"
    return {
        str(path.relative_to(parts)): (path.read_bytes(), path.stat().st_mode & 0o777)
        for path in parts.rglob("*")
        if path.is_file()
    }


def test_clients_are_kept_where_builds_would_have_put_them(here: Path, tmp_path: Path) -> None:
    exported = clients(here).export(tmp_path / "b", ["java21", "java17"], "x86_64", print)

    taken = list(clients(tmp_path / "there").load(tmp_path / "b", print))
    again = list(clients(tmp_path / "there").load(tmp_path / "b", print))

    assert exported == [CLIENT, "client of java17"]  # which is the same
    assert (taken, again) == ([Imported(CLIENT)], [Imported(CLIENT, was_there=True)])
    assert files(tmp_path / "there") == files(here)
    assert [path for path in (tmp_path / "there/build").iterdir() if path.is_dir()] == []


def test_what_is_here_is_told_and_what_is_not_cannot_be_exported(here: Path, tmp_path: Path) -> None:
    assert set(clients(here).present("x86_64")) >= {"java21", "java17"}
    assert "python3.13" not in clients(here).present("x86_64")

    with pytest.raises(SandboxError, match=r"no client of python3\.13 here, and no Docker engine"):
        clients(here).export(tmp_path / "b", ["java21", "python3.13"], "x86_64", print)

    assert not (tmp_path / "b").exists()


@contextmanager
def bundle(path: Path) -> Iterator[BundleWriter]:
    with write_whole(path) as file, BundleWriter(file, path.parent) as writer:
        yield writer


def test_images_need_an_engine(tmp_path: Path) -> None:
    with bundle(tmp_path / "b") as writer:
        writer.add_image("lambda-emu/java:21-0", "java21", "x86_64", io.BytesIO(saved(layer({}))))

    (found,) = clients(tmp_path / "there").load(tmp_path / "b", print)

    assert found.refused == "no Docker engine is here, which images are for"


def test_a_client_of_another_recipe_is_refused(tmp_path: Path) -> None:
    with bundle(tmp_path / "b") as writer:
        writer.add_part("../../elsewhere", "java21", io.BytesIO(layer({"part/file": b""})))

    (found,) = clients(tmp_path / "there").load(tmp_path / "b", print)

    assert found == Imported(CLIENT, refused="this lambda-emu has another recipe of it")
    assert os.listdir(tmp_path) == ["b"]


def test_a_client_stays_in_its_folder_whatever_its_files_are_called(tmp_path: Path) -> None:
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w") as tar:
        for name, kind, target in (
            ("part/../../../evil", tarfile.REGTYPE, ""),
            ("/part//etc/evil", tarfile.REGTYPE, ""),
            ("part/link", tarfile.SYMTYPE, str(tmp_path)),
            ("part/link/evil", tarfile.REGTYPE, ""),
            ("part/device", tarfile.CHRTYPE, ""),
        ):
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, target
            tar.addfile(entry)
    with bundle(tmp_path / "b") as writer:
        writer.add_part(key(), "java21", io.BytesIO(output.getvalue()))

    list(clients(tmp_path / "there").load(tmp_path / "b", print))

    found = sorted(path for path in (tmp_path / "there").rglob("*") if not path.is_dir())
    assert not any(path.is_symlink() for path in found)
    assert sorted(os.listdir(tmp_path)) == ["b", "there"]
    assert [path.name for path in tmp_path.rglob("evil") if not path.is_relative_to(tmp_path / "there/parts")] == []


@pytest.mark.parametrize(
    "told",
    [
        {"GNU.sparse.size": str(10**13), "GNU.sparse.map": "0,1"},
        {"GNU.sparse.size": "much", "GNU.sparse.map": "0,1"},
        {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "1", "GNU.sparse.name": "part/x"},
        {"path": "part/a\0b"},
        {"path": "part"},
        {"path": "part/" + "x" * 300},
        {"path": "part/file/below"},
        {"size": str(10**13)},
    ],
    ids=["a hole", "no number", "no map", "a zero", "the folder itself", "a long name", "below a file", "endless"],
)
def test_a_client_that_cannot_be_unpacked_is_refused_and_takes_no_room(tmp_path: Path, told: dict[str, str]) -> None:
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w", format=tarfile.PAX_FORMAT) as tar:
        tar.addfile(tarfile.TarInfo("part/file"))
        entry = tarfile.TarInfo("part/hostile")
        entry.size, entry.pax_headers = 512, told
        tar.addfile(entry, io.BytesIO(b"no map\n".ljust(512)))
    with bundle(tmp_path / "b") as writer:
        writer.add_part(key(), "java21", io.BytesIO(output.getvalue()))

    with suppress(SandboxError):
        list(clients(tmp_path / "there").load(tmp_path / "b", print))

    there = [path for path in (tmp_path / "there").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in there) < 10_000
    assert not list((tmp_path / "there/build/import").rglob("*"))


def test_on_a_full_disk_nothing_is_kept(here: Path, tmp_path: Path) -> None:
    clients(here).export(tmp_path / "b", ["java21"], "x86_64", print)

    with room_for(50_000), pytest.raises(SandboxError, match="client of java21 could not be kept: there is not enough"):
        list(clients(tmp_path / "there").load(tmp_path / "b", print))

    assert not (tmp_path / "there/parts").exists() or os.listdir(tmp_path / "there/parts") == []


def test_a_folder_of_somebody_else_is_not_taken_for_a_cache(here: Path, tmp_path: Path) -> None:
    clients(here).export(tmp_path / "b", ["java21"], "x86_64", print)
    (tmp_path / "there").mkdir()
    (tmp_path / "there/mine").touch()

    with pytest.raises(SandboxError, match="holds other files"):
        list(clients(tmp_path / "there").load(tmp_path / "b", print))

    assert os.listdir(tmp_path / "there") == ["mine"]
