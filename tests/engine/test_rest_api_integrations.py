"""What REST APIs lead to beside AWS_PROXY: mocks, functions by templates, URLs, other services of AWS."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from http_apis_rig import Upstream, let_in, upstream
from own import OwnLam, own_emulator
from rest_rig import ECHO, REGION, RestApi, invoke_arn
from services_rig import ACCOUNT, Inbox, create_table, sdk

__all__ = ["upstream"]

ERROR = {"message": "Internal server error"}
ROLE = f"arn:aws:iam::{ACCOUNT}:role/api"
JSON = "application/json"
SAYER = """
import base64
def handler(event, context):
    if isinstance(event, dict) and "fail" in event:
        raise ValueError(event["fail"])
    return event
"""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    with own_emulator(tmp_path_factory.mktemp("rest"), "process", account=ACCOUNT) as lam:
        yield lam


@pytest.fixture
def lam(shared: OwnLam) -> Iterator[OwnLam]:
    shared.create("echo", ECHO)
    shared.create("sayer", SAYER)
    let_in(shared, "echo")
    let_in(shared, "sayer")
    yield shared
    shared.close()


@pytest.fixture
def api(lam: OwnLam) -> RestApi:
    return RestApi(lam)


def test_a_mock_answers_preflights(api: RestApi) -> None:
    named = api.mock("OPTIONS /a")
    headers = {"method.response.header.Access-Control-Allow-Origin": "'*'"}
    api.answers(named, responseParameters=headers, responseTemplates={JSON: ""})
    api.deploy()

    got = api.ask("/a", method="OPTIONS", Origin="http://page.test", Access_Control_Request_Method="GET")

    assert (got.status, got.body) == (200, b"")
    assert got.headers["Access-Control-Allow-Origin"] == "*"


def test_a_mock_chooses_its_answer_by_the_status_that_its_template_says(api: RestApi) -> None:
    template = '{"statusCode": #if($input.params("x") == "1")404#{else}200#end}'
    named = api.mock("GET /{id}", template)
    api.answers(named, "200", responseTemplates={JSON: '{"id": "$input.params("id")", "a": "$stageVariables.a"}'})
    api.answers(
        named, "404", selectionPattern="4\\d\\d", responseTemplates={JSON: '{"why": "no $context.resourcePath"}'}
    )
    api.deploy(variables={"a": "1"})

    found, missing = api.ask("/7"), api.ask("/7?x=1")

    assert (found.status, found.json) == (200, {"id": "7", "a": "1"})
    assert (missing.status, missing.json) == (404, {"why": "no /{id}"})


def test_a_mock_that_says_no_status_is_misconfigured(api: RestApi) -> None:
    api.answers(api.mock("GET /", "{}"))
    api.deploy()

    got = api.ask("/")

    assert (got.status, got.json) == (500, ERROR)


def test_a_function_is_given_what_the_template_makes_and_the_caller_what_the_other_one_does(api: RestApi) -> None:
    function = {"type": "AWS", "integrationHttpMethod": "POST", "uri": invoke_arn("sayer")}
    function["requestTemplates"] = {JSON: '{"said": $input.json("$.a"), "who": "$input.params("who")"}'}  # type: ignore[assignment]
    named = api.method("POST /", function)
    api.answers(named, "200", responseTemplates={JSON: '{"got": "$input.path("$.said")"}'})
    api.answers(
        named,
        "400",
        selectionPattern="bad.*",
        responseTemplates={JSON: '{"error": $input.json("$.errorMessage")}'},
        responseParameters={"method.response.header.X-Kind": "integration.response.body.errorType"},
    )
    api.deploy()
    failing = api.method("POST /fail", {**function, "requestTemplates": {}})
    api.answers(failing, "200")
    api.answers(
        failing, "400", selectionPattern="bad.*", responseTemplates={JSON: '{"error": $input.json("$.errorMessage")}'}
    )
    api.deploy()

    said, failed = (
        api.ask("/?who=me", '{"a": "b"}', Content_Type=JSON),
        api.ask("/fail", '{"fail": "bad news"}', Content_Type=JSON),
    )

    assert (said.status, said.json) == (200, {"got": "b"})
    assert (failed.status, failed.json) == (400, {"error": "bad news"})


def test_a_body_passes_where_there_is_no_template_unless_that_is_forbidden(api: RestApi) -> None:
    function = {"type": "AWS", "integrationHttpMethod": "POST", "uri": invoke_arn("sayer")}
    api.answers(api.method("POST /any", function))
    api.answers(api.method("POST /none", {**function, "passthroughBehavior": "NEVER"}))
    api.deploy()

    passed, refused = (api.ask(path, '{"a": 1}', Content_Type=JSON) for path in ("/any", "/none"))

    assert (passed.status, passed.json) == (200, {"a": 1})
    assert (refused.status, refused.json) == (415, {"message": "Unsupported Media Type"})


def test_a_function_may_be_run_later(lam: OwnLam, api: RestApi) -> None:
    inbox = Inbox(lam, "later")
    lam.client.put_function_event_invoke_config(
        FunctionName="sayer", DestinationConfig={"OnSuccess": {"Destination": inbox.arn}}
    )
    function = {
        "type": "AWS",
        "integrationHttpMethod": "POST",
        "uri": invoke_arn("sayer"),
        "requestParameters": {"integration.request.header.X-Amz-Invocation-Type": "'Event'"},
    }
    api.answers(api.method("POST /", function), "202")
    api.deploy()

    got = api.ask("/", '{"a": 1}', Content_Type=JSON)

    assert got.status == 202
    assert json.loads(inbox.next()["Body"])["responsePayload"] == {"a": 1}


def test_a_request_is_passed_on_to_a_url(api: RestApi, upstream: Upstream) -> None:
    parameters = {"integration.request.path.rest": "method.request.path.rest"}
    url = {"type": "HTTP_PROXY", "integrationHttpMethod": "ANY", "uri": f"{upstream.url}/x/{{rest}}"}
    named = {"method.request.path.rest": True}
    api.method("ANY /{rest+}", {**url, "requestParameters": parameters}, requestParameters=named)
    api.deploy()

    got, large = api.ask("/a/b%20c?q=1", b"body", "PUT", X_A="1"), api.ask("/large")

    assert (got.status, got.headers["X-Up"]) == (201, "1")
    assert got.json == ["PUT", "/x/a/b%20c?q=1", "body", "1", None]
    assert got.headers["x-amzn-Remapped-Date"]
    assert large.status == 201


def test_a_url_is_asked_with_what_is_mapped_alone(api: RestApi, upstream: Upstream) -> None:
    url = {
        "type": "HTTP",
        "integrationHttpMethod": "POST",
        "uri": f"{upstream.url}/y",
        "requestParameters": {
            "integration.request.header.X-A": "method.request.querystring.a",
            "integration.request.querystring.b": "context.stage",
        },
        "requestTemplates": {JSON: "<$input.path('$.c')>"},
    }
    named = api.method("POST /", url, requestParameters={"method.request.querystring.a": False})
    api.answers(named, "200", responseParameters={"method.response.header.X-Up": "integration.response.header.X-Up"})
    api.deploy()

    got = api.ask("/?a=2&z=3", '{"c": "d"}', Content_Type=JSON, X_Ab="1")

    assert (got.status, got.headers["X-Up"]) == (200, "1")
    assert got.json == ["POST", "/y?b=dev", "<d>", "2", None]


def test_templates_override_what_is_asked_and_what_is_answered(api: RestApi, upstream: Upstream) -> None:
    template = """$input.body
        #set($context.requestOverride.header.x-a = "over $input.params('id')")
        #set($context.requestOverride.path.rest = "else/where")
        #set($context.requestOverride.querystring.q = ["1", "2"])
        #set($context.responseOverride.status = 418)"""
    url = {
        "type": "HTTP",
        "integrationHttpMethod": "POST",
        "uri": f"{upstream.url}/{{rest}}",
        "requestParameters": {
            "integration.request.header.X-A": "'mapped'",
            "integration.request.path.rest": "method.request.path.id",
        },
        "requestTemplates": {JSON: template},
    }
    named = api.method("POST /{id}", url, requestParameters={"method.request.path.id": True})
    answer = "#set($context.responseOverride.header.X-B = 'over')$input.json('$')"
    api.answers(
        named, "200", responseParameters={"method.response.header.X-B": "'mapped'"}, responseTemplates={JSON: answer}
    )
    api.deploy()

    got = api.ask("/7", "body", Content_Type=JSON)

    assert (got.status, got.headers["X-B"]) == (418, "over")
    assert got.json[:2] == ["POST", "/else/where?q=1&q=2"]
    assert got.json[3] == "over 7"


