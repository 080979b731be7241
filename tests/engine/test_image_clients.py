"""Images by who speaks to the Runtime API in them: AWS's clients in programs of one's own, or nobody.

docs/contract/runtime.md#images.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from lam import Lam
from own import OwnLam, own_emulator
from packages import go_program, run
from shop_rig import Shop, create
from waiting import eventually

from lambda_emu.clock import SteppingClock

pytestmark = pytest.mark.docker

SPEAKS_TLS = """package main

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"os/exec"

	"github.com/aws/aws-lambda-go/lambda"
)

func handle(_ context.Context, files []string) (map[string]string, error) {
	own, err := tls.LoadX509KeyPair("/srv/server.pem", "/srv/server.key")
	if err != nil {
		return nil, err
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{own}})
	if err != nil {
		return nil, err
	}
	go http.Serve(listener, http.NotFoundHandler())
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	url := "https://localhost:" + port
	found := map[string]string{"go": "trusts", "curl": "trusts"}
	if _, err := http.Get(url); err != nil {
		found["go"] = err.Error()
	}
	if said, err := exec.Command("curl", "-sS", url).CombinedOutput(); err != nil {
		found["curl"] = string(said)
	}
	for _, file := range files {
		found[file] = "trusts"
		by := exec.Command("curl", "-sS", "--capath", "/var/empty", "--cacert", file, url)
		if said, err := by.CombinedOutput(); err != nil {
			found[file] = string(said)
		}
	}
	return found, nil
}

func main() { lambda.Start(handle) }
"""
AUTHORITIES = ["/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/pki/tls/certs/ca-bundle.crt"]


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    shop = Shop()
    yield shop
    shop.close()


@pytest.fixture(scope="module")
def shared(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    """On Docker alone: only it has images. It ends before the shop, which cannot remove what is in use."""
    shop.image("python3.11")
    with own_emulator(tmp_path_factory.mktemp("project"), "docker", pull_images=False) as lam:
        yield lam


@pytest.mark.parametrize(("config", "error", "text", "started"), [
    ({"EntryPoint": ["/var/lang/bin/python3.11", "-m", "awslambdaric"]}, "Runtime.ExitError", "exit status 1",
     "/var/lang/bin/python3.11 -m awslambdaric app.handler"),
    ({"EntryPoint": ["app.handler"]}, "Runtime.InvalidEntrypoint", "no such file or directory",
     "app.handler app.handler"),
    ({"EntryPoint": ["/bin/true"]}, "Runtime.ExitError", "without providing a reason", "/bin/true app.handler"),
])  # fmt: skip
def test_an_image_without_a_client_says_what_it_needs(
    lam: Lam,
    shop: Shop,
    caplog: pytest.LogCaptureFixture,
    config: dict[str, Any],
    error: str,
    text: str,
    started: str,
) -> None:
    bare = shop.build(
        "no-client", 'RUN rm -r /var/runtime\nCOPY app.py /var/task/\nCMD ["app.handler"]', {"app.py": ""}
    )
    create(lam, "f", bare, ImageConfig=config)

    for _ in range(2):
        answer = lam.invoke("f", {})
        assert answer.payload["errorType"] == error
        assert text in answer.payload["errorMessage"]

    assert f"f: its image {bare} starts {started}, which has never asked for an event." in caplog.text
    assert caplog.text.count("pip install awslambdaric") == 1


def test_an_image_whose_program_serves_something_else_says_what_it_needs(
    lam: Lam, shop: Shop, clock: SteppingClock, caplog: pytest.LogCaptureFixture
) -> None:
    """As one that was made to be run behind a port: it never ends, and never asks."""
    server = shop.build("server", 'ENTRYPOINT ["sleep", "1000"]\nCMD []')
    create(lam, "f", server, Timeout=1)

    def is_told() -> bool:
        clock.advance(5)
        return "starts sleep 1000" in caplog.text

    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(lam.invoke, "f", {})
        eventually(is_told, "its time to be over")
        answer = asked.result(60)

    assert answer.payload["errorType"] == "Sandbox.Timedout"


def test_a_handler_of_the_wrong_form_is_told_by_the_client_and_not_by_us(
    lam: Lam, shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    create(lam, "f", shop.like_aws("wrong-form"), ImageConfig={"Command": ["app"]})

    answer = lam.invoke("f", {})

    assert answer.payload["errorType"] == "Runtime.MalformedHandlerName"
    assert "Bad handler 'app'" in answer.payload["errorMessage"]
    assert "never asked" not in caplog.text


def test_programs_in_an_image_like_awss_for_custom_runtimes_trust_whom_amazon_linux_trusts(
    lam: Lam, shop: Shop, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """An authority of our own is added to the file that Amazon Linux has; before, nobody trusts it."""
    certificate = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj", "/CN=lambda-emu test"]
    files = ["-addext", "subjectAltName=DNS:localhost", "-keyout", "server.key", "-out", "server.pem"]
    run(["openssl", "req", *certificate, *files], tmp_path)
    content: dict[str, str | bytes] = {name: (tmp_path / name).read_bytes() for name in ("server.key", "server.pem")}
    content["bootstrap"] = go_program(request.config, SPEAKS_TLS)
    lines = 'COPY server.key server.pem /srv/\nCOPY bootstrap /var/runtime/\nCMD ["any"]\n'
    trusted = lines + f"RUN cat /srv/server.pem >>{AUTHORITIES[1]}"
    base = shop.image("provided.al2023")

    create(lam, "before", shop.build("untrusted", lines, content, base))
    create(lam, "after", shop.build("trusted", trusted, content, base))
    before, after = (lam.invoke(name, AUTHORITIES).payload for name in ("before", "after"))

    assert after == dict.fromkeys(["go", "curl", *AUTHORITIES], "trusts")
    assert before.keys() == after.keys()
    assert "unknown authority" in before["go"]
    assert all("self-signed certificate" in before[name] for name in ("curl", *AUTHORITIES))
