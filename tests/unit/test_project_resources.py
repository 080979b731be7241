"""`resources:` and `events:` as they are read: what may stand there, and every mistake with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambda_emu.project import ProjectError, read_project
from lambda_emu.project.declarations import Declared


def write(folder: Path, *, events: str = "", resources: str = "") -> Path:
    """A project with one function; events in line 5, resources in line 6."""
    (folder / "src").mkdir(exist_ok=True)
    file = folder / "lambda-emu.yaml"
    function = "    <<: {runtime: python3.11, handler: a.b, code: src}\n\n"
    file.write_text(f"functions:\n  f:\n{function}    events: {events or '[]'}\nresources: {resources}\n")
    return file


def events_of(folder: Path, events: str) -> tuple[Declared, ...]:
    return read_project(write(folder, events=events)).functions[0].events


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("s3: photos", "s3: {bucket: photos}"),
        ("sqs: jobs", "sqs: {queue: jobs}"),
        ("dynamodb: items", "dynamodb: {table: items}"),
        ("sns: news", "sns: {topic: news}"),
        ("http: GET /", "http: {route: GET /}"),
        ("url: NONE", "url: {auth: NONE}"),
        ("schedule: rate(1 hour)", "schedule: {schedule: rate(1 hour)}"),
        ("alarm: Errors", "alarm: {metric: Errors}"),
        ("logs: /app/orders", "logs: {group: /app/orders}"),
    ],
)
def test_a_single_value_is_the_first_key(tmp_path: Path, short: str, long: str) -> None:
    one, other = (events_of(tmp_path, f"[{{{written}}}]")[0] for written in (short, long))

    assert (one.kind, one.name, one.fields) == (other.kind, other.name, other.fields)


def test_a_filter_is_what_json_could_say(tmp_path: Path) -> None:
    values = "b, 1, 2.5, true, null, {exists: no}, '1', 2026-01-01"

    (event,) = events_of(tmp_path, f"[{{sns: {{topic: t, filter: {{a: [{values}]}}}}}}]")

    assert event.fields["FilterPolicy"] == {"a": ["b", 1, 2.5, True, None, {"exists": False}, "1", "2026-01-01"]}


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ("[{s3: photos}, {kafka: s}]", "[1].kafka: unknown key; "),
        ("[{snss: t}]", "[0].snss: unknown key; did you mean 'sns'?"),
        ("[{schedule: rate(1 hours}]", "[0].schedule: 'rate(1 hours' must be rate(5 minutes), cron("),
        ("[{schedule: cron(0 9 * * *)}]", "[0].schedule: 'cron(0 9 * * *)' must be rate(5 minutes), cron("),
        ("[{schedule: {timezone: UTC}}]", "[0].schedule: schedule is missing; must be rate(5 minutes), cron("),
        ("[{schedule: {schedule: rate(1 day), timezone: Mars}}]", ".timezone: 'Mars' must be a time zone such as"),
        ("[{schedule: {schedule: rate(1 day), start_date: soon}}]", ".start_date: 'soon' must be a time such as"),
        ("[{schedule: {schedule: rate(1 day), retries: 186}}]", ".retries: '186' must be a whole number from 0 to 185"),
        (
            "[{schedule: rate(1 day)}, {schedule: {schedule: rate(1 day), input: 1}}]",
            "[1].schedule: is declared already",
        ),
        (
            "[{eventbridge: {bus: shop}}]",
            "[0].eventbridge: pattern is missing; must be a pattern such as {source: [shop]}",
        ),
        (
            "[{eventbridge: {pattern: {source: shop}}}]",
            ".pattern: must be a pattern such as {source: [shop]}, with a list",
        ),
        (
            "[{eventbridge: {pattern: {n: [numeric: ['>', x]]}}}]",
            "Event pattern is not valid. Reason: Value of > must be numeric",
        ),
        (
            "[{eventbridge: {pattern: {a: [b]}, input_path: '$.a['}}]",
            ".input_path: '$.a[' must be a path such as $.detail",
        ),
        ("[{eventbridge: {pattern: {a: [b]}, busses: x}}]", ".busses: unknown key; did you mean 'bus'?"),
        (
            "[{eventbridge: {pattern: {a: [b]}}}, {eventbridge: {pattern: {a: [b]}, retries: 1}}]",
            "[1].eventbridge: is declared already",
        ),
        ("[{alarm: {threshold: 1}}]", "[0].alarm: metric is missing; must be a metric's name"),
        ("[{alarm: {metric: Errors, period: 90}}]", ".period: '90' must be a multiple of 60 seconds, up to 86400"),
        ("[{alarm: {metric: Errors, comparison: '='}}]", ".comparison: '=' must be one of >=, >, <, <="),
        ("[{alarm: {metric: Errors, threshold: many}}]", ".threshold: 'many' must be a number"),
        ("[{alarm: {metric: Errors, statistic: p101}}]", ".statistic: 'p101' must be one of Sum, Average, "),
        ("[{alarm: {metric: Errors, states: [LATE]}}]", ".states[0]: 'LATE' must be one of ALARM, OK, "),
        ("[{alarm: {metric: Errors, treshold: 1}}]", ".treshold: unknown key; did you mean 'threshold'?"),
        ("[{alarm: Errors}, {alarm: {metric: Errors, threshold: 5}}]", "[1].alarm: is declared already"),
        ("[{logs: a b}]", "[0].logs: 'a b' must be 1 to 512 letters, digits"),
        ("[{websocket: $other}]", "[0].websocket: '$other' must be a route key such as $connect, $default or join"),
        ("[{websocket: {route: a, answers: maybe}}]", ".answers: 'maybe' must be true or false"),
        ("[{websocket: a}, {websocket: a}]", "[1].websocket: is declared already"),
        ("[{alb: api}]", "[0].alb: 'api' must be a path such as /api/*"),
        ("[{alb: {path: /, balancer: internal-x}}]", ".balancer: 'internal-x' must be 1 to 32 letters"),
        ("[{alb: {path: /, header: {a: b, c: d}}}]", ".header: must have at most 1 members"),
        ("[{alb: {path: /, priority: 50001}}]", ".priority: '50001' must be a whole number from 1 to 50000"),
        ("[{logs: {group: a, filter: a-b}}]", ".filter: 'a-b': Invalid character(s) in term 'a-b'"),
        ("[{s3: a-b, sqs: c}]", "[0]: must have one key; s3 and sqs are two events"),
        ("[{s3: }]", "[0].s3: bucket is missing; must be 3 to 63 lower-case letters, digits, - and ."),
        ("[{s3: Photos}]", "[0].s3: 'Photos' must be 3 to 63 lower-case letters, digits, - and ."),
        ("[{s3: {bucket: abc, events: [put]}}]", ".events[0]: 'put' must be an event such as s3:ObjectCreated:*"),
        ("[{s3: {bucket: abc, sufix: b}}]", "[0].s3.sufix: unknown key; did you mean 'suffix'?"),
        ("[{sqs: {queue: jobs, batch_size: 0}}]", ".batch_size: '0' must be a whole number from 1 to 10000"),
        ("[{sqs: {queue: jobs, filters: [{body: new}]}}]", ".filters[0]: must be a pattern such as "),
        ("[{sqs: {queue: jobs, filters: {body: [a]}}}]", ".filters: must be a list"),
        ("[{sqs: {queue: jobs, filters: []}}]", ".filters: must be a list of 1 to 5"),
        ("[{sqs: {queue: jobs, filters: }}]", ".filters: must be a list of 1 to 5"),
        ("[{sns: {topic: t, filter: [a]}}]", ".filter: must be a policy such as {kind: [new]}"),
        ("[{sns: {topic: t, filter: {a: [.nan]}}}]", ".a[0]: must be a text, a number, true, false or null"),
        ("[{dynamodb: {table: items, start: NOW}}]", ".start: 'NOW' must be one of TRIM_HORIZON, LATEST"),
        ("[{dynamodb: {table: items, on_failure: dead}}]", ".on_failure: 'dead' must be the ARN of a queue, "),
        ("[{http: /photos}]", "[0].http: '/photos' must be a method and a path such as GET /photos/{id}, or $default"),
        (
            "[{http: 'GET /{a+}/b'}]",
            "[0].http: 'GET /{a+}/b' is refused by API Gateway: A greedy path variable must be",
        ),
        ("[{http: {route: GET /a/}}]", "[0].http.route: 'GET /a/' is refused by API Gateway: One or more path parts"),
        ("[{http: get /photos}]", "[0].http: 'get /photos' must be a method and a path"),
        ("[{url: }]", "[0].url: auth is missing; must be one of NONE, AWS_IAM"),
        ("[{url: {auth: NONE, cors: {origins: [here]}}}]", ".cors.origins[0]: 'here' must be * or an origin such as "),
        ("[{url: NONE}, {url: AWS_IAM}]", "[1].url: is declared already, at lambda-emu.yaml:5: "),
        ("[{http: 'GET /{a}'}, {http: 'GET /{b}'}]", "[1].http: is declared already, at lambda-emu.yaml:5: "),
        ("[{http: GET /}, {http: GET /}]", "[1].http: is declared already, at lambda-emu.yaml:5: "),
        ("[{sqs: a}, {sqs: {queue: a}}]", "[1].sqs: is declared already, at lambda-emu.yaml:5: "),
        ("[3]", "[0]: must be a mapping"),
        ("[~]", "[0]: must be one of s3, sqs, dynamodb, kinesis, sns, http, url"),
        ("{s3: photos}", ": must be a list, of a mapping with one key each, such as `- schedule: rate(1 hour)`"),
        ("[{schedule: cron(0 9 * * * *)}]", "; one of day of month and day of week is ?, the other is not"),
        ("[{schedule: 0 9 * * *}]", "; it is none of rate(...), cron(...), at(...)"),
    ],
)
def test_a_mistake_in_events_is_told_with_its_place(tmp_path: Path, events: str, said: str) -> None:
    with pytest.raises(ProjectError) as raised:
        events_of(tmp_path, events)

    (found,) = raised.value.mistakes
    assert found.startswith("lambda-emu.yaml:5: functions.f.events")
    assert said in found


@pytest.mark.parametrize(
    ("event", "meant"),
    [
        ("SNS: t", "sns"),
        ("SQS: q", "sqs"),
        ("S3: b", "s3"),
        ("DynamoDB: t", "dynamodb"),
        ("Kinesis: s", "kinesis"),
        ("HttpApi: {Path: /}", "http"),
        ("Api: {Path: /}", "http"),
        ("Schedule: rate(1 hour)", "schedule"),
        ("ScheduleV2: rate(1 hour)", "schedule"),
        ("EventBridgeRule: {Pattern: {a: [b]}}", "eventbridge"),
        ("CloudWatchEvent: {Pattern: {a: [b]}}", "eventbridge"),
        ("CloudWatchLogs: {LogGroupName: a}", "logs"),
        ("Cognito: {UserPool: p}", "cognito"),
        ("schedule: {schedule: rate(1 hour), ScheduleExpressionTimezone: UTC}", "timezone"),
        ("schedule: {schedule: rate(1 hour), ScheduleExpression: rate(1 hour)}", "schedule"),
        ("eventbridge: {pattern: {a: [b]}, EventBusName: c}", "bus"),
        ("logs: {group: a, FilterPattern: b}", "filter"),
        ("kinesis: {stream: a, StartingPosition: LATEST}", "start"),
        ("sqs: {queue: a, BatchSize: 1}", "batch_size"),
        ("sqs: {queue: a, MaximumBatchingWindowInSeconds: 1}", "batch_window"),
    ],
)
def test_a_word_of_a_template_is_told_in_ours(tmp_path: Path, event: str, meant: str) -> None:
    with pytest.raises(ProjectError) as raised:
        events_of(tmp_path, f"[{{{event}}}]")

    (found,) = raised.value.mistakes
    assert f"unknown key; did you mean {meant!r}?" in found


@pytest.mark.parametrize(
    ("resources", "said"),
    [
        ("{bucket: {photos: }}", "resources.bucket: unknown key; did you mean 'buckets'?"),
        ("{buckets: [photos]}", "resources.buckets: must be a mapping"),
        ("{buckets: {my_photos: }}", "resources.buckets.my_photos: 'my_photos' must be 3 to 63 lower-case"),
        ("{buckets: {photos: {versions: yes}}}", ".versions: unknown key; did you mean 'versioning'?"),
        ("{queues: {jobs: {visibility: 43201}}}", ".visibility: '43201' must be a whole number of seconds from 0 to"),
        ("{queues: {jobs: {redrive: dead}}}", ".redrive: must be a mapping"),
        ("{queues: {jobs: {redrive: {receives: 2}}}}", ".redrive: queue is missing; must be 1 to 80 letters"),
        ("{queues: {jobs: {redrive: {queue: a.fifo}}}}", "jobs: redrive: a.fifo must be a standard queue too"),
        ("{queues: {a.fifo: {redrive: {queue: b}}}}", "a.fifo: redrive: b must be a FIFO queue too"),
        ("{queues: {jobs: {deduplicate_content: yes}}}", "jobs: deduplicate_content is of FIFO ones, whose names end"),
        ("{queues: {a b: }}", "resources.queues.a b: 'a b' must be 1 to 80 letters, digits, - and _"),
        ("{tables: {items: }}", "resources.tables.items: key is missing; must be an attribute"),
        ("{tables: {items: {key: {id: X}}}}", ".key.id: 'X' must be one of S, N, B"),
        ("{tables: {items: {key: {a: S, b: S}}}}", ".key: must be an attribute, which is a text, or a mapping of it"),
        ("{tables: {items: {key: [id]}}}", ".key: must be an attribute's name"),
        ("{tables: {items: {key: id, stream: yes}}}", ".stream: 'yes' must be one of NEW_AND_OLD_IMAGES"),
        ("{tables: {items: {key: id, indexes: {by: {sort: a}}}}}", ".indexes.by: key is missing; must be an attribute"),
        ("{http_api: {cors: {origin: x}}}", "resources.http_api.cors.origin: unknown key; did you mean 'origins'?"),
        ("{topics: {news: {queues: jobs}}}", ".queues: must be a list"),
        ("{topics: {news: {queues: [{raw: yes}]}}}", ".queues[0]: queue is missing; must be 1 to 80 letters"),
        ("[]", "resources: must be a mapping"),
    ],
)
def test_a_mistake_in_resources_is_told_with_its_place(tmp_path: Path, resources: str, said: str) -> None:
    with pytest.raises(ProjectError) as raised:
        read_project(write(tmp_path, resources=resources))

    found = raised.value.mistakes[0]
    assert found.startswith("lambda-emu.yaml:6: resources")
    assert said in found


def test_what_holds_itself_is_told_and_not_followed(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="nested deeper than 32"):
        events_of(tmp_path, "[{sns: {topic: t, filter: &f {a: *f}}}]")


def test_one_function_alone_is_run_by_nothing_else(tmp_path: Path) -> None:
    project = read_project(write(tmp_path, events="[{s3: photos}]", resources="{buckets: {photos: }}"))

    assert project.has_services
    assert not project.only("f").has_services
