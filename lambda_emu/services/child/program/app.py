"""moto's services as one WSGI app, and what is ours before and around each of them."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from lambda_emu.disk import is_full
from lambda_emu.errors.service import NoRoom
from lambda_emu.gateway.credential import credential_in
from lambda_emu.services.child.program.checks.bodies import check
from lambda_emu.services.child.program.checks.refused import Refused, tell
from lambda_emu.services.child.program.clock import clock
from lambda_emu.services.child.program.current_request import SERVICE, asking, request_ids
from lambda_emu.services.child.program.facts import ASKED, FACTS
from lambda_emu.services.child.program.front import Front, FrontGone
from lambda_emu.services.child.program.mails.receiving import Receiving
from lambda_emu.services.child.program.objects.bodies import Bodies
from lambda_emu.services.child.program.objects.intake import BadBody, open_handed, take_in
from lambda_emu.services.child.program.outbox import Outbox
from lambda_emu.services.child.program.patches import services
from lambda_emu.services.child.program.patches.dynamodb_expiry import Expiry
from lambda_emu.services.child.program.patches.s3_callers import AccessVerdict, judge
from lambda_emu.services.child.program.steady import steadily
from lambda_emu.services.child.program.telling import Teller

if TYPE_CHECKING:
    from lambda_emu.services.child.program.machines.serving import StateMachines
    from lambda_emu.services.child.program.pools.serving import UserPools
    from lambda_emu.services.child.program.state.keeping import Keeper

log = logging.getLogger(__name__)

SERVED = frozenset(
    (
        "apigateway",
        "apigatewayv2",
        "cloudwatch",
        "cognitoidentity",
        "cognitoidp",
        "dynamodb",
        "dynamodbstreams",
        "ecr",
        "elbv2",
        "iam",
        "kms",
        "resourcegroupstaggingapi",
        "s3",
        "s3control",
        "secretsmanager",
        "ses",
        "sesv2",
        "sns",
        "ssm",
        "stepfunctions",
        "sts",
        "xray",
    )
)
"""moto's names. Any other service is ours, or nobody's: moto's own would take what nobody ever sees again."""

CLOCK, EMPTY, ROLES, STATUS = "clock", "empty", "roles", "status"
"""Asked for in place of a fact: to do what is due by the clock that is told with it, and when something is due next; to
forget all of an account; to make roles; how the process itself is."""
Environ = dict[str, Any]
StartResponse = Callable[..., Any]


