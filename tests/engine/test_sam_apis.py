"""APIs of templates: from documents in files, of resources and methods, changed and deployed anew. docs/sam.md."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from own import own_emulator

ANSWER = """
def handler(event, context):
    return {"statusCode": 200, "body": f"{context.function_name} {event.get('path') or event.get('rawPath')}"}
"""
SAM = """
Transform: AWS::Serverless-2016-10-31
Globals: {Function: {Runtime: python3.11, Handler: app.handler, CodeUri: src}}
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Events:
        One: {Type: Api, Properties: {Path: /one, Method: get, RestApiId: !Ref Rest}}
        Two: {Type: HttpApi, Properties: {Path: /two, Method: get, ApiId: !Ref Http}}
  Rest:
    Type: AWS::Serverless::Api
    Properties: {StageName: v1, Cors: "'*'"}
  Http:
    Type: AWS::Serverless::HttpApi
    Properties: {StageName: $default, CorsConfiguration: {AllowOrigins: ['https://a.example']}}
  Document:
    Type: AWS::Serverless::Api
    Properties: {StageName: v1, DefinitionUri: api.yaml}
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      DefinitionUri: machine.asl.json
      DefinitionSubstitutions: {Hello: !GetAtt Hello.Arn}
Outputs:
  Rest: {Value: !Sub 'https://${Rest}.execute-api.${AWS::Region}.amazonaws.com/v1/'}
  Http: {Value: !Sub 'https://${Http}.execute-api.${AWS::Region}.${AWS::URLSuffix}/'}
  Document: {Value: !Sub 'https://${Document}.execute-api.${AWS::Region}.amazonaws.com/v1/'}
  Machine: {Value: !Ref Machine}
"""
DOCUMENT = """
openapi: 3.0.1
info: {title: pets, version: '1'}
paths:
  /pets:
    get:
      responses: {'200': {description: all}}
      x-amazon-apigateway-integration:
        type: mock
        requestTemplates: {application/json: '{"statusCode": 200}'}
        responses: {default: {statusCode: '200', responseTemplates: {application/json: '["cat"]'}}}
"""
MACHINE = '{"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "${Hello}", "End": true}}}'
PLAIN = """
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}]
  Hello:
    Type: AWS::Lambda::Function
    Properties:
      Role: !GetAtt Role.Arn
      Runtime: python3.11
      Handler: index.handler
      Timeout: '5'
      Code:
        ZipFile: |
          def handler(event, context):
              return {"statusCode": 200, "body": f"{event['httpMethod']} {event['path']}"}
  Rest: {Type: AWS::ApiGateway::RestApi, Properties: {Name: plain}}
  Pets:
    Type: AWS::ApiGateway::Resource
    Properties: {RestApiId: !Ref Rest, ParentId: !GetAtt Rest.RootResourceId, PathPart: pets}
  Get:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Rest
      ResourceId: !Ref Pets
      HttpMethod: GET
      AuthorizationType: NONE
      Integration:
        Type: AWS_PROXY
        IntegrationHttpMethod: POST
        Uri: !Sub arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Hello.Arn}/invocations
  Deployed: {Type: AWS::ApiGateway::Deployment, DependsOn: Get, Properties: {RestApiId: !Ref Rest, StageName: v1}}
  May:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunction
      FunctionName: !Ref Hello
      Principal: apigateway.amazonaws.com
      SourceArn: !Sub arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${Rest}/*/*/*
  Routes: {Type: AWS::ApiGatewayV2::Api, Properties: {Name: plain, ProtocolType: HTTP}}
  Whole:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Routes
      IntegrationType: AWS_PROXY
      IntegrationUri: !GetAtt Hello.Arn
      PayloadFormatVersion: '1.0'
  Any:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Routes, RouteKey: $default, Target: !Sub 'integrations/${Whole}'}
  Stage: {Type: AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref Routes, StageName: $default, AutoDeploy: true}}
  MayToo:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunction
      FunctionName: !GetAtt Hello.Arn
      Principal: apigateway.amazonaws.com
      SourceArn: !Sub arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${Routes}/*/*
Outputs:
  Rest: {Value: !Sub 'https://${Rest}.execute-api.${AWS::Region}.amazonaws.com/v1/'}
  Http: {Value: !Sub 'https://${Routes}.execute-api.${AWS::Region}.amazonaws.com/'}
"""


def ask(url: str) -> tuple[int, str]:
    try:
        with urlopen(url, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stack")
    (folder / "src").mkdir()
    (folder / "src" / "app.py").write_text(ANSWER)
    (folder / "api.yaml").write_text(DOCUMENT)
    (folder / "machine.asl.json").write_text(MACHINE)
    return folder


def test_apis_that_documents_and_events_say_answer_and_change_with_them(folder: Path) -> None:
    (folder / "template.yaml").write_text(SAM)
    with own_emulator(folder, "process", stems=0) as lam:
        told = dict(lam.emulator.addresses)
        assert ask(f"{told['Rest']}one") == (200, "Hello /one")
        assert ask(f"{told['Http']}two") == (200, "Hello /two")
        assert ask(f"{told['Document']}pets") == (200, '["cat"]')
        definition = machine(lam.url, told["Machine"])
        assert definition["States"]["A"]["Resource"].endswith(":function:Hello")

    (folder / "template.yaml").write_text(SAM.replace("/one", "/three").replace("/two", "/four"))
    (folder / "api.yaml").write_text(DOCUMENT.replace('"cat"', '"dog"'))
    with own_emulator(folder, "process", stems=0) as lam:
        assert dict(lam.emulator.addresses)["Rest"].split("/")[-3:] == told["Rest"].split("/")[-3:]
        told = dict(lam.emulator.addresses)
        assert (ask(f"{told['Rest']}one")[0], ask(f"{told['Rest']}three")) == (403, (200, "Hello /three"))
        assert (ask(f"{told['Http']}two")[0], ask(f"{told['Http']}four")) == (404, (200, "Hello /four"))
        assert ask(f"{told['Document']}pets") == (200, '["dog"]')


def test_apis_of_plain_resources_answer(folder: Path) -> None:
    (folder / "template.yaml").write_text(PLAIN)
    with own_emulator(folder, "process", stems=0, strict="true", ephemeral="true") as lam:
        told = dict(lam.emulator.addresses)
        assert ask(f"{told['Rest']}pets") == (200, "GET /pets")
        assert ask(f"{told['Http']}x") == (200, "GET /x")


def machine(url: str, arn: str) -> Any:
    from boto_rig import client_at

    found = client_at(url, "stepfunctions").describe_state_machine(stateMachineArn=arn)
    return json.loads(found["definition"])
