"""A server of the API with a provider of capacity, and functions on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from api_rig import ACCOUNT, REGION, ROLE, Api, serving, shown, zipped

from lambda_emu.arn import LATEST
from lambda_emu.model.capacity.managed_instances import (
    CONFIG,
    INSTANCES,
)

PROVIDER = f"arn:aws:lambda:{REGION}:{ACCOUNT}:capacity-provider:"
NEW_CODE = zipped({"app.py": "new = 1"})


def on(provider: str, **wanted: Any) -> Any:
    """The config of a function on this provider."""
    return {INSTANCES: {"CapacityProviderArn": PROVIDER + provider, **wanted}}


ON_P: dict[str, Any] = {CONFIG: on("p")}


def create_provider(api: Api, name: str) -> None:
    api.client.create_capacity_provider(
        CapacityProviderName=name,
        VpcConfig={"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
        PermissionsConfig={"CapacityProviderOperatorRoleArn": ROLE},
    )


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """An account with the capacity provider p."""
    with serving(tmp_path) as api:
        create_provider(api, "p")
        yield api


def get(api: Api, qualifier: str = LATEST) -> dict[str, Any]:
    return shown(api.client.get_function_configuration(FunctionName="f", Qualifier=qualifier))
