"""Items whose time to live is over are deleted, as anybody's request would, but in DynamoDB's own name."""

from __future__ import annotations

import io
import json
import logging
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from math import inf
from typing import Any

from lambda_emu.services.child.program.clock import clock

log = logging.getLogger(__name__)

EVERY_S = 2.0
"""AWS takes minutes, and says no more than a few days."""
OLDEST_S = 5 * 365 * 24 * 3600
"""What expired before that is left alone, as on AWS: it may be no time at all."""
EXPIRED = "HTTP_X_LAMBDA_EMU_EXPIRED"
IDENTITY = {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}
"""In the records of what is deleted so."""

App = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Expiry:
    """Looks while a table wants it; else nothing runs. app: takes requests."""

    is_begun = False

    def __init__(self, app: App) -> None:
        self._app = app
        self._lock = threading.Lock()  # guards _thread
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Tables may have their time to live from a snapshot, or from a request at any time."""
        from moto.dynamodb.models import DynamoDBBackend

        update = DynamoDBBackend.update_time_to_live

        def update_and_look(backend: Any, table_name: str, ttl_spec: dict[str, Any]) -> None:
            update(backend, table_name, ttl_spec)
            self.look()

        DynamoDBBackend.update_time_to_live = update_and_look  # type: ignore[assignment]
        self.is_begun = True

    def look(self) -> None:
        """From now on."""
        with self._lock:
            if self._thread is None and any(_tables()):
                self._thread = threading.Thread(target=self._run, name="expiry of items", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while self._is_wanted():
            self.sweep()
            threading.Event().wait(EVERY_S)

    def sweep(self) -> tuple[int, float]:
        """Delete what is due; how many that is, and when the next one is: infinite if there is none."""
        count, next_s = 0, inf
        for table in list(_tables()) if self.is_begun else ():
            try:
                for item, name, end in self._due(table, clock.now_s()):
                    self._delete(table, item, name, end)
                    count += 1
                next_s = min(next_s, _next_end_s(table, clock.now_s()))
            except RuntimeError:
                log.debug("a table changed meanwhile; it is looked through again", exc_info=True)
        return count, next_s

    def _is_wanted(self) -> bool:
        with self._lock:
            if not any(_tables()):
                self._thread = None
            return self._thread is not None

    def _due(self, table: Any, now_s: float) -> Iterator[tuple[Any, str, Any]]:
        name = table.ttl["AttributeName"]
        for item in table.all_items():
            end = item.attrs.get(name)
            if end is not None and end.type == "N" and now_s - OLDEST_S < float(end.value) <= now_s:
                yield item, name, end

    def _delete(self, table: Any, item: Any, name: str, end: Any) -> None:
        """Unless it has another end by now."""
        key = {table.hash_key_attr: item.hash_key.to_json()}
        if table.range_key_attr is not None:
            key[table.range_key_attr] = item.range_key.to_json()
        asked = {
            "TableName": table.name,
            "Key": key,
            "ConditionExpression": "#end = :end",
            "ExpressionAttributeNames": {"#end": name},
            "ExpressionAttributeValues": {":end": end.to_json()},
        }
        for _ in self._app(_environ(table, json.dumps(asked).encode()), lambda *_: None):
            pass


def _next_end_s(table: Any, now_s: float) -> float:
    name = table.ttl["AttributeName"]
    ends = (end for item in table.all_items() if (end := item.attrs.get(name)) is not None)
    return min((end_s for end in ends if end.type == "N" and (end_s := float(end.value)) > now_s), default=inf)


def _tables() -> Iterator[Any]:
    """Those whose items have an end."""
    from moto.dynamodb.models import dynamodb_backends

    for regions in list(dynamodb_backends.values()):
        for backend in list(regions.values()):
            for table in list(backend.tables.values()):
                if table.ttl["TimeToLiveStatus"] == "ENABLED":
                    yield table


def _environ(table: Any, body: bytes) -> dict[str, Any]:
    account, region = table.account_id, table.region_name
    scope = f"{account}/20260101/{region}/dynamodb/aws4_request"
    return {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/",
        "RAW_URI": "/",
        "REQUEST_URI": "/",
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_TYPE": "application/x-amz-json-1.0",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_HOST": "localhost",
        "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=none",
        "HTTP_X_AMZ_TARGET": "DynamoDB_20120810.DeleteItem",
        "HTTP_X_MOTO_ACCOUNT_ID": account,
        EXPIRED: "true",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
