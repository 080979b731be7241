"""Version managers put scripts on the PATH, or links to one program that goes by the name it is called by."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from waiting import eventually

from lambda_emu.runtimes import Runtime, catalogue
from lambda_emu.sandbox.asking import OF_USERS
from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.toolchain.dotnet import DotnetLanguage
from lambda_emu.sandbox.toolchain.interpreter import Language
from lambda_emu.sandbox.toolchain.java import JavaLanguage
from lambda_emu.sandbox.toolchain.node import NodeLanguage
from lambda_emu.sandbox.toolchain.python import OWN_PYTHON, PythonLanguage
from lambda_emu.sandbox.toolchain.ruby import RubyLanguage

OTHER_PYTHON = "python3.13" if OWN_PYTHON != "python3.13" else "python3.12"

SHIM = """#!/bin/sh
echo "manager: $(basename "$0") is of this folder's settings"
echo "manager: a newer version is there" >&2
read -r answer && exit 3
[ -z "$NODE_OPTIONS$RUBYOPT$RUBYLIB$JAVA_TOOL_OPTIONS$JDK_JAVA_OPTIONS$_JAVA_OPTIONS" ] || exit 4
case "${0##*/}" in
  node) echo "v@version@ @home@/bin/node" ;;
  java) echo "    java.home = @home@" >&2; echo "    java.version = @version@" >&2 ;;
  ruby) printf '%s\\n' ruby @version@ @home@/bin/ruby @home@/lib/ruby false ;;
  python3.*) printf '["%s", "%s", "%s", "lib"]' "${0##*/}" "@home@/bin/${0##*/}" "@home@/lib/${0##*/}" ;;
  dotnet) echo "Microsoft.NETCore.App @version@ [@home@/shared/Microsoft.NETCore.App]" ;;
  *) echo "manager: there is no ${0##*/}" >&2; exit 1 ;;
esac
"""
TOLD = [
    (NodeLanguage(), "nodejs22.x", "node", "22.23.3", "Node.js 22.23.3"),
    (NodeLanguage(), "nodejs26.x", "node", "26.0.0-nightly20260101abcdef", "Node.js 26.0.0"),
    (JavaLanguage(Path("/nowhere")), "java21", "java", "21.0.4", "Java 21.0.4"),
    (JavaLanguage(Path("/nowhere")), "java25", "java", "25-ea", "Java 25-ea"),
    (JavaLanguage(Path("/nowhere")), "java8.al2", "java", "1.8.0_504-internal", "Java 1.8.0_504-internal"),
    (RubyLanguage(), "ruby3.4", "ruby", "3.4.0", "Ruby 3.4.0"),
    (PythonLanguage(), OTHER_PYTHON, OTHER_PYTHON, "", OTHER_PYTHON),
    (DotnetLanguage(), "dotnet8", "dotnet", "8.0.11", ".NET 8.0.11"),
]


def known(identifier: str) -> Runtime:
    found = catalogue().get(identifier)
    assert found is not None
    return found


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the PATH, where shells find what these scripts need, and the user's shell has options."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("basename", "sleep"):
        (folder / name).symlink_to(str(shutil.which(name)))
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    for name in OF_USERS:
        monkeypatch.setenv(name, "--of-the-user")
    return folder


def script(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


@pytest.mark.parametrize("by_link", [True, False], ids=["a link", "a script"])
@pytest.mark.parametrize(("language", "runtime", "program", "version", "name"), TOLD)
def test_a_shim_is_asked_by_its_name_whatever_it_says_besides(
    path: Path, language: Language, runtime: str, program: str, version: str, name: str, by_link: bool
) -> None:
    home = path.parent / "versions/1"
    manager = path.parent / "manager" if by_link else path / program
    script(manager, SHIM.replace("@home@", str(home)).replace("@version@", version))
    if by_link:
        (path / program).symlink_to(manager)

    found = language.find(known(runtime))

    assert (found.name, found.path) == (name, home / "bin" / program if program != "dotnet" else home / program)
    assert found.instead_of(known(runtime)) is None


def test_one_that_says_nothing_is_told_of_and_what_it_started_is_ended(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lambda_emu.sandbox.asking.ANSWER_LIMIT_S", 0.5)
    script(path / "node", f"#!/bin/sh\nsleep 1000 &\necho $! > {path.parent}/pid\nwait\n")

    with pytest.raises(SandboxError, match=f"{path}/node did not say within 0.5 s what it is"):
        NodeLanguage().find(known("nodejs22.x"))

    stat = Path("/proc", (path.parent / "pid").read_text().strip(), "stat")
    eventually(lambda: not stat.exists() or " Z " in stat.read_text(), "the end of what it started")


def test_where_one_ruby_does_not_answer_another_is_taken(path: Path) -> None:
    script(path / "ruby", "#!/bin/sh\necho 'rbenv: ruby: command not found' >&2; exit 127\n")
    with pytest.raises(SandboxError, match=f"{path}/ruby is not the Ruby that Lambda has: rbenv: ruby: command not"):
        RubyLanguage().find(known("ruby3.3"))

    script(path / "ruby3.3", "#!/bin/sh\nprintf '%s\\n' ruby 3.3.9 /usr/bin/ruby3.3 /usr/lib/ruby false\n")
    assert RubyLanguage().find(known("ruby3.3")).name == "Ruby 3.3.9"
