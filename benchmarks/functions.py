"""Functions of the measured emulator, made and removed through boto3 outside of what is timed."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

PROJECT = Path(__file__).parent / "project"
CODE = PROJECT / "code"
REGION = "us-east-1"
RUNTIME: Final = "python3.11"
ROLE = "arn:aws:iam::000000000000:role/bench"
MEMORY_MB = 1769
"""One vCPU: the memory at which the CPU limit is on but does not decide what a single-threaded handler takes."""


def client_of(url: str, service: str) -> Any:
    """boto3's, which asks once alone."""
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"max_attempts": 0}, read_timeout=120),
    )


class Functions:
    """The functions of one server."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client: LambdaClient = client_of(url, "lambda")
        self._code = _zipped({"app.py": (CODE / "app.py").read_bytes()})

    def create(self, names: Sequence[str], handler: str) -> None:
        """Create functions, and wait until all of them are Active."""
        for name in names:
            self._create(name, RUNTIME, handler, self._code)
        for name in names:
            self.wait_active(name)

    def create_in(
        self, runtime: str, name: str, handler: str, files: Mapping[str, bytes], variables: Mapping[str, str]
    ) -> None:
        """Create a function of another runtime, and wait until it is Active."""
        self._create(name, runtime, handler, _zipped(files), Environment={"Variables": variables})
        self.wait_active(name)

    def _create(self, name: str, runtime: Any, handler: str, code: bytes, **more: Any) -> None:
        self._client.create_function(
            FunctionName=name,
            Runtime=runtime,
            Role=ROLE,
            Handler=handler,
            Code={"ZipFile": code},
            MemorySize=MEMORY_MB,
            Timeout=30,
            **more,
        )

    def wait_active(self, name: str) -> None:
        self._client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})

    def open_url(self, name: str) -> str:
        """Make a function URL that lets in everybody; its id."""
        url = self._client.create_function_url_config(FunctionName=name, AuthType="NONE")["FunctionUrl"]
        everybody: Any = {"FunctionName": name, "Principal": "*"}
        self._client.add_permission(
            **everybody, StatementId="url", Action="lambda:InvokeFunctionUrl", FunctionUrlAuthType="NONE"
        )
        self._client.add_permission(
            **everybody, StatementId="invoke", Action="lambda:InvokeFunction", InvokedViaFunctionUrl=True
        )
        parts = urlsplit(url)
        return parts.path.rstrip("/").rpartition("/")[2] or parts.netloc.partition(".")[0]

    def open_api(self, name: str) -> str:
        """Make an HTTP API whose one route leads to the function; its id."""
        arn = self._client.get_function_configuration(FunctionName=name)["FunctionArn"]
        self._client.add_permission(
            FunctionName=name, StatementId="api", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com"
        )
        gateway = client_of(self._url, "apigatewayv2")
        api_id: str = gateway.create_api(Name=name, ProtocolType="HTTP", Target=arn)["ApiId"]
        return api_id

    def open_socket_api(self, name: str) -> str:
        """Make a WebSocket API that has every message answered by the function; the path of its stage."""
        uri = self._client.get_function_configuration(FunctionName=name)["FunctionArn"]
        self._client.add_permission(
            FunctionName=name,
            StatementId="sockets",
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
        )
        gateway = client_of(self._url, "apigatewayv2")
        said: Any = {"Name": name, "ProtocolType": "WEBSOCKET", "RouteSelectionExpression": "$request.body.action"}
        api: Any = {"ApiId": gateway.create_api(**said)["ApiId"]}
        made = gateway.create_integration(**api, IntegrationType="AWS_PROXY", IntegrationUri=uri)["IntegrationId"]
        route = gateway.create_route(
            **api, RouteKey="$default", Target=f"integrations/{made}", RouteResponseSelectionExpression="$default"
        )
        gateway.create_route_response(**api, RouteId=route["RouteId"], RouteResponseKey="$default")
        gateway.create_stage(**api, StageName="dev", AutoDeploy=True)
        return f"/_lambda-emu/api/{api['ApiId']}/dev"

    def open_rest_api(self, name: str) -> str:
        """Make a REST API whose root leads to the function, deployed to the stage `dev`; its id."""
        arn = self._client.get_function_configuration(FunctionName=name)["FunctionArn"]
        self._client.add_permission(
            FunctionName=name, StatementId="rest", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com"
        )
        gateway = client_of(self._url, "apigateway")
        api_id: str = gateway.create_rest_api(name=name)["id"]
        root = gateway.get_resources(restApiId=api_id)["items"][0]["id"]
        method = {"restApiId": api_id, "resourceId": root, "httpMethod": "ANY"}
        gateway.put_method(**method, authorizationType="NONE")
        uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"
        gateway.put_integration(**method, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
        gateway.create_deployment(restApiId=api_id, stageName="dev")
        return api_id

    def open_balancer(self, name: str) -> None:
        """Make a load balancer of the same name, all of whose requests the function answers."""
        arn = self._client.get_function_configuration(FunctionName=name)["FunctionArn"]
        principal = "elasticloadbalancing.amazonaws.com"
        self._client.add_permission(
            FunctionName=name, StatementId="alb", Action="lambda:InvokeFunction", Principal=principal
        )
        elb = client_of(self._url, "elbv2")
        group = elb.create_target_group(Name=name, TargetType="lambda")["TargetGroups"][0]["TargetGroupArn"]
        elb.register_targets(TargetGroupArn=group, Targets=[{"Id": arn}])
        subnets = ["subnet-00000001", "subnet-00000002"]
        balancer = elb.create_load_balancer(Name=name, Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
        forward = {"Type": "forward", "TargetGroupArn": group}
        elb.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=[forward])

    def delete(self, names: Sequence[str]) -> None:
        for name in names:
            self._client.delete_function(FunctionName=name)


def _zipped(files: Mapping[str, bytes]) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as written:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o755 << 16
            written.writestr(entry, content)
    return archive.getvalue()
