"""What belongs to the system as a whole: licences, statistics, network, support credentials."""

from __future__ import annotations

from typing import Any, Union

from ..target import Target
from ._engine import Mapi, as_dict, content_of, listed
from .healthcheck import HealthCheck
from .topologies import Topologies

DNS_MODES = ('BASIC', 'ADVANCED')
"""how HCP answers for the names below its own (MAPI reference, 7.4)"""


class System(Mapi):
    """Look at a system as a whole, and change the little that MAPI lets one change of it.

    :param target: a :class:`hcpsdk.Target` for ``admin.<hcp domain>`` and port 9090, with the
        credentials of a system-level user
    :param timeout: seconds, as in :class:`hcpsdk.Connection`
    :param debuglevel: as in :class:`hcpsdk.Connection`
    :raises TypeError, ValueError: if an argument makes no sense

    Dictionaries are as HCP spells them. It asks not to be asked for statistics more than once an hour.

    .. versionadded:: 0.9.0-5
    """

    def __init__(
        self, target: Target, timeout: float | tuple[float, float] = 60, debuglevel: int = 0
    ) -> None:
        super().__init__(target, timeout, debuglevel)
        self._healthcheck = HealthCheck(target, debuglevel)
        self._topologies = Topologies(target, timeout, debuglevel)

    @property
    def healthcheck(self) -> HealthCheck:
        """The report on the system's health: a :class:`hcpsdk.mapi.HealthCheck`."""
        return self._healthcheck

    @property
    def topologies(self) -> Topologies:
        """The erasure-coding topologies: a :class:`hcpsdk.mapi.Topologies`."""
        return self._topologies

    def __enter__(self) -> System:
        self._healthcheck.__enter__()
        self._topologies.__enter__()
        return super().__enter__()

    def close(self) -> None:
        """Close all connections to HCP; the next question would open a new one."""
        super().close()
        self._healthcheck.close()
        self._topologies.close()

    def licenses(self, all: bool = False) -> list[dict[str, Any]]:
        """The licence.

        :param all: True for all licences that there ever were, with the dates of their upload
        :returns: a list of dictionaries, with ``localCapacity``, ``extendedCapacity`` (bytes),
            ``feature``, ``expirationDate`` (text) and ``serialNumber``; some releases say
            ``activeCapacity`` and ``licenseType`` for the first and the third one
        :raises MapiError: if HCP refuses
        """
        params = {'verbose': True} if all else None
        found = as_dict(self.get('storage/licenses', params), 'the licences')
        return [as_dict(one, 'a licence') for one in listed(found, 'license')]

    def uploadlicense(self, key: Union[str, bytes]) -> None:
        """Give the system a new licence. It is not repeated, whatever happens on the way.

        :param key: the licence key, as it was sent by the vendor
        :raises MapiError: if HCP refuses
        """
        self.put('storage/licenses', body=content_of('key', key), form='text/html')  # sic (7.1)

    def nodestatistics(self) -> dict[str, Any]:
        """How the nodes fare: load, network, connections, volumes.

        :returns: ``requestTime`` (milliseconds since 1970) and ``nodes``, a dictionary with the list ``node``
        :raises MapiError: if HCP refuses
        """
        return as_dict(self.get('nodes/statistics'), 'the statistics of the nodes')

    def servicestatistics(self) -> dict[str, Any]:
        """What the background services do.

        :returns: ``requestTime`` (milliseconds since 1970) and ``services``, a dictionary with the list
            ``service``; ``startTime`` and ``endTime`` of a service are seconds since 1970, or -1
        :raises MapiError: if HCP refuses
        """
        return as_dict(self.get('services/statistics'), 'the statistics of the services')

    def network(self) -> dict[str, Any]:
        """The settings of the network.

        :returns: a dictionary with ``downstreamDNSMode``: ``'BASIC'`` or ``'ADVANCED'``
        :raises MapiError: if HCP refuses
        """
        return as_dict(self.get('network'), 'the network')

    def modifynetwork(self, downstreamDNSMode: str) -> None:
        """Change the settings of the network.

        :param downstreamDNSMode: ``'BASIC'`` or ``'ADVANCED'``
        :raises MapiError: if HCP refuses
        :raises ValueError: if it is neither of them
        """
        if downstreamDNSMode not in DNS_MODES:
            raise ValueError(
                f'downstreamDNSMode must be one of {", ".join(DNS_MODES)}, not {downstreamDNSMode!r}'
            )
        self.post('network', body={'downstreamDNSMode': downstreamDNSMode})

    def supportcredentials(self) -> dict[str, Any]:
        """By which key the vendor's support gets access. Since release 9.

        :returns: a dictionary with ``type`` (``'Default'`` or ``'Exclusive'``), ``defaultKeyType``, and
            for an exclusive key ``applyTimeStamp``, ``createTimeStamp`` and ``serialNumberFromPackage``
        :raises MapiError: if HCP refuses
        """
        return as_dict(self.get('supportaccesscredentials'), 'the support access credentials')

    def uploadsupportcredentials(self, package: bytes) -> None:
        """Give the vendor's support another key. It is not repeated, whatever happens on the way.

        :param package: what is in the file of the key package
        :raises MapiError: if HCP refuses
        """
        body = content_of('package', package)
        self.put('supportaccesscredentials', body=body, form='application/octet-stream')
