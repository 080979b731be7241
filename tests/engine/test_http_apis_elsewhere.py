"""HTTP APIs whose control plane a neighbour has: their requests are served here all the same."""

from __future__ import annotations

from pathlib import Path

from function_url_rig import ECHO, ask
from http_apis_rig import arn, let_in
from own import own_emulator
from services_rig import ACCOUNT, sdk
from socket_rig import SocketApi
from websocket_rig import Caller


def test_an_api_that_a_neighbour_keeps_is_served_here(tmp_path: Path) -> None:
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    theirs.mkdir()
    ours.mkdir()
    with own_emulator(theirs, "process", stems=0, account=ACCOUNT) as neighbour:
        service = f"apigatewayv2={neighbour.emulator.url}"
        with own_emulator(ours, "process", stems=0, account=ACCOUNT, service=service) as lam:
            lam.create("echo", ECHO)
            let_in(lam, "echo")
            client, url = sdk(lam, "apigatewayv2"), lam.emulator.url
            api = client.create_api(Name="a", ProtocolType="HTTP", Target=arn("echo"))["ApiId"]
            path = f"/_lambda-emu/api/{api}/x"

            first = ask(url, path=path)
            assert first.status == 200, (first.json, first.headers["X-Lambda-Emu-Hint"])
            event = first.json
            [integration] = client.get_integrations(ApiId=api)["Items"]
            changes = {"overwrite:querystring.new": "1"}
            client.update_integration(ApiId=api, IntegrationId=integration["IntegrationId"], RequestParameters=changes)
            changed = ask(url, path=path).json
            unseen = sdk(neighbour, "apigatewayv2")
            unseen.update_api(ApiId=api, DisableExecuteApiEndpoint=True)

            assert (event["version"], event["rawPath"], event["requestContext"]["apiId"]) == ("2.0", "/x", api)
            assert changed["queryStringParameters"] == {"new": "1"}
            lam.emulator.clock.advance(3)  # type: ignore[attr-defined]  # as long as what was read is good
            assert ask(url, path=path).status == 404
            assert ask(url, path="/_lambda-emu/api/nobody/x").status == 404
        assert sdk(neighbour, "apigatewayv2").get_apis()["Items"][0]["ApiId"] == api


def test_so_is_a_websocket_api(tmp_path: Path) -> None:
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    theirs.mkdir()
    ours.mkdir()
    with own_emulator(theirs, "process", stems=0, account=ACCOUNT) as neighbour:
        service = f"apigatewayv2={neighbour.emulator.url}"
        with own_emulator(ours, "process", stems=0, account=ACCOUNT, service=service) as lam:
            lam.create("echo", 'def handler(event, context):\n    return {"statusCode": 200, "body": event["body"]}')
            let_in(lam, "echo")
            api = SocketApi(lam, {})
            api.route("$default", "echo", answers=True)
            made = api.integrated("ping", answers=True, integration={"IntegrationType": "MOCK"})
            integration = api.client.get_route(ApiId=api.id, RouteId=made)["Target"].removeprefix("integrations/")
            api.client.create_integration_response(
                ApiId=api.id, IntegrationId=integration, IntegrationResponseKey="$default",
                ResponseTemplates={"$default": "pong"}, TemplateSelectionExpression="\\$default",
            )  # fmt: skip

            with Caller(f"{lam.emulator.url.replace('http', 'ws')}/_lambda-emu/api/{api.id}/dev") as caller:
                caller.say("hello")
                assert caller.hear() == "hello"
                caller.say({"action": "ping"})
                assert caller.hear() == "pong"


def test_one_whose_neighbour_is_gone_cannot_be_had(tmp_path: Path) -> None:
    with own_emulator(tmp_path, "process", stems=0, service="apigatewayv2=http://127.0.0.1:1") as lam:
        answer = ask(lam.emulator.url, path="/_lambda-emu/api/abc/x")

    assert (answer.status, answer.json) == (503, {"message": "Service Unavailable"})
    assert "apigatewayv2" in answer.headers["X-Lambda-Emu-Hint"]
