"""What the resources have in common that pack something for download: status, order, zip file (6, 7.5)."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from .formats import Tree
from .messages import Answer
from .packages import Order, Package
from .replies import Refusal
from .resource import Ask
from .running import NodeState

ZIP = 'application/zip'


def status(ask: Ask, package: Package, content: str) -> Tree:
    """How far a package is; looking at it brings it on."""
    package.expire(ask.now)
    tree = {
        'readyForStreaming': package.ready,
        'streamingInProgress': package.downloads > 0,
        'started': package.order is not None,
        'error': package.error,
        'content': content,
    }
    package.advance()
    return tree


def begin(ask: Ask, package: Package, tree: Tree, known: Sequence[str]) -> None:
    """Begin to pack.

    :param tree: the order
    :param known: the properties that it may have
    :raises Refusal: 400
    """
    unknown = set(tree) - set(known)
    if unknown:
        raise Refusal(400, f'{min(unknown)} is not known here')
    now = ask.now
    today = datetime.fromtimestamp(now, ask.system.zone).date()
    start, end = _date(tree, 'startDate', today), _date(tree, 'endDate', today)
    if start > end:
        raise Refusal(400, 'startDate is after endDate')
    snodes = listed(tree.get('snodes', ''))
    if not set(snodes) <= set(ask.system.snodes):
        raise Refusal(400, f'there are no such S Series nodes: {", ".join(snodes)}')
    if package.packing or package.downloads:  # while it is downloaded: [inferred]
        raise Refusal(400, 'a preparation is in progress')
    package.begin(Order(now, start, end, snodes))


def _date(tree: Tree, name: str, otherwise: date) -> date:
    if not tree.get(name):
        return otherwise
    try:
        return datetime.strptime(str(tree[name]), '%m/%d/%Y').date()
    except ValueError as error:
        raise Refusal(400, f'{name} is MM/DD/YYYY') from error


def listed(value: Any) -> list[str]:
    """A comma-separated list.

    >>> listed('101, 102'), listed('')
    (['101', '102'], [])
    """
    return [part.strip() for part in str(value).split(',') if part.strip()]


def chosen(ask: Ask, tree: Tree) -> list[NodeState]:
    """The nodes that a download names, or all of them.

    :raises Refusal: 400 for a node that there is not [inferred]
    """
    nodes = {str(node.number): node for node in ask.running.nodes()}
    wanted = listed(tree['nodes']) if 'nodes' in tree else list(nodes)
    missing = set(wanted) - set(nodes)
    if missing:
        raise Refusal(400, f'there is no node {min(missing)}')
    return [nodes[number] for number in wanted]


def ready(ask: Ask, package: Package) -> Order:
    """See to that a package can be had.

    :returns: what is in it

    :raises Refusal: 400 if not: HCP documents no status for it [inferred]
    """
    package.expire(ask.now)
    if package.order is None or not package.ready:
        raise Refusal(400, 'nothing is ready for download')
    return package.order


def bundle(
    ask: Ask, package: Package, name: str, nodes: Sequence[NodeState], files: Mapping[str, str]
) -> Answer:
    """A package as a zip file on its way, whose length nobody knows in advance."""
    when = datetime.fromtimestamp(ask.now, ask.system.zone)
    numbers = '_'.join(str(node.number) for node in nodes)
    file = f'{name}-{ask.system.domain}-n{numbers}-sp{when:%Y%m%d-%H%M}.zip'
    headers = [
        ('Content-Type', ZIP),
        ('Accept-Ranges', 'none'),
        ('Content-Disposition', f'attachment; filename={file}'),
    ]
    return Answer(200, headers, package.streamed(_zipped(files, when)))


def _zipped(files: Mapping[str, str], when: datetime) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, 'w', zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name, when.timetuple()[:6]), text, zipfile.ZIP_DEFLATED)
    return data.getvalue()
