"""The health check report: have it packed, and download it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, time
from typing import Any, Union

from .._check import kind
from ._engine import JSON
from ._packages import Hook, Packages, check_days, check_target_file, words, written


class HealthCheck(Packages):
    """A report on the health of the system, which HCP packs on request.

    :param target: as for :class:`hcpsdk.mapi.System`, whose :attr:`hcpsdk.mapi.System.healthcheck` it is
    :param debuglevel: as in :class:`hcpsdk.Connection`
    :param timeout: seconds, as in :class:`hcpsdk.Connection`; None for 60, but ten minutes for the first byte
        of a package

    .. versionadded:: 0.9.0-5
    """

    _since = '9.0'
    _place = 'healthCheckReport'
    _what = 'health check report'

    def prepare(
        self,
        startdate: date | None = None,
        enddate: date | None = None,
        exacttime: time | None = None,
        collectcurrent: bool | None = None,
    ) -> None:
        """Have HCP pack a report. It takes a while: see :meth:`wait_ready`.

        :param startdate: the first day, a :class:`datetime.date`; HCP's default if None, as for the others
        :param enddate: the last day
        :param exacttime: the time of the day, a :class:`datetime.time`; its minutes count
        :param collectcurrent: whether the present state is to be in it (HCP's default: yes)
        :raises MapiError: if HCP refuses; so it does while it is packing
        :raises TypeError, ValueError: if an argument makes no sense
        """
        check_days(startdate, enddate)
        order: dict[str, Any] = {
            'startDate': startdate and written(startdate),
            'endDate': enddate and written(enddate),
            'exactTime': None if exacttime is None else f'{kind("exacttime", exacttime, time):%H:%M}',
            'collectCurrent': None
            if collectcurrent is None
            else kind('collectcurrent', collectcurrent, bool),
        }
        self._order({name: value for name, value in order.items() if value is not None})

    def download(
        self,
        hdl: Any = None,
        nodes: Iterable[Union[int, str]] = (),
        progresshook: Hook = None,
        hidden: bool = True,
    ) -> tuple[Any, str]:
        """Download the report, block by block.

        :param hdl: a file, open for writing in binary mode, which is written to from where it stands,
            and ends with the archive; None for a temporary one
        :param nodes: numbers of nodes, such as 101; all of them by default
        :param progresshook: called after each block with the number of bytes that are there (int)
        :param hidden: False for a temporary file with a name
        :returns: a tuple (the file, a zip archive, at the begin of that; the file name that HCP suggests)
        :raises MapiError: if HCP refuses, or if nothing is ready for download
        :raises HcpsdkTruncatedError: if it was cut on the way; nothing of it is left in ``hdl`` then
        :raises TypeError, ValueError: if an argument makes no sense
        """
        check_target_file(hdl, progresshook)
        chosen = words('nodes', nodes)
        order = {'nodes': chosen} if chosen else {}
        return self._fetch(order, JSON, hdl, progresshook, kind('hidden', hidden, bool))
