"""What is told of code that does not run on Lambda: programs for other machines, and such as ask for too much."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from elf_rig import program

from lambda_emu.binaries.complaints import complaints
from lambda_emu.binaries.needs import SYSTEMS
from lambda_emu.binaries.scan import Bounds, Code, scan
from lambda_emu.clock import Clock
from lambda_emu.runtimes import catalogue

SCRIPT = b"#!/bin/sh\n"
STATIC = program(loader=None)
FOREIGN = program(architecture="arm64")


def asks_for(*versions: str) -> bytes:
    return program({"libm.so.6": ["GLIBC_2.2.5"], "libc.so.6": ["GLIBC_2.2.5", *versions]})


def tell(
    folder: Path,
    files: Mapping[str, bytes],
    runtime: str = "provided.al2023",
    layer: Mapping[str, bytes] | None = None,
) -> list[str]:
    found = catalogue().get(runtime)
    assert found is not None
    codes = []
    for shown, content in (("/var/task", files), ("/opt", layer or {})):
        where = folder / shown.strip("/").replace("/", "-")
        where.mkdir()
        for name, data in content.items():
            (where / name).parent.mkdir(parents=True, exist_ok=True)
            (where / name).write_bytes(data)
            (where / name).chmod(0o644 if "plain" in name or data.startswith(b"plain") else 0o755)
        codes.append(Code(shown, where, scan(where, Clock())))
    return list(complaints(found, "x86_64", codes))


@pytest.mark.parametrize(
    ("runtime", "version", "has"),
    [
        ("provided.al2023", "GLIBC_2.34", None),
        ("provided.al2023", "GLIBC_2.38", "2.34"),
        ("provided.al2023", "GLIBC_2.100", "2.34"),
        ("provided.al2023", "GLIBC_PRIVATE", None),
        ("provided.al2", "GLIBC_2.26", None),
        ("provided.al2", "GLIBC_2.27", "2.26"),
        ("provided", "GLIBC_2.18", "2.17"),
        ("python3.11", "GLIBC_2.28", "2.26"),
        ("python3.12", "GLIBC_2.28", None),
        ("nodejs24.x", "GLIBC_2.38", "2.34"),
        ("java21", "GLIBC_2.38", "2.34"),
    ],
)
def test_what_asks_for_a_newer_glibc_than_lambda_has_is_named(
    tmp_path: Path, runtime: str, version: str, has: str | None
) -> None:
    found = tell(tmp_path, {"lib/x.so": asks_for(version), "bootstrap": SCRIPT}, runtime)

    told = (
        f"/var/task/lib/x.so needs {version}, and {runtime} has {has} on Lambda: there it fails, whatever it does here"
    )
    assert [text.partition(". ")[0] for text in found] == ([] if has is None else [told])


@pytest.mark.parametrize(
    ("runtime", "says"),
    [
        (
            "provided.al2",
            "Build it on Amazon Linux 2, or link it statically (Go: CGO_ENABLED=0, Rust: --target x86_64-",
        ),
        (
            "python3.11",
            "Take wheels for Amazon Linux 2: pip install --platform manylinux2014_x86_64 --only-binary=:all:",
        ),
        (
            "python3.13",
            "Take wheels for Amazon Linux 2023: pip install --platform manylinux2014_x86_64 --platform manylinux_2",
        ),
        ("ruby3.4", "Build it on Amazon Linux 2023"),
    ],
)
def test_what_to_type_is_said_for_each_language(tmp_path: Path, runtime: str, says: str) -> None:
    (told,) = tell(tmp_path, {"x.so": asks_for("GLIBC_2.38"), "bootstrap": SCRIPT}, runtime)

    assert says in told


def test_of_many_the_one_that_asks_for_most_is_named_and_the_others_are_counted(tmp_path: Path) -> None:
    files = {"a.so": asks_for("GLIBC_2.36"), "b.so": asks_for("GLIBC_2.9", "GLIBC_2.39"), "bootstrap": SCRIPT}

    (told,) = tell(tmp_path, files, layer={"lib/c.so": asks_for("GLIBC_2.38")})

    assert told.startswith("/var/task/b.so needs GLIBC_2.39")
    assert "(2 more ask for too much)" in told


def test_what_is_packed_for_a_newer_loader_needs_the_glibc_that_has_it(tmp_path: Path) -> None:
    (told,) = tell(tmp_path, {"bootstrap": asks_for("GLIBC_ABI_DT_RELR")})

    assert "needs GLIBC_2.36" in told


def test_the_library_of_c_plus_plus_counts_too(tmp_path: Path) -> None:
    program_of = program({"libstdc++.so.6": ["GLIBCXX_3.4.25"]})

    (told,) = tell(tmp_path, {"bootstrap": program_of}, "provided.al2")

    assert "needs GLIBCXX_3.4.25, and provided.al2 has 3.4.24" in told


def test_what_may_be_missing_is_not_needed(tmp_path: Path) -> None:
    files = {"bootstrap": program({"libc.so.6": ["GLIBC_2.38"]}, weak=["GLIBC_2.38"])}

    assert tell(tmp_path, files) == []


def test_code_that_brings_its_own_c_library_may_ask_for_any(tmp_path: Path) -> None:
    files = {"bin/run": asks_for("GLIBC_2.100"), "bootstrap": SCRIPT, "lib/libc.so.6": b"plain"}

    assert tell(tmp_path, files) == []


def test_a_static_program_asks_for_nothing(tmp_path: Path) -> None:
    assert tell(tmp_path, {"bootstrap": STATIC}) == []


@pytest.mark.parametrize(
    ("bootstrap", "says"),
    [
        (FOREIGN, "is a program for arm64, and the function is for x86_64: build it for that (GOOS=linux GOARCH=amd64"),
        (program(architecture="i386", loader=None), "is a program for i386, and the function is for x86_64: build it"),
        (b"\xcf\xfa\xed\xfe" + bytes(60), "is a program for macOS: build it for Linux (GOOS=linux GOARCH="),
        (b"MZ" + bytes(60), "is a program for Windows: build it for Linux"),
        (b"#!/bin/sh\r\necho\r\n", "dos2unix bootstrap"),
        (b"plain #!/bin/sh\n", "may not be executed: chmod +x bootstrap"),
        (b"echo hello\n", "is no program"),
        (
            program(loader="/lib/ld-musl-x86_64.so.1"),
            "is loaded by /lib/ld-musl-x86_64.so.1, which Lambda has not: link it statically",
        ),
        (program(loader="/nix/store/glibc/ld.so"), "which Lambda has not: link it on Amazon Linux, or statically"),
    ],
)
def test_a_bootstrap_that_lambda_cannot_start_is_named_with_what_to_type(
    tmp_path: Path, bootstrap: bytes, says: str
) -> None:
    (told,) = tell(tmp_path, {"bootstrap": bootstrap})

    assert told.startswith("/var/task/bootstrap ")
    assert says in told
    assert ("set the function's Architectures" in told) == ("program for arm64" in told)


def test_a_bootstrap_may_be_in_a_layer_and_a_folder_of_its_name_is_none(tmp_path: Path) -> None:
    assert tell(tmp_path, {"bootstrap/readme": b""}, layer={"bootstrap": SCRIPT}) == []


@pytest.mark.parametrize(
    "line",
    [
        "#!/bin/bash -e",
        "#!/usr/bin/env bash",
        "#!/usr/bin/awk -f",
        "#!/opt/bin/node",
        "#!/usr/bin/env -S node -i",
        "#!",
    ],
)
def test_a_script_may_be_run_by_what_amazon_linux_or_the_code_brings(tmp_path: Path, line: str) -> None:
    assert tell(tmp_path, {"bootstrap": line.encode() + b"\n"}, layer={"bin/node": STATIC}) == []


@pytest.mark.parametrize(
    ("line", "by"),
    [
        ("#!/usr/bin/node", "/usr/bin/node"),
        ("#!/usr/bin/env -S node --no-warnings", "node"),
        ("#!/usr/bin/ruby", "/usr/bin/ruby"),  # where a layer's programs are not
    ],
)
def test_a_script_in_a_language_that_amazon_linux_does_not_bring_is_named(tmp_path: Path, line: str, by: str) -> None:
    (told,) = tell(tmp_path, {"bootstrap": line.encode() + b"\n"}, layer={"bin/ruby": STATIC})

    assert told.startswith(f"/var/task/bootstrap is run by {by}, which Amazon Linux does not bring: put it into a lay")


def test_code_without_a_bootstrap_says_how_to_name_the_program(tmp_path: Path) -> None:
    (told,) = tell(tmp_path, {"main": SCRIPT})

    assert told.startswith("provided.al2023 starts a file of the name bootstrap, which neither")
    assert "go build -o bootstrap" in told


def test_a_bootstrap_in_a_folder_of_the_code_is_told_where_it_is(tmp_path: Path) -> None:
    (told,) = tell(tmp_path, {"dist/bootstrap": SCRIPT})

    assert told.endswith(": the code has dist/bootstrap, and is to be what is in dist/, without that folder")


def test_modules_that_are_all_for_another_machine_are_named_with_how_to_get_the_others(tmp_path: Path) -> None:
    files = {"a/x.so": FOREIGN, "b/y.so": FOREIGN}

    (told,) = tell(tmp_path, files, "python3.13")

    assert told.startswith("/var/task/a/x.so and 1 more are for arm64, and the function is for x86_64: pip inst")


def test_packages_may_bring_programs_for_several_machines(tmp_path: Path) -> None:
    files = {f"prebuilds/{one}/x.node": program(architecture=one) for one in ("arm64", "x86_64")}

    assert tell(tmp_path, files, "nodejs24.x") == []


def test_links_are_not_followed_and_what_is_no_program_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/x.so").write_bytes(asks_for("GLIBC_2.100"))
    code = tmp_path / "code"
    code.mkdir()
    (code / "folder").symlink_to(tmp_path / "out")
    (code / "file.so").symlink_to(tmp_path / "out/x.so")
    os.mkfifo(code / "pipe.so", 0o755)
    (code / "data").write_bytes(STATIC)
    (code / "data").chmod(0)

    assert scan(code, Clock()).binaries == ()


@pytest.mark.parametrize(("bounds", "seen"), [(Bounds(files=3), 3), (Bounds(binaries=3), 3), (Bounds(time_s=-1), 0)])
def test_a_look_at_code_is_bounded(tmp_path: Path, bounds: Bounds, seen: int) -> None:
    for number in range(5):
        (tmp_path / f"{number}.so").write_bytes(STATIC)

    found = scan(tmp_path, Clock(), bounds)

    assert (len(found.binaries), found.whole) == (seen, False)


@pytest.mark.parametrize("number", [b"\xff" * 8, b"\0" * 8, b"\x7f" + b"\xff" * 7, b"\1\0\0\0\1\0\0\0"])
def test_whatever_a_file_says_of_itself_it_is_read_or_passed_over(tmp_path: Path, number: bytes) -> None:
    """Each of these says another number somewhere."""
    whole = asks_for("GLIBC_2.38")
    for at in range(len(whole) - 8):
        (tmp_path / f"{at}.so").write_bytes(whole[:at] + number + whole[at + 8 :])

    found = scan(tmp_path, Clock())

    assert found.whole
    assert len(found.binaries) > len(whole) / 2


def test_every_runtime_has_a_system_that_is_known() -> None:
    assert {runtime.os for runtime in catalogue()} == SYSTEMS.keys()
