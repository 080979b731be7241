"""Conditions of a load balancer's rules, and where redirects lead. docs/contract/events.md#load-balancers."""

from __future__ import annotations

import time
from typing import Any

import pytest

from lambda_emu.http.message import Head
from lambda_emu.triggers.load_balancers.balancer import Redirect, read_balancer, read_conditions
from lambda_emu.triggers.load_balancers.patterns import glob
from lambda_emu.triggers.load_balancers.rules import BalancerRequest, holds, location


def asked(
    path: str = "/", query: str = "", host: str = "shop.elb.localhost", method: str = "GET", **headers: str
) -> BalancerRequest:
    said = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    return BalancerRequest(Head(method.encode(), path.encode(), said, "1.1", True), host, path, query, "10.1.2.3")


def values(field: str, config: str, *wanted: Any, **more: Any) -> Any:
    return {"Field": field, config: {"Values": list(wanted), **more}}


@pytest.mark.parametrize(
    ("condition", "request_", "expected"),
    [
        ({"Field": "path-pattern", "Values": ["/a/*"]}, asked("/a/"), True),
        ({"Field": "path-pattern", "Values": ["/a/*"]}, asked("/a"), False),
        ({"Field": "path-pattern", "Values": ["/a?c"]}, asked("/abc"), True),
        ({"Field": "path-pattern", "Values": ["*.png"]}, asked("/a/b.png"), True),
        ({"Field": "path-pattern", "Values": ["/[ab]"]}, asked("/a"), False),
        (values("host-header", "HostHeaderConfig", "*.example.com", "Shop.*"), asked(), True),
        (values("host-header", "HostHeaderConfig", "*.example.com"), asked(host="example.com"), False),
        (values("http-request-method", "HttpRequestMethodConfig", "GET", "HEAD"), asked(), True),
        (values("http-request-method", "HttpRequestMethodConfig", "GET"), asked(method="get"), False),
        (values("http-header", "HttpHeaderConfig", "*Chrome*", HttpHeaderName="User"), asked(user="a CHROME b"), True),
        (values("http-header", "HttpHeaderConfig", "*", HttpHeaderName="User"), asked(), False),
        (values("query-string", "QueryStringConfig", {"Key": "a", "Value": "b c"}), asked(query="x=1&A=b+c"), True),
        (values("query-string", "QueryStringConfig", {"Key": "a", "Value": "\\*"}), asked(query="a=b"), False),
        (values("query-string", "QueryStringConfig", {"Value": "*"}), asked(), False),
        (values("source-ip", "SourceIpConfig", "192.0.2.0/24", "10.1.0.0/16"), asked(), True),
        (values("source-ip", "SourceIpConfig", "2001:db8::/32"), asked(), False),
    ],
)
def test_what_conditions_hold_for(condition: Any, request_: BalancerRequest, expected: bool) -> None:
    assert holds(read_conditions([condition]), request_) is expected


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        *(("*", "", True), ("**", "ab", True), ("a*b*c", "a-b-b-c", True), ("a*b", "aXbY", False)),
        *(("a*bc*bc", "abc", False), ("a*bc*bc", "abcbc", True), ("?", "", False), ("*?", "x", True)),
        *(("a*.b", "axb", False), ("a*a", "a", False), ("\\*", "\\x", True), ("\\", "\\", True)),
    ],
)
def test_stars_and_question_marks(pattern: str, text: str, expected: bool) -> None:
    assert (glob(pattern, any_case=False).fullmatch(text) is not None) is expected


def test_a_pattern_of_stars_takes_no_time() -> None:
    hostile = glob("*a" * 64, any_case=True)
    begun_s = time.process_time()

    assert hostile.fullmatch("a" * 63 + "b" * 16_000) is None
    assert hostile.fullmatch("ab" * 8_000) is None

    assert time.process_time() - begun_s < 0.2


@pytest.mark.parametrize(
    ("redirect", "expected"),
    [
        (
            Redirect("#{protocol}", "#{host}", "#{port}", "/#{path}", "#{query}", 301),
            "http://shop.elb.localhost:81/a/b?x=1",
        ),
        (Redirect("HTTPS", "example.com", "443", "/", "", 302), "https://example.com:443/"),
    ],
)
def test_where_redirects_lead(redirect: Redirect, expected: str) -> None:
    assert location(redirect, asked("/a/b", "x=1"), "HTTP", "81") == expected


def told(*rules: Any) -> Any:
    """Of a load balancer with these rules."""
    return {
        "account": "123456789012",
        "balancer": {"LoadBalancerName": "shop", "LoadBalancerArn": "arn", "DNSName": "shop"},
        "attributes": {},
        "listeners": [{"Port": 80, "Protocol": "HTTP", "Rules": list(rules)}],
        "target_groups": [],
    }


def rule(action: Any, priority: str = "default", *conditions: Any) -> Any:
    return {"Priority": priority, "Conditions": conditions, "Actions": [action]}


def test_what_is_told_of_a_group_that_is_gone_leads_to_no_group() -> None:
    gone = rule({"Type": "forward", "TargetGroupArn": "arn:gone"})

    found: Any = read_balancer(told(gone)).listeners[80].rules[0].action

    assert found.groups == ()


def test_a_rule_that_makes_no_sense_disturbs_no_other() -> None:
    fixed = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}
    senseless = [
        rule(fixed, "1", values("source-ip", "SourceIpConfig", "nonsense")),
        rule(fixed, "2", {"Field": "nobody-knows", "Values": ["x"]}),
        rule({"Type": "fixed-response", "FixedResponseConfig": {}}, "3"),
        {"Priority": "4", "Conditions": [], "Actions": []},
    ]

    assert len(read_balancer(told(*senseless, rule(fixed))).listeners[80].rules) == 1
