"""Replication: the service's settings, the links, and what can be done to them."""

from __future__ import annotations

from typing import Any

from .._xml import nested
from ..errors import HcpsdkError
from ..target import Target
from ._engine import Mapi, name_of, url_of

_SERVICE = ('services', 'replication')


class ReplicationSettingsError(HcpsdkError):
    """The action does not fit the type of the link."""


class Replication(Mapi):
    """Look at replication links, and change what they do.

    :param target: a :class:`hcpsdk.Target` for ``admin.<hcp domain>`` and port 9090, with the
        credentials of a system-level user
    :param debuglevel: as in :class:`hcpsdk.Connection`
    :raises TypeError: if the target is none

    The constants ``R_ACTIVE_ACTIVE``, ``R_OUTBOUND`` and ``R_INBOUND`` are types of links as the
    asked system sees them; ``R_SUSPEND``, ``R_RESUME``, ``R_RESTORE``, ``R_FAILOVER``,
    ``R_FAILBACK``, ``R_BEGINRECOVERY`` and ``R_COMPLETERECOVERY`` are the actions.

    .. versionadded:: 0.9.0-5
    """

    _since = '7.0'

    def __init__(self, target: Target, debuglevel: int = 0) -> None:
        super().__init__(target, debuglevel=debuglevel)

    R_ACTIVE_ACTIVE = 'ACTIVE_ACTIVE'
    R_OUTBOUND = 'OUTBOUND'
    R_INBOUND = 'INBOUND'
    R_SUSPEND = 'suspend'
    R_RESUME = 'resume'
    R_RESTORE = 'restore'
    R_FAILOVER = 'failOver'
    R_FAILBACK = 'failBack'
    R_BEGINRECOVERY = 'beginRecovery'
    R_COMPLETERECOVERY = 'completeRecovery'

    def getreplicationsettings(self) -> dict[str, Any]:
        """The settings of the replication service.

        :returns: a dictionary of texts, as HCP sends them: ``allowTenantsToMonitorNamespaces``,
            ``enableDNSFailover``, ``enableDomainAndCertificateSynchronization``, ``network``
        :raises HcpsdkError: if HCP refuses
        """
        return nested(self._document(url_of(_SERVICE), 'replicationService'))

    def getlinklist(self) -> list[str]:
        """The names of all replication links.

        :returns: a list of str
        :raises HcpsdkError: if HCP refuses
        """
        found = self._document(url_of((*_SERVICE, 'links')), 'links')
        return [element.text or '' for element in found.iter('name')]

    def getlinkdetails(self, link: str) -> dict[str, Any]:
        """Everything about a replication link.

        :param link: its name, see :meth:`getlinklist`
        :returns: a dictionary of texts and dictionaries of texts, as HCP sends them, with
            ``name``, ``id``, ``type``, ``description``, ``status``, ``statusMessage``,
            ``suspended``, ``compression``, ``encryption``, ``priority``, ``connection``,
            ``failoverSettings`` and ``statistics``
        :raises HcpsdkError: if HCP refuses
        """
        return nested(self._document(url_of(_link(link)), 'link', {'verbose': True}))

    def setreplicationlinkstate(self, linkname: str, action: str, linktype: str | None = None) -> None:
        """Do something to a replication link: suspend it, fail over to this system, and so on.

        HCP carries it out in its own time: look at :meth:`getlinkdetails` for the effect.

        :param linkname: its name, see :meth:`getlinklist`
        :param action: one of the constants for actions
        :param linktype: one of the constants for link types; needed for all actions but
            ``R_SUSPEND``, ``R_RESUME`` and ``R_RESTORE``
        :raises ReplicationSettingsError: if the action does not fit the type of the link
        :raises ValueError: if action or link type are unknown
        :raises HcpsdkError: if HCP refuses
        """
        _check_action(action, linktype)
        self.post(_link(linkname), {action: ''})  # without a body, which only replication wants so (1.7)


_ACTIVE_ACTIVE = frozenset({Replication.R_ACTIVE_ACTIVE})
_PASSIVE = frozenset({Replication.R_OUTBOUND, Replication.R_INBOUND})
_ANY_TYPE = _ACTIVE_ACTIVE | _PASSIVE

# Which types of link an action fits (MAPI reference, 2.5); None: HCP need not be told the type.
_FITTING = {
    Replication.R_SUSPEND: None,
    Replication.R_RESUME: None,
    Replication.R_RESTORE: None,
    Replication.R_FAILOVER: _ANY_TYPE,
    Replication.R_FAILBACK: _ACTIVE_ACTIVE,
    Replication.R_BEGINRECOVERY: _PASSIVE,
    Replication.R_COMPLETERECOVERY: _PASSIVE,
}


def _check_action(action: str, linktype: str | None) -> None:
    if not isinstance(action, str) or action not in _FITTING:
        raise ValueError(f'action must be one of {", ".join(_FITTING)}, not {action!r}')
    if linktype not in (None, *_ANY_TYPE):
        raise ValueError(f'linktype must be one of {", ".join(sorted(_ANY_TYPE))}, not {linktype!r}')
    fitting = _FITTING[action]
    if fitting is not None and linktype not in fitting:
        raise ReplicationSettingsError(
            f'action {action} fits links of type {", ".join(sorted(fitting))},'
            f' not {linktype or "a link whose type was not given"}'
        )


def _link(name: str) -> tuple[str, ...]:
    return (*_SERVICE, 'links', name_of(name, 'the name of a link'))
