"""Queries of Logs Insights over events, without a server: what they find, and what is refused."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest

from lambda_emu.arn import Scope
from lambda_emu.logs.groups import EventPosition, Owner, StoredEvent
from lambda_emu.services.logs.insights import commands
from lambda_emu.services.logs.insights.commands import QueryTooLarge, parse_query
from lambda_emu.services.logs.insights.reading import QueryInvalid
from lambda_emu.services.logs.insights.running import Looked, run

OWNER = Owner(Scope("123456789012", "us-east-1"), "orders", "s1", None)
MINUTE_MS = 60_000
REPORT = (
    "REPORT RequestId: 6b1c0a4e-0000-4000-8000-000000000001\tDuration: %s ms\tBilled Duration: %d ms\t"
    "Memory Size: 128 MB\tMax Memory Used: 36 MB\tInit Duration: 110.10 ms\t\n"
)
JSON = [
    '{"level": "INFO", "ms": 10, "path": "/a", "user": {"id": 1}, "tags": ["x", "y"]}',
    '{"level": "ERROR", "ms": 30, "path": "/b", "user": {"id": 2}}',
    '{"level": "INFO", "ms": 20.5, "path": "/a", "user": {"id": 3}}',
    "no JSON, took 7 ms at /c",
]
ALL = '{"a": 1}'


def ask(query: str, messages: Sequence[str] = JSON, limit: int = 100, looked: Looked | None = None) -> list[list[str]]:
    """Values of each row, without @ptr. Messages are a minute apart, from the beginning of an hour."""
    events = [
        StoredEvent(EventPosition(1_706_702_400_000 + number * MINUTE_MS, number + 1, 0), 5, OWNER, message)
        for number, message in enumerate(messages)
    ]
    rows = run(parse_query(query), reversed(events), limit, looked or Looked(), lambda: None)
    return [[field["value"] for field in row if field["field"] != "@ptr"] for row in rows]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("fields ms | filter level = 'INFO'", [["20.5"], ["10"]]),
        ("fields @timestamp, path | filter ms > 20 | sort ms asc | limit 1", [["2024-01-31 12:02:00.000", "/a"]]),
        ("filter user.id = 2 | fields path as where, ms * 2 + 1 as double", [["/b", "61"]]),
        ("filter tags.1 = 'y' | display tags.0", [["x"]]),
        ("filter @message like /took \\d+ ms/ | fields @logStream, @log", [["s1", "123456789012:orders"]]),
        ("filter @message like 'took' | fields ispresent(ms) as there", [["false"]]),
        ("filter level not like /(?i)info/ | fields ms", [["30"]]),
        ("filter level in ['ERROR', 'WARN'] or ms = 10 | fields ms", [["30"], ["10"]]),
        ("filter ms not in [10] and not (level = 'ERROR') | fields ms", [["20.5"]]),
        ("stats count(*) as n, sum(ms), avg(ms), min(ms), max(ms) by level | sort level", [
            ["1"], ["ERROR", "1", "30", "30", "30", "30"], ["INFO", "2", "30.5", "15.25", "10", "20.5"],
        ]),
        ("stats count(*) by bin(2m)", [["2024-01-31 12:02:00.000", "2"], ["2024-01-31 12:00:00.000", "2"]]),
        ("stats pct(ms, 50) as p, count_distinct(path) as d, latest(path) as l, sortsFirst(path) as f", [
            ["20.5", "2", "/a", "/a"],
        ]),
        ("stats count(ms) as n by path | filter n > 1 | fields path", [["/a", "2"]]),
        ("parse @message 'took * ms at *' as took, where | filter ispresent(took) | fields took, where", [["7", "/c"]]),
        ("parse @message /took (?<took>\\d+) ms at (?<where>.*)/ | filter took = 7 | fields where", [["/c"]]),
        ("parse path /(?<letter>[ab])/ | filter ispresent(letter) | stats count(*) as n by letter | sort n", [
            ["b", "1"], ["a", "2"],
        ]),
        ("filter ispresent(path) | dedup path | sort path | fields path", [["/a"], ["/b"]]),
        ("fields toupper(path) as p, strlen(path) as l, substr(path, 1) as s | filter ms = 10", [["/A", "2", "a"]]),
        ("fields coalesce(path, 'none') as p, concat(level, '-', ms) as c | filter ms != 30 | sort ms desc | limit 1", [
            ["/a", "INFO-20.5"],
        ]),
        ("# a comment\n  fields `user.id`\n| filter `user.id` >= 3 # another", [["3"]]),
        ("fields ms % 3 as m, ms / 0 as none, -ms as n, ms ^ 2 as p, floor(20.9) as f | filter ms = 10", [
            ["1", "-10", "100", "20"],
        ]),
        ("filter datefloor(@timestamp, 1h) = datefloor(@timestamp, 1d) | limit 1 | fields level", []),
        ("filter strcontains(path, 'b') | fields level", [["ERROR"]]),
        ("filter level = 'INFO' | stats count() as n", [["2"]]),
        ("filter level = 'none' | stats count(*) as n", [["0"]]),
    ],
)  # fmt: skip
def test_queries_find_count_and_sort_events(query: str, found: list[list[str]]) -> None:
    assert ask(query) == found


def test_without_commands_the_newest_events_come_first() -> None:
    assert [row[1] for row in ask("", limit=2)] == [JSON[3], JSON[2]]


def test_reports_of_functions_have_their_figures() -> None:
    messages = ["START RequestId: x\n", REPORT % ("3.01", 114), "said\n", REPORT % ("5.25", 6)]

    assert ask(
        "filter @type = 'REPORT' | stats avg(@duration), max(@billedDuration), max(@initDuration)", messages
    ) == [["4.13", "114", "110.1"]]
    assert ask(
        "filter @type = 'REPORT' | fields @maxMemoryUsed / 1000 / 1000 as mb, @requestId | limit 1", messages
    ) == [["36", "6b1c0a4e-0000-4000-8000-000000000001"]]


def test_what_was_looked_at_is_counted() -> None:
    looked = Looked()

    ask("filter level = 'INFO' | stats count(*)", looked=looked)

    assert (looked.scanned, looked.matched, looked.bytes) == (4, 2, sum(map(len, JSON)))


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("source x", "source is no command that lambda-emu serves; these are: fields, display, filter, parse, stats"),
        ("fields", "a value is missing"),
        ("fields a b", "| is missing"),
        ("filter", "a value is missing"),
        ("filter a = ", "a value is missing"),
        ("filter (a = 1", "')' is missing"),
        ("filter a like", "a text or /regular expression/ is missing"),
        ("filter a like /(/", "regular expression"),
        ("filter a not 1", "like or in is missing"),
        ("filter nofunction(a)", "nofunction is no function that is served"),
        ("filter strlen(a, b)", "strlen takes 1 values"),
        ("stats median(a)", "an aggregate is missing: count"),
        ("stats avg(*)", "avg takes a field"),
        ("stats pct(a)", "',' is missing"),
        ("stats count(*) by bin(x)", "a period"),
        ("stats count(*) by bin(0s)", "a period"),
        ("parse 'a*' as b, c", "as many names"),
        ("parse @message /a(b)/", "a group with a name"),
        ("parse @message /(?<x>a/", "a parenthesis is not closed"),
        ("limit 0", "a number from 1 to 10000"),
        ("limit 10001", "a number from 1 to 10000"),
        ("fields 'open", "' is not closed"),
        ("filter " + "(" * 5000 + "1", "parentheses"),
        ("limit 1 |" * 40, "at most 32 commands"),
    ],
)
def test_what_is_no_query_is_refused_with_its_place(query: str, says: str) -> None:
    with pytest.raises(QueryInvalid) as refused:
        parse_query(query)

    assert says in refused.value.text
    assert 0 <= refused.value.start <= refused.value.end <= len(query) + 20


def test_a_query_holds_on_to_no_more_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "MOST_GROUPS", 100)
    messages = [f'{{"n": {number}}}' for number in range(500)]

    with pytest.raises(QueryTooLarge):
        ask("stats count(*) by n", messages)


def test_no_expression_takes_longer_than_the_text_is_long() -> None:
    begun = time.process_time()

    assert ask("filter @message like /(a*)*(a*)*b$/ | fields 1 as one", ["a" * 100_000]) == []

    assert time.process_time() - begun < 5
