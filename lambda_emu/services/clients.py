"""Calls of AWS's services from inside the server, by botocore, which is imported at the first one.

They go to the server's own port like any caller's, so whatever serves a service has them: we, the child, a neighbour.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Mapping
from threading import Lock, local
from typing import Any, Protocol

from lambda_emu.model.credentials import Credentials

CONNECT_LIMIT_S = 5
SILENCE_LIMIT_S = 70
"""A function that is asked to run takes longer: that is no call of these."""
MOST_CLIENTS = 64
CONNECTIONS = 16
"""Of one client that are kept for the next call; more may be open at once."""


class Call(Protocol):
    """`Clients.call`, for whoever only calls."""

    def __call__(
        self,
        service: str,
        operation: str,
        parameters: Mapping[str, Any],
        *,
        account: str,
        region: str,
        trace: str | None = None,
    ) -> dict[str, Any]: ...


class Clients:
    """url: where the server is asked, once it serves. credentials: by which a service knows us, in an account's name.

    Any thread but the loop's may call.
    """

    def __init__(self, url: Callable[[], str], credentials: Callable[[str, str], Credentials]) -> None:
        self._url = url
        self._credentials = credentials
        self._session: Any = None
        self._clients: OrderedDict[tuple[str, str, str], Any] = OrderedDict()  # the one used last stands last
        self._here = local()  # what else the call of a thread says
        self._lock = Lock()  # guards the two, and a session is not for two threads; not held for calls

    def call(
        self,
        service: str,
        operation: str,
        parameters: Mapping[str, Any],
        *,
        account: str,
        region: str,
        trace: str | None = None,
    ) -> dict[str, Any]:
        """What the service answers, as boto3 has it. Blocks; nothing is tried twice.

        service, operation: as boto3 and AWS call them: `dynamodbstreams`, `GetRecords`. account: who calls.
        trace: the X-Amzn-Trace-Id that goes with it.
        Raises botocore's ClientError for the service's own errors, in its words, ConnectionError when nobody answers,
        and botocore's ParamValidationError for a mistake of the caller's.
        """
        from botocore import exceptions, xform_name

        client = self._client(service, account, region)
        self._here.trace = trace
        try:
            answer: dict[str, Any] = getattr(client, xform_name(operation))(**parameters)
        except (exceptions.HTTPClientError, exceptions.ConnectionError) as error:
            raise ConnectionError(f"{service} {operation}: {error}") from error
        except exceptions.ClientError as error:
            said = error.response.get("Error", {})
            error.args = (f"{said.get('Code')}: {said.get('Message')}",)  # botocore's text is of tries that it makes
            raise
        return answer

    def close(self) -> None:
        """Calls that wait end as they would; the next one would begin anew."""
        with self._lock:
            clients = list(self._clients.values())
            self._clients.clear()
        for client in clients:
            client.close()

    def _client(self, service: str, account: str, region: str) -> Any:
        key = service, account, region
        with self._lock:
            if key not in self._clients:
                if len(self._clients) >= MOST_CLIENTS:
                    self._clients.popitem(last=False)  # who calls by it holds it
                self._clients[key] = self._make(*key)
            self._clients.move_to_end(key)
            return self._clients[key]

    def _make(self, service: str, account: str, region: str) -> Any:
        """Nothing that a user has set up for AWS itself has a say in it."""
        from botocore.config import Config
        from botocore.session import Session

        if self._session is None:
            settings: dict[str, Any] = {"profile": (None, [], None, None), "config_file": (None, [], os.devnull, None)}
            self._session = Session(session_vars=settings)
        config = Config(
            connect_timeout=CONNECT_LIMIT_S,
            read_timeout=SILENCE_LIMIT_S,
            retries={"total_max_attempts": 1, "mode": "standard"},
            max_pool_connections=CONNECTIONS,
            inject_host_prefix=False,
            proxies={},
            s3={"addressing_style": "path"},
            use_fips_endpoint=False,
            use_dualstack_endpoint=False,
        )
        credentials = self._credentials(account, service)
        client = self._session.create_client(
            service,
            region_name=region,
            endpoint_url=self._url(),
            aws_access_key_id=credentials.access_key,
            aws_secret_access_key=credentials.secret,
            aws_session_token=credentials.token or None,
            config=config,
        )
        client.meta.events.register("before-call", self._add_trace)
        return client

    def _add_trace(self, params: dict[str, Any], **_: Any) -> None:
        trace = getattr(self._here, "trace", None)
        if trace is not None:
            params["headers"]["X-Amzn-Trace-Id"] = trace
