"""``/mapi/services/replication``: the service's settings, its links, and what is done to those."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import certificates, link_changes, link_content, link_schedules
from .formats import Tree
from .kinds import BOOLEAN, SHOWN_ONLY, BadValue, Kind, choice, integer
from .link_changes import LINK, SIDES, the_link
from .links import ACTIONS, ALIASES, ReplicationLink, WrongState, WrongType
from .properties import ALL, Property, Table, shown_only
from .replies import Refusal, local_time
from .resource import WRITERS, Ask, Method, Route

MAX_REASON = 1024
"""characters of the reason for shutting down all links"""

BACKEND = '[hcp_backend]'
"""the network that cannot be had for replication"""

NEWER = (8, 0)
"""the release from which there is more than in 7.x [inferred]"""


def _network(value: Any) -> str:
    """Names of networks are not case sensitive, and this one is none of them."""
    name = str(value)
    if not name or name.lower() == BACKEND:
        raise BadValue(f'any network but {BACKEND}')
    return name


# These four are all that 7.x shows.
_SETTINGS = (
    Property('allowTenantsToMonitorNamespaces', BOOLEAN, 'allow_tenants_to_monitor_namespaces'),
    Property('enableDNSFailover', BOOLEAN, 'enable_dns_failover'),
    Property(
        'enableDomainAndCertificateSynchronization',
        BOOLEAN,
        'enable_domain_and_certificate_synchronization',
    ),
    Property('network', Kind(_network), 'network'),
)
_NEWER_SETTINGS = (
    Property('connectivityTimeoutSeconds', integer(0, 2**31 - 1), 'connectivity_timeout_seconds'),
    Property('verification', choice('ON', 'ONCE', 'OFF'), 'verification'),
)
_STATUS = shown_only('status', SHOWN_ONLY, 'status', verbose=ALL)
SERVICE = Table('replicationService', *_SETTINGS, _STATUS)
NEWER_SERVICE = Table('replicationService', *_SETTINGS, *_NEWER_SETTINGS, _STATUS)


def _table(ask: Ask) -> Table:
    return NEWER_SERVICE if ask.system.release >= NEWER else SERVICE


def get_service(ask: Ask) -> Tree:
    """The settings; the status only if asked to be verbose."""
    return _table(ask).show(ask, ask.system.replication)


def post_service(ask: Ask) -> None:
    """Change settings, or stop and restart all links."""
    service = ask.system.replication
    if 'shutDownAllLinks' in ask.query:
        reason = ask.query['shutDownAllLinks'] or ''
        if not 0 < len(reason) <= MAX_REASON:
            raise Refusal(400, f'shutDownAllLinks needs a reason of at most {MAX_REASON} characters')
        service.shut_down_reason = reason
    elif ask.flagged('reestablishAllLinks'):
        service.shut_down_reason = None
    else:
        _table(ask).apply(service, _table(ask).read(ask))


def get_links(ask: Ask) -> Tree:
    """The names of all links."""
    return {'name': [link.name for link in ask.system.links.values()]}


def get_link(ask: Ask) -> Tree:
    """The details of a link; how it fares only if asked to be verbose."""
    link = the_link(ask)
    computed: dict[str, Any] = {'connection': link, 'failoverSettings': SIDES[link.type].of(link)}
    if ask.true('verbose'):
        link.poll()
        computed['statistics'] = _statistics(ask, link)
    return LINK.show(ask, link, computed)


def _statistics(ask: Ask, link: ReplicationLink) -> Tree:
    figures = link.statistics
    # what the mock does not verify (2.3); 7.x has no such figures
    verified = {'objectsVerified': 0, 'objectsReplicatedAfterVerification': 0}
    return {
        'upToDateAsOfString': local_time(figures.up_to_date_ms, ask.system.zone),
        'upToDateAsOfMillis': figures.up_to_date_ms,
        'bytesPending': figures.bytes_pending,
        'bytesPendingRemote': figures.bytes_pending_remote,
        'bytesReplicated': figures.bytes_replicated,
        'bytesPerSecond': figures.bytes_per_second,
        'objectsPending': figures.objects_pending,
        'objectsPendingRemote': figures.objects_pending_remote,
        'objectsReplicated': figures.objects_replicated,
        'operationsPerSecond': figures.operations_per_second,
        'errors': figures.errors,
        'errorsPerSecond': figures.errors_per_second,
        **(verified if ask.system.release >= NEWER else {}),
    }


def post_link(ask: Ask) -> None:
    """Do an action on a link, or change it.

    How an action that does not fit is refused is [inferred]: HCP documents no status.
    """
    actions = [name for name in (*ACTIONS, *ALIASES) if ask.flagged(name)]
    if ask.body and not actions:
        link_changes.modify(ask)
        return
    if len(actions) != 1:
        raise Refusal(400, f'one action is required: {", ".join(ACTIONS)}')
    try:
        the_link(ask).apply(actions[0])
    except WrongType as error:
        raise Refusal(400, str(error)) from error
    except WrongState as error:
        raise Refusal(403, str(error)) from error


_SERVICE: Mapping[str, Method] = {'GET': Method(get_service), 'POST': Method(post_service, WRITERS)}
_LINKS: Mapping[str, Method] = {'GET': Method(get_links), 'PUT': Method(link_changes.put_link, WRITERS)}
_LINK: Mapping[str, Method] = {
    'GET': Method(get_link),
    'POST': Method(post_link, WRITERS),
    'DELETE': Method(link_changes.delete, WRITERS),
}

ROUTES = [
    Route('services/replication', 'replicationService', _SERVICE),
    Route('services/replication/links', 'links', _LINKS),
    Route('services/replication/links/{link}', 'link', _LINK, the_link),
    *link_content.ROUTES,
    *link_schedules.ROUTES,
    *certificates.ROUTES,
]
