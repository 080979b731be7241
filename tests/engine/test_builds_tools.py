"""Code that the tools of its language build, by aws-lambda-builders. docs/builds.md."""

from __future__ import annotations

import io
import json
import shutil
import signal
import subprocess
import tarfile
from pathlib import Path
from uuid import uuid4

import pytest
from builds_rig import Builds, answer, function
from own import serve
from packages import needs, run, runtime_of_machine
from waiting import eventually

from lambda_emu.cli.starters import folder_of
from lambda_emu.config import load_settings
from lambda_emu.runtimes import catalogue

GREETING = "exports.greet = (name) => `Hello, ${name}`;\n"
HANDLER = 'const { greet } = require("greeting");\nexports.handler = async (event) => greet(event);\n'
NEEDED = {"dependencies": {"greeting": "file:./greeting-1.0.0.tgz"}}
HANGS = "build-Greet:\n\techo $$$$ >{}\n\texec sleep 600\n"


@pytest.fixture
def project(tmp_path: Path) -> Builds:
    return Builds(tmp_path / "project")


def write_package(folder: Path) -> None:
    """An npm package of one module, as npm packs it."""
    said = json.dumps({"name": "greeting", "version": "1.0.0", "main": "index.js"})
    with tarfile.open(folder / "greeting-1.0.0.tgz", "w:gz") as packed:
        for name, text in (("package.json", said), ("index.js", GREETING)):
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(text)
            packed.addfile(entry, io.BytesIO(text.encode()))


def write_gems(folder: Path, *more: str) -> Path:
    """A source of one gem. more: files in it, of no use."""
    source = folder / "source"
    (source / "lib").mkdir(parents=True, exist_ok=True)
    files = ["lib/greeting.rb", *more]
    (source / "lib/greeting.rb").write_text('def greet(name) = "Hello, #{name}"\n')
    for file in more:
        (source / file).touch()
    said = {"name": "greeting", "version": "1.0.0", "summary": "greets", "authors": ["nobody"], "files": files}
    lines = [f"  one.{name} = {json.dumps(value)}\n" for name, value in said.items()]
    (source / "greeting.gemspec").write_text("".join(["Gem::Specification.new do |one|\n", *lines, "end\n"]))
    (folder / "gems").mkdir(exist_ok=True)
    run(["gem", "build", "--quiet", "greeting.gemspec", "--output", str(folder / "gems/greeting-1.0.0.gem")], source)
    run(["gem", "generate_index", "--quiet", "--directory", str(folder)], source)
    return folder


def ruby_here() -> str:
    """`3.1`."""
    return subprocess.check_output(["ruby", "-e", "print RUBY_VERSION[/^\\d+\\.\\d+/]"], text=True)


def daemons() -> set[str]:
    """Of Gradle."""
    found = subprocess.run(["pgrep", "-f", "GradleDaemon"], capture_output=True, text=True, check=False)
    return {*found.stdout.split()}


def begun(file: Path) -> int:
    """The process that wrote its number there."""
    return int(eventually(lambda: file.exists() and file.read_text().strip(), "the build to begin"))


def gone(pid: int) -> bool:
    return bool(eventually(lambda: not Path(f"/proc/{pid}").exists(), "what the build started to end", 10))


def test_what_a_function_in_javascript_needs_is_installed_by_npm(project: Builds) -> None:
    needs("npm")
    project.cache = load_settings({}).cache_dir  # the SDK for Node.js is long fetched
    project.write("src/index.js", f"// {uuid4()}: nobody built it before\n{HANDLER}")
    project.write("src/package.json", json.dumps({"name": "greets", "version": "1.0.0"} | NEEDED))
    write_package(project.folder / "src")
    project.declare(Greet=function("nodejs22.x", "src", "index.handler"))

    with project.served() as lam:
        assert answer(lam, "Greet", "Ada") == "Hello, Ada"
        assert "Greet is built by npm" in lam.heard_before
    assert not (project.folder / "src/node_modules").exists()


def test_what_a_function_in_ruby_needs_is_installed_by_bundler_for_the_functions_ruby(project: Builds) -> None:
    """Whichever Ruby is here: a gem in Ruby alone is of any version; one that was compiled is named."""
    needs("bundle")
    runtime = runtime_of_machine("ruby")
    project.write("src/Gemfile", f'source "file://{write_gems(project.folder.parent / "gems")}"\ngem "greeting"\n')
    project.write("src/app.rb", 'require "greeting"\ndef handler(event:, context:) = greet(event)\n')
    project.declare(Greet=function(runtime, "src"))

    with project.served() as lam:
        assert answer(lam, "Greet", "Ada") == "Hello, Ada"
        assert "Greet is built by bundler" in lam.heard_before
    assert sorted(path.name for path in (project.folder / "src").iterdir()) == ["Gemfile", "app.rb"]

    write_gems(project.folder.parent / "gems", "lib/fast.so")
    project.write("src/other.rb", "")
    other = next(
        one.identifier for one in catalogue() if one.family == "ruby" and f"ruby{ruby_here()}" != one.identifier
    )
    project.declare(Greet=function(other, "src"))
    assert f"the gem greeting-1.0.0 would be compiled by Ruby {ruby_here()}, which is here" in project.build().stderr


