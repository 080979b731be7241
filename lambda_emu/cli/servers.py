"""Which server a command asks when none is named: the one of this folder's project, by what it left in its data."""

from __future__ import annotations

from functools import partial

from lambda_emu.cli.client import DEFAULT_URL, Server
from lambda_emu.cli.options import NotDone, settings, token_of


def own_server(data_dir: str | None = None, project: str | None = None) -> Server | None:
    """The running server of this data directory, or of this project, ephemeral or not; None where none runs."""
    from lambda_emu.api.token import address_of, address_of_project
    from lambda_emu.sandbox.temporary import live_data

    chosen = settings(data_dir=data_dir, project=project)
    temporary = [] if data_dir is not None else live_data()
    for url in (address_of(chosen.data_dir), address_of_project(temporary, chosen.project_file)):
        if url is not None and (server := Server(url, partial(token_of, data_dir=str(chosen.data_dir)))).is_there():
            return server
    return None


def any_server(endpoint_url: str | None, data_dir: str | None) -> Server:
    """The one that is named, else this folder's own, else whatever is at the usual address."""
    if endpoint_url is None:
        try:
            if (own := own_server(data_dir)) is not None:
                return own
        except NotDone:  # a project that is of no concern to who asks a server
            pass
    return Server(endpoint_url or DEFAULT_URL, partial(token_of, data_dir=data_dir))
