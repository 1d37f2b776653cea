"""Replication: the service's settings, the links, and what can be done to them."""

from __future__ import annotations

from typing import Any

from .._check import kind, number
from .._xml import nested
from ..errors import HcpsdkError
from ..target import Target
from ._engine import XML, Answer, Mapi, as_dict, content_of, listed, name_of, url_of

_SERVICE = ('services', 'replication')
_CERTIFICATES = (*_SERVICE, 'certificates')

MAX_REASON = 1024
"""characters (MAPI reference, 2.1)"""


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
        super().__init__(target, None, debuglevel)

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

    def setreplicationsettings(self, **properties: Any) -> None:
        """Change settings of the replication service.

        :param properties: as HCP spells them, such as ``enableDNSFailover=True``
        :raises MapiError: if HCP refuses
        """
        self.post(_SERVICE, body=properties)

    def shutdownalllinks(self, reason: str) -> None:
        """Stop all activity on all links, reads from and repairs by the other systems included.

        :param reason: for HCP's log, 1 to 1,024 characters
        :raises ValueError: if there is none
        :raises MapiError: if HCP refuses
        """
        number('the length of a reason', len(kind('a reason', reason, str)), 1, MAX_REASON)
        self.post(_SERVICE, {'shutDownAllLinks': reason})

    def reestablishalllinks(self) -> None:
        """Put every link back into the state that it had before :meth:`shutdownalllinks`.

        :raises MapiError: if HCP refuses
        """
        self.post(_SERVICE, {'reestablishAllLinks': ''})

    def createlink(self, name: str, type: str, remoteHost: str, **properties: Any) -> None:
        """Make a link to another system; each of the two has to know the other's certificate.

        :param name: of the new link
        :param type: one of the constants for link types, as this system will see it
        :param remoteHost: ``replication.admin.<hcp domain>`` of the other system, or its nodes' addresses
        :param properties: more properties, as HCP spells them; those of ``connection``, too
        :raises ValueError: if the type is unknown, or if a name is missing
        :raises MapiError: if HCP refuses
        """
        name_of(name, 'the name of a link')
        name_of(remoteHost, 'remoteHost')
        if type not in _ANY_TYPE:
            raise ValueError(f'type must be one of {", ".join(sorted(_ANY_TYPE))}, not {type!r}')
        connection = {'remoteHost': remoteHost, **(properties.pop('connection', None) or {})}
        self.put(
            (*_SERVICE, 'links'), body={'name': name, 'type': type, 'connection': connection, **properties}
        )

    def modifylink(self, name: str, /, **properties: Any) -> None:
        """Change properties of a link; this interrupts it for a moment.

        :param name: its name; ``name=...`` as a property gives it another one
        :param properties: as HCP spells them; ``type`` can become ``R_ACTIVE_ACTIVE`` and nothing else
        :raises MapiError: if HCP refuses
        """
        self.post(_link(name), body=properties)

    def deletelink(self, name: str) -> None:
        """Delete a link, which has to be suspended; its tenants can be written to on both systems then.

        :param name: its name
        :raises MapiError: if HCP refuses
        """
        self.delete(_link(name))

    def linkcontent(self, name: str) -> dict[str, list[str]]:
        """What a link replicates.

        :param name: its name
        :returns: ``tenants``, ``defaultNamespaceDirectories`` and ``chainedLinks``, as far as there can be
            any: lists of names
        :raises MapiError: if HCP refuses
        """
        return _names(self.get((*_link(name), 'content')))

    def candidates(self, name: str, remote: bool = False) -> dict[str, list[str]]:
        """What could be added to a link.

        :param name: its name
        :param remote: on the other system, which is asked for it
        :returns: as :meth:`linkcontent`
        :raises MapiError: if HCP refuses
        """
        return _names(self.get((*_link(name), 'remoteCandidates' if remote else 'localCandidates')))

    def addcontent(self, name: str, member: str, what: str = 'tenants') -> None:
        """Have a link replicate one more tenant, directory or link.

        :param name: the link's
        :param member: the name of what is added
        :param what: ``'tenants'``, ``'defaultNamespaceDirectories'`` or ``'chainedLinks'``
        :raises MapiError: if HCP refuses
        """
        self.put(_content(name, member, what))

    def removecontent(self, name: str, member: str, what: str = 'tenants') -> None:
        """Have a link not replicate something any more; for the parameters see :meth:`addcontent`."""
        self.delete(_content(name, member, what))

    def tenantstate(self, name: str, tenant: str) -> dict[str, Any]:
        """How the replication of a tenant is doing on a link.

        :returns: ``status``, ``upToDateAsOfString``, ``objectsPending`` and so on
        :raises MapiError: if HCP refuses
        """
        return as_dict(self.get(_content(name, tenant, 'tenants')), f'tenant {tenant} of link {name}')

    def pausetenant(self, name: str, tenant: str) -> None:
        """Stop the replication of one tenant on a link, until :meth:`resumetenant`."""
        self.post(_content(name, tenant, 'tenants'), {'pause': ''})

    def resumetenant(self, name: str, tenant: str) -> None:
        """Go on with the replication of a tenant on a link."""
        self.post(_content(name, tenant, 'tenants'), {'resume': ''})

    def schedule(self, name: str) -> dict[str, Any]:
        """When a link works how hard.

        :returns: ``local`` and ``remote``, as far as they are this system's to set
        :raises MapiError: if HCP refuses
        """
        return as_dict(self.get((*_link(name), 'schedule')), f'the schedule of link {name}')

    def setschedule(self, name: str, **sides: Any) -> None:
        """Say when a link works how hard.

        :param name: the link's
        :param sides: ``local`` or ``remote``, as :meth:`schedule` has them
        :raises MapiError: if HCP refuses
        """
        self.post((*_link(name), 'schedule'), body=sides)

    def certificates(self) -> list[dict[str, Any]]:
        """The certificates of the other systems, and that of this one (``id`` is ``server``).

        :returns: a list of dictionaries, ``id``, ``subjectDN``, ``validOn``, ``expiresOn``
        :raises MapiError: if HCP refuses
        """
        found = as_dict(self.get(_CERTIFICATES), 'the list of certificates')
        return [as_dict(one, 'a certificate') for one in listed(found, 'certificate')]

    def certificate(self, id: str = 'server') -> str:
        """A certificate as text, to be uploaded to the other system; this system's own by default.

        :raises MapiError: if HCP refuses
        """
        return self._text((*_CERTIFICATES, name_of(id, 'the id of a certificate')))

    def uploadcertificate(self, text: str) -> None:
        """Trust another system; it may take ten minutes until a link works with a new certificate.

        :param text: its certificate, as :meth:`certificate` there returns it
        :raises MapiError: if HCP refuses
        :raises TypeError, ValueError: if there is none
        """
        self.put(_CERTIFICATES, body=content_of('text', text), form=XML)

    def deletecertificate(self, id: str) -> None:
        """Trust another system no more.

        :raises MapiError: if HCP refuses
        """
        self.delete((*_CERTIFICATES, name_of(id, 'the id of a certificate')))


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


_CONTENTS = ('tenants', 'defaultNamespaceDirectories', 'chainedLinks')


def _content(name: str, member: str, what: str) -> tuple[str, ...]:
    if what not in _CONTENTS:
        raise ValueError(f'what must be one of {", ".join(_CONTENTS)}, not {what!r}')
    return (*_link(name), 'content', what, name_of(member, 'the name of what a link replicates'))


def _names(answer: Answer) -> dict[str, list[str]]:
    found = as_dict(answer, 'the content of a link')
    return {what: [str(name) for name in listed(members, 'name')] for what, members in found.items()}


def _link(name: str) -> tuple[str, ...]:
    return (*_SERVICE, 'links', name_of(name, 'the name of a link'))
