"""boto3's clients by which states ask services: at our own server, as their execution's role."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any
from uuid import uuid4

from botocore.client import BaseClient
from botocore.config import Config
from botocore.session import Session

from lambda_emu.model.credentials import Credentials, Issuer, RoleSession

CONNECT_LIMIT_S = 5
ANSWER_LIMIT_S = 910
"""No function runs longer than 900 s."""
MOST_CLIENTS = 128
MOST_SESSIONS = 1024
CONNECTIONS = 64
NO_TRIES = {"max_attempts": 0, "total_max_attempts": 1}


class RoleClients:
    """Any thread asks; a client is kept for the next one."""

    def __init__(self, url: str, issuer: Issuer) -> None:
        self._url = url
        self._issuer = issuer
        self._lock = threading.Lock()  # guards all below; a session of botocore is for one thread at a time
        self._session = Session()
        self._clients: OrderedDict[tuple[str, str, str], BaseClient] = OrderedDict()
        self._keys: OrderedDict[str, Credentials] = OrderedDict()

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

    def credentials(self, role: str) -> Credentials:
        """Of a session of it."""
        with self._lock:
            return self._keys_of(role)

    def _make(self, region: str, service: str, role: str) -> BaseClient:
        keys = self._keys_of(role)
        return self._session.create_client(
            service,
            region_name=region,
            endpoint_url=self._url,
            aws_access_key_id=keys.access_key,
            aws_secret_access_key=keys.secret,
            aws_session_token=keys.token,
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

    def _keys_of(self, role: str) -> Credentials:
        if role not in self._keys:
            if len(self._keys) >= MOST_SESSIONS:
                self._keys.popitem(last=False)
            account, token = role.split(":")[4], uuid4().hex
            self._keys[role] = self._issuer.of_role(account, token, RoleSession(role, token))
        return self._keys[role]
