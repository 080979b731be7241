import os
import stat
import struct
import tracemalloc
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from zip_rig import FILE, FOLDER, LINK, Raw, deflated, raw_zip, zip_of

from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.code import InvalidZip, TooManyFolders, UnzippedTooLarge
from lambda_emu.store.code.unzip import unpack

LIMIT = 262_144_000
MEGABYTE = 1024 * 1024


def unpacked(data: bytes, folder: Path) -> Path:
    (folder / "zip").write_bytes(data)
    unpack(folder / "zip", folder / "tree")
    return folder / "tree"


@pytest.mark.parametrize(
    "name",
    [
        b"../out.py",
        b"a/../../out.py",
        b"a/..",
        b"/etc/passwd",
        b"//server/share",
        b"C:/out.py",
        b"c:out.py",
        b"..\\out.py",
        b"a\\b.py",
        b"a\0b.py",
        b"",
        b".",
        b"x" * 256,
        b"/".join([b"x"] * 101),
        b"/".join([b"x" * 100] * 11),
    ],
)
def test_a_name_that_is_not_below_the_tree_is_refused(name: bytes, tmp_path: Path) -> None:
    with pytest.raises(InvalidZip):
        unpacked(raw_zip(Raw(name, b"1")), tmp_path)

    assert {path.name for path in tmp_path.iterdir()} == {"zip"}


@pytest.mark.parametrize(
    "links",
    [
        {"a": ".."},
        {"a": "../tree/b"},
        {"a/b": "../../out"},
        {"a": "a"},
        {"a": "b", "b": "a"},
        {"a": "x\0y"},
        {"a": ""},
        {"a": "x" * 1025},
        {"p/q/r": "../..", "escape": "p/q/r/.."},  # inside by its letters, outside where the system follows it
        {f"a{number}": f"a{number + 1}" for number in range(50)},
    ],
    ids=repr,
)
def test_a_link_that_leaves_the_tree_or_leads_nowhere_in_circles_is_refused(
    links: dict[str, str], tmp_path: Path
) -> None:
    entries = [Raw(name.encode(), target.encode(), LINK) for name, target in links.items()]

    with pytest.raises(InvalidZip):
        unpacked(raw_zip(*entries), tmp_path)

    assert not (tmp_path / "tree").exists()


