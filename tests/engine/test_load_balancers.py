"""Load balancers with functions behind them, made by boto3 and asked over HTTP.

docs/contract/events.md#load-balancers.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from load_balancers_rig import ECHO, REGION, SUBNETS, WHO, Balancing, arn, fixed, forward, let_in
from own import OwnLam, own_emulator, served
from services_rig import ACCOUNT, sdk

ANY_PATH = [{"Field": "path-pattern", "Values": ["/*"]}]
SICK = """
def handler(event, context):
    assert event["headers"] == {"user-agent": "ELB-HealthChecker/2.0"} and event["requestContext"]["elb"]
    return {"statusCode": int(event["path"].partition("?status=")[2])}
"""


def page(status: int, title: str) -> bytes:
    return (
        f"<html>\r\n<head><title>{status} {title}</title></head>\r\n<body>\r\n<center><h1>{status} {title}</h1>"
        "</center>\r\n</body>\r\n</html>\r\n"
    ).encode()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    with own_emulator(tmp_path_factory.mktemp("balancers"), "process", account=ACCOUNT) as lam:
        yield lam


@pytest.fixture
def balancing(shared: OwnLam) -> Iterator[Balancing]:
    shared.create("echo", ECHO)
    made = Balancing(shared)
    yield made
    for one in made.client.describe_load_balancers()["LoadBalancers"]:
        made.client.delete_load_balancer(LoadBalancerArn=one["LoadBalancerArn"])
    for one in made.client.describe_target_groups()["TargetGroups"]:
        made.client.delete_target_group(TargetGroupArn=one["TargetGroupArn"])
    shared.close()


def test_the_name_that_is_told_calls_the_function_with_awss_event(balancing: Balancing) -> None:
    group = balancing.group("echo", "echo")
    balancer = balancing.balancer("shop", forward(group))

    got = balancer.ask_as(balancer.dns_name, "/a%20b?x=1&x=2&y=%20&z", {"User-Agent": "curl", "X-A": "1"})

    assert balancer.dns_name.endswith(f".{REGION}.elb.localhost")
    assert (got.status, got.headers["Server"], got.headers["Content-Type"]) == (200, "awselb/2.0", "application/json")
    event = got.json
    assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}", event["headers"].pop("x-amzn-trace-id"))
    assert event == {
        "requestContext": {"elb": {"targetGroupArn": group}},
        "httpMethod": "GET",
        "path": "/a%20b",
        "queryStringParameters": {"x": "2", "y": "%20", "z": ""},
        "headers": {
            "host": balancer.dns_name,
            "accept-encoding": "identity",
            "user-agent": "curl",
            "x-a": "1",
            "x-forwarded-for": "127.0.0.1",
            "x-forwarded-port": "80",
            "x-forwarded-proto": "http",
        },
        "body": "",
        "isBase64Encoded": False,
    }


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("shop.elb.localhost", "/a/b"),
        ("SHOP.elb.localhost:9000", "/a/b"),
        ("www.shop.elb.localhost", "/a/b"),
        ("shop.elb.localhost.localstack.cloud:4566", "/a/b"),
        ("shop.us-east-1.elb.localhost", "/a/b"),
        ("127.0.0.1", "/_lambda-emu/elb/shop/a/b"),
        ("localhost", "/_lambda-emu/elb/shop:80/a/b"),
    ],
)
def test_hosts_and_paths_that_mean_it(balancing: Balancing, host: str, path: str) -> None:
    balancer = balancing.balancer("shop", forward(balancing.group("echo", "echo")))

    assert balancer.ask_as(host, path).json["path"] == "/a/b"


def test_all_values_come_and_go_where_the_target_group_says_so(balancing: Balancing) -> None:
    balancer = balancing.balancer("shop", forward(balancing.group("echo", "echo", multi_value=True)))

    got = balancer.ask("/?x=1&x=2", **{"X-A": "1"})

    assert "headers" not in got.json
    assert "queryStringParameters" not in got.json
    assert got.json["multiValueQueryStringParameters"] == {"x": ["1", "2"]}
    assert got.json["multiValueHeaders"]["x-a"] == ["1"]
    assert got.json["multiValueHeaders"]["x-forwarded-proto"] == ["http"]
    assert got.json["multiValueHeaders"]["x-amzn-trace-id"][0].startswith("Root=1-")
    assert got.headers.get_all("set-cookie") == ["a=1", "b=2"]


@pytest.mark.parametrize(
    ("kind", "body", "is_encoded"),
    [
        ("text/plain; charset=utf-8", "grüße".encode(), False),
        ("application/json", b"{}", False),
        ("application/xml", b"<a/>", False),
        ("application/x-www-form-urlencoded", b"a=1", True),
        ("image/png", b"\x89PNG\xff", True),
        ("text/plain", b"\xff", True),
    ],
)
def test_bodies_are_text_or_base64_by_their_type(
    balancing: Balancing, kind: str, body: bytes, is_encoded: bool
) -> None:
    balancer = balancing.balancer("shop", forward(balancing.group("echo", "echo")))

    event = balancer.ask(body=body, **{"Content-Type": kind}).json

    assert event["isBase64Encoded"] is is_encoded
    assert (base64.b64decode(event["body"]) if is_encoded else event["body"].encode()) == body


def test_a_trace_goes_on_and_names_the_balancer_itself(balancing: Balancing) -> None:
    balancer = balancing.balancer("shop", forward(balancing.group("echo", "echo")))
    given = "Root=1-5759e988-bd862e3fe1be46a994272793;Self=1-67891233-abcdef012345678912345678;CalledFrom=app"

    told = balancer.ask(**{"X-Amzn-Trace-Id": given, "X-Forwarded-For": "10.0.0.1"}).json["headers"]

    assert re.fullmatch(
        r"Self=1-[0-9a-f]{8}-[0-9a-f]{24};Root=1-5759e988-bd862e3fe1be46a994272793;CalledFrom=app",
        told["x-amzn-trace-id"],
    )
    assert told["x-forwarded-for"] == "10.0.0.1, 127.0.0.1"


def test_the_rule_of_the_lowest_number_whose_conditions_hold_is_taken(balancing: Balancing) -> None:
    balancer = balancing.balancer("shop", fixed("default"))
    balancer.rule(20, [{"Field": "path-pattern", "Values": ["/api/*"]}], fixed("api"))
    balancer.rule(10, [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/api/v?", "/v*/x"]}}], fixed("v"))
    methods = {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["DELETE"]}}
    balancer.rule(5, [methods, {"Field": "path-pattern", "Values": ["/api/*"]}], fixed("gone"))
    host = {"Field": "host-header", "HostHeaderConfig": {"Values": ["ADMIN.*"]}}
    balancer.rule(4, [host], fixed("admin"))
    header = {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-Kind", "Values": ["Be*a"]}}
    balancer.rule(3, [header], fixed("beta"))
    pairs = [{"Key": "v", "Value": "1\\*"}, {"Value": "any"}]
    query = {"Field": "query-string", "QueryStringConfig": {"Values": pairs}}
    balancer.rule(2, [query], fixed("query"))
    balancer.rule(1, [{"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.0/8"]}}], fixed("from afar"))

    def said(path: str, method: str = "", **headers: str) -> bytes:
        return balancer.ask(path, None, method, **headers).body

    assert said("/") == b"default"
    assert said("/api/list") == b"api"
    assert said("/API/list") == b"default"
    assert said("/api/v1") == b"v"
    assert said("/v3/a/x") == b"v"
    assert said("/api/v1", "DELETE") == b"gone"
    assert said("/", **{"x-kind": "BETA"}) == b"beta"
    assert said("/?V=1*") == b"query"
    assert said("/?V=12") == b"default"
    assert said("/?x=ANY") == b"query"
    assert balancer.ask_as("admin.shop.elb.localhost").body == b"admin"


def test_what_changes_is_served_at_once(balancing: Balancing) -> None:
    balancing.lam.create("who", WHO)
    one, other = balancing.group("one", "echo"), balancing.group("other", "who")
    balancer = balancing.balancer("shop", forward(one))
    assert balancer.ask().json["path"] == "/"

    balancer.client.modify_listener(ListenerArn=balancer.listener, DefaultActions=[forward(other)])
    assert balancer.ask().body == b"who"
    rule = balancer.rule(1, [{"Field": "path-pattern", "Values": ["/x"]}], fixed("x"))
    assert balancer.ask("/x").body == b"x"
    balancer.client.delete_rule(RuleArn=rule)
    assert balancer.ask("/x").body == b"who"
    balancer.client.deregister_targets(TargetGroupArn=other, Targets=[{"Id": arn("who")}])
    assert balancer.ask("/x").status == 503
    balancer.client.delete_load_balancer(LoadBalancerArn=balancer.arn)
    assert balancer.ask("/x").status == 404


def test_who_was_sent_to_a_group_goes_there_again_by_his_cookie(balancing: Balancing) -> None:
    balancing.lam.create("who", WHO)
    balancing.lam.create("canary", WHO)
    one, other = balancing.group("one", "who"), balancing.group("other", "canary")
    groups = [{"TargetGroupArn": one, "Weight": 1}, {"TargetGroupArn": other, "Weight": 1}]
    config = {"TargetGroups": groups, "TargetGroupStickinessConfig": {"Enabled": True, "DurationSeconds": 60}}
    balancer = balancing.balancer("shop", {"Type": "forward", "ForwardConfig": config})

    first, second = balancer.ask(), balancer.ask()
    told = first.headers.get_all("Set-Cookie", [])
    shown = [one.partition(";")[0] for one in told]
    again = [balancer.ask(Cookie=f"a=b; {cookie}; c=d").body for cookie in shown for _ in range(3)]

    assert {first.body, second.body} == {b"who", b"canary"}
    assert [one.partition("=")[0] for one in told] == ["AWSALBTG", "AWSALBTGCORS"]
    assert told[0].endswith(" GMT; Path=/")
    assert told[1].endswith(" GMT; Path=/; SameSite=None; Secure")
    assert again == [first.body] * 6
    assert len({balancer.ask(Cookie="AWSALBTG=nobody").body for _ in range(2)}) == 2


def test_weights_share_requests(balancing: Balancing) -> None:
    balancing.lam.create("who", WHO)
    balancing.lam.create("canary", WHO)
    groups = [
        {"TargetGroupArn": balancing.group("most", "who"), "Weight": 3},
        {"TargetGroupArn": balancing.group("few", "canary"), "Weight": 1},
        {"TargetGroupArn": balancing.group("none", "echo"), "Weight": 0},
    ]
    balancer = balancing.balancer("shop", {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}})

    said = [balancer.ask().body.decode() for _ in range(8)]

    assert (said.count("who"), said.count("canary")) == (6, 2)


def test_fixed_answers_and_redirects_are_awss(balancing: Balancing) -> None:
    balancer = balancing.balancer("shop", fixed("{}", "418", "application/json"))
    to = {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}
    balancer.rule(1, [{"Field": "path-pattern", "Values": ["/s*"]}], {"Type": "redirect", "RedirectConfig": to})
    to = {"Host": "www.#{host}", "Path": "/new/#{path}", "Query": "#{query}&a=1", "StatusCode": "HTTP_302"}
    balancer.rule(2, [{"Field": "path-pattern", "Values": ["/t*"]}], {"Type": "redirect", "RedirectConfig": to})

    got = balancer.ask("/")
    assert (got.status, got.body, got.headers["Content-Type"]) == (418, b"{}", "application/json; charset=utf-8")
    got = balancer.ask_as("shop.elb.localhost:9000", "/s/a?x=1")
    assert (got.status, got.headers["Location"]) == (301, "https://shop.elb.localhost:443/s/a?x=1")
    assert (got.body, got.headers["Server"]) == (page(301, "Moved Permanently"), "awselb/2.0")
    got = balancer.ask_as("shop.elb.localhost:9000", "/t?x=1")
    assert (got.status, got.headers["Location"]) == (302, "http://www.shop.elb.localhost:9000/new/t?x=1&a=1")


def test_each_listener_has_its_own_rules(balancing: Balancing) -> None:
    balancer = balancing.balancer("shop", fixed("eighty"))
    balancer.listen(8080, fixed("more"))

    assert balancer.ask().body == b"eighty"
    assert balancer.ask_as("localhost", "/_lambda-emu/elb/shop:8080/").body == b"more"
    assert balancer.ask_as("shop.elb.localhost:8080").body == b"more"
    assert balancer.ask_as("localhost", "/_lambda-emu/elb/shop:81/").status == 404
    with pytest.raises(ClientError, match="DuplicateListener"):
        balancer.listen(8080, fixed("again"))


@pytest.mark.parametrize(
    "returned",
    [
        *("'text'", "{}", "{'body': 'no status'}", "{'statusCode': 'x'}", "{'statusCode': 200, 'body': {}}"),
        *("{'statusCode': 200, 'headers': {'a': 1}}", "{'statusCode': 200, 'headers': {'a b': ''}}", "1 / 0"),
        *("{'statusCode': 200, 'body': '!', 'isBase64Encoded': True}", "{'statusCode': 200, 'headers': []}"),
        "{'statusCode': 200, 'headers': {'a': 'b' * 32768}}",
        *("{'statusCode': 200, 'headers': {'a': 'b\\r\\nc: d'}}", "{'statusCode': 200, 'body': 'x' * 1048576}"),
    ],
)
def test_what_is_no_answer_is_a_bad_gateway(balancing: Balancing, returned: str) -> None:
    balancer = balancing.balancer("shop", forward(balancing.group("echo", "echo")))

    got = balancer.ask(body=f"={returned}")

    assert (got.status, got.body) == (502, page(502, "Bad Gateway"))
    assert (got.headers["Server"], got.headers["Content-Type"]) == ("awselb/2.0", "text/html")


def test_answers_of_functions(balancing: Balancing) -> None:
    balancer = balancing.balancer("shop", forward(balancing.group("echo", "echo")))

    got = balancer.ask(body="={'statusCode': 404, 'statusDescription': '404 Not Found', 'body': 'x'}")
    assert (got.status, got.body, got.headers["Content-Type"]) == (404, b"x", "application/octet-stream")
    got = balancer.ask(body="={'statusCode': 200, 'body': 'AP8=', 'isBase64Encoded': True}")
    assert got.body == b"\0\xff"
    got = balancer.ask(body="={'statusCode': 200, 'headers': {'Connection': 'x', 'Content-Length': '9', 'x-a': 'ä'}}")
    assert (got.headers["x-a"].encode("latin-1").decode(), got.headers["Content-Length"]) == ("ä", "0")
    got = balancer.ask(body="={'statusCode': 200, 'multiValueHeaders': {'x-b': ['1']}}")
    assert got.headers["x-b"] is None


def test_bodies_of_a_megabyte_and_no_more(balancing: Balancing) -> None:
    balancer = balancing.balancer("shop", forward(balancing.group("echo", "echo")))
    body = b"={'statusCode': 200, 'body': str(len(body))}#"
    most = body.ljust(1024 * 1024, b"x")

    assert balancer.ask(body=most).body == b"1048576"
    got = balancer.ask("/" + "x" * 16_384)
    assert (got.status, got.body) == (414, page(414, "Request-URI Too Large"))
    got = balancer.ask(body=most + b"x")
    assert (got.status, got.body) == (413, page(413, "Request Entity Too Large"))


def test_a_group_without_a_target_is_unavailable_and_a_web_socket_is_refused(balancing: Balancing) -> None:
    balancer = balancing.balancer("shop", forward(balancing.group("empty")))

    got = balancer.ask()
    assert (got.status, got.body) == (503, page(503, "Service Temporarily Unavailable"))
    opens = {"Connection": "Upgrade", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    got = balancer.ask(Upgrade="websocket", **opens)
    assert (got.status, got.body) == (400, page(400, "Bad Request"))
    got = balancer.ask(method="TRACE")
    assert (got.status, got.body) == (405, page(405, "Not Allowed"))


def test_a_function_that_takes_too_long_is_a_gateway_timeout(balancing: Balancing) -> None:
    balancer = balancing.balancer("shop", forward(balancing.group("echo", "echo")))
    balancer.client.modify_load_balancer_attributes(
        LoadBalancerArn=balancer.arn, Attributes=[{"Key": "idle_timeout.timeout_seconds", "Value": "1"}]
    )

    got = balancer.ask(body="=time.sleep(2)")

    assert (got.status, got.body) == (504, page(504, "Gateway Time-out"))


def test_a_function_has_to_let_the_balancer_in(balancing: Balancing) -> None:
    group = balancing.group("echo")
    named = [{"Id": arn("echo")}]
    with pytest.raises(ClientError) as refused:
        balancing.client.register_targets(TargetGroupArn=group, Targets=named)
    let_in(balancing.lam, "echo", group)
    balancing.client.register_targets(TargetGroupArn=group, Targets=named)
    balancer = balancing.balancer("shop", forward(group))
    assert balancer.ask().status == 200

    balancing.lam.client.remove_permission(FunctionName="echo", StatementId=group.rpartition("/")[2])

    assert refused.value.response["Error"] == {
        "Code": "AccessDenied",
        "Message": f"elasticloadbalancing principal does not have permission to invoke {arn('echo')} from target "
        f"group {group}",
        "Type": "Sender",
    }
    assert balancer.ask().status == 502


def test_health_of_a_function_that_nobody_checks(balancing: Balancing) -> None:
    group = balancing.group("echo", "echo")

    told = balancing.client.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]

    assert [(one["Target"]["Id"], one["TargetHealth"]) for one in told] == [
        (
            arn("echo"),
            {
                "State": "unavailable",
                "Reason": "Target.HealthCheckDisabled",
                "Description": "Health checks are not enabled for this target",
            },
        )
    ]


def test_a_function_whose_health_is_checked_is_asked_for_it(balancing: Balancing) -> None:
    balancing.lam.create("sick", SICK)
    group = balancing.group("sick", "sick")
    client = balancing.client

    def health() -> Any:
        (told,) = client.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        return told["TargetHealth"]

    client.modify_target_group(TargetGroupArn=group, HealthCheckEnabled=True, HealthCheckPath="/health?status=200")
    assert (health()["State"], health()["Reason"]) == ("unused", "Target.NotInUse")
    balancing.balancer("shop", forward(group))
    assert health() == {"State": "healthy"}
    client.modify_target_group(TargetGroupArn=group, HealthCheckPath="/health?status=503")
    assert health() == {
        "State": "unhealthy",
        "Reason": "Target.ResponseCodeMismatch",
        "Description": "Health checks failed with these codes: [503]",
    }
    client.modify_target_group(TargetGroupArn=group, Matcher={"HttpCode": "200-299,503"})
    assert health() == {"State": "healthy"}
    client.modify_target_group(TargetGroupArn=group, HealthCheckPath="/none")
    assert health()["Reason"] == "Target.FailedHealthChecks"


def test_names_and_limits_are_awss(balancing: Balancing) -> None:
    client = balancing.client
    group = balancing.group("echo", "echo")
    balancer = balancing.balancer("shop", forward(group))

    again = client.create_load_balancer(Name="shop", Subnets=SUBNETS)["LoadBalancers"][0]
    assert again["LoadBalancerArn"] == balancer.arn
    with pytest.raises(ClientError, match=r"DuplicateLoadBalancerName.*exists, but with different settings"):
        client.create_load_balancer(Name="shop", Subnets=SUBNETS, Scheme="internal")
    for name in ("internal-x", "a_b", "-a", "x" * 33):
        with pytest.raises(ClientError, match="ValidationError"):
            client.create_load_balancer(Name=name, Subnets=SUBNETS)
    with pytest.raises(ClientError, match=r"InvalidAction.*for version 2012-06-01"):
        sdk(balancing.lam, "elb").describe_load_balancers()
    conditions = [{"Field": "path-pattern", "PathPatternConfig": {"Values": [f"/{n}" for n in range(6)]}}]
    with pytest.raises(ClientError, match="A rule can only have '5' condition values"):
        balancer.rule(1, conditions, forward(group))
    for number in range(1, 101):
        balancer.rule(number, [{"Field": "path-pattern", "Values": [f"*{number}*"]}], fixed(str(number)))
    with pytest.raises(ClientError, match="TooManyRules"):
        balancer.rule(101, [{"Field": "path-pattern", "Values": ["/"]}], forward(group))
    assert balancer.ask("/1" + "0" * 16_000).body == b"1"
    with pytest.raises(ClientError, match="TooManyTargets"):
        client.register_targets(TargetGroupArn=group, Targets=[{"Id": arn("other")}])
    protected = [{"Key": "deletion_protection.enabled", "Value": "true"}]
    client.modify_load_balancer_attributes(LoadBalancerArn=balancer.arn, Attributes=protected)
    with pytest.raises(ClientError, match="OperationNotPermitted"):
        client.delete_load_balancer(LoadBalancerArn=balancer.arn)
    client.modify_load_balancer_attributes(
        LoadBalancerArn=balancer.arn, Attributes=[{"Key": "deletion_protection.enabled", "Value": "false"}]
    )


@pytest.mark.parametrize(
    ("conditions", "action"),
    [
        ([], fixed("x")),
        ([{"Field": "source-ip", "SourceIpConfig": {"Values": ["nonsense"]}}], fixed("x")),
        ([{"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "a b", "Values": ["x"]}}], fixed("x")),
        ([{"PathPatternConfig": {"Values": ["/"]}}], fixed("x")),
        (ANY_PATH, {"Type": "forward"}),
        (ANY_PATH, {"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_301", "Host": "a\r\nb: c"}}),
        (ANY_PATH, fixed("x" * 1025)),
    ],
)
def test_rules_that_make_no_sense_are_refused(balancing: Balancing, conditions: Any, action: Any) -> None:
    balancer = balancing.balancer("shop", fixed("default"))

    with pytest.raises(ClientError, match="ValidationError"):
        balancer.rule(1, conditions, action)

    assert balancer.ask().body == b"default"


def test_attributes_that_make_no_sense_are_refused(balancing: Balancing) -> None:
    balancer = balancing.balancer("shop", fixed("default"))

    for key, value in (("idle_timeout.timeout_seconds", "nan"), ("routing.http.xff_header_processing.mode", "x")):
        with pytest.raises(ClientError, match="ValidationError"):
            balancer.client.modify_load_balancer_attributes(
                LoadBalancerArn=balancer.arn, Attributes=[{"Key": key, "Value": value}]
            )


def test_it_is_there_again_after_a_kill(tmp_path: Path) -> None:
    (tmp_path / "echo.py").write_text(WHO)
    (tmp_path / "lambda-emu.yaml").write_text(
        "functions: {echo: {handler: echo.handler, runtime: python3.12, code: .}}"
    )
    with served(tmp_path, "process", "--account", ACCOUNT) as lam:
        balancing = Balancing(lam)
        balancer = balancing.balancer("shop", forward(balancing.group("echo", "echo")))
        assert balancer.ask().body == b"echo"
        lam.process.kill()
        lam.process.wait(10)

    with served(tmp_path, "process", "--account", ACCOUNT) as lam:
        balancer.lam = lam
        assert balancer.ask().body == b"echo"
        told = sdk(lam, "elbv2").describe_load_balancers(Names=["shop"])["LoadBalancers"][0]
        assert told["DNSName"] == balancer.dns_name
