"""What answers requests of a template, used: who is let in, how often, and where rules of load balancers lead.

One template, served strictly. docs/sam.md#types.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from boto_rig import client_at
from function_url_rig import Got
from function_url_rig import ask as ask_once
from own import OwnLam, own_emulator
from sam_projects_rig import ask

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {Runtime: python3.11, Handler: app.handler, CodeUri: src, MemorySize: 256, Timeout: 20}
Resources:
  Show:
    Type: AWS::Serverless::Function
    Properties:
      Events:
        Mine: {Type: Api, Properties: {Path: /mine, Method: get, RestApiId: !Ref Rest}}
        Told: {Type: Api, Properties: {Path: /told, Method: get, RestApiId: !Ref Rest, Auth: {Authorizer: Asks}}}
        Open: {Type: Api, Properties: {Path: /open, Method: get, RestApiId: !Ref Rest, Auth: {Authorizer: NONE}}}
        Key:
          Type: Api
          Properties: {Path: /key, Method: get, RestApiId: !Ref Rest, Auth: {Authorizer: NONE, ApiKeyRequired: true}}
        Checked:
          Type: Api
          Properties:
            Path: /pets
            Method: post
            RestApiId: !Ref Rest
            Auth: {Authorizer: NONE}
            RequestModel: {Model: Pet, Required: true, ValidateBody: true}
        Web: {Type: HttpApi, Properties: {Path: /mine, Method: get, ApiId: !Ref Http}}
        Scoped:
          Type: HttpApi
          Properties: {Path: /buy, Method: get, ApiId: !Ref Http, Auth: {AuthorizationScopes: [shop/buy]}}
        Simple: {Type: HttpApi, Properties: {Path: /told, Method: get, ApiId: !Ref Http, Auth: {Authorizer: Asks}}}
  Ask: {Type: AWS::Serverless::Function, Properties: {Handler: app.ask}}
  AskSimply: {Type: AWS::Serverless::Function, Properties: {Handler: app.ask_simply}}
  Rest:
    Type: AWS::Serverless::Api
    Properties:
      StageName: v1
      Models: {Pet: {type: object, required: [name], properties: {name: {type: string}}}}
      GatewayResponses: {UNAUTHORIZED: {StatusCode: 401, ResponseTemplates: {application/json: '{"told": "nobody"}'}}}
      Auth:
        DefaultAuthorizer: Members
        Authorizers:
          Members: {UserPoolArn: !GetAtt People.Arn}
          Asks:
            FunctionPayloadType: REQUEST
            FunctionArn: !GetAtt Ask.Arn
            Identity: {Headers: [x-who], QueryStrings: [room], ReauthorizeEvery: 0}
        UsagePlan:
          CreateUsagePlan: PER_API
          Quota: {Limit: 3, Period: MONTH}
          Throttle: {BurstLimit: 50, RateLimit: 50}
  Http:
    Type: AWS::Serverless::HttpApi
    Properties:
      Auth:
        DefaultAuthorizer: Members
        Authorizers:
          Members:
            IdentitySource: $request.header.Authorization
            JwtConfiguration:
              issuer: !Sub https://cognito-idp.${AWS::Region}.amazonaws.com/${People}
              audience: [!Ref App]
          Asks:
            AuthorizerPayloadFormatVersion: '2.0'
            EnableSimpleResponses: true
            FunctionArn: !GetAtt AskSimply.Arn
            EnableFunctionDefaultPermissions: true
            Identity: {Headers: [x-who]}
  People:
    Type: AWS::Cognito::UserPool
    Properties: {UserPoolName: people, Policies: {PasswordPolicy: {MinimumLength: 8}}}
  App:
    Type: AWS::Cognito::UserPoolClient
    Properties: {UserPoolId: !Ref People, ExplicitAuthFlows: [ALLOW_USER_PASSWORD_AUTH, ALLOW_REFRESH_TOKEN_AUTH]}
  # -- a load balancer
  Balancer: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {Name: shop, Subnets: [subnet-1, subnet-2]}}
  Listener:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties:
      LoadBalancerArn: !Ref Balancer
      Port: 80
      Protocol: HTTP
      DefaultActions: [{Type: fixed-response, FixedResponseConfig: {StatusCode: '418', MessageBody: tea}}]
  Admins:
    Type: AWS::ElasticLoadBalancingV2::ListenerRule
    Properties:
      ListenerArn: !Ref Listener
      Priority: 1
      Conditions:
        - {Field: path-pattern, PathPatternConfig: {Values: [/admin/*]}}
        - {Field: http-header, HttpHeaderConfig: {HttpHeaderName: x-role, Values: [admin*]}}
      Actions: [{Type: forward, TargetGroupArn: !Ref Shows}]
  Old:
    Type: AWS::ElasticLoadBalancingV2::ListenerRule
    Properties:
      ListenerArn: !Ref Listener
      Priority: 2
      Conditions: [{Field: path-pattern, Values: [/old]}]
      Actions: [{Type: redirect, RedirectConfig: {Path: /admin/new, StatusCode: HTTP_302}}]
  Shows:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    DependsOn: MayAsk
    Properties: {Name: shows, TargetType: lambda, Targets: [{Id: !GetAtt Show.Arn}]}
  MayAsk:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunction
      FunctionName: !Ref Show
      Principal: elasticloadbalancing.amazonaws.com
Outputs:
  Rest: {Value: !Sub 'https://${Rest}.execute-api.${AWS::Region}.amazonaws.com/v1/'}
  Http: {Value: !Sub 'https://${Http}.execute-api.${AWS::Region}.amazonaws.com/'}
  Key: {Value: !Ref RestApiKey}
  People: {Value: !Ref People}
  App: {Value: !Ref App}
"""
CODE = """
import json
def handler(event, context):
    by = event["requestContext"].get("authorizer") or {}
    claims = by.get("claims") or by.get("jwt", {}).get("claims") or by.get("lambda") or by
    who = claims.get("cognito:username") or claims.get("username") or claims.get("who")
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps({"who": who})}
def ask(event, context):
    who, room = event["headers"]["X-Who"], event["queryStringParameters"]["room"]
    effect = "Allow" if who == f"of {room}" else "Deny"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": who, "policyDocument": document, "context": {"who": who}}
def ask_simply(event, context):
    who = event["headers"]["x-who"]
    return {"isAuthorized": who == "ada", "context": {"who": who}}
"""


