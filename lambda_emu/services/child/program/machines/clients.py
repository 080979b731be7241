"""boto3's clients by which states ask services: at our own server, as their execution's role."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any
from uuid import uuid4

from botocore.client import BaseClient
from botocore.config import Config
from botocore.session import Session
from msgspec import Struct

from lambda_emu.model.credentials import RoleSession, role_credentials

CONNECT_LIMIT_S = 5
ANSWER_LIMIT_S = 910
"""No function runs longer than 900 s."""
MOST_CLIENTS = 128
MOST_SESSIONS = 1024
CONNECTIONS = 64
NO_TRIES = {"max_attempts": 0, "total_max_attempts": 1}


class Signer(Struct, frozen=True):
    """Who a state asks as: a session of its role."""

    secret: str
    account: str
    user_id: str
    arn: str


class RoleClients:
    """Any thread asks; a client is kept for the next one."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()  # guards all below; a session of botocore is for one thread at a time
        self._session = Session()
        self._clients: OrderedDict[tuple[str, str, str], BaseClient] = OrderedDict()
        self._keys: OrderedDict[str, dict[str, str]] = OrderedDict()
        self._signers: dict[str, Signer] = {}

    def client_for(self, region: str, service: str, state_credentials: Any = None) -> BaseClient:
        """As moto asks for one. state_credentials: name a role."""
        role = state_credentials.role_arn
        key = region, service, role
        with self._lock:
            if key not in self._clients:
                if len(self._clients) >= MOST_CLIENTS:
                    self._clients.popitem(last=False)
                self._clients[key] = self._make(*key)
            self._clients.move_to_end(key)
            return self._clients[key]

    def signer(self, access_key: str) -> Signer | None:
        """Whose key it is; None: none of these."""
        with self._lock:
            return self._signers.get(access_key)

    def _make(self, region: str, service: str, role: str) -> BaseClient:
        keys = self._keys_of(role)
        return self._session.create_client(
            service,
            region_name=region,
            endpoint_url=self._url,
            aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=keys["AWS_SESSION_TOKEN"],
            config=Config(
                parameter_validation=False,
                retries=NO_TRIES,
                connect_timeout=CONNECT_LIMIT_S,
                read_timeout=ANSWER_LIMIT_S,
                max_pool_connections=CONNECTIONS,
                inject_host_prefix=False,
                proxies={},
                s3={"addressing_style": "path"},
            ),
        )

    def _keys_of(self, role: str) -> dict[str, str]:
        if role in self._keys:
            return self._keys[role]
        if len(self._keys) >= MOST_SESSIONS:
            _, oldest = self._keys.popitem(last=False)
            del self._signers[oldest["AWS_ACCESS_KEY_ID"]]
        account, name, token = role.split(":")[4], role.rpartition("/")[2], uuid4().hex
        whose = RoleSession(role, token)
        keys = dict(role_credentials(account, token, whose))
        arn = f"arn:aws:sts::{account}:assumed-role/{name}/{token}"
        self._keys[role] = keys
        self._signers[keys["AWS_ACCESS_KEY_ID"]] = Signer(keys["AWS_SECRET_ACCESS_KEY"], account, name, arn)
        return keys