class App(DomainDispatcherApplication):
    """moto's dispatcher, which here serves AWS's APIs alone, none of moto's own pages."""

    def __init__(self, front: Front, teller: Teller, bodies: Bodies, outbox: Outbox, folder: Path | None) -> None:
        """folder: where what is known is kept; None: nowhere."""
        super().__init__(create_backend_app)
        self._folder = folder
        self._outbox = outbox
        self._receiving = Receiving(front, outbox)
        self._front = front
        self._bodies = bodies
        self._reach = services.Reach(front, teller, bodies, self._receiving)
        self._keeper: Keeper | None = None
        self._user_pools: UserPools | None = None
        self._state_machines: StateMachines | None = None
        self._expiry = Expiry(self)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        backend = None
        if environ.get(ASKED) in (STATUS, CLOCK, EMPTY, ROLES):
            return _answer(start_response, "200 OK", "application/json", json.dumps(self._told(environ)))
        try:
            if ASKED in environ:
                return self._fact(environ, start_response)
            clock.follow(environ)
            open_handed(environ, self._bodies)
            backend = self._backend(environ)
            self._app(backend)
            if backend == "s3":
                verdict = judge(environ)
                start_response = _adding(start_response, verdict.headers)
                if verdict.status:
                    return _by_verdict(verdict, start_response)
            check(backend, environ)
            return self._serve(backend, environ, start_response)
        except Refused as refused:
            return tell(backend, environ, refused, start_response)
        except ModuleNotFoundError as error:
            missing = f"{error}: pip install 'lambda-emu[services]'"
            return tell(backend, environ, Refused("NotImplemented", missing, 501), start_response)
        except Exception as error:
            if is_full(error):
                full = NoRoom(str(error))
                return tell(backend, environ, Refused(full.code, full.text or "", full.status), start_response)
            explained = None if backend is None else _explained(backend, environ, error)
            if explained is None:
                log.exception("%s %s", environ["REQUEST_METHOD"], environ["REQUEST_URI"])
                explained = Refused("InternalFailure", f"{type(error).__name__}: {error}", 500)
            return tell(backend, environ, explained, start_response)

    def _fact(self, environ: Environ, start_response: StartResponse) -> list[bytes]:
        """Told to our own server."""
        backends, find = FACTS[environ[ASKED]]
        for backend in backends:
            self._app(backend)
        about = environ["PATH_INFO"][1:]
        data = steadily(lambda: json.dumps(find(about))).encode()
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(data)))])
        return [data]

    def _serve(self, backend: str, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        serve = self._run if self._keeper is None else self._keeper.serve
        try:
            if backend == "s3":
                take_in(environ, self._bodies)
            if backend == "cognitoidp" and self._user_pools is not None:
                answer = self._user_pools.serve(environ, start_response)
                if answer is not None:
                    return answer
            if backend == "stepfunctions" and self._state_machines is not None:
                answer = self._state_machines.serve(environ, start_response)
                if answer is not None:
                    return answer
            return serve(backend, environ, start_response)
        except BadBody as error:
            raise Refused(error.code, str(error)) from error
        except FrontGone as error:
            raise Refused("ServiceUnavailable", str(error), 503) from error

    def _run(self, backend: str, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        environ[SERVICE] = backend
        with asking(environ):
            if backend == "s3":
                return self._app(backend)(environ, _with_ids(start_response))
            begun: list[Any] = []
            body = b"".join(self._app(backend)(environ, lambda *said: begun.append(said)))
        status = begun[-1][0]
        if _is_nothing(status, body):
            raise NotImplementedError
        if status.startswith("500"):
            _refuse_mistake(backend, environ)
        start_response(*begun[-1])
        return [body]

    def keep(self, folder: Path) -> None:
        """What is known outlives the process from here on, and what was known is known again."""
        from lambda_emu.services.child.program.state.keeping import Keeper
        from lambda_emu.services.child.program.state.moment import replace_chance, replace_keys

        replace_chance()
        self._keeper = Keeper(
            folder, self._bodies, self._front, self._run, self._app, lambda: sorted(self.app_instances), SERVED
        )
        replace_keys(self._keeper.key)
        self._keeper.restore()
        if "dynamodb" in self.app_instances:
            self._expiry.look()
        self._receiving.resume()

    def _do_what_is_due(self) -> dict[str, Any]:
        """under_way: how much of it is not over. next_s: epoch seconds; null: nothing that is known."""
        deleted, next_s = self._expiry.sweep()
        under_way = deleted + clock.begin_due()
        next_s = min(next_s, clock.next_s() or inf)
        return {"under_way": under_way, "next_s": None if next_s == inf else next_s}

    def _told(self, environ: Environ) -> object:
        """What the server asks of this process. No caller of services can ask."""
        if environ[ASKED] == STATUS:
            return {"services": sorted(self.app_instances), "outbox": self._outbox.sent()}
        if environ[ASKED] == ROLES:
            self._make_roles(json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))))
            return None
        clock.follow(environ)
        return self._do_what_is_due() if environ[ASKED] == CLOCK else self._empty(environ["PATH_INFO"][1:])

    def _make_roles(self, roles: list[Any]) -> None:
        from lambda_emu.services.child.program.state.roles import make_roles  # here: few ask

        self._app("iam")
        (make_roles if self._keeper is None else self._keeper.make_roles)(roles)

    def _empty(self, account: str) -> list[str]:
        """All that any service knows of it; which ones did."""
        from lambda_emu.services.child.program.state.emptying import empty_account, services_of  # here: few ask

        if self._state_machines is not None:
            self._state_machines.executions.forget_account(account)
        known = services_of(account, self.app_instances)
        for service in known:
            (empty_account if self._keeper is None else self._keeper.empty)(service, account)
        return known

    def _backend(self, environ: Environ) -> str:
        _take_credential_from_query(environ)
        try:
            host = self.infer_service_region_host(environ, environ["PATH_INFO"])
        except (KeyError, IndexError) as error:
            raise _unknown_service() from error
        backend: str | None = self.get_backend_for_host(host or "s3.us-east-1.amazonaws.com")
        if backend == "apigateway" and environ["PATH_INFO"].startswith("/v2/"):
            backend = "apigatewayv2"  # moto's apigateway would do, and takes longer to be imported
        if backend == "elb":
            backend = "elbv2"  # they are signed for alike, and there are no classic ones
        if backend not in SERVED:
            raise _unknown_service()
        assert backend is not None
        return backend

    def _app(self, backend: str) -> Callable[[Environ, StartResponse], Iterable[bytes]]:
        """Others are served while one is imported."""
        app = self.app_instances.get(backend)
        if app is not None:
            return app
        with self.lock:
            if backend not in self.app_instances:
                services.extend(backend)
                made = self.create_app(backend)  # type: ignore[arg-type]  # of all names
                services.replace(backend, self._reach)
                if backend == "dynamodb":
                    self._expiry.begin()
                if backend == "cognitoidp":
                    self._user_pools = self._make_user_pools()
                if backend == "stepfunctions":
                    self._state_machines = self._make_state_machines()
                self.app_instances[backend] = made
            return self.app_instances[backend]

    def _make_state_machines(self) -> StateMachines:
        from lambda_emu.services.child.program.machines.serving import StateMachines

        return StateMachines(self._front, self._folder)

    def _make_user_pools(self) -> UserPools:
        """What is made again needs it, too."""
        from lambda_emu.services.child.program.pools.serving import UserPools

        return UserPools(self._front, self._outbox, None if self._keeper is None else self._keeper.make)


