"""What a replication link replicates, and what it could (2.6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from .formats import Tree
from .link_changes import the_link
from .links import ACTIVE_ACTIVE, INBOUND, ReplicationLink, WrongState
from .model import find
from .replies import Refusal, local_time
from .resource import WRITERS, Ask, Method, Route, named

DEFAULT_TENANT = 'Default'
DIRECTORIES, CHAINED, TENANTS = 'defaultNamespaceDirectories', 'chainedLinks', 'tenants'

Names = Callable[[Ask, ReplicationLink], list[str]]

CONTENT: dict[str, Names] = {
    CHAINED: lambda ask, link: link.chained,
    DIRECTORIES: lambda ask, link: link.directories,
    TENANTS: lambda ask, link: link.tenants,
}


def _local_tenants(ask: Ask, link: ReplicationLink) -> list[str]:
    return [name for name in ask.system.tenants if name not in link.tenants]


def _remote_tenants(ask: Ask, link: ReplicationLink) -> list[str]:
    """Those of the other system; of a link that leads nowhere there are none.

    :raises Refusal: 503 if the other system cannot be asked [inferred]
    """
    try:
        return [name for name in link.remote_tenants() if name not in link.tenants]
    except WrongState as error:
        raise Refusal(503, str(error)) from error


def _chainable(ask: Ask, link: ReplicationLink) -> list[str]:
    """The links by which this system is a replica, and whose content can be sent on."""
    others = [one for one in ask.system.links.values() if one.type == INBOUND and one is not link]
    return [one.name for one in others if one.name not in link.chained]


def _nothing(ask: Ask, link: ReplicationLink) -> list[str]:
    """What the mock does not know: directories of a default namespace, and the other system's links."""
    return []


LOCAL: dict[str, Names] = {CHAINED: _chainable, DIRECTORIES: _nothing, TENANTS: _local_tenants}
REMOTE: dict[str, Names] = {CHAINED: _nothing, DIRECTORIES: _nothing, TENANTS: _remote_tenants}


def _there(ask: Ask, kind: str) -> bool:
    """Whether a link has such content: active/active ones chain nothing, directories need their tenant."""
    if kind == CHAINED:
        return the_link(ask).type != ACTIVE_ACTIVE
    return kind != DIRECTORIES or find(ask.system.tenants, DEFAULT_TENANT) is not None


def _whole(names: Mapping[str, Names]) -> Callable[[Ask], Tree]:
    def act(ask: Ask) -> Tree:
        link = the_link(ask)
        return {kind: {'name': list(names[kind](ask, link))} for kind in names if _there(ask, kind)}

    return act


def _listing(names: Names) -> Callable[[Ask], Tree]:
    def act(ask: Ask) -> Tree:
        return {'name': list(names(ask, the_link(ask)))}

    return act


def _finder(kind: str) -> Callable[[Ask], ReplicationLink]:
    """Looks for a link that has content of a kind; without it there is no such resource [inferred]."""

    def find_link(ask: Ask) -> ReplicationLink:
        link = the_link(ask)
        if not _there(ask, kind):
            raise Refusal(404)
        return link

    return find_link


def _changeable(ask: Ask) -> ReplicationLink:
    """The link, if its content can be changed.

    :raises Refusal: 403 while all links are shut down (2.1; the status is [inferred])
    """
    if ask.system.replication.shut_down_reason is not None:
        raise Refusal(403, 'all links are shut down')
    return the_link(ask)


def _present(ask: Ask, names: list[str]) -> str:
    """The name in the path as it is in a list.

    :raises Refusal: 404
    """
    return named({name: name for name in names}, ask.names['name'])


def _absent(ask: Ask, names: list[str]) -> None:
    if find({name: name for name in names}, ask.names['name']) is not None:
        raise Refusal(409, f'{ask.names["name"]} is in the link')


