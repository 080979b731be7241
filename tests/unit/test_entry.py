"""What is told of code that has not what its handler names, or packages for another version of the language."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from elf_rig import program

from lambda_emu.binaries.complaints import complaints
from lambda_emu.binaries.entry import may_be_elsewhere, wrong_entry
from lambda_emu.binaries.scan import Code, scan
from lambda_emu.clock import Clock
from lambda_emu.runtimes import catalogue

TEXT = b"plain"
MODULE = program()


def compiled(java: int) -> bytes:
    return b"\xca\xfe\xba\xbe" + struct.pack(">HH", 0, java + 44)


def jar(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def tell(
    folder: Path, runtime: str, handler: str, files: Mapping[str, bytes], layer: Mapping[str, bytes] | None = None
) -> list[str]:
    found = catalogue().get(runtime)
    assert found is not None
    codes = []
    for shown, content in (("/var/task", files), ("/opt", layer or {})):
        where = folder / shown.strip("/")
        where.mkdir(parents=True)
        for name, data in content.items():
            (where / name).parent.mkdir(parents=True, exist_ok=True)
            (where / name).write_bytes(data)
        codes.append(Code(shown, where, scan(where, Clock())))
    return list(complaints(found, "x86_64", codes, handler))


@pytest.mark.parametrize(
    ("runtime", "handler", "files", "layer"),
    [
        ("python3.13", "app.handler", {"app.py": TEXT}, {}),
        ("python3.13", "app.handler", {"app.cpython-313-x86_64-linux-gnu.so": MODULE}, {}),
        ("python3.13", "pkg.app.handler", {"pkg/app.abi3.so": MODULE}, {}),
        ("python3.13", "app.handler", {}, {"python/app.abi3.so": MODULE}),
        ("python3.13", "a\0b.handler", {}, {}),
        ("python3.13", "\ud800.handler", {}, {}),
        ("java21", "\ud800", {}, {}),
        ("nodejs22.x", f"{'x' * 300}.handler", {}, {}),
        ("python3.13", "pkg.app.handler", {"pkg/app/__init__.py": TEXT}, {}),
        ("python3.13", "pkg/app.handler", {"pkg/app.py": TEXT}, {}),
        ("python3.13", "wrap.handler", {"app.py": TEXT}, {"python/wrap.py": TEXT}),
        ("python3.13", "wrap.handler", {}, {"python/lib/python3.13/site-packages/wrap/__init__.py": TEXT}),
        ("nodejs22.x", "index.handler", {"index.mjs": TEXT}, {}),
        ("nodejs22.x", "./dist/index.handlers.one", {"dist/index.js": TEXT}, {}),
        ("nodejs22.x", "index.handler", {"index/index.js": TEXT}, {}),
        ("nodejs22.x", "wrap.handler", {}, {"nodejs/node_modules/wrap/index.js": TEXT}),
        ("nodejs22.x", "/opt/nodejs/wrap.handler", {}, {}),
        ("nodejs22.x", "../wrap.handler", {}, {}),
        ("ruby3.3", "app.Shop::Orders.handler", {"app.rb": TEXT}, {}),
        ("ruby3.3", "wrap.handler", {}, {"ruby/lib/wrap.rb": TEXT}),
        ("java21", "shop.Orders::handle", {"shop/Orders.class": compiled(21)}, {}),
        ("java21", "shop.Orders", {"lib/shop.jar": jar({"shop/Orders.class": compiled(17)})}, {}),
        ("java21", "shop.Orders", {}, {"java/lib/shop.jar": jar({"shop/Orders.class": compiled(21)})}),
        ("java21", "shop.Orders", {"lib/shop.jar": b"no jar"}, {}),
        ("java8.al2", "shop.Orders", {"shop/Orders.class": compiled(8)}, {}),
        ("dotnet8", "Shop::Shop.Orders::Handle", {"Shop.dll": TEXT}, {}),
        ("dotnet8", "Shop", {"Shop.dll": TEXT}, {}),
    ],
)
def test_nothing_is_told_of_a_handler_that_is_there_or_may_be(
    tmp_path: Path, runtime: str, handler: str, files: Mapping[str, bytes], layer: Mapping[str, bytes]
) -> None:
    assert tell(tmp_path, runtime, handler, files, layer) == []


@pytest.mark.parametrize(
    ("runtime", "handler", "names", "file", "advice"),
    [
        ("python3.13", "app.handler", [], "app.py", ""),
        ("python3.13", "app.handler", ["main.py", "README.md"], "app.py", ": it has main.py"),
        (
            "python3.13",
            "app.handler",
            ["shop/app.py"],
            "app.py",
            ": it has shop/app.py, so the code is to be what is in shop/, without that folder, "
            "or set the handler to shop/app.handler",
        ),
        (
            "nodejs22.x",
            "index.handler",
            ["src/index.ts", "node_modules/x/index.js"],
            "index.js",
            ": it has src/index.ts, which is to be compiled first: "
            "esbuild src/index.ts --bundle --platform=node --outfile=index.js",
        ),
        (
            "nodejs22.x",
            "index.handler",
            ["dist/index.js"],
            "index.js",
            ": it has dist/index.js, so the code is to be what is in dist/, without that folder, "
            "or set the handler to dist/index.handler",
        ),
        ("ruby3.3", "main.handler", ["app.rb", "vendor/bundle/main.rb"], "main.rb", ": it has app.rb"),
        (
            "java21",
            "shop.Orders",
            ["shop/Orders.java"],
            "shop/Orders.class",
            ": it has shop/Orders.java, which is to be compiled first: "
            "javac -d . shop/Orders.java, or take the jar that Maven or Gradle makes",
        ),
        (
            "java21",
            "Orders",
            ["shop/Orders.class"],
            "Orders.class",
            ": it has shop/Orders.class, whose handler is shop.Orders",
        ),
        (
            "java21",
            "shop.Orders.handle",
            ["shop/Orders.class"],
            "shop/Orders/handle.class",
            ": it has shop/Orders.class, whose method is written shop.Orders::handle",
        ),
        (
            "java21",
            "shop.Orders::handle",
            ["build/shop/Orders.class"],
            "shop/Orders.class",
            ": it has build/shop/Orders.class, so the code is to be what is in build/, without that folder",
        ),
        (
            "java21",
            "shop.Orders",
            ["shop.jar"],
            "shop/Orders.class",
            ": it has shop.jar, and jars are looked for in lib/ alone",
        ),
        (
            "dotnet8",
            "Shop::Shop.Orders::Handle",
            ["Orders.cs", "Shop.cs"],
            "Shop.dll",
            ": it has Shop.cs, which is to be compiled first: dotnet publish -c Release",
        ),
    ],
)
def test_a_handler_that_is_not_there_is_told_with_what_to_do(
    tmp_path: Path, runtime: str, handler: str, names: Sequence[str], file: str, advice: str
) -> None:
    (told,) = tell(tmp_path, runtime, handler, dict.fromkeys(names, TEXT))

    assert told == f"the handler {handler} is in {file}, which neither the code nor a layer has{advice}"


@pytest.mark.parametrize("where", ["shop/Orders.class", "lib/shop.jar"])
def test_a_class_that_is_compiled_for_a_newer_java_is_told(tmp_path: Path, where: str) -> None:
    data = jar({"shop/Orders.class": compiled(17)}) if where.endswith(".jar") else compiled(17)

    assert tell(tmp_path, "java11", "shop.Orders", {where: data}) == [
        "shop/Orders.class is compiled for Java 17, and java11 runs what is compiled for 11: "
        "javac --release 11, Maven: maven.compiler.release"
    ]


@pytest.mark.parametrize(
    ("environment", "may_be"),
    [
        ({}, False),
        ({"TABLE": "orders", "NODE_OPTIONS": "--enable-source-maps", "JAVA_TOOL_OPTIONS": "-Xss1m"}, False),
        ({"NODE_OPTIONS": "--import tsx"}, True),
        ({"JAVA_TOOL_OPTIONS": "-javaagent:/opt/agent.jar"}, True),
        ({"PYTHONPATH": "/opt/lib"}, True),
        ({"AWS_LAMBDA_EXEC_WRAPPER": "/opt/wrapper"}, True),
    ],
)
def test_variables_may_have_a_handler_be_where_nobody_looks(environment: Mapping[str, str], may_be: bool) -> None:
    assert may_be_elsewhere(environment) is may_be


def test_jars_are_not_looked_for_behind_links_nor_without_end(tmp_path: Path) -> None:
    linked, full = tmp_path / "linked", tmp_path / "full"
    linked.mkdir()
    (full / "lib").mkdir(parents=True)
    for name in ("a", "b"):
        (full / f"lib/{name}.jar").write_bytes(jar({f"{name}.class": b"", "other.class": b""}))
    (linked / "lib").symlink_to(full / "lib")
    java = catalogue().get("java21")
    assert java is not None

    assert wrong_entry(java, "a", linked, []) == "the handler a is in a.class, which neither the code nor a layer has"
    assert wrong_entry(java, "a", full, []) is None
    assert wrong_entry(java, "missing", full, []) is not None
    assert wrong_entry(java, "missing", full, [], entries=1) is None


def test_compiled_modules_for_another_python_are_told_with_what_to_type(tmp_path: Path) -> None:
    tag = "x86_64-linux-gnu.so"
    files = {
        "app.py": TEXT,
        f"numpy/a.cpython-311-{tag}": MODULE,
        f"numpy/b.cpython-311-{tag}": MODULE,
        f"both.cpython-311-{tag}": MODULE,
        f"both.cpython-313-{tag}": MODULE,
        "any.abi3.so": MODULE,
    }

    (told,) = tell(tmp_path, "python3.13", "app.handler", files)

    assert told.startswith(
        "/var/task/numpy/a and 1 more are compiled for Python 3.11, and the function is for python3.13: "
        "pip install --python-version 3.13 --platform manylinux2014_x86_64 --platform manylinux_2_28_x86_64 "
    )


GEMFILE = b"""source "https://rubygems.org"
gem "aws-sdk-s3"
gem "rake", group: :development
group :test do
  gem "rspec"
