"""What operations changed is on disk before they answer: the same after another start, and after a kill."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import randint
from typing import Any

from api_rig import ARN, REGION, ROLE, SCOPE, Api, zipped

from lambda_emu.arn import Scope
from lambda_emu.store import Store
from lambda_emu.store.table import Table

OLD, NEW = (zipped({"app.py": f"def handler(event, context): return {says!r}"}) for says in ("old", "new"))
QUEUE = f"arn:aws:sqs:{REGION}:{SCOPE.account}:queue"
NAMED = {"FunctionName": "f"}
PYTHON: dict[str, Any] = {"Runtime": "python3.13", "Handler": "app.handler", "Role": ROLE}
DOCUMENT = (
    '{"Version":"2012-10-17","Statement":[{"Sid":"whole","Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},'
    f'"Action":"lambda:InvokeFunction","Resource":"{ARN}f"}}]}}'
)
GRANT = {"StatementId": "one", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}
OPEN = {"StatementId": "all", "Action": "lambda:GetLayerVersion", "Principal": "*"}
LAYER: dict[str, Any] = {"LayerName": "l", "VersionNumber": 1}

PROFILES = {"SigningProfileVersionArns": [f"arn:aws:signer:{REGION}:{SCOPE.account}:/signing-profiles/p/0123456789"]}
FILTERS = {"Filters": [{"Pattern": '{"body": ["a"]}'}]}
INSTANCES: dict[str, Any] = {
    "VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
    "PermissionsConfig": {"CapacityProviderOperatorRoleArn": ROLE},
}
ON_KEPT = {
    "LambdaManagedInstancesCapacityProviderConfig": {
        "CapacityProviderArn": f"arn:aws:lambda:{REGION}:{SCOPE.account}:capacity-provider:kept"
    }
}
SCALING = {"MinExecutionEnvironments": 1, "MaxExecutionEnvironments": 2}


class Answered(str):
    """Stands for the value that the last answer with a member of this name gave it."""

    __slots__ = ()


CONFIG = {"CodeSigningConfigArn": Answered("CodeSigningConfigArn")}
MAPPING = {"UUID": Answered("UUID")}

CHANGES: Sequence[tuple[str, dict[str, Any]]] = (
    ("create_function", NAMED | PYTHON | {"Code": {"ZipFile": OLD}, "Environment": {"Variables": {"NAME": "\u00e4"}}}),
    ("update_function_configuration", NAMED | {"MemorySize": 512, "LoggingConfig": {"LogFormat": "JSON"}}),
    ("update_function_code", NAMED | {"ZipFile": NEW, "Publish": True}),
    ("put_function_concurrency", NAMED | {"ReservedConcurrentExecutions": 7}),
    ("delete_function_concurrency", NAMED),
    ("put_function_concurrency", NAMED | {"ReservedConcurrentExecutions": 5}),
    ("update_function_configuration", NAMED | {"Description": "for version 2"}),
    ("publish_version", NAMED | {"Description": "second"}),
    ("create_alias", NAMED | {"Name": "live", "FunctionVersion": "1"}),
    ("update_alias", NAMED | {"Name": "live", "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.1}}}),
    ("create_alias", NAMED | {"Name": "gone", "FunctionVersion": "1"}),
    ("delete_alias", NAMED | {"Name": "gone"}),
    ("add_permission", NAMED | GRANT),
    ("add_permission", NAMED | GRANT | {"Qualifier": "live", "SourceArn": "arn:aws:s3:::bucket"}),
    ("remove_permission", NAMED | {"StatementId": "one"}),
    ("put_resource_policy", {"ResourceArn": f"{ARN}f", "Policy": DOCUMENT}),
    ("delete_resource_policy", {"ResourceArn": f"{ARN}f"}),
    ("put_resource_policy", {"ResourceArn": f"{ARN}f", "Policy": DOCUMENT}),
    ("put_function_event_invoke_config", NAMED | {"MaximumRetryAttempts": 0}),
    ("update_function_event_invoke_config", NAMED | {"DestinationConfig": {"OnFailure": {"Destination": QUEUE}}}),
    ("put_function_event_invoke_config", NAMED | {"Qualifier": "live", "MaximumEventAgeInSeconds": 60}),
    ("delete_function_event_invoke_config", NAMED | {"Qualifier": "live"}),
    ("create_function_url_config", NAMED | {"AuthType": "NONE", "Cors": {"AllowOrigins": ["*"], "MaxAge": 5}}),
    ("update_function_url_config", NAMED | {"AuthType": "AWS_IAM", "InvokeMode": "RESPONSE_STREAM"}),
    ("create_function_url_config", NAMED | {"AuthType": "NONE", "Qualifier": "live"}),
    ("delete_function_url_config", NAMED | {"Qualifier": "live"}),
    ("put_function_recursion_config", NAMED | {"RecursiveLoop": "Allow"}),
    ("put_runtime_management_config", NAMED | {"UpdateRuntimeOn": "FunctionUpdate"}),
    ("publish_layer_version", {"LayerName": "l", "Content": {"ZipFile": NEW}, "LicenseInfo": "MIT"}),
    ("publish_layer_version", {"LayerName": "l", "Content": {"ZipFile": OLD}, "CompatibleRuntimes": ["python3.13"]}),
    ("delete_layer_version", LAYER | {"VersionNumber": 2}),
    ("update_function_configuration", NAMED | {"Layers": [f"arn:aws:lambda:{REGION}:{SCOPE.account}:layer:l:1"]}),
    ("add_layer_version_permission", LAYER | OPEN),
    ("remove_layer_version_permission", LAYER | {"StatementId": "all"}),
    ("add_layer_version_permission", LAYER | OPEN),
    ("put_provisioned_concurrency_config", NAMED | {"Qualifier": "1", "ProvisionedConcurrentExecutions": 2}),
    ("delete_provisioned_concurrency_config", NAMED | {"Qualifier": "1"}),
    ("put_provisioned_concurrency_config", NAMED | {"Qualifier": "1", "ProvisionedConcurrentExecutions": 1}),
    ("tag_resource", {"Resource": f"{ARN}f", "Tags": {"team": "blue", "stage": "test"}}),
    ("untag_resource", {"Resource": f"{ARN}f", "TagKeys": ["stage"]}),
    ("create_code_signing_config", {"AllowedPublishers": PROFILES, "Tags": {"team": "blue"}}),
    ("update_code_signing_config", CONFIG | {"Description": "ours"}),
    ("put_function_code_signing_config", NAMED | CONFIG),
    ("delete_function_code_signing_config", NAMED),
    ("delete_code_signing_config", CONFIG),
    ("create_code_signing_config", {"AllowedPublishers": PROFILES}),
    ("put_function_code_signing_config", NAMED | CONFIG),
    ("create_event_source_mapping", NAMED | {"EventSourceArn": QUEUE, "Enabled": False}),
    ("delete_event_source_mapping", MAPPING),
    ("create_event_source_mapping", NAMED | {"EventSourceArn": QUEUE + "-2", "Enabled": False}),
    ("update_event_source_mapping", MAPPING | {"BatchSize": 5, "FilterCriteria": FILTERS}),
    ("create_capacity_provider", INSTANCES | {"CapacityProviderName": "gone"}),
    ("create_capacity_provider", INSTANCES | {"CapacityProviderName": "kept"}),
    (
        "update_capacity_provider",
        {"CapacityProviderName": "kept", "CapacityProviderScalingConfig": {"MaxVCpuCount": 30}},
    ),
    ("delete_capacity_provider", {"CapacityProviderName": "gone"}),
    (
        "create_function",
        PYTHON | {"FunctionName": "on", "Code": {"ZipFile": OLD}, "CapacityProviderConfig": ON_KEPT, "Publish": True},
    ),
    ("publish_version", {"FunctionName": "on", "PublishTo": "LATEST_PUBLISHED"}),
    ("put_function_scaling_config", {"FunctionName": "on", "Qualifier": "1", "FunctionScalingConfig": SCALING}),
    ("delete_function", {"FunctionName": "on", "Qualifier": "$LATEST.PUBLISHED"}),
    ("create_function", PYTHON | {"FunctionName": "g", "Code": {"ZipFile": OLD}, "Publish": True}),
    ("update_alias", NAMED | {"Name": "live", "RoutingConfig": {"AdditionalVersionWeights": {}}}),
    ("delete_function", NAMED | {"Qualifier": "2"}),
    ("delete_function", {"FunctionName": "g"}),
)
"""Every operation that changes something, each in reach of those before it. A new family adds its lines."""

WRITE_FOREVER = """
import itertools, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from api_rig import serving, zipped
code = zipped({"mine.py": ""})
def tell(*what):
    print(*what, flush=True)
