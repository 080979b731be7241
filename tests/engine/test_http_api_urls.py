"""HTTP APIs that pass requests on to URLs, and what they tell browsers of other origins."""

from __future__ import annotations

from http_apis_rig import Gateway, Upstream, gateway, lam, passing, shared, upstream

__all__ = ["gateway", "lam", "shared", "upstream"]  # fixtures


def test_the_configuration_of_cors_answers_browsers(gateway: Gateway) -> None:
    cors = {"AllowOrigins": ["http://localhost:3000"], "AllowMethods": ["GET"], "AllowHeaders": ["x-a"], "MaxAge": 7}
    api = gateway.api({"ANY /a": "echo"}, CorsConfiguration=cors)
    page = {"Origin": "http://localhost:3000", "Sec-Fetch-Site": "cross-site"}
    asking = {"Access-Control-Request-Method": "GET"}
    said = "{'statusCode': 200, 'headers': {'Access-Control-Allow-Origin': 'mine', 'x-b': 1}}"

    preflight = api.ask("/a", method="OPTIONS", **page, **asking)
    foreign = api.ask("/a", method="OPTIONS", **{"Origin": "http://localhost:4000"}, **asking)
    answer = api.ask("/a", said, **page)
    lost = api.ask("/b", **page)

    assert (preflight.status, preflight.body) == (204, b"")
    assert preflight.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
    assert preflight.headers["Access-Control-Allow-Methods"] == "GET"
    assert preflight.headers["Access-Control-Max-Age"] == "7"
    assert (foreign.status, foreign.headers["Access-Control-Allow-Origin"]) == (204, None)
    assert answer.headers.get_all("Access-Control-Allow-Origin") == ["http://localhost:3000"]
    assert answer.headers["x-b"] == "1"
    assert (lost.status, lost.headers["Access-Control-Allow-Origin"]) == (404, "http://localhost:3000")


def test_without_a_configuration_cors_is_the_functions_own_matter(gateway: Gateway) -> None:
    api = gateway.api({"$default": "echo"})

    answer = api.ask(
        "/", "{'statusCode': 200, 'headers': {'Access-Control-Allow-Origin': '*'}}", "OPTIONS", Origin="http://x.test"
    )

    assert (answer.status, answer.headers.get_all("Access-Control-Allow-Origin")) == (200, ["*"])


def test_a_request_is_passed_on_to_a_url(gateway: Gateway, upstream: Upstream) -> None:
    api = passing(gateway, upstream.url + "/base/{proxy}?own=1")

    answer = api.ask("/a/b%20c?x=%C3%A9", "hello", "PUT", **{"X-A": "1", "Connection": "x-b", "X-B": "2"})
    large = passing(gateway, upstream.url + "/{proxy}").ask("/large")

    assert answer.json == ["PUT", "/base/a/b%20c?own=1&x=%C3%A9", "hello", "1", None]
    assert (answer.status, answer.headers["X-Up"], answer.headers["Keep-Alive"]) == (201, "1", None)
    assert answer.headers["Apigw-Requestid"]
    assert large.body == b"x" * 3_000_000


def test_who_is_asked_instead_may_not_answer(gateway: Gateway, upstream: Upstream) -> None:
    unavailable = {"message": "Service Unavailable"}

    slow = passing(gateway, upstream.url + "/never").ask("/a")
    nobody = passing(gateway, "http://127.0.0.1:1/").ask("/a")

    assert (slow.status, slow.json) == (nobody.status, nobody.json) == (503, unavailable)


def test_an_api_that_is_passed_on_to_itself_ends(gateway: Gateway) -> None:
    api = passing(gateway, gateway.lam.emulator.url + "/_lambda-emu/api/${stageVariables.api}/{proxy}", stage="")
    api.stage("$default", StageVariables={"api": api.id})

    answer = api.ask("/a")

    assert (answer.status, "leads back to its own API" in answer.headers["X-Lambda-Emu-Hint"]) == (500, True)
    assert gateway.api({"$default": "echo"}).ask("/").status == 200


def test_cors_of_the_api_replaces_what_is_answered_elsewhere(gateway: Gateway, upstream: Upstream) -> None:
    api = passing(gateway, upstream.url, CorsConfiguration={"AllowOrigins": ["http://a.test"]})

    answer = api.ask("/a", Origin="http://a.test")

    assert answer.headers.get_all("Access-Control-Allow-Origin") == ["http://a.test"]