end
"""


@pytest.mark.parametrize(
    ("files", "layer", "told"),
    [
        ({"Gemfile": GEMFILE}, {}, None),
        (
            {"Gemfile": GEMFILE + b"gem 'rainbow', '~> 3'\n"},
            {},
            "the Gemfile names rainbow, and neither the code nor a layer has gems: "
            "bundle config set --local path vendor/bundle && bundle install",
        ),
        ({"Gemfile": GEMFILE + b"gem 'rainbow'\n"}, {"ruby/gems/3.3.0/gems/rainbow-3/lib/rainbow.rb": TEXT}, None),
        (
            {"Gemfile": b"gem 'rainbow'\n", "vendor/bundle/ruby/3.1.0/gems/rainbow-3/lib/rainbow.rb": TEXT},
            {},
            "/var/task/vendor/bundle/ruby has gems for Ruby 3.1.0, and ruby3.3 looks into "
            "/var/task/vendor/bundle/ruby/3.3.0: bundle install with Ruby 3.3",
        ),
        (
            {},
            {"ruby/gems/3.4.0/gems/x/lib/x.rb": TEXT},
            "/opt/ruby/gems has gems for Ruby 3.4.0, and ruby3.3 looks into /opt/ruby/gems/3.3.0: "
            "bundle install with Ruby 3.3",
        ),
        ({}, {"ruby/gems/3.4.0/x": TEXT, "ruby/gems/3.3.0/x": TEXT}, None),
    ],
)
def test_gems_that_are_not_there_or_for_another_ruby_are_told(
    tmp_path: Path, files: Mapping[str, bytes], layer: Mapping[str, bytes], told: str | None
) -> None:
    assert tell(tmp_path, "ruby3.3", "app.handler", {"app.rb": TEXT, **files}, layer) == (
        [] if told is None else [told]
    )