@pytest.mark.parametrize("header", ["X-Amzn-Trace-Id", "Authorization", "Content-Length"])
def test_a_mapping_sets_no_header_that_is_not_its_own(api: RestApi, header: str) -> None:
    function = {"type": "AWS", "integrationHttpMethod": "POST", "uri": invoke_arn("sayer")}
    api.answers(
        api.method("POST /", {**function, "requestParameters": {f"integration.request.header.{header}": "'x'"}})
    )
    api.deploy()

    got = api.ask("/", "{}", Content_Type=JSON)

    assert (got.status, got.json) == (500, ERROR)


def test_a_template_is_told_the_headers_that_are_not_of_the_way_alone(api: RestApi) -> None:
    names = "#foreach($name in $input.params().header.keySet())$name #end"
    api.answers(api.mock("GET /"), responseTemplates={JSON: names})
    api.deploy()

    got = api.ask("/", X_Ab="1", Max_Forwards="3", Content_MD5="x", TE="trailers", Accept="*/*")

    told = got.body.decode().split()
    assert {"X-Ab", "Accept", "Host", "X-Forwarded-For", "X-Forwarded-Port", "X-Forwarded-Proto"} <= set(told)
    assert not {"Max-Forwards", "Content-MD5", "TE", "Connection", "Content-Length"} & set(told)


