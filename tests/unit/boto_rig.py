"""boto3's clients, which every test has made alike: they try once, and wait long."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config

ONE_TRY: dict[str, Any] = {"retries": {"total_max_attempts": 1}, "read_timeout": 90, "max_pool_connections": 64}


def client_at(url: str, service: str, access_key: str = "test", region: str = "us-east-1", **config: Any) -> Any:
    """A client of a service. access_key: an account's number, or any key, which is the default account's."""
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=region,
        aws_access_key_id=access_key,
        aws_secret_access_key="any",
        config=Config(**ONE_TRY | config),
    )
