"""Custom runtimes as AWS's guide has them: programs with its clients, and a shell script that has none."""

from __future__ import annotations

from pathlib import Path

import pytest
from lam import Lam
from languages.language import HANDLERS, Language
from languages.provided import GO, RUST

SHELL = HANDLERS / "shell"
AUTHORITIES = (
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/cert.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
)


def shell(**files: str) -> dict[str, str | bytes]:
    ours: dict[str, str | bytes] = {name: (SHELL / name).read_text() for name in ("bootstrap", "function.sh")}
    return {**ours, **files}


@pytest.mark.parametrize("runtime", ["provided.al2023", pytest.param("provided.al2", marks=pytest.mark.runtimes)])
def test_a_shell_script_is_a_runtime_as_in_awss_tutorial(lam: Lam, runtime: str) -> None:
    lam.create("shell", shell(), Runtime=runtime, Handler="function.handler")

    answers = [lam.invoke("shell", {"word": word}) for word in ("hello", "again")]
    failed = lam.invoke("shell", {"no": "word"})

    assert [answer.payload for answer in answers] == [{"shouted": word, "letters": 5} for word in ("HELLO", "AGAIN")]
    assert [answer.lines for answer in answers] == [[f'event: {{"word": "{word}"}}'] for word in ("hello", "again")]
    assert (failed.error, failed.payload) == ("Unhandled", {"errorMessage": "no word", "errorType": "Shell.Failed"})
    assert lam.invoke("shell", {"word": "after"}).payload["shouted"] == "AFTER"


def test_a_script_that_fails_ends_its_process(lam: Lam) -> None:
    lam.create("shell", shell(**{"function.sh": "handler() { true; }\nfalse\n"}), Runtime="provided.al2023",
               Handler="function.handler")  # fmt: skip

    answer = lam.invoke("shell")

    assert answer.payload == {
        "errorMessage": f"RequestId: {answer.request_id} Error: Runtime exited with error: exit status 1",
        "errorType": "Runtime.ExitError",
    }


def test_code_finds_the_usual_authorities_where_amazon_linux_has_them(lam: Lam) -> None:
    counts = "".join(f'printf ", %d" $(grep -c BEGIN {name}); ' for name in AUTHORITIES)
    count = f'handler() {{ printf "[0"; {counts} printf "]"; }}'
    lam.create("shell", shell(**{"function.sh": count}), Runtime="provided.al2023", Handler="function.handler")

    if not lam.emulator.engine.abilities.isolates_files and not Path(AUTHORITIES[0]).exists():
        pytest.skip("without isolation this machine's files are all there is")
    _, *counts = lam.invoke("shell").payload
    assert len(counts) == len(AUTHORITIES)
    assert min(counts) > 100


@pytest.mark.runtimes
def test_rusts_library_finds_the_usual_authorities(lam: Lam, request: pytest.FixtureRequest) -> None:
    lam.create("rust", RUST.files(request.config), Runtime="provided.al2023", Handler="authorities")

    assert lam.invoke("rust").payload > 100


@pytest.mark.parametrize("language", [GO, pytest.param(RUST, marks=pytest.mark.runtimes)], ids=lambda one: one.name)
def test_awss_clients_stream_their_responses(lam: Lam, request: pytest.FixtureRequest, language: Language) -> None:
    lam.create("streams", language.files(request.config), Runtime="provided.al2023", Handler="streamed")

    *pieces, end = lam.client.invoke_with_response_stream(FunctionName="streams", Payload=b"{}")["EventStream"]

    assert b"".join(piece["PayloadChunk"]["Payload"] for piece in pieces).endswith(b"one two")
    assert end["InvokeComplete"] == {}
