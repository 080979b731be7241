"""boto3's clients, which take long to make: kept, and given to one account after another."""

from __future__ import annotations

from typing import Any

from botocore.config import Config
from botocore.session import Session

READ_LIMIT_S = 930
"""The longest timeout of a function, and time to start it."""
MOST_CONNECTIONS = 64
OWN_PROFILE = {"profile": (None, None, None, None)}
"""Whatever AWS_PROFILE names."""


class ClientSet:
    """Clients of one server, all of the account that `use` named last."""

    def __init__(self, url: str, secret: str) -> None:
        """secret: of root users."""
        self._url = url
        self._session = Session(session_vars=OWN_PROFILE)
        self._session.set_credentials("test", secret)
        self._maker = _with_boto3(self._session)
        self._made: dict[tuple[str, str], Any] = {}

    def use(self, account: str) -> None:
        """From now on they ask in the name of the root user of this account."""
        self._session.get_credentials().access_key = account

    def client(self, service: str, region: str) -> Any:
        """boto3's, or botocore's, which is the same but for a few methods on top, where boto3 is not installed."""
        if (service, region) not in self._made:
            self._made[service, region] = self._maker(
                service,
                region_name=region,
                endpoint_url=self._url,
                config=Config(
                    retries={"total_max_attempts": 1},
                    read_timeout=READ_LIMIT_S,
                    max_pool_connections=MOST_CONNECTIONS,
                    proxies={},
                ),
            )
        return self._made[service, region]

    def close(self) -> None:
        for client in self._made.values():
            client.close()


def _with_boto3(session: Session) -> Any:
    try:
        import boto3
    except ImportError:
        return session.create_client
    return boto3.Session(botocore_session=session).client