def test_make_builds_what_is_to_be_built_by_it(project: Builds) -> None:
    needs("make")
    project.write("src/words.txt", "Hello")
    said = """sed 's/.*/WORD = "&"/' words.txt >$(ARTIFACTS_DIR)/words.py"""
    (project.folder / "src/Makefile").write_text(f"build-Greet:\n\t{said}\n\tcp app.py $(ARTIFACTS_DIR)\n")
    project.write("src/app.py", "import words\ndef handler(event, context):\n    return words.WORD\n")
    project.declare(Greet=function("python3.11", "src", more="Metadata: {BuildMethod: makefile}"))

    with project.served() as lam:
        assert answer(lam, "Greet") == "Hello"

    project.write("src/words.txt", "Goodbye")
    with project.served() as lam:
        assert answer(lam, "Greet") == "Goodbye"


def test_a_build_that_hangs_is_ended_with_all_that_it_started(project: Builds) -> None:
    needs("make")
    told = project.folder.parent / "pid"
    (project.folder / "src").mkdir()
    (project.folder / "src/Makefile").write_text(HANGS.format(told))
    project.declare(Greet=function("python3.11", "src", more="Metadata: {BuildMethod: makefile}"))

    said = project.refused("--build-timeout-s", "5")

    assert "template.yaml:5: Resources.Greet.Properties.Code: Greet cannot be built: make failed (signal 9)" in said
    assert "it took longer than 5 s, and was ended" in said
    assert gone(begun(told))


def test_who_is_told_to_stop_ends_what_is_being_built(project: Builds) -> None:
    needs("make")
    told = project.folder.parent / "pid"
    (project.folder / "src").mkdir()
    (project.folder / "src/Makefile").write_text(HANGS.format(told))
    project.declare(Greet=function("python3.11", "src", more="Metadata: {BuildMethod: makefile}"))

    process = serve(project.folder, "process", "--ephemeral", "--cache-dir", str(project.cache))
    building = begun(told)
    process.send_signal(signal.SIGINT)

    said, _ = process.communicate(timeout=30)
    assert process.returncode == 0, said
    assert gone(building)


def test_a_tool_that_is_missing_is_named_with_how_it_is_got(project: Builds) -> None:
    project.write("src/pom.xml", "<project/>")
    project.write("other/words.txt", "none of its own")
    project.declare(
        Greet=function("java21", "src", "Greet::handle"),
        Other=function("python3.11", "other", more="Metadata: {BuildMethod: makefile}"),
        Strange=function("python3.11", "other", more="Metadata: {BuildMethod: stone}"),
    )

    said = project.refused(path=str(project.folder))

    assert "Greet cannot be built: it needs mvn, which is not here: https://maven.apache.org/install.html" in said
    assert f"Other cannot be built: make needs a Makefile, and there is none in {project.folder / 'other'}" in said
    assert "Strange cannot be built: 'stone' is no way to build that is known here; there are pip, npm" in said


@pytest.mark.runtimes
def test_gradle_compiles_java_and_its_daemon_goes(project: Builds) -> None:
    needs("gradle")
    before = daemons()
    shutil.copytree(folder_of("java") / "function/src", project.folder / "src/src")
    project.write(
        "src/build.gradle",
        """
        apply plugin: 'java'
        repositories { mavenCentral() }
        dependencies { implementation 'com.amazonaws:aws-lambda-java-core:1.2.3' }
        """,
    )
    project.declare(Greet=function(runtime_of_machine("java"), "src", "hello.Hello"))

    with project.served() as lam:
        assert "Greet is built by gradle" in lam.heard_before
        assert answer(lam, "Greet", {"name": "Ada"}) == {"greeting": "Hello, Ada"}
    assert daemons() <= before


@pytest.mark.runtimes
def test_what_build_methods_name_is_compiled(project: Builds) -> None:
    """TypeScript by esbuild with its properties, Go, and Java by Maven, which needs no BuildMethod."""
    for tool in ("npm", "go", "mvn"):
        needs(tool)
    for name in ("typescript/src", "go/function", "java/function"):
        shutil.copytree(folder_of(name), project.folder / name.partition("/")[0])
    properties = "{Minify: true, Target: es2022, Sourcemap: true, EntryPoints: [index.ts]}"
    bundle = f"Metadata: {{BuildMethod: esbuild, BuildProperties: {properties}}}"
    project.declare(
        TypeScript=function("nodejs22.x", "typescript", "index.handler", bundle),
        Go=function("provided.al2023", "go", "bootstrap", "Metadata: {BuildMethod: go1.x}"),
        Java=function("java21", "java", "hello.Hello"),
    )

    with project.served() as lam:
        for name in ("TypeScript", "Go", "Java"):
            assert answer(lam, name, {"name": name}) == {"greeting": f"Hello, {name}"}
    assert [len([*kept.glob("index.js.map")]) for kept in project.kept()].count(1) == 1
