"""The server of the app: HTTP/1.1 with kept connections on a Unix socket."""

from __future__ import annotations

import gc
import time
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

from cheroot import wsgi
from moto.core.config import default_user_config
from moto.core.request import (
    PRESERVED_HEADER_NAMES_ENVIRON_KEY,
    environ_key_for_header,
    should_preserve_original_header_name,
)

from lambda_emu.services.child.program.app import App, Environ
from lambda_emu.services.child.program.front import Front
from lambda_emu.services.child.program.objects.bodies import BODIES, PIECE_BYTES, Bodies
from lambda_emu.services.child.program.objects.intake import SUMS
from lambda_emu.services.child.program.outbox import Outbox
from lambda_emu.services.child.program.patches import seams, sns_delivery
from lambda_emu.services.child.program.patches.aws_policies import delay_aws_policies
from lambda_emu.services.child.program.sockets import Connection
from lambda_emu.services.child.program.state.journal import own_folder
from lambda_emu.services.child.program.state.moment import replace_time
from lambda_emu.services.child.program.telling import Teller

THREADS = 32
"""As many requests as the server sends at once."""
LARGE_BYTES = 4 * 1024 * 1024
COLLECTED_S = 1.0
"""Between two collections that somebody has: each looks through all that moto knows."""
IDLE_S = 7 * 24 * 3600
"""Only the server ends its connections, so none ends just when a request is sent."""


def server(socket_path: str, front: Front, teller: Teller, folder: Path | None) -> wsgi.Server:
    """Not listening yet. front: our own server. folder: where what is known is kept; None: nowhere."""
    default_user_config["lambda"] = {"use_docker": False}
    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    seams.replace_lambda(front)
    seams.hide_helpers()
    seams.match_newlines()
    seams.forget_instances()
    seams.remember_services()
    delay_aws_policies()
    replace_time()
    beneath = own_folder(folder or Path(socket_path).parent)
    sns_delivery.kept_in, sns_delivery.outbox = folder, Outbox(folder)
    app = App(front, teller, Bodies(beneath / BODIES, is_kept=folder is not None), sns_delivery.outbox, folder)
    if folder is not None:
        app.keep(folder)
    made = wsgi.Server(socket_path, app, numthreads=THREADS, request_queue_size=THREADS, timeout=IDLE_S)
    made.keep_alive_conn_limit = THREADS
    made.expiration_interval = IDLE_S  # it looks for connections to end so often, and need not
    made.gateway = Environs
    made.ConnectionClass = Connection
    return made


class Environs(wsgi.Gateway_10):
    """Environs as moto's own server makes them: S3's metadata may have underscores in their names."""

    collected_s = 0.0

    def respond(self) -> None:
        """A large body is held by what moto and Flask leave in circles; it is not to wait for the collector."""
        super().respond()
        is_large = SUMS not in self.env and int(self.env.get("CONTENT_LENGTH") or 0) > LARGE_BYTES
        if is_large and time.monotonic() - Environs.collected_s > COLLECTED_S:
            Environs.collected_s = time.monotonic()
            self.env.clear()
            gc.collect()

    def start_response(self, *said: Any) -> Any:
        """What of its body nobody wanted is read by pieces; cheroot would read it at once."""
        while self.req.rfile.read(PIECE_BYTES):
            pass
        return super().start_response(*said)

    def get_environ(self) -> Environ:  # type: ignore[override]  # cheroot says None
        environ: Environ = super().get_environ()  # type: ignore[no-untyped-call]
        target = self.req.uri.decode("latin-1")
        path = target.partition("?")[0]
        environ["PATH_INFO"] = unquote_to_bytes(path).decode("latin-1")
        environ["REQUEST_URI"] = environ["RAW_URI"] = target
        environ["SERVER_PORT"] = "80"
        names = [name.decode("latin-1").lower() for name in self.req.inheaders]
        dashed = {environ_key_for_header(name) for name in names if "_" not in name}
        kept = {environ_key_for_header(name): name for name in names if should_preserve_original_header_name(name)}
        environ[PRESERVED_HEADER_NAMES_ENVIRON_KEY] = {key: name for key, name in kept.items() if key not in dashed}
        return environ
