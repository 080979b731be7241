"""What objects of S3 consist of: files that are there as long as they are needed, pieces of them, their checksums."""

from __future__ import annotations

import gc
import os
import pickle
import random
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from lambda_emu.services.child.program.objects.bodies import SMALL_BYTES, Bodies
from lambda_emu.services.child.program.objects.checksums import joined, sum_of
from lambda_emu.services.child.program.objects.content import Content


@pytest.fixture
def bodies(tmp_path: Path) -> Bodies:
    return Bodies(tmp_path, is_kept=True)


@pytest.mark.parametrize(
    ("algorithm", "of_digits"), [("CRC32", "cbf43926"), ("CRC32C", "e3069283"), ("CRC64NVME", "ae8b14860a799888")]
)
def test_the_checksum_of_a_whole_follows_from_those_of_its_parts(algorithm: str, of_digits: str) -> None:
    """of_digits: as catalogues of CRCs have it for 123456789."""
    parts = [(sum_of(part, algorithm), len(part)) for part in (b"1234", b"", b"5", b"6789")]

    assert joined(algorithm, parts) == sum_of(b"123456789", algorithm) == bytes.fromhex(of_digits)
    assert joined(algorithm, [*parts, (None, 1)]) is None


def test_the_checksum_of_large_parts_is_as_if_they_were_read() -> None:
    parts = [os.urandom(random.randrange(200_000)) for _ in range(9)]

    found = joined("CRC32", [(zlib.crc32(part).to_bytes(4, "big"), len(part)) for part in parts])

    assert found == zlib.crc32(b"".join(parts)).to_bytes(4, "big")


def test_a_content_is_cut_as_bytes_are(bodies: Bodies) -> None:
    parts = [os.urandom(size) for size in (SMALL_BYTES + 1, 3, 0, SMALL_BYTES, 2 * SMALL_BYTES)]
    whole, content = b"".join(parts), Content.joined([Content.kept(part, bodies) for part in parts])
    bounds = [None, 0, 1, SMALL_BYTES, SMALL_BYTES + 1, SMALL_BYTES + 4, len(whole) - 1, len(whole), len(whole) + 9]

    for begin in bounds:
        for end in bounds:
            assert bytes(content[begin:end]) == whole[begin:end]
            assert len(content[begin:end]) == len(whole[begin:end])
    assert bytes(content[SMALL_BYTES - 1 :][1:5][1:3]) == whole[SMALL_BYTES - 1 :][1:5][1:3]


def test_a_file_is_there_while_somebody_holds_it(tmp_path: Path) -> None:
    bodies = Bodies(tmp_path, is_kept=False)
    content = Content.joined([Content.of(bodies.keep([b"a" * SMALL_BYTES] * 2)), Content.of(b"small")])
    part = content[5:9]
    del content
    gc.collect()

    assert bytes(part) == b"aaaa"
    del part
    gc.collect()

    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_kept_goes_when_nobody_needs_it_and_its_size_is_told(bodies: Bodies, tmp_path: Path) -> None:
    held, free = bodies.keep([b"held"]), bodies.keep([b"free", b"d"])
    name = free.name
    del free
    gc.collect()
    assert (bodies.unused_bytes(), bodies.unused_bytes()) == (5, 0)

    bodies.remove_all_but({name})
    assert len(list(tmp_path.iterdir())) == 2
    bodies.remove_all_but(())

    assert [path.name for path in tmp_path.iterdir()] == [held.name]


def test_what_does_not_come_whole_leaves_no_file(bodies: Bodies, tmp_path: Path) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"begun"
        raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        bodies.keep(pieces())

    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_had_begun_is_removed(tmp_path: Path) -> None:
    (tmp_path / "begun-by-one-that-was-killed").write_bytes(b"half of it")
    (tmp_path / "whole").write_bytes(b"all of it")

    bodies = Bodies(tmp_path, is_kept=True)

    assert [path.name for path in tmp_path.iterdir()] == ["whole"]
    assert bytes(Content.of(bodies.find("whole"))) == b"all of it"


def test_a_checksum_of_a_file_is_calculated_once(bodies: Bodies) -> None:
    kept: dict[str, bytes] = {}
    bodies.memo = lambda name, make: kept.setdefault(name, make()) if name not in kept else kept[name]
    content = Content.of(bodies.keep([b"a" * SMALL_BYTES] * 2))
    again = Content(content.pieces)
    found = content.sum("MD5")

    (bodies.folder / content.pieces[0].name.partition("[")[0]).write_bytes(b"")

    assert again.sum("MD5") == found
    assert content.sum("XXHASH3") is None


def test_small_ones_are_pickled_with_all_that_is_known_of_them() -> None:
    content = Content.of(b"small", {"XXHASH3": b"believed"})

    again: Content = pickle.loads(pickle.dumps(content))

    assert (bytes(again), again.sum("XXHASH3")) == (b"small", b"believed")
