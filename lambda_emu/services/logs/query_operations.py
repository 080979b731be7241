"""Logs Insights by its operations."""

from __future__ import annotations

import itertools
from base64 import b64decode
from binascii import Error as NotBase64
from collections import Counter
from typing import Any

from lambda_emu.arn import Scope
from lambda_emu.logs.groups import EVER_MS, EventPosition, Span
from lambda_emu.services.logs.errors import (
    InvalidParameter,
    LimitReached,
    MalformedQuery,
    QueryMissing,
    ResourceMissing,
)
from lambda_emu.services.logs.groups import Groups
from lambda_emu.services.logs.insights.commands import MOST_ROWS, parse_query
from lambda_emu.services.logs.insights.expressions import text_of
from lambda_emu.services.logs.insights.queries import Query
from lambda_emu.services.logs.insights.reading import QueryInvalid
from lambda_emu.services.logs.insights.rows import Row
from lambda_emu.services.logs.request import LogsRequest, Result, position_in

LANGUAGE = "CWLI"
MOST_GROUPS = 50
PAGE = 1000
MOST_RUNNING = 30
AROUND_MS = 15 * 60_000 // 2
SAMPLE = 1000
"""Events of which GetLogGroupFields tells the fields."""


def start_query(asked: LogsRequest, groups: Groups) -> Result:
    """It runs beside; GetQueryResults says how far it is."""
    members = asked.members
    if members.get("queryLanguage", LANGUAGE) != LANGUAGE:
        raise InvalidParameter(f"lambda-emu serves the query language {LANGUAGE} alone.")
    text: str = members["queryString"]
    try:
        plan = parse_query(text)
    except QueryInvalid as error:
        raise MalformedQuery(error.text, error.start, error.end) from error
    if sum(not query.is_over for query in groups.queries.all(asked.scope)) >= MOST_RUNNING:
        raise LimitReached(f"There are {MOST_RUNNING} queries already.")
    spans = [_span(asked, groups, scope, name) for scope, name in _groups_of(asked)]
    groups.catch_up()
    query = Query(groups.clock.new_id(), asked.scope, text, spans, plan, members.get("limit") or MOST_ROWS)
    groups.queries.start(query)
    return {"queryId": query.id}


def get_query_results(asked: LogsRequest, groups: Groups) -> Result:
    query = _query(asked, groups)
    status = query.status
    return {
        "queryLanguage": LANGUAGE,
        "results": query.answer if status == "Complete" else [],
        "statistics": query.statistics(),
        "status": status,
    }


def stop_query(asked: LogsRequest, groups: Groups) -> Result:
    query = _query(asked, groups)
    if query.is_over:
        raise InvalidParameter(f"Query is already ended with {query.status} status")
    query.is_stopped = True
    return {"success": True}


def describe_queries(asked: LogsRequest, groups: Groups) -> Result:
    members = asked.members
    name, status = members.get("logGroupName"), members.get("status")
    found = [
        query
        for query in groups.queries.all(asked.scope)
        if (name is None or any(span.group == name for span in query.spans)) and status in (None, query.status)
    ]
    found = found[: members.get("maxResults") or PAGE]
    return {"queries": [_shown(query) for query in found]}


def get_log_record(asked: LogsRequest, groups: Groups) -> Result:
    """The event that @ptr of an answer names, with all its fields."""
    pointer: str = asked.members["logRecordPointer"]
    scope, group, position = _pointed(pointer)
    if scope != asked.scope:
        raise ResourceMissing(pointer)
    span = Span(scope, group, position.at_ms, position.at_ms)
    event = next((one for one in groups.reader.events(span) if one.position == position), None)
    if event is None:
        raise ResourceMissing(pointer)
    row = Row(event)
    values = {name: row.get(name) for name in sorted(row.names())}
    return {"logRecord": {name: text_of(value) for name, value in values.items() if value is not None}}


def get_log_group_fields(asked: LogsRequest, groups: Groups) -> Result:
    """Of the newest events of a quarter of an hour, how many of a hundred have each field."""
    scope, name = asked.group()
    group = groups.find(scope, name)
    groups.catch_up()
    middle_s = asked.members.get("time")
    end_ms = EVER_MS if middle_s is None else _ms(middle_s) + AROUND_MS
    start_ms = (asked.now_ms if middle_s is None else end_ms) - 2 * AROUND_MS
    span = Span(scope, name, max(start_ms, group.kept_from_ms(asked.now_ms)), end_ms)
    rows = [Row(event) for event in itertools.islice(groups.reader.events(span, backward=True), SAMPLE)]
    counts = Counter(field for row in rows for field in row.names())
    shown = [{"name": field, "percent": counts[field] * 100 // len(rows)} for field in sorted(counts)]
    return {"logGroupFields": shown}


def _pointed(pointer: str) -> tuple[Scope, str, EventPosition]:
    try:
        account, region, group, id = b64decode(pointer.encode("ascii"), b"-_", validate=True).decode().split(" ")
    except (ValueError, NotBase64):
        raise InvalidParameter("The specified logRecordPointer is invalid.") from None
    position = position_in(id)
    if position is None:
        raise InvalidParameter("The specified logRecordPointer is invalid.")
    return Scope(account, region), group, position


def _query(asked: LogsRequest, groups: Groups) -> Query:
    id = asked.members["queryId"]
    query = groups.queries.find(asked.scope, id)
    if query is None:
        raise QueryMissing(id)
    return query


def _groups_of(asked: LogsRequest) -> list[tuple[Scope, str]]:
    members = asked.members
    given = [name for name in ("logGroupName", "logGroupNames", "logGroupIdentifiers") if members.get(name)]
    if len(given) != 1:
        raise InvalidParameter(
            "Exactly one of logGroupName, logGroupNames and logGroupIdentifiers must be specified."  # (?)
        )
    named = members[given[0]]
    found = [asked.identified(one) for one in ([named] if isinstance(named, str) else named)]
    if len(found) > MOST_GROUPS:
        raise InvalidParameter(f"A query has at most {MOST_GROUPS} log groups.")
    return list(dict.fromkeys(found))


def _span(asked: LogsRequest, groups: Groups, scope: Scope, name: str) -> Span:
    """Times are in seconds, or as some have it in milliseconds."""
    group = groups.find(scope, name)
    start_ms, end_ms = (_ms(asked.members[member]) for member in ("startTime", "endTime"))
    if start_ms > end_ms:
        raise InvalidParameter("Query's start time must be before its end time.")  # (?)
    return Span(scope, name, max(start_ms, group.kept_from_ms(asked.now_ms)), end_ms)


def _ms(time: int) -> int:
    return min(time if time >= 100_000_000_000 else time * 1000, EVER_MS)


def _shown(query: Query) -> dict[str, Any]:
    return {
        "queryLanguage": LANGUAGE,
        "queryId": query.id,
        "queryString": query.text,
        "status": query.status,
        "createTime": query.created_ms,
        "logGroupName": query.spans[0].group,
    }