A = Raw(b"a", b"1234")
BROKEN = {
    "empty file": b"",
    "no zip": b"not a zip",
    "only a signature": b"PK\5\6",
    "no entries": raw_zip(),
    "end cut off": raw_zip(A)[:-1],
    "start cut off": raw_zip(A)[4:],
    "directory cut off": raw_zip(A)[:40],
    "file, then folder of its name": raw_zip(A, Raw(b"a/b", b"1")),
    "folder, then file of its name": raw_zip(Raw(b"a/b", b"1"), A),
    "file and empty folder": raw_zip(A, Raw(b"a/", mode=FOLDER)),
    "file behind a link": raw_zip(Raw(b"a", b"b", LINK), Raw(b"a/c", b"1")),
    "link named as a folder": raw_zip(Raw(b"a/", b"b", LINK)),
    "file named as a folder": raw_zip(Raw(b"a/", b"1", FILE)),
    "character device": raw_zip(Raw(b"a", mode=stat.S_IFCHR | 0o666)),
    "block device": raw_zip(Raw(b"a", mode=stat.S_IFBLK | 0o666)),
    "pipe": raw_zip(Raw(b"a", mode=stat.S_IFIFO | 0o666)),
    "socket": raw_zip(Raw(b"a", mode=stat.S_IFSOCK | 0o666)),
    "encrypted": raw_zip(Raw(b"a", b"1", flags=1)),
    **{f"method {method}": raw_zip(Raw(b"a", b"1", method=method)) for method in (1, 9, 12, 14, 93, 99)},
    "name said to be UTF-8": raw_zip(Raw(b"\xff", b"1", flags=0x800)),
    "link to no text": raw_zip(Raw(b"a", b"\xff", LINK)),
    "two names": raw_zip(Raw(b"a", b"1", local_name=b"b")),
    "wrong checksum": raw_zip(Raw(b"a", b"1", crc=1)),
    "claims less": raw_zip(Raw(b"a", b"1", size=0)),
    "claims more": raw_zip(Raw(b"a", b"1", size=2)),
    "claims more than there is": raw_zip(Raw(b"a", b"1", packed_bytes=2**31)),
    "no deflate stream": raw_zip(Raw(b"a", b"\xff\xff\xff", method=8)),
    "half a deflate stream": raw_zip(Raw(b"a", deflated(b"1" * 99)[:-2], method=8, size=99)),
    "overlapping entries": raw_zip(A, Raw(b"a", b"1234", offset=0)),
    "offset beyond the file": raw_zip(Raw(b"a", b"1", offset=2**31)),
    "zip64 without its field": raw_zip(Raw(b"a", b"1", offset=0xFFFFFFFF)),
    "zip64 far beyond the file": raw_zip(Raw(b"a", b"1", offset=0xFFFFFFFF, extra=struct.pack("<2HQ", 1, 8, 2**63))),
    "zip64 field cut off": raw_zip(Raw(b"a", b"1", size=0xFFFFFFFF, extra=b"\1\0\1\0\0")),
    "too many entries": raw_zip(*[Raw(b"a/", mode=FOLDER)] * 100_001),
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN.keys())
def test_a_zip_that_does_not_hold_together_is_refused(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(InvalidZip):
        unpacked(data, tmp_path)


DEEP = b"/".join([b"%d"] * 90)


@pytest.mark.parametrize(
    "entries",
    [
        [Raw(b"%d/" % number, mode=FOLDER) for number in range(10_001)],
        [Raw(DEEP % ((number,) * 90)) for number in range(120)],  # folders that only names tell of
    ],
    ids=["entries", "names"],
)
def test_folders_which_each_environment_pays_for_are_few(entries: list[Raw], tmp_path: Path) -> None:
    with pytest.raises(TooManyFolders, match="has more than 10000 folders"):
        unpacked(raw_zip(*entries), tmp_path)

    assert not (tmp_path / "tree").exists()


@pytest.mark.parametrize(
    ("sizes", "error"),
    [
        ((LIMIT,), InvalidZip),  # may be tried, and does not hold what it claims
        ((LIMIT + 1,), UnzippedTooLarge),
        ((LIMIT // 2, LIMIT // 2), InvalidZip),
        ((LIMIT // 2, LIMIT // 2, 1), UnzippedTooLarge),
    ],
)
def test_the_unzipped_limit_counts_all_files_together(
    sizes: tuple[int, ...], error: type[LambdaError], tmp_path: Path
) -> None:
    entries = (Raw(b"%d" % number, b"1", size=size) for number, size in enumerate(sizes))

    with pytest.raises(error):
        unpacked(raw_zip(*entries), tmp_path)


def test_a_bomb_is_stopped_before_it_takes_memory_or_disk(tmp_path: Path) -> None:
    bomb = raw_zip(Raw(b"a", bytes(200 * MEGABYTE), deflate=True, size=MEGABYTE))

    tracemalloc.start()
    with pytest.raises(InvalidZip):
        unpacked(bomb, tmp_path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 4 * MEGABYTE
    assert (tmp_path / "tree" / "a").stat().st_size <= MEGABYTE


PARTS = st.sampled_from([b"a", b"b", b"c", b"a", b"b", b".", b"", b"..", b"c:", b"\\", b"\0", b"\xe4"])
PATHS = st.lists(PARTS, min_size=1, max_size=4).map(b"/".join)
ENTRIES = st.builds(
    Raw,
    name=st.lists(PARTS.filter(lambda part: part in b"abc"), min_size=1, max_size=3).map(b"/".join) | PATHS,
    data=PATHS,
    mode=st.sampled_from([0, 0o104755, FOLDER, LINK, LINK, LINK]),
    deflate=st.booleans(),
)


@settings(max_examples=150, deadline=None)
@given(entries=st.lists(ENTRIES, min_size=1, max_size=6))
def test_nothing_is_ever_written_or_linked_outside_the_tree(
    entries: list[Raw], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("outside")

    with suppress(LambdaError):
        unpacked(raw_zip(*entries), folder)

    assert {path.name for path in folder.iterdir()} <= {"zip", "tree"}
    made = list((folder / "tree").rglob("*"))
    links = {path: os.readlink(path) for path in made if path.is_symlink()}
    assert all(stat.S_IMODE(path.stat().st_mode) in (0o755, 0o644) for path in made if path not in links)
    if not any(target.startswith("/") for target in links.values()):
        assert all(path.resolve().is_relative_to(folder / "tree") for path in links)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_damaged_zip_is_refused_or_unpacked_and_nothing_else(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    damaged = bytearray(zip_of({"app.py": "x = 1\n" * 9, "lib/b.py": b"\0" * 50}))
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    folder = tmp_path_factory.mktemp("damaged")

    with suppress(LambdaError):
        unpacked(bytes(damaged), folder)

    assert {path.name for path in folder.iterdir()} <= {"zip", "tree"}