class Account:
    """Asks what is served as somebody, or as nobody."""

    def __init__(self, lam: OwnLam) -> None:
        self.lam = lam
        self.outputs = dict(lam.emulator.addresses)
        self.rest, self.http = self.outputs["Rest"], self.outputs["Http"]
        people = self.client("cognito-idp")
        pool, secret = self.outputs["People"], {"USERNAME": "ada", "PASSWORD": "Secret-123"}
        people.admin_create_user(UserPoolId=pool, Username="ada", MessageAction="SUPPRESS")
        people.admin_set_user_password(UserPoolId=pool, Username="ada", Password="Secret-123", Permanent=True)
        signed = people.initiate_auth(
            ClientId=self.outputs["App"], AuthFlow="USER_PASSWORD_AUTH", AuthParameters=secret
        )
        self.tokens: dict[str, str] = signed["AuthenticationResult"]

    def client(self, service: str) -> Any:
        return client_at(self.lam.url, service)

    def balanced(self, path: str, role: str) -> Got:
        return ask_once(self.lam.url, None, "", {"Host": "shop.elb.localhost", "x-role": role}, path)


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    folder = tmp_path_factory.mktemp("stack")
    (folder / "src").mkdir()
    (folder / "src" / "app.py").write_text(CODE)
    (folder / "template.yaml").write_text(TEMPLATE)
    with own_emulator(folder, "process", stems=0, strict="true") as lam:
        yield Account(lam)


def test_who_has_a_token_of_the_pool_is_let_in_by_both_kinds_of_apis(account: Account) -> None:
    token = account.tokens["IdToken"]

    assert ask(f"{account.rest}mine", Authorization=token) == (200, {"who": "ada"})
    assert ask(f"{account.http}mine", Authorization=f"Bearer {token}") == (200, {"who": "ada"})
    for refused in (token[:-4], "x", ""):
        assert ask(f"{account.rest}mine", Authorization=refused) == (401, {"told": "nobody"})
        assert ask(f"{account.http}mine", Authorization=f"Bearer {refused}") == (401, {"message": "Unauthorized"})
    assert ask(f"{account.rest}open") == (200, {"who": None})


def test_a_token_without_the_scope_of_a_route_is_refused(account: Account) -> None:
    token = account.tokens["AccessToken"]

    assert ask(f"{account.http}buy", Authorization=f"Bearer {token}") == (403, {"message": "Forbidden"})


def test_functions_are_asked_who_is_let_in(account: Account) -> None:
    denied = "User is not authorized to access this resource with an explicit deny"
    assert ask(f"{account.rest}told?room=a", x_who="of a") == (200, {"who": "of a"})
    status, said = ask(f"{account.rest}told?room=b", x_who="of a")
    assert (status, said["Message"].startswith(denied)) == (403, True)
    assert ask(f"{account.rest}told", x_who="of a") == (401, {"told": "nobody"})

    assert ask(f"{account.http}told", x_who="ada") == (200, {"who": "ada"})
    assert ask(f"{account.http}told", x_who="bob") == (403, {"message": "Forbidden"})
    assert ask(f"{account.http}told") == (401, {"message": "Unauthorized"})


def test_a_key_is_taken_as_often_as_its_plan_says(account: Account) -> None:
    keys = account.client("apigateway")
    value = keys.get_api_key(apiKey=account.outputs["Key"], includeValue=True)["value"]
    forbidden = (403, {"message": "Forbidden"})

    assert (ask(f"{account.rest}key"), ask(f"{account.rest}key", x_api_key="x")) == (forbidden, forbidden)
    assert [ask(f"{account.rest}key", x_api_key=value)[0] for _ in range(4)] == [200, 200, 200, 429]


def test_a_body_is_held_to_its_model(account: Account) -> None:
    assert ask(f"{account.rest}pets", "POST", {"name": "cat"}, content_type="application/json")[0] == 200
    refused = ask(f"{account.rest}pets", "POST", {"name": 1}, content_type="application/json")
    assert refused == (400, {"message": "Invalid request body"})


def test_rules_of_a_load_balancer_lead_to_functions_answers_and_elsewhere(account: Account) -> None:
    assert account.balanced("/admin/x", "admin-1").json == {"who": None}
    answered = account.balanced("/admin/x", "user")
    assert (answered.status, answered.body) == (418, b"tea")
    led = account.balanced("/old", "user")
    assert (led.status, led.headers["Location"]) == (302, "http://shop.elb.localhost:80/admin/new")