def _adding(start_response: StartResponse, headers: Iterable[tuple[str, str]]) -> StartResponse:
    """What pages are told is ours to say."""

    def start(status: str, told: list[tuple[str, str]], *more: Any) -> Any:
        kept = [header for header in told if not header[0].lower().startswith("access-control-")]
        return start_response(status, [*kept, *headers], *more)

    return start


def _by_verdict(verdict: AccessVerdict, start_response: StartResponse) -> list[bytes]:
    if verdict.status < 300:
        start_response(f"{verdict.status} OK", [("Content-Length", "0")])
        return [b""]
    raise Refused(verdict.code, verdict.text, verdict.status)


def _take_credential_from_query(environ: Environ) -> None:
    """moto looks for service and region in the header alone; S3 has its own way with what was signed beforehand."""
    credential = credential_in(environ["QUERY_STRING"].encode("latin-1"))
    if credential is not None and credential.service != "s3" and "HTTP_AUTHORIZATION" not in environ:
        scope = f"{credential.access_key}/20260101/{credential.region}/{credential.service}/aws4_request"
        environ["HTTP_AUTHORIZATION"] = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=query"


def _with_ids(start_response: StartResponse) -> StartResponse:
    """By which a caller finds the request in S3's events."""

    def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
        return start_response(status, [*headers, *request_ids().items()], *more)

    return start


def _explained(backend: str, environ: Environ, error: Exception) -> Refused | None:
    """moto raised what it should not."""
    from lambda_emu.services.child.program.checks.explaining import explain  # here: mistakes alone need it

    log.debug("%s %s", environ["REQUEST_METHOD"], environ["REQUEST_URI"], exc_info=error)
    try:
        return explain(backend, environ, error)
    except Exception:
        log.exception("what moto raised could not be explained")
        return None


def _refuse_mistake(backend: str, environ: Environ) -> None:
    """moto failed, by an answer of its own, over what is the caller's mistake. Refused."""
    from lambda_emu.services.child.program.checks.explaining import mistake  # as above

    refused = mistake(backend, environ)
    if refused is not None:
        raise refused


def _is_nothing(status: str, body: bytes) -> bool:
    """Whether it is what moto and Flask have for what they do not know."""
    return status[:3] in ("404", "405") and (not body or body.startswith(b"<!doctype html"))


def _unknown_service() -> Refused:
    """Signed for something that is not served here."""
    return Refused("UnknownOperationException", "No service of lambda-emu takes this request.")


def _answer(start_response: StartResponse, status: str, kind: str, body: str) -> list[bytes]:
    data = body.encode()
    start_response(status, [("Content-Type", kind), ("Content-Length", str(len(data)))])
    return [data]
