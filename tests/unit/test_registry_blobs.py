"""What the registry keeps of images, and for how long. docs/services.md#images."""

from __future__ import annotations

import errno
import os
import shutil
import threading
from collections.abc import Callable
from hashlib import sha256
from itertools import count
from pathlib import Path

import pytest

from lambda_emu.errors.base import LambdaError
from lambda_emu.services.registry import uploads
from lambda_emu.services.registry.blobs import WANTED_S, Blobs
from lambda_emu.services.registry.errors import NoUpload, RegistryFull, TooLarge, WrongDigest
from lambda_emu.services.registry.names import Repository
from lambda_emu.services.registry.uploads import MOST_UPLOADS, UNTOUCHED_S

MINE = Repository("000000000000", "us-east-1", "mine")
OTHER = Repository("000000000000", "us-east-1", "other")


class Rig:
    """Takes 100 bytes in all and 10 of a blob; its time is moved by hand."""

    def __init__(self, folder: Path) -> None:
        self.time_s = 1_000_000.0
        self.folder = folder
        ids = count()
        self.blobs = Blobs(folder, lambda: f"id{next(ids)}", lambda: self.time_s, most_bytes=100, layer_bytes=10)

    def push(self, data: bytes, repository: Repository = MINE) -> str:
        digest = f"sha256:{sha256(data).hexdigest()}"
        id = self.blobs.begin(repository)
        self.blobs.append(repository, id, data)
        self.blobs.finish(repository, id, digest)
        return digest

    def files(self) -> list[Path]:
        return [one for one in self.folder.rglob("*") if one.is_file()]


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path / "registry")


@pytest.mark.parametrize("is_file", [False, True])
def test_an_upload_has_a_most_however_many_pieces_it_comes_in(rig: Rig, tmp_path: Path, is_file: bool) -> None:
    bodies = [tmp_path / f"body{n}" for n in range(3)]
    for body in bodies:
        body.write_bytes(b"12345")
    told: list[bytes | Path] = [*bodies] if is_file else [b"12345"] * 3
    id = rig.blobs.begin(MINE)

    assert [rig.blobs.append(MINE, id, one) for one in told[:2]] == [5, 10]
    with pytest.raises(TooLarge):
        rig.blobs.append(MINE, id, told[2])
    assert [one.stat().st_size for one in rig.files()] == [10]


def test_all_uploads_and_blobs_have_a_most_together_and_what_is_given_up_frees_it(rig: Rig) -> None:
    ids = [rig.blobs.begin(MINE) for _ in range(10)]
    for id in ids:
        rig.blobs.append(MINE, id, b"1234567890")
    refused: list[Callable[[], object]] = [lambda: rig.blobs.begin(MINE), lambda: rig.blobs.append(MINE, ids[0], b"1")]
    for refuse in refused:
        with pytest.raises(RegistryFull):
            refuse()

    rig.blobs.uploads.give_up(MINE, ids[0])
    rig.push(b"abcdef")


def test_uploads_that_nobody_goes_on_with_are_given_up_after_a_while(rig: Rig) -> None:
    left, used = rig.blobs.begin(MINE), rig.blobs.begin(MINE)
    rig.blobs.append(MINE, left, b"12345")
    rig.time_s += UNTOUCHED_S - 1
    rig.blobs.append(MINE, used, b"1")
    rig.time_s += 2

    rig.blobs.begin(OTHER)

    assert rig.blobs.append(MINE, used, b"2") == 2
    with pytest.raises(NoUpload):
        rig.blobs.append(MINE, left, b"6")
    assert not (rig.folder / "uploads" / left).exists()


def test_uploads_of_a_repository_go_with_it(rig: Rig) -> None:
    id, others = rig.blobs.begin(MINE), rig.blobs.begin(OTHER)
    assert {*rig.blobs.repositories()} == {MINE, OTHER}

    rig.blobs.keep(MINE, None, rig.time_s)

    assert [rig.blobs.uploads.has(MINE, id), rig.blobs.uploads.has(OTHER, others)] == [False, True]
    assert [one.name for one in rig.files()] == [others]


