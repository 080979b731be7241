"""Objects of S3, from AWS or any server that speaks like it. botocore is imported when one is first asked for."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Lock
from typing import IO, Any

from lambda_emu.arn import Scope
from lambda_emu.clock import Clock
from lambda_emu.errors.base import InvalidParameter
from lambda_emu.errors.code import UnzippedTooLarge
from lambda_emu.errors.resources import AccessDenied
from lambda_emu.model.credentials import Credentials
from lambda_emu.model.function.function import S3Object

CONNECT_LIMIT_S = 5
SILENCE_LIMIT_S = 20
FETCH_LIMIT_S = 300.0
CHUNK_BYTES = 256 * 1024


class S3:
    """One S3. Any thread may ask.

    endpoint_url: None for AWS's own, or what botocore's configuration files say. spool_dir: where objects lie while
    they are used; None for the system's folder of such files. credentials: of an account, for one of ours.
    """

    def __init__(
        self,
        endpoint_url: str | None = None,
        spool_dir: Path | None = None,
        clock: Clock | None = None,
        *,
        credentials: Callable[[str], Credentials] | None = None,
    ) -> None:
        self._endpoint_url = endpoint_url
        self._credentials_of = credentials
        self._spool_dir = spool_dir
        self._clock = clock or Clock()
        self._session: Any = None
        self._lock = Lock()  # guards _session, which is not for two threads; held while a client is made, not for calls

    @contextmanager
    def fetch(self, wanted: S3Object, scope: Scope, limit_bytes: int) -> Iterator[tuple[Path, S3Object]]:
        """A zip in a file until the block ends, and the object it was, with its version.

        scope: who asks, where it has no credentials of its own. Raises the errors of S3; UnzippedTooLarge for a zip
        that is itself larger than what may be in it.
        """
        with tempfile.NamedTemporaryFile(prefix="s3-", dir=self._spool_dir) as file:
            with self._s3_errors(wanted), closing(self._client(scope)) as client:
                version = self._download(client, wanted, file, limit_bytes)
            file.flush()
            yield Path(file.name), S3Object(wanted.bucket, wanted.key, wanted.version or version)

    def _download(self, client: Any, wanted: S3Object, file: IO[bytes], limit_bytes: int) -> str | None:
        """Write the object to the file; its version, if the bucket has versions."""
        named = {"Bucket": wanted.bucket, "Key": wanted.key}
        if wanted.version is not None:
            named["VersionId"] = wanted.version
        end_s = self._clock.monotonic_s() + FETCH_LIMIT_S
        answer = client.get_object(**named)
        size = 0
        with closing(answer["Body"]) as body:
            for chunk in body.iter_chunks(CHUNK_BYTES):
                size += len(chunk)
                if size > limit_bytes:
                    raise UnzippedTooLarge(limit_bytes)
                if self._clock.monotonic_s() > end_s:
                    raise S3Unreachable(self._name, f"it took longer than {FETCH_LIMIT_S:g} s")
                file.write(chunk)
        version: str | None = answer.get("VersionId")
        return version

    def _client(self, scope: Scope) -> Any:
        from botocore.config import Config
        from botocore.session import Session

        config = Config(
            connect_timeout=CONNECT_LIMIT_S,
            read_timeout=SILENCE_LIMIT_S,
            retries={"total_max_attempts": 2},
            s3={"addressing_style": "path"} if self._endpoint_url else None,
        )
        with self._lock:
            if self._session is None:
                self._session = Session()
                if self._endpoint_url:  # only AWS's own machines have this source; asking for it takes seconds
                    self._session.get_component("credential_provider").remove("iam-role")
            credentials = self._credentials(scope)
            return self._session.create_client(
                "s3", region_name=scope.region, endpoint_url=self._endpoint_url, config=config, **credentials
            )

    def _credentials(self, scope: Scope) -> dict[str, str]:
        """Those that botocore finds go first; a server that checks none is told the account."""
        ours = self._credentials_of
        if ours is None and (not self._endpoint_url or self._session.get_credentials() is not None):
            return {}
        if ours is None:
            return {"aws_access_key_id": scope.account, "aws_secret_access_key": "any"}
        return {name.lower(): value for name, value in ours(scope.account).variables().items()}

    @property
    def _name(self) -> str:
        return self._endpoint_url or "AWS's S3"

    @contextmanager
    def _s3_errors(self, wanted: S3Object) -> Iterator[None]:
        """botocore's exceptions become ours, cause kept."""
        from botocore import exceptions

        try:
            yield
        except exceptions.ClientError as error:
            code, text = error.response["Error"]["Code"], error.response["Error"]["Message"]
            if code == "AccessDenied":
                raise S3AccessDenied(wanted.bucket, wanted.key, text) from error
            raise S3Refused(code, text) from error
        except (exceptions.NoCredentialsError, exceptions.PartialCredentialsError) as error:
            raise S3WithoutCredentials from error
        except exceptions.BotoCoreError as error:
            raise S3Unreachable(self._name, str(error)) from error


class S3Refused(InvalidParameter):
    """code and text: S3's own, or ours where it was not S3 that said no."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: {text}")


class S3Unreachable(S3Refused):
    """Nobody answers there, or not as S3 does; AWS has no such error."""

    def __init__(self, endpoint: str, reason: str) -> None:
        super().__init__(
            "EndpointUnreachable",
            f"{endpoint} cannot be used ({reason}). Start it, or name another "
            "by --service s3=URL or LAMBDA_EMU_SERVICE.",
        )


class S3WithoutCredentials(S3Refused):
    """AWS has no such error."""

    def __init__(self) -> None:
        super().__init__(
            "NoCredentials",
            "lambda-emu found no credentials for AWS's own S3. Give it some, or name another S3 "
            "by --service s3=URL or LAMBDA_EMU_SERVICE.",
        )


class S3AccessDenied(AccessDenied):
    """Its words are known from public reports of users."""

    def __init__(self, bucket: str, key: str, text: str) -> None:
        super().__init__(
            "Your access has been denied by S3, please make sure your request credentials have permission to "
            f"GetObject for {bucket}/{key}. S3 Error Code: AccessDenied. S3 Error Message: {text}"
        )
