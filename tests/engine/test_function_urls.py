"""Function URLs, called as anybody calls a URL: over HTTP, without an SDK. docs/contract/events.md#function-urls."""

from __future__ import annotations

import http.client
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from function_url_rig import ECHO, FORBIDDEN, ask, by_host, id_of, made
from lam import Lam, client
from own import EITHER_ENGINE, own_emulator

PAGE = "http://localhost:3000"
CORS: Any = {"AllowOrigins": [PAGE], "AllowMethods": ["GET"], "AllowHeaders": ["x-a"], "MaxAge": 5}
LARGE = 200_000


@pytest.fixture
def url(lam: Lam) -> str:
    lam.create("echo", ECHO)
    return made(lam, "echo")


def test_the_url_that_is_told_calls_the_function_as_it_stands(lam: Lam, url: str) -> None:
    told = lam.client.get_function_url_config(FunctionName="echo")["FunctionUrl"]

    with urlopen(f"{told}pa2%2Fth%20x?a=1&a=2&b=%C3%A9", timeout=30) as answer:
        event = json.load(answer)

    assert told == url
    assert event["rawPath"] == "/pa2%2Fth%20x"
    assert event["rawQueryString"] == "a=1&a=2&b=%C3%A9"
    assert event["queryStringParameters"] == {"a": "1,2", "b": "é"}
    assert event["requestContext"]["http"]["method"] == "GET"
    assert event["requestContext"]["accountId"] == "anonymous"
    assert event["requestContext"]["apiId"] == event["requestContext"]["domainPrefix"] == id_of(url)


@EITHER_ENGINE
@pytest.mark.parametrize("host", ["localhost", "localhost:9000", "on.aws", "localhost.localstack.cloud:4566"])
def test_it_is_called_by_every_form_of_its_host(lam: Lam, url: str, host: str) -> None:
    name = f"{id_of(url)}.lambda-url.us-east-1.{host}"

    event = by_host(lam, url, headers={"Host": name}, path="_lambda-emu/logs").json

    assert event["rawPath"] == "/_lambda-emu/logs"
    assert event["requestContext"]["domainName"] == name.partition(":")[0]


@EITHER_ENGINE
def test_the_id_of_the_request_is_that_of_the_invocation(url: str) -> None:
    answer = ask(url, "[event['requestContext']['requestId'], context.aws_request_id, event['headers']]")

    told, ran, headers = answer.json
    assert answer.headers["x-amzn-RequestId"] == told == ran
    assert answer.headers["X-Amzn-Trace-Id"] == headers["x-amzn-trace-id"]


@EITHER_ENGINE
def test_one_connection_sees_each_of_its_requests(url: str) -> None:
    parts, seen = urlsplit(url), []
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    for number in (1, 2, 3):
        connection.request("POST", parts.path, f"[{number}, context.aws_request_id]", {"Content-Type": "text/plain"})
        answer = connection.getresponse()
        seen.append((answer.headers["x-amzn-RequestId"], json.loads(answer.read())))
    connection.close()

    assert [body for _, body in seen] == [[number, id] for number, (id, _) in enumerate(seen, 1)]


@EITHER_ENGINE
@pytest.mark.parametrize(
    ("returned", "status", "content_type", "body"),
    [
        ("'hello'", 200, "application/json", b"hello"),
        ("{'a': 1}", 200, "application/json", b'{"a": 1}'),
        ("{'statusCode': 404, 'headers': {'content-type': 'text/html'}, 'body': '<p>'}", 404, "text/html", b"<p>"),
        ("{'statusCode': '201', 'body': 'AAE=', 'isBase64Encoded': True}", 201, "application/json", b"\0\1"),
        ("{'statusCode': 204, 'body': 'x'}", 204, "application/json", b""),
        ("{'statusCode': 304, 'body': 'x'}", 304, "application/json", b""),
        ("{'statusCode': 99}", 502, "application/json", b"Internal Server Error"),
        ("{'statusCode': 200, 'body': 1}", 502, "application/json", b"Internal Server Error"),
        ("1 / 0", 502, "application/json", b"Internal Server Error"),
        ("os._exit(1)", 502, "application/json", b"Internal Server Error"),
        (
            "{'statusCode': 200, 'headers': {f'a{number}': 'b' for number in range(200_000)}}",
            502,
            "application/json",
            b"Internal Server Error",
        ),
    ],
)
def test_what_the_function_returns_is_the_answer(
    url: str, returned: str, status: int, content_type: str, body: bytes
) -> None:
    answer = ask(url, returned)

    assert (answer.status, answer.headers["Content-Type"], answer.body) == (status, content_type, body)


