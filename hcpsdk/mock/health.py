"""``/mapi/healthCheckReport``: a report on the system's health, packed like the logs (7.5)."""

from __future__ import annotations

import re

from .archives import ZIP, begin, bundle, chosen, ready, status
from .formats import Tree
from .messages import Answer
from .replies import Refusal
from .resource import Ask, Method, Route

SINCE = (9, 0)
"""the first release with these resources (11)"""

KEEPERS = frozenset({'ADMINISTRATOR', 'SERVICE'})
CONTENT = 'HCR'
_EXACT = re.compile('([01][0-9]|2[0-3]):[0-5][0-9]')


def get_status(ask: Ask) -> Tree:
    """How far the packing is."""
    return status(ask, ask.system.health_check, CONTENT)


def post(ask: Ask) -> None:
    """Forget the package."""
    if not ask.flagged('cancel'):
        raise Refusal(400, 'this parameter is required: cancel')
    cancel(ask)


def cancel(ask: Ask) -> None:
    """Forget the package; the vendor's text has two ways to say it (10)."""
    ask.system.health_check.cancel()


def prepare(ask: Ask) -> None:
    """Begin to pack a report."""
    tree = ask.tree('healthCheckPrepare', 'healthcheckPrepare')
    if tree.get('exactTime') and not _EXACT.fullmatch(str(tree['exactTime'])):
        raise Refusal(400, 'exactTime is HH:mm')
    known = ('startDate', 'endDate', 'exactTime', 'collectCurrent')
    begin(ask, ask.system.health_check, tree, known)


def download(ask: Ask) -> Answer:
    """The report, node by node."""
    tree = ask.tree('healthCheckDownload')
    unknown = set(tree) - {'nodes', 'content'}
    if unknown:
        raise Refusal(400, f'{min(unknown)} is no property of healthCheckDownload')
    nodes = chosen(ask, tree)
    order = ready(ask, ask.system.health_check)
    files = {
        f'node{node.number}/health_check.txt': f'{order.start} to {order.end}: no problems\n'
        for node in nodes
    }
    return bundle(ask, ask.system.health_check, 'HCPHealthCheck', nodes, files)


_STATUS = {'GET': Method(get_status, KEEPERS), 'POST': Method(post, KEEPERS)}
_DOWNLOAD = {'POST': Method(download, KEEPERS, gives=(ZIP,))}

ROUTES = [
    Route('healthCheckReport', 'healthCheckDownloadStatus', _STATUS, since=SINCE),
    Route('healthCheckReport/prepare', 'healthCheckPrepare', {'POST': Method(prepare, KEEPERS)}, since=SINCE),
    Route('healthCheckReport/download', 'healthCheckDownload', _DOWNLOAD, since=SINCE),
    Route(
        'healthCheckReport/cancel',
        'healthCheckDownloadStatus',
        {'POST': Method(cancel, KEEPERS)},
        since=SINCE,
    ),
]