def test_a_disk_that_is_full_leaves_an_upload_as_it_was(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk itself cannot be filled here: the copy fails as it would, after the half."""
    id = rig.blobs.begin(MINE)
    rig.blobs.append(MINE, id, b"123")
    body = rig.folder / "body"
    body.write_bytes(b"4567")

    def half(_: object, to: object, *__: object) -> None:
        to.write(b"45")  # type: ignore[attr-defined]
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(uploads.shutil, "copyfileobj", half)  # type: ignore[attr-defined]
        with pytest.raises(OSError, match="No space left"):
            rig.blobs.append(MINE, id, body)
    assert rig.blobs.append(MINE, id, body, at=3) == 7
    assert shutil.copyfileobj is not half


def test_an_upload_that_ends_while_others_write_to_it_leaves_no_file(rig: Rig) -> None:
    rig.blobs = Blobs(rig.folder, iter(map(str, range(10_000))).__next__, lambda: rig.time_s)
    told: list[OSError] = []
    for _ in range(30):
        id = rig.blobs.begin(MINE)
        begun = threading.Barrier(4)

        def run(act: Callable[[], object], begun: threading.Barrier = begun) -> None:
            begun.wait(10)
            try:
                for _ in range(5):
                    act()
            except LambdaError:
                pass
            except OSError as error:
                told.append(error)

        acts: list[Callable[[], object]] = [
            lambda id=id: rig.blobs.append(MINE, id, b"x" * 10_000),  # type: ignore[misc]
            lambda id=id: rig.blobs.append(MINE, id, b"y"),  # type: ignore[misc]
            lambda id=id: rig.blobs.finish(MINE, id, "sha256:wrong"),  # type: ignore[misc]
            lambda: rig.blobs.uploads.give_up_of(MINE),
        ]
        threads = [threading.Thread(target=run, args=(act,)) for act in acts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    assert (told, rig.files()) == ([], [])


def test_the_upload_that_was_touched_last_of_all_makes_room_for_another(rig: Rig) -> None:
    first, second, *_ = [rig.blobs.begin(MINE) for _ in range(MOST_UPLOADS)]
    rig.blobs.append(MINE, first, b"1")

    rig.blobs.begin(MINE)

    assert rig.blobs.append(MINE, first, b"2") == 2
    with pytest.raises(NoUpload):
        rig.blobs.append(MINE, second, b"2")


def test_an_empty_blob_is_one(rig: Rig) -> None:
    digest = f"sha256:{sha256(b'').hexdigest()}"
    rig.blobs.finish(MINE, rig.blobs.begin(MINE), digest)
    found = rig.blobs.find(MINE, digest)
    assert found is not None
    assert found.read_bytes() == b""


def test_what_is_not_its_digest_leaves_nothing(rig: Rig) -> None:
    id = rig.blobs.begin(MINE)
    with pytest.raises(WrongDigest):
        rig.blobs.finish(MINE, id, f"sha256:{'0' * 64}")
    assert rig.files() == []


@pytest.mark.parametrize("told", ["asked", "pushed again"])
def test_a_blob_that_a_push_was_told_is_there_stays_when_the_image_that_had_it_goes(rig: Rig, told: str) -> None:
    digest = rig.push(b"layer")
    rig.blobs.claim(MINE, [digest])
    if told == "asked":
        assert rig.blobs.want(MINE, digest) is not None
    else:
        assert rig.push(b"layer") == digest

    rig.blobs.keep(MINE, [], rig.time_s)
    assert rig.blobs.find(MINE, digest) is not None

    rig.blobs.keep(MINE, [], rig.time_s + WANTED_S + 1)
    assert rig.blobs.find(MINE, digest) is None


def test_a_claimed_blob_goes_with_the_image_that_had_it(rig: Rig) -> None:
    digest = rig.push(b"layer")
    rig.blobs.claim(MINE, [digest])
    rig.blobs.keep(MINE, [digest], rig.time_s)
    assert rig.blobs.find(MINE, digest) is not None
    rig.blobs.keep(MINE, [], rig.time_s)
    assert rig.blobs.find(MINE, digest) is None


def test_what_is_pushed_to_a_repository_that_was_made_anew_is_not_taken_for_what_was_there(rig: Rig) -> None:
    old = rig.push(b"old")
    rig.time_s += 1
    asked_s = rig.time_s
    rig.time_s += 1
    new = rig.push(b"new")

    rig.blobs.keep(MINE, None, asked_s)

    assert [rig.blobs.find(MINE, one) is not None for one in (old, new)] == [False, True]


def test_no_blob_goes_while_an_image_is_put(rig: Rig) -> None:
    """Else it might be asked before what images have, and go after the image is there."""
    digest = rig.push(b"layer")
    swept = threading.Event()

    def sweep() -> None:
        with rig.blobs.claiming():
            rig.blobs.keep(MINE, [], rig.time_s)
            swept.set()

    with rig.blobs.claiming():
        sweeping = threading.Thread(target=sweep)
        sweeping.start()
        assert not swept.wait(0.05)
        rig.blobs.claim(MINE, [digest])
    sweeping.join(10)
    assert swept.is_set()