@EITHER_ENGINE
def test_cookies_go_both_ways(url: str) -> None:
    answer = ask(
        url,
        "{'statusCode': 200, 'cookies': ['x=1', 'y=2; Secure'], 'body': str(event['cookies'])}",
        headers={"Cookie": "a=1; b=2"},
    )

    assert answer.headers.get_all("Set-Cookie") == ["x=1", "y=2; Secure"]
    assert answer.body == b"['a=1', 'b=2']"


@EITHER_ENGINE
def test_a_timeout_is_a_bad_gateway(lam: Lam) -> None:
    lam.create("slow", ECHO, Timeout=1)

    answer = ask(made(lam, "slow"), "time.sleep(30)")

    assert (answer.status, answer.body) == (502, b"Internal Server Error")


def test_large_bodies_go_both_ways(url: str) -> None:
    answer = ask(url, f"'x' * {LARGE} + event['body'][-5:] # {'y' * LARGE}")

    assert answer.body == b"x" * LARGE + b"yyyyy"


@EITHER_ENGINE
def test_a_body_that_is_no_text_comes_in_base64(url: str) -> None:
    answer = ask(url, b"event['body']", headers={"Content-Type": "application/x-www-form-urlencoded"})

    assert answer.body == b"ZXZlbnRbJ2JvZHknXQ=="


@EITHER_ENGINE
@pytest.mark.parametrize("size", [6 * 1024 * 1024 + 1, 6 * 1024 * 1024 - 100])
def test_more_than_an_event_may_have_is_too_large(url: str, size: int) -> None:
    assert ask(url, b"x" * size, headers={"Content-Type": "text/plain"}).status == 413


@EITHER_ENGINE
def test_without_concurrency_it_is_throttled(lam: Lam, url: str) -> None:
    lam.client.put_function_concurrency(FunctionName="echo", ReservedConcurrentExecutions=0)

    assert ask(url).status == 429


@EITHER_ENGINE
def test_an_alias_has_a_url_of_its_own_that_ends_with_it(lam: Lam, url: str) -> None:
    lam.client.publish_version(FunctionName="echo")
    lam.client.create_alias(FunctionName="echo", Name="live", FunctionVersion="1")
    of_alias = made(lam, "echo", qualifier="live")

    ran = ask(of_alias, "[context.function_version, context.invoked_function_arn]").json
    lam.client.delete_alias(FunctionName="echo", Name="live")
    gone = ask(of_alias)

    assert (ran[0], ran[1].rpartition(":")[2]) == ("1", "live")
    assert gone.status == 403
    assert ask(url, "context.function_version").body == b"$LATEST"


@EITHER_ENGINE
def test_a_function_serves_while_it_is_updated(lam: Lam, url: str) -> None:
    lam.client.update_function_configuration(FunctionName="echo", Environment={"Variables": {"AGE": "new"}})

    assert ask(url, "os.environ.get('AGE', 'old')").body in (b"old", b"new")
    lam.wait_until_active("echo")
    assert ask(url, "os.environ.get('AGE', 'old')").body == b"new"


@EITHER_ENGINE
def test_an_id_that_nobody_has_is_forbidden(lam: Lam, url: str) -> None:
    lam.client.delete_function_url_config(FunctionName="echo")

    for answer in (ask(url), by_host(lam, url), ask(f"{lam.emulator.url}/_lambda-emu/url/")):
        assert (answer.status, answer.body) == (403, b'{"Message":null}')
        assert answer.headers["x-amzn-ErrorType"] == "AccessDeniedException"
        assert answer.headers["Content-Type"] == "application/json"


@EITHER_ENGINE
def test_a_url_of_another_region_is_none(lam: Lam, url: str) -> None:
    assert by_host(lam, url, headers={"Host": f"{id_of(url)}.lambda-url.eu-west-1.localhost"}).status == 403