def test_headers_that_are_others_are_renamed_in_answers(api: RestApi) -> None:
    others = (
        "Authorization",
        "Content-MD5",
        "Expect",
        "Host",
        "Max-Forwards",
        "Proxy-Authenticate",
        "Server",
        "Trailer",
    )
    names = (*others, "Upgrade", "User-Agent", "WWW-Authenticate", "Date", "Connection")
    told = {f"method.response.header.{name}": f"'{name}'" for name in (*names, "Age", "Pragma")}
    api.answers(api.mock("GET /"), "200", responseParameters=told)
    api.deploy()

    headers = api.ask("/").headers

    assert {name: headers.get(f"x-amzn-Remapped-{name}") for name in names} == {name: name for name in names}
    assert (headers["Age"], headers["Pragma"]) == ("Age", "Pragma")


def test_the_template_of_an_answer_reads_what_that_of_the_request_has_overridden(api: RestApi) -> None:
    asked = '{"statusCode": 200}#set($context.requestOverride.path.kind = $input.params("kind"))'
    named = api.mock("GET /{kind}", asked)
    answer = '#if($context.requestOverride.path.kind == "one")path was one#{else}else#end'
    api.answers(named, "200", responseTemplates={JSON: answer})
    api.deploy()

    assert (api.ask("/one").body, api.ask("/two").body) == (b"path was one", b"else")


def test_who_is_asked_instead_may_not_answer(api: RestApi) -> None:
    api.method("GET /", {"type": "HTTP_PROXY", "integrationHttpMethod": "GET", "uri": "http://127.0.0.1:9/"})
    api.deploy()

    got = api.ask("/")

    assert (got.status, got.json) == (504, ERROR)


def test_an_item_is_put_and_read_in_a_table(lam: OwnLam, api: RestApi) -> None:
    dynamodb = sdk(lam, "dynamodb")
    create_table(dynamodb, "things")
    actions = f"arn:aws:apigateway:{REGION}:dynamodb:action"
    put = '{"TableName": "things", "Item": {"id": {"S": "$input.path("$.id")"}, "by": {"S": "$context.httpMethod"}}}'
    get = '{"TableName": "things", "Key": {"id": {"S": "$input.params("id")"}}}'
    told = {"type": "AWS", "integrationHttpMethod": "POST", "credentials": ROLE}
    api.answers(api.method("POST /", {**told, "uri": f"{actions}/PutItem", "requestTemplates": {JSON: put}}))
    named = api.method("GET /{id}", {**told, "uri": f"{actions}/GetItem", "requestTemplates": {JSON: get}})
    api.answers(named, responseTemplates={JSON: '{"by": "$input.path("$.Item.by.S")"}'})
    api.deploy()

    assert api.ask("/", '{"id": "7"}', Content_Type=JSON).status == 200
    got = api.ask("/7")

    assert (got.status, got.json) == (200, {"by": "POST"})
    assert dynamodb.get_item(TableName="things", Key={"id": {"S": "7"}})["Item"]["by"] == {"S": "POST"}


def test_a_message_is_sent_to_a_queue(lam: OwnLam, api: RestApi) -> None:
    inbox = Inbox(lam, "orders")
    form = "'application/x-www-form-urlencoded'"
    api.answers(
        api.method(
            "POST /",
            {
                "type": "AWS",
                "integrationHttpMethod": "POST",
                "credentials": ROLE,
                "uri": f"arn:aws:apigateway:{REGION}:sqs:path/{ACCOUNT}/orders",
                "requestParameters": {"integration.request.header.Content-Type": form},
                "requestTemplates": {JSON: "Action=SendMessage&MessageBody=$util.urlEncode($input.body)"},
            },
        )
    )
    api.deploy()

    got = api.ask("/", '{"a": "b&c"}', Content_Type=JSON)

    assert got.status == 200
    assert json.loads(inbox.next()["Body"]) == {"a": "b&c"}


def test_an_object_is_put_and_read_in_a_bucket(lam: OwnLam, api: RestApi) -> None:
    s3 = sdk(lam, "s3")
    s3.create_bucket(Bucket="shelf")
    told = {
        "type": "AWS",
        "credentials": ROLE,
        "uri": f"arn:aws:apigateway:{REGION}:s3:path/shelf/{{key}}",
        "requestParameters": {"integration.request.path.key": "method.request.path.name"},
    }
    for verb in ("PUT", "GET"):
        named = api.method(
            f"{verb} /{{name}}",
            {**told, "integrationHttpMethod": verb},
            requestParameters={"method.request.path.name": True},
        )
        headers = {"method.response.header.ETag": "integration.response.header.ETag"}
        api.answers(named, responseParameters=headers)
        api.answers(named, "404", selectionPattern="404")
    api.deploy()

    put, got, missing = api.ask("/a.txt", b"text", "PUT"), api.ask("/a.txt"), api.ask("/b.txt")

    assert (put.status, got.status, got.body) == (200, 200, b"text")
    assert put.headers["ETag"] == got.headers["ETag"]
    assert missing.status == 404
    assert s3.get_object(Bucket="shelf", Key="a.txt")["Body"].read() == b"text"