with serving(Path(sys.argv[1])) as api:
    api.created("f")
    for number in itertools.count(1):
        api.client.update_function_configuration(FunctionName="f", Description=str(number))
        api.activations.finish()
        tell("version", api.client.publish_version(FunctionName="f")["Version"])
        api.client.create_alias(FunctionName="f", Name=f"a{number}", FunctionVersion=str(number))
        tell("alias", f"a{number}")
        api.client.put_function_event_invoke_config(FunctionName="f", Qualifier=f"a{number}", MaximumRetryAttempts=1)
        tell("config", f"a{number}")
        api.client.publish_layer_version(LayerName=f"l{number}", Content={"ZipFile": code})
        tell("layer", f"l{number}")
"""


def tables(store: Store) -> dict[str, dict[Scope, Sequence[Any]]]:
    """All that a store remembers, by table and scope, in the order of its keys."""
    named = {name: table for name, table in vars(store).items() if isinstance(table, Table)}
    return {name: {scope: table.all(scope) for scope, _ in table.everywhere()} for name, table in named.items()}


def strings(answer: Any) -> dict[str, str]:
    """All members of an answer that are texts, however deep."""
    found: dict[str, str] = {}
    for name, value in answer.items():
        found |= strings(value) if isinstance(value, dict) else {name: value} if isinstance(value, str) else {}
    return found


def meant(value: Any, known: Mapping[str, str]) -> Any:
    """The value to send."""
    return known[value] if isinstance(value, Answered) else value


def test_what_each_operation_changed_is_found_by_another_start(api: Api) -> None:
    known: dict[str, str] = {}
    for method, members in CHANGES:
        before = tables(api.store)

        answer = getattr(api.client, method)(**{name: meant(value, known) for name, value in members.items()})
        known |= strings(answer)
        api.activations.finish()

        with api.reopened() as another:
            assert tables(another) == tables(api.store), method
        assert tables(api.store) != before, f"{method} changed nothing"


def test_a_kill_loses_no_version_alias_or_layer_that_was_acknowledged(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITE_FOREVER, str(tmp_path), str(Path(__file__).parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writing:
        assert writing.stdout is not None
        told = [writing.stdout.readline() for _ in range(randint(5, 50))]
        writing.kill()
        told += [line for line in writing.stdout.readlines() if line.endswith("\n")]

    store = Store.open(tmp_path)
    function = store.functions.get(SCOPE, "f")
    assert function is not None
    found = {f"version {number}\n" for number in function.versions}
    found |= {f"alias {name}\n" for name in function.aliases}
    found |= {f"config {qualifier}\n" for qualifier in function.invoke_configs}
    found |= {f"layer {layer.name}\n" for layer in store.layers.all(SCOPE)}
    store.close()

    assert set(told) - found == set()
    assert {line.split()[0] for line in told} == {"version", "alias", "config", "layer"}
