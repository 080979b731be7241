import io
import os
import stat
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pytest
from zip_rig import FOLDER, LINK, Raw, raw_zip, zip_of

from lambda_emu.store.code.unzip import unpack


def unpacked(data: bytes, folder: Path) -> Path:
    (folder / "zip").write_bytes(data)
    unpack(folder / "zip", folder / "tree")
    return folder / "tree"


@pytest.fixture(params=[0o000, 0o022, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask")
def test_modes_are_the_same_whatever_the_zip_and_the_umask_say(tmp_path: Path) -> None:
    entries = (
        Raw(b"none", mode=0),
        Raw(b"private", mode=0o100600),
        Raw(b"anyone", mode=0o100666),
        Raw(b"run", mode=0o100744),
        Raw(b"setuid", mode=0o106711),
        Raw(b"sticky/", mode=0o041777),
        Raw(b"implied/file", mode=0o100000),
    )

    tree = unpacked(raw_zip(*entries), tmp_path)

    modes = {path.relative_to(tree).as_posix(): stat.S_IMODE(path.stat().st_mode) for path in tree.rglob("*")}
    assert modes == {
        "none": 0o644,
        "private": 0o644,
        "anyone": 0o644,
        "run": 0o755,
        "setuid": 0o755,
        "sticky": 0o755,
        "implied": 0o755,
        "implied/file": 0o644,
    }
    assert stat.S_IMODE(tree.stat().st_mode) == 0o755


@pytest.mark.parametrize(
    ("written", "flags", "name"),
    [
        (b"app.py", 0, "app.py"),
        (b"./app.py", 0, "app.py"),
        (b"a//b.py", 0, "a/b.py"),
        ("ä.py".encode(), 0x800, "ä.py"),
        ("ä.py".encode(), 0, "ä.py"),  # macOS writes UTF-8 and does not say so
        (b"\x84.py", 0, "ä.py"),  # DOS
        (b"a b\n.py", 0, "a b\n.py"),
        (b"x" * 255, 0, "x" * 255),
        (b"/".join([b"x"] * 100), 0, "/".join("x" * 100)),
    ],
)
def test_an_odd_but_honest_name_is_kept(written: bytes, flags: int, name: str, tmp_path: Path) -> None:
    tree = unpacked(raw_zip(Raw(written, b"1", flags=flags)), tmp_path)

    assert (tree / name).read_bytes() == b"1"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Raw(b"a", b"old"), Raw(b"a", b"new")),
        (Raw(b"a", b"b", LINK), Raw(b"a", b"new")),
        (Raw(b"./a", b"old"), Raw(b"a", b"new")),
    ],
)
def test_of_two_files_of_one_name_the_last_counts(first: Raw, second: Raw, tmp_path: Path) -> None:
    tree = unpacked(raw_zip(first, Raw(b"b", b"untouched"), second), tmp_path)

    assert (tree / "a").read_bytes() == b"new"
    assert (tree / "b").read_bytes() == b"untouched"


@pytest.mark.parametrize(
    "links",
    [
        {"a": "lib/b.py"},
        {"a": "./lib//b.py"},
        {"lib/a": "../lib/b.py"},
        {"lib/a": "b.py", "c": "lib/a"},
        {"there": "lib", "a": "there/b.py"},
        {"deep/er/up": "../..", "a": "deep/er/up/lib/b.py"},
    ],
    ids=repr,
)
def test_a_link_that_stays_inside_is_kept(links: dict[str, str], tmp_path: Path) -> None:
    entries = [Raw(name.encode(), target.encode(), LINK) for name, target in links.items()]

    tree = unpacked(raw_zip(*entries, Raw(b"lib/b.py", b"1")), tmp_path)

    last = list(links)[-1]
    assert os.readlink(tree / last) == links[last]
    assert (tree / last).read_bytes() == b"1"


