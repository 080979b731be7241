"""Which of a machine's Javas functions run on, without Docker."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambda_emu.runtimes import Runtime, catalogue
from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.toolchain.java import JavaLanguage

SETTINGS = '#!/bin/sh\necho "    java.home = {}" >&2; echo "    java.version = {}" >&2\n'


def add_java(home: Path, version: str | None) -> Path:
    """A folder that looks like a Java. version: as its file says it; None: it has none."""
    (home / "bin").mkdir(parents=True)
    (home / "lib").mkdir()
    (home / "lib/modules").touch()
    script(home / "bin/java", "exit 1")
    if version is not None:
        (home / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{version}"\nJAVA_VERSION_DATE="2025-04-15"\n')
    return home


def script(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def known(identifier: str) -> Runtime:
    found = catalogue().get(identifier)
    assert found is not None
    return found


@pytest.fixture
def java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> JavaLanguage:
    """Of a machine without any."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    return JavaLanguage(tmp_path / "jvm")


@pytest.mark.parametrize(
    ("runtime", "here", "taken"),
    [
        ("java17", ["11.0.2", "17.0.15", "21.0.1"], "17.0.15"),
        ("java17.al2023", ["17.0.15"], "17.0.15"),
        ("java8.al2", ["1.8.0_504", "11.0.2"], "1.8.0_504"),
        ("java17", ["11.0.2", "21.0.1", "25"], "21.0.1"),
        ("java17", ["11.0.2", "25"], "25"),  # an older one cannot run its code
        ("java25", ["11.0.2", "21.0.1"], "21.0.1"),
    ],
)
def test_the_nearest_newer_java_is_taken(
    tmp_path: Path, java: JavaLanguage, runtime: str, here: list[str], taken: str
) -> None:
    for version in here:
        add_java(tmp_path / "jvm" / version, version)

    found = java.find(known(runtime))

    assert (found.name, found.path) == (f"Java {taken}", tmp_path / "jvm" / taken / "bin/java")


def test_another_version_is_said(tmp_path: Path, java: JavaLanguage) -> None:
    home = add_java(tmp_path / "jvm/any", "21.0.1")

    found = java.find(known("java17"))

    assert found.instead_of(known("java21")) is None
    said = found.instead_of(known("java17"))
    assert said == f"java17 is not on this machine; its functions run on Java 21.0.1 ({home}/bin/java)"
    assert found.start is not None
    assert "(java=21; . /var/runtime/options.sh)" in found.start


def test_the_one_that_a_version_managers_script_starts_is_taken(tmp_path: Path, java: JavaLanguage) -> None:
    home = add_java(tmp_path / "versions/21", None)
    script(tmp_path / "bin/java", SETTINGS.format(home, "21.0.4"))
    (tmp_path / "secret").touch()

    found = java.find(known("java21"))

    assert (found.name, found.path) == ("Java 21.0.4", home / "bin/java")
    shown = java.host_files(found, tmp_path)
    assert [shown[place] for place in map(Path, ("/var/lang", "/var/lang/bin/java"))] == [home, home / "bin/java"]


def test_java_home_counts(tmp_path: Path, java: JavaLanguage, monkeypatch: pytest.MonkeyPatch) -> None:
    home = add_java(tmp_path / "own", "21.0.4")
    monkeypatch.setenv("JAVA_HOME", str(home))

    assert java.find(known("java21")).path == home / "bin/java"


def test_where_there_is_no_java_it_says_what_is_needed(tmp_path: Path, java: JavaLanguage) -> None:
    script(tmp_path / "bin/java", "#!/bin/sh\necho not a Java")

    with pytest.raises(SandboxError) as refused:
        java.find(known("java21"))

    assert (
        str(refused.value)
        == f"without Docker java21 needs `java` on the PATH, in JAVA_HOME, or below {tmp_path / 'jvm'}"
    )
