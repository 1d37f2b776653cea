"""HCP's internal logs: have them packed, and download them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, Union

from .._check import kind
from .._xml import text
from ._engine import XML, MapiError
from ._packages import Hook, Packages, check_days, check_target_file, words, written

_EPOCH = date(1970, 1, 1)
_PROLOG = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'


class LogsError(MapiError):
    """HCP refused something that has to do with its logs.

    .. versionadded:: 0.9.0-5
    """


class LogsNotReadyError(LogsError):
    """There is no package of logs to be downloaded, or not yet.

    .. versionadded:: 0.9.0-5
    """


class LogsInProgessError(LogsError):
    """Logs are being packed, or downloaded, already. Spelled as in release 0.9.5.

    .. versionadded:: 0.9.0-5
    """


LogsInProgressError = LogsInProgessError


class Logs(Packages):
    """Write into HCP's internal logs, have them packed, and download them.

    :param target: a :class:`hcpsdk.Target` for ``admin.<hcp domain>`` and port 9090, with the
        credentials of a system-level user who has the role administrator or service
    :param debuglevel: as in :class:`hcpsdk.Connection`
    :param timeout: seconds, as in :class:`hcpsdk.Connection`; None for 60, but ten minutes for the first byte
        of a package
    :raises TypeError, ValueError: if an argument makes no sense

    The constants ``L_ACCESS``, ``L_SYSTEM``, ``L_SERVICE`` and ``L_APPLICATION`` are the types of logs,
    ``L_ALL`` is the list of them all. HCP keeps access logs for 30 days, and a package for 24 hours.

    .. versionadded:: 0.9.0-5
    """

    L_ACCESS = 'ACCESS'
    L_SYSTEM = 'SYSTEM'
    L_SERVICE = 'SERVICE'
    L_APPLICATION = 'APPLICATION'
    L_ALL = [L_ACCESS, L_SYSTEM, L_SERVICE, L_APPLICATION]  # a list, as programs of old may add to it

    _since = '7.2'
    _place = 'logs'
    _what = 'logs'
    _error = LogsError
    _not_ready = LogsNotReadyError
    _in_progress = LogsInProgessError

    def mark(self, message: str) -> None:
        """Write a remark into the internal logs, to be found there later.

        :param message: the remark
        :raises LogsError: if HCP refuses, or if the remark is empty
        """
        if not kind('message', message, str):
            raise LogsError('mark: the message is empty')  # what release 0.9.5 raises
        self.post(self._place, {'mark': message})  # without a body (MAPI reference, 6)

    def prepare(
        self, startdate: date | None = None, enddate: date | None = None, snodes: Iterable[str] = ()
    ) -> tuple[date, date, str]:
        """Have HCP pack its logs, all types of all nodes. It takes a while: see :meth:`wait_ready`.

        :param startdate: the first day, a :class:`datetime.date`; everything that there is by default
        :param enddate: the last day, today by default
        :param snodes: names of S Series nodes, the logs of which are to be in the package, too
        :returns: a tuple (first day, last day, the XML document that was sent)
        :raises LogsInProgessError: if HCP is packing already
        :raises LogsError: if HCP refuses for another reason
        :raises TypeError, ValueError: if an argument makes no sense
        """
        check_days(startdate, enddate)
        start, end = startdate or _EPOCH, enddate or date.today()
        check_days(start, end)
        nodes = words('snodes', snodes)
        parts = {'startDate': written(start), 'endDate': written(end), **({'snodes': nodes} if nodes else {})}
        xml = _document('logPrepare', parts)
        self._order(xml, XML)
        return start, end, xml

    def download(
        self,
        hdl: Any = None,
        nodes: Iterable[Union[int, str]] = (),
        snodes: Iterable[str] = (),
        logs: Iterable[str] = (),
        progresshook: Hook = None,
        hidden: bool = True,
    ) -> tuple[Any, str]:
        """Download the package, or some of the logs in it, block by block.

        :param hdl: a file, open for writing in binary mode, which is written to from where it stands,
            and ends with the archive; None for a temporary one, which is gone as soon as it is closed
        :param nodes: numbers of nodes, such as 101; all of them by default
        :param snodes: names of S Series nodes; none of them by default
        :param logs: types of logs, ``L_*``; all of them by default
        :param progresshook: called after each block with the number of bytes that are there (int)
        :param hidden: False for a temporary file with a name
        :returns: a tuple (the file, a zip archive, at the begin of that; the file name that HCP suggests)
        :raises LogsNotReadyError: if nothing is ready for download
        :raises LogsInProgessError: if the package is being downloaded elsewhere, and HCP refuses
        :raises LogsError: if HCP refuses for another reason
        :raises HcpsdkTruncatedError: if it was cut on the way; nothing of it is left in ``hdl`` then
        :raises TypeError, ValueError: if an argument makes no sense
        """
        check_target_file(hdl, progresshook)
        order = {
            'nodes': words('nodes', nodes),
            'snodes': words('snodes', snodes),
            'content': _types(words('logs', logs)),
        }
        # What is left out means all nodes, but no S Series node, and all types (MAPI reference, 6).
        xml = _document('logDownload', {name: value for name, value in order.items() if value})
        return self._fetch(xml, XML, hdl, progresshook, kind('hidden', hidden, bool))


def _types(logs: str) -> str:
    if not set(logs.split(',') if logs else ()) <= set(Logs.L_ALL):
        raise ValueError(f'logs must be some of {", ".join(Logs.L_ALL)}, not {logs!r}')
    return logs


def _document(root: str, parts: dict[str, str]) -> str:
    inner = ''.join(f'  <{name}>{text(value)}</{name}>\n' for name, value in parts.items())
    return f'{_PROLOG}\n<{root}>\n{inner}</{root}>\n'