@pytest.mark.parametrize("data", [b"", b"1", bytes(300_000), os.urandom(300_000), b"abc" * 700_000])
@pytest.mark.parametrize("deflate", [False, True])
def test_the_bytes_come_out_as_they_went_in(data: bytes, deflate: bool, tmp_path: Path) -> None:
    tree = unpacked(raw_zip(Raw(b"a", data, deflate=deflate)), tmp_path)

    assert (tree / "a").read_bytes() == data


def test_what_stands_before_and_after_a_zip_does_no_harm(tmp_path: Path) -> None:
    tree = unpacked(raw_zip(Raw(b"a", b"1"), prefix=b"#!/bin/sh\n", comment=b"PK\5\6 is where a zip ends"), tmp_path)

    assert (tree / "a").read_bytes() == b"1"


def test_a_zip_written_to_a_pipe_has_its_sizes_after_the_data(tmp_path: Path) -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def tell(self) -> int:
            raise OSError

    out = Pipe()
    with ZipFile(out, "w", ZIP_DEFLATED) as zip_file:
        zip_file.writestr("a", "1" * 99)

    assert (unpacked(out.getvalue(), tmp_path) / "a").read_text() == "1" * 99


def test_zip64_is_read(tmp_path: Path) -> None:
    out = io.BytesIO()
    with ZipFile(out, "w") as zip_file, zip_file.open(ZipInfo("a"), "w", force_zip64=True) as file:
        file.write(b"1")
    lost = 0xFFFFFFFF
    wide = Raw(b"b", b"22", size=lost, packed_bytes=lost, extra=struct.pack("<2H2Q", 1, 16, 2, 2))
    (tmp_path / "wide").mkdir()

    assert (unpacked(out.getvalue(), tmp_path) / "a").read_bytes() == b"1"
    assert (unpacked(raw_zip(wide), tmp_path / "wide") / "b").read_bytes() == b"22"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_more_entries_than_16_bits_can_count_are_read(tmp_path: Path) -> None:
    out = io.BytesIO()
    with ZipFile(out, "w") as zip_file:
        for number in range(70_000):
            zip_file.writestr(ZipInfo(f"{number % 10}/"), b"")
    (tmp_path / "zip").write_bytes(out.getvalue())

    assert unpack(tmp_path / "zip", tmp_path / "tree") == 0
    assert len(list((tmp_path / "tree").iterdir())) == 10


def test_the_size_is_that_of_the_files_that_remain(tmp_path: Path) -> None:
    entries = (Raw(b"a", b"12345"), Raw(b"a", b"123"), Raw(b"b", bytes(1000), deflate=True), Raw(b"c", b"a", LINK))
    (tmp_path / "zip").write_bytes(raw_zip(*entries, Raw(b"d/", mode=FOLDER)))

    assert unpack(tmp_path / "zip", tmp_path / "tree") == 1003


def test_what_other_tools_zip_is_unpacked(tmp_path: Path) -> None:
    (tmp_path / "zip").write_bytes(zip_of({"lib/": "", "lib/app.py": "1", "run": "2"}))

    size = unpack(tmp_path / "zip", tmp_path / "tree")

    listed = subprocess.run(["find", "."], cwd=tmp_path / "tree", capture_output=True, text=True, check=True)
    assert sorted(listed.stdout.split()) == [".", "./lib", "./lib/app.py", "./run"]
    assert size == 2


@pytest.mark.parametrize("target", ["/opt/lib", "/tmp", "/var/task/a", "/etc/passwd", "/", "/../x", "/var/task/link"])
def test_an_absolute_link_is_kept_as_it_is_and_not_followed(target: str, tmp_path: Path) -> None:
    entries = (Raw(b"link", target.encode(), LINK), Raw(b"via", b"link/../x", LINK), Raw(b"a", b"1"))

    tree = unpacked(raw_zip(*entries), tmp_path)

    assert (os.readlink(tree / "link"), os.readlink(tree / "via")) == (target, "link/../x")
