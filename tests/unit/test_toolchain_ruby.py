"""Which ruby of the PATH functions run on without Docker, and what sandboxes are shown of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from lambda_emu.runtimes import Runtime, catalogue
from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.toolchain.interpreter import LANG
from lambda_emu.sandbox.toolchain.maker import Maker
from lambda_emu.sandbox.toolchain.ruby import RubyLanguage

Install = Callable[..., Path]


def runtime(identifier: str) -> Runtime:
    found = catalogue().get(identifier)
    assert found is not None
    return found


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Puts programs on the PATH, and nothing else is there, that tell what a ruby of some version would."""
    shell = shutil.which("sh")
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def install(name: str, version: str, library: str, moves: bool = False, engine: str = "ruby") -> Path:
        program = folder / name
        told = "\\n".join([engine, version, str(program), library, str(moves).lower()])
        program.write_text(f"#!{shell}\nprintf '{told}\\n'\n")
        program.chmod(0o755)
        return program

    return install


@pytest.mark.parametrize(
    ("identifier", "expected"), [("ruby3.3", "Ruby 3.3.9"), ("ruby3.4", "Ruby 3.4.1"), ("ruby3.2", "Ruby 3.3.9")]
)
def test_the_nearest_version_runs_and_rather_a_newer_one(install: Install, identifier: str, expected: str) -> None:
    install("ruby", "3.1.2", "/usr/lib/ruby")
    install("ruby3.3", "3.3.9", "/usr/lib/ruby")
    install("ruby3.4", "3.4.1", "/usr/lib/ruby")

    assert RubyLanguage().find(runtime(identifier)).name == expected


def test_another_version_is_told(install: Install) -> None:
    ruby = install("ruby", "3.1.2", "/usr/lib/ruby")

    found = RubyLanguage().find(runtime("ruby3.3"))

    assert found.instead_of(runtime("ruby3.3")) == (
        f"ruby3.3 is not on this machine; its functions run on Ruby 3.1.2 ({ruby})"
    )


def test_a_library_that_every_sandbox_sees_is_not_shown_again(install: Install) -> None:
    ruby = install("ruby", "3.3.9", "/usr/lib/ruby")

    found = RubyLanguage().find(runtime("ruby3.3"))

    assert RubyLanguage().host_files(found, Path()) == {LANG / "bin/ruby": ruby}


def test_a_version_managers_ruby_is_shown_where_it_was_installed_and_no_more_of_its_home(install: Install) -> None:
    ruby = install("ruby", "3.3.9", "/home/ada/.rbenv/versions/3.3.9/lib/ruby")

    found = RubyLanguage().find(runtime("ruby3.3"))

    library = Path("/home/ada/.rbenv/versions/3.3.9/lib/ruby")
    assert RubyLanguage().host_files(found, Path()) == {LANG / "bin/ruby": ruby, library: library}


def test_below_a_functions_own_folders_only_a_ruby_that_moves_can_be_shown(install: Install) -> None:
    library = "/opt/hostedtoolcache/Ruby/3.3.9/x64/lib/ruby"
    ruby = install("ruby", "3.3.9", library, moves=True)
    shown = RubyLanguage().host_files(RubyLanguage().find(runtime("ruby3.3")), Path())
    assert shown == {LANG / "bin/ruby": ruby, LANG / "lib/ruby": Path(library)}

    install("ruby", "3.3.9", library)
    with pytest.raises(SandboxError, match="has its library below /opt, which is each function's own: install it else"):
        RubyLanguage().host_files(RubyLanguage().find(runtime("ruby3.3")), Path())


@pytest.mark.parametrize(
    ("library", "moves", "seen"),
    [("/usr/lib/ruby", False, "/usr/lib/ruby"), ("/opt/ruby/lib/ruby", True, "/var/lang/lib/ruby")],
)
def test_gems_that_are_installed_with_it_are_where_awss_sdk_is(
    install: Install, tmp_path: Path, library: str, moves: bool, seen: str
) -> None:
    install("ruby", "3.1.2", library, moves)
    (tmp_path / "made/runtime").mkdir(parents=True)
    language = RubyLanguage()

    language.add(language.find(runtime("ruby3.3")), tmp_path / "made", Maker(tmp_path))

    assert (tmp_path / "made/runtime/ruby/3.3.0").readlink() == Path(seen, "gems/3.1.0")


def test_what_is_called_ruby_and_is_another_is_told(install: Install) -> None:
    program = install("ruby", "3.1.4", "/usr/lib/jruby", engine="jruby")

    with pytest.raises(SandboxError, match=f"{program} is not the Ruby that Lambda has: jruby"):
        RubyLanguage().find(runtime("ruby3.3"))


def test_options_for_the_users_own_programs_are_not_for_asking(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    ruby = install("ruby", "3.3.9", "/usr/lib/ruby")
    ruby.write_text(ruby.read_text().replace("printf", '[ -z "$RUBYOPT$RUBYLIB" ] && printf'))
    monkeypatch.setenv("RUBYOPT", "-rbundler/setup")
    monkeypatch.setenv("RUBYLIB", "/nowhere")

    assert RubyLanguage().find(runtime("ruby3.3")).name == "Ruby 3.3.9"


@pytest.mark.usefixtures("install")
def test_without_a_ruby_it_is_said_how_to_have_one() -> None:
    with pytest.raises(SandboxError, match=r"needs `ruby` on the PATH: install it \(Debian: apt-get install ruby\)"):
        RubyLanguage().find(runtime("ruby3.3"))
