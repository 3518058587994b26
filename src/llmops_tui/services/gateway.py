"""Running the gateway on a workspace."""

from __future__ import annotations

from collections.abc import Callable

from llmops_tui.core.errors import InputError
from llmops_tui.core.project import Project
from llmops_tui.services.projects import find_project, list_projects
from llmops_tui.services.workspace import Workspace
from llmops_tui.store import endpoints

AUDIT_SHARE = 0.05


def project_for_calls(workspace: Workspace, name: str | None) -> Project | None:
    """The project of calls that don't say theirs: the one named, or the only one.

    None in a workspace without a project.

    Raises:
        NotFoundError: there is none of that name.
        InputError: there are several and none was named.
    """
    if name is None and not list_projects(workspace):
        return None
    return find_project(workspace, name)


def serve(
    workspace: Workspace,
    project: Project | None,
    *,
    host: str,
    port: int,
    token: str | None,
    upstream: str | None,
    audit_share: float,
    ready: Callable[[str], None],
) -> None:
    """Receive calls until SIGTERM or SIGINT; returns when all that was taken is committed.

    Args:
        workspace: where calls are stored.
        project: the project of calls that don't say theirs; None for none.
        host: where to listen; anything but loopback needs a token.
        port: 0 for any free one.
        token: what clients must show.
        upstream: the endpoint that proxied calls go to; None for the first of the protocol.
        audit_share: share of unflagged calls that are drawn for review at random.
        ready: called with the address once it listens.

    Raises:
        InputError: it may not or can't listen there, or there is no such endpoint.
    """
    from llmops_tui.gateway.server import GatewayOptions, run  # only who serves pays for it
    from llmops_tui.providers.keys import Secret

    places = {place.name: place for place in endpoints.endpoints(workspace.db)}
    if upstream is not None and upstream not in places:
        names = ", ".join(places) or "none yet"
        raise InputError(f"There is no endpoint named {upstream!r}.", f"Endpoints here: {names}.")
    options = GatewayOptions(
        db_path=workspace.path,
        host=host,
        port=port,
        token=Secret(token or ""),
        upstreams=places,
        default_upstream=upstream or "",
        project_id=project.id if project is not None else None,
        audit_probability=audit_share,
    )
    run(options, lambda listening: ready(listening.url))