def put_tenant(ask: Ask) -> None:
    """Replicate a tenant from now on.

    Two links to the same system have different content (2.3).

    :raises Refusal: 404 if there is no such tenant; 403, 409
    """
    link = _changeable(ask)
    tenant = named(ask.system.tenants, ask.names['name'])
    _absent(ask, link.tenants)
    rivals = [one for one in ask.system.links.values() if one.remote_host == link.remote_host]
    if any(tenant.name in one.tenants for one in rivals):
        raise Refusal(403, 'another link to the same system has this tenant')
    try:
        link.add(tenant.name)
    except WrongState as error:
        raise Refusal(403, str(error)) from error


def delete_tenant(ask: Ask) -> None:
    """Do not replicate a tenant any longer."""
    link = _changeable(ask)
    link.drop(_present(ask, link.tenants))


def get_tenant(ask: Ask) -> Tree:
    """How a tenant fares on the link."""
    link = the_link(ask)
    name = _present(ask, link.tenants)
    backlog = link.backlog(name)
    tree: dict[str, Any] = {
        'bytesPending': backlog.bytes,
        'bytesPendingRemote': backlog.bytes_remote,
        'objectsPending': backlog.objects,
        'objectsPendingRemote': backlog.objects_remote,
        'status': 'PAUSED' if name in link.paused else 'REPLICATING',
        'upToDateAsOfMillis': backlog.up_to_date_ms,
        'upToDateAsOfString': local_time(backlog.up_to_date_ms, ask.system.zone),
    }
    return tree


def post_tenant(ask: Ask) -> None:
    """Have a tenant wait, or go on."""
    link = the_link(ask)
    name = _present(ask, link.tenants)
    pause, resume = ask.flagged('pause'), ask.flagged('resume')
    if pause == resume:
        raise Refusal(400, 'one of these parameters is required: pause, resume')
    (link.paused.add if pause else link.paused.discard)(name)


def put_directory(ask: Ask) -> None:
    """Replicate a top-level directory of the default namespace; the mock has none, so any name will do."""
    link = _changeable(ask)
    if ask.names['name'] in link.directories:
        raise Refusal(409, 'the directory is in the link')
    link.directories.append(ask.names['name'])


def delete_directory(ask: Ask) -> None:
    """Do not replicate a directory any longer; unlike other names these are case sensitive [inferred]."""
    link = _changeable(ask)
    if ask.names['name'] not in link.directories:
        raise Refusal(404)
    link.directories.remove(ask.names['name'])


def put_chained(ask: Ask) -> None:
    """Send on what comes by another link."""
    link = _changeable(ask)
    _absent(ask, link.chained)
    link.chained.append(_present(ask, _chainable(ask, link)))


def delete_chained(ask: Ask) -> None:
    """Do not send on what comes by another link."""
    link = _changeable(ask)
    link.chained.remove(_present(ask, link.chained))


LINK = 'services/replication/links/{link}'

_ITEMS: dict[str, tuple[str, Mapping[str, Method]]] = {
    TENANTS: (
        'tenant',
        {
            'GET': Method(get_tenant),
            'PUT': Method(put_tenant, WRITERS),
            'POST': Method(post_tenant, WRITERS),
            'DELETE': Method(delete_tenant, WRITERS),
        },
    ),
    DIRECTORIES: (
        'defaultNamespaceDirectory',
        {'PUT': Method(put_directory, WRITERS), 'DELETE': Method(delete_directory, WRITERS)},
    ),
    CHAINED: (
        'chainedLink',
        {'PUT': Method(put_chained, WRITERS), 'DELETE': Method(delete_chained, WRITERS)},
    ),
}


def _routes() -> list[Route]:
    routes = []
    for part, names in (('content', CONTENT), ('localCandidates', LOCAL), ('remoteCandidates', REMOTE)):
        path = f'{LINK}/{part}'
        routes.append(Route(path, 'content', {'GET': Method(_whole(names))}, the_link))
        for kind in names:
            listing = {'GET': Method(_listing(names[kind]))}
            routes.append(Route(f'{path}/{kind}', kind, listing, _finder(kind)))
    for kind, (root, methods) in _ITEMS.items():
        routes.append(Route(f'{LINK}/content/{kind}/{{name}}', root, methods, _finder(kind)))
    return routes


ROUTES = _routes()