@EITHER_ENGINE
@pytest.mark.parametrize("missing", ["url", "invoke"])
def test_both_actions_must_be_allowed_to_everybody(lam: Lam, url: str, missing: str) -> None:
    lam.client.remove_permission(FunctionName="echo", StatementId=missing)

    answer = ask(url)

    assert (answer.status, answer.json) == (403, FORBIDDEN)
    assert "resource policy" in answer.headers["X-Lambda-Emu-Hint"]


@EITHER_ENGINE
def test_a_burst_beyond_ten_times_its_reserved_concurrency_is_refused(lam: Lam, url: str) -> None:
    lam.client.put_function_concurrency(FunctionName="echo", ReservedConcurrentExecutions=1)

    answers = [ask(url)]
    while answers[-1].status == 200 and len(answers) < 200:
        answers.append(ask(url))

    assert (answers[-1].status, answers[-1].json["Reason"]) == (429, "CallerRateLimitExceeded")
    assert len(answers) > 10


# -- web pages


@EITHER_ENGINE
def test_a_browser_that_asks_before_is_answered_without_the_function(lam: Lam) -> None:
    lam.create("cors", ECHO)
    url = made(lam, "cors", Cors=CORS)

    told = ask(url, method="OPTIONS", headers={"Origin": PAGE, "Access-Control-Request-Method": "GET"})
    got = ask(url, "len(CALLS)", headers={"Origin": PAGE, "Sec-Fetch-Site": "cross-site"})
    other = ask(url, "1", headers={"Origin": "http://evil.example"})

    assert (told.status, told.body) == (200, b"")
    assert told.headers["Access-Control-Allow-Origin"] == got.headers["Access-Control-Allow-Origin"] == PAGE
    assert told.headers["Access-Control-Allow-Methods"] == "GET"
    assert got.body == b"1"
    assert "Access-Control-Allow-Origin" not in other.headers


@EITHER_ENGINE
def test_without_a_configuration_pages_are_the_functions_own_matter(url: str) -> None:
    returned = (
        "{'statusCode': 200, 'headers': {'Access-Control-Allow-Origin': '*'},"
        "'body': event['requestContext']['http']['method']}"
    )

    answer = ask(url, returned, "OPTIONS", {"Origin": PAGE, "Access-Control-Request-Method": "GET"})

    assert (answer.body, answer.headers.get_all("Access-Control-Allow-Origin")) == (b"OPTIONS", ["*"])


@EITHER_ENGINE
def test_a_page_of_a_function_has_not_the_origin_of_the_lambda_api(lam: Lam, url: str) -> None:
    by_path = ask(f"{lam.emulator.url}/_lambda-emu/url/{id_of(url)}/")

    assert by_path.headers["Content-Security-Policy"].startswith("sandbox ")
    assert "allow-same-origin" not in by_path.headers["Content-Security-Policy"]
    assert "Content-Security-Policy" not in by_host(lam, url).headers


# -- what lasts


def test_a_url_is_called_after_a_restart(tmp_path: Path) -> None:
    with own_emulator(tmp_path, "process") as lam:
        lam.create("echo", ECHO)
        id = id_of(made(lam, "echo"))

    with own_emulator(tmp_path, "process") as lam:
        lam.wait_until_active("echo")
        answer = ask(f"{lam.emulator.url}/_lambda-emu/url/{id}/", "context.function_name")

    assert answer.body == b"echo"


@EITHER_ENGINE
def test_answers_of_a_stream_are_taken_as_they_are(lam: Lam) -> None:
    lam.create("stream", ECHO)
    url = made(lam, "stream", InvokeMode="RESPONSE_STREAM")

    answer = ask(url, "{'statusCode': 404}")

    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/octet-stream")
    assert answer.json == {"statusCode": 404}


@EITHER_ENGINE
def test_functions_of_another_account_have_urls_too(lam: Lam) -> None:
    other = Lam(lam.emulator, "111122223333", "eu-west-1")
    try:
        other.create("echo", ECHO)
        url = made(other, "echo")
        assert client(lam.emulator.url, "111122223333", "eu-west-1").get_function_url_config(FunctionName="echo")
        assert ask(url, "context.invoked_function_arn").body == b"arn:aws:lambda:eu-west-1:111122223333:function:echo"
    finally:
        other.close()
