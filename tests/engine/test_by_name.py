"""Where engine and emulator share no kernel inits call by TCP: one port serves all, a host name tells them apart."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from inside import CALL, Inside, assert_web_pages_are_refused, looker, probe
from own import OwnLam, own_emulator

from lambda_emu.sandbox.docker.engine import DockerEngine

__all__ = ["looker"]

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    """Its inits look for our socket where none is, and so do as where it cannot be had: they call by TCP."""
    with own_emulator(tmp_path_factory.mktemp("by-name"), "docker", stems=0, pull_images=False) as lam:
        assert isinstance(lam.emulator.engine, DockerEngine)
        lam.emulator.engine.containers.line = "/var/rapid/nowhere"
        yield lam


FORBIDDEN = [403, '{"errorMessage":"No execution environment has this address","errorType":"Forbidden"}']


@pytest.mark.parametrize(
    "name",
    ["localhost", "127.0.0.1", "", "lambda-emu.internal", f"{'0' * 32}.lambda-emu.internal", "x" * 10_000],
    ids=["localhost", "loopback", "none", "suffix", "guessed", "long"],
)
def test_an_address_that_is_nobodys_is_refused(looker: Inside, name: str) -> None:
    answers = looker.run(f"{CALL}\n    result = [call('GET', 'invocation/next', name={name!r}) for _ in range(3)]")

    assert answers == [FORBIDDEN] * 3


@pytest.mark.parametrize("header", ["Origin", "Sec-Fetch-Site"])
def test_a_web_page_that_found_an_address_can_do_nothing_with_it(looker: Inside, header: str) -> None:
    assert_web_pages_are_refused(looker, header)


def test_an_environment_that_ended_leaves_no_address_behind(lam: OwnLam, looker: Inside) -> None:
    gone = probe(lam, "gone")
    address = gone.run(f"{CALL}\n    result = f'{{host}}:{{port}}'")
    lam.client.delete_function(FunctionName="gone")

    assert looker.run(f"{CALL}\n    result = call('GET', 'invocation/next', name={address!r})") == FORBIDDEN


def test_who_asks_does_not_depend_on_the_case_of_the_name(looker: Inside) -> None:
    answer = looker.run(f"{CALL}\n    result = call('POST', 'init/error', '{{}}', name=host.upper())")

    assert "InvalidStateTransition" in answer[1]


def test_a_function_uses_services_without_being_told_where_they_are(lam: OwnLam, looker: Inside) -> None:
    lam.create("echo", "def handler(event, context):\n    return {'heard': event}\n")
    found = looker.run("""
        import boto3, json, os, re
        url = boto3.client("sqs").create_queue(QueueName="jobs")["QueueUrl"]
        boto3.client("sqs").send_message(QueueUrl=url, MessageBody="hello")
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="photos")
        s3.put_object(Bucket="photos", Key="a", Body=b"photo")
        heard = json.load(boto3.client("lambda").invoke(FunctionName="echo", Payload=b"1")["Payload"])
        is_address = re.fullmatch(r"http://[0-9.]+:[0-9]+", os.environ["AWS_ENDPOINT_URL"]) is not None
        result = [url == os.environ["AWS_ENDPOINT_URL"] + "/000000000000/jobs", is_address, heard]
    """)

    assert found == [True, True, {"heard": 1}]


@pytest.mark.parametrize("token", ["", "none", "x" * 1000])
def test_services_are_for_environments_alone(looker: Inside, token: str) -> None:
    """Anybody on the bridge reaches the port; who is none of them has no credentials of theirs."""
    answer = looker.run(f"""
        import http.client, os
        from urllib.parse import urlsplit
        there = urlsplit(os.environ["AWS_ENDPOINT_URL"])
        connection = http.client.HTTPConnection(there.hostname, there.port, timeout=10)
        connection.request("GET", "/2015-03-31/functions/", headers={{"X-Amz-Security-Token": {token!r}}})
        answer = connection.getresponse()
        result = [answer.status, answer.read().decode()]
    """)

    assert answer == FORBIDDEN


def test_credentials_of_an_environment_that_ended_open_nothing(lam: OwnLam, looker: Inside) -> None:
    gone = probe(lam, "gone")
    token = gone.run("import os; result = os.environ['AWS_SESSION_TOKEN']")
    ask = """
        import http.client, os
        from urllib.parse import urlsplit
        there = urlsplit(os.environ["AWS_ENDPOINT_URL"])
        connection = http.client.HTTPConnection(there.hostname, there.port, timeout=10)
        connection.request("GET", "/2015-03-31/functions/", headers={{"X-Amz-Security-Token": {!r}}})
        result = connection.getresponse().status
    """
    before = looker.run(ask.format(token))

    lam.client.delete_function(FunctionName="gone")

    assert (before, looker.run(ask.format(token))) == (200, 403)


def test_output_is_whole_and_in_order(looker: Inside) -> None:
    code = "for i in range({}): print('line', i)"
    tails = [looker.invoke(code.format(count)).tail.splitlines() for count in (1, 30, 300)]

    for tail, count in zip(tails, (1, 30, 300), strict=True):
        assert tail[-3] == f"line {count - 1}"
        assert tail[-2].startswith("END ")


def test_a_crash_is_told_and_the_sandbox_is_used_again(lam: OwnLam) -> None:
    inside = probe(lam)
    inside.run("open('/tmp/kept', 'w').write('1')")

    crash = inside.invoke("import os; print('last words', flush=True); os._exit(3)")

    assert crash.payload["errorType"] == "Runtime.ExitError"
    assert "last words" in crash.tail
    assert inside.run("result = open('/tmp/kept').read()") == "1"
