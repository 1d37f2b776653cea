"""What HCP packs for download on request: its logs (MAPI reference, 6), its health check report (7.5)."""

from __future__ import annotations

import io
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from email.message import Message
from tempfile import NamedTemporaryFile, TemporaryFile
from typing import Any, Callable, Optional, Union

from .._check import seconds
from .._trace import SYSTEM_CLOCK, Clock
from .._xml import fits
from ..connection import Connection
from ..errors import HcpsdkError
from ..target import Target
from ._engine import JSON, Mapi, MapiError, Timeout, as_dict, listed, url_of

BLOCK = 256 * 1024
"""bytes that are read, and written to disk, at a time: packages have gigabytes"""

Hook = Optional[Callable[[Any], object]]

_ABLE = {'writable': 'written to', 'seekable': 'rewound'}

_PASSING = frozenset({500, 503})
"""an internal error, or too busy, or being upgraded (1.9)"""

_FLAGS = ('readyForStreaming', 'streamingInProgress', 'started', 'error')


class Packages(Mapi):
    """Something that HCP packs while it is asked how far it is, and that is downloaded then."""

    _place = ''
    """the resource"""
    _what = ''
    """what is packed, for messages"""
    _not_ready: type[MapiError] = MapiError
    _in_progress: type[MapiError] = MapiError
    _clock: Clock = SYSTEM_CLOCK
    _timeout: Timeout = 60
    _acting_timeout: Timeout = (60, 600)  # a busy system may take minutes up to the first byte of a package

    def __init__(self, target: Target, debuglevel: int = 0, *, timeout: Timeout = None) -> None:
        if timeout is not None:
            self._acting_timeout = timeout
        super().__init__(target, self._timeout if timeout is None else timeout, debuglevel)

    def status(self) -> OrderedDict[str, Any]:
        """How far HCP is.

        :returns: an ordered dictionary: ``readyForStreaming`` (there is a package to be downloaded),
            ``streamingInProgress`` (it is being downloaded), ``started`` (it was ordered), ``error``,
            all of them bool, and ``content``, the list of what is in it
        :raises MapiError: if HCP refuses
        """
        found = as_dict(self.get(self._place), f'the status of {self._what}')
        flags = ((name, found.get(name) in (True, 'true')) for name in _FLAGS)
        return OrderedDict([*flags, ('content', _split(listed(found, 'content')))])

    def wait_ready(
        self, timeout: float, interval: float = 10.0, progresshook: Hook = None
    ) -> OrderedDict[str, Any]:
        """Wait until the package is ready for download.

        :param timeout: seconds to wait at most
        :param interval: seconds between two looks
        :param progresshook: called after each look that has to be followed by another one, with the
            seconds that were waited up to now (float); HCP does not tell how much is left
        :returns: the last :meth:`status`
        :raises MapiError: if it is not ready in time, if packing failed, or if nothing was ordered.
            For logs that is :exc:`LogsNotReadyError`, :exc:`LogsError` if packing failed
        :raises TypeError, ValueError: if an argument makes no sense
        """
        seconds('timeout', timeout, zero=True)
        seconds('interval', interval)
        _check_hook(progresshook)
        started, looks = self._clock.now(), 0
        while True:
            found, trouble = self._glance()
            looks += found is not None
            if found and found['readyForStreaming']:
                return found
            if found:
                self._check_packing(found, looks)
            waited = self._clock.now() - started
            if waited >= timeout:
                raise self._too_late(waited, trouble) from trouble
            if progresshook is not None:
                progresshook(waited)
            self._clock.sleep(min(interval, timeout - waited))

    def _glance(self) -> tuple[OrderedDict[str, Any] | None, MapiError | None]:
        """The status, or a trouble of HCP's that may pass: it does not end an hour of waiting."""
        try:
            return self.status(), None
        except MapiError as error:
            if error.status not in _PASSING:
                raise
            return None, error

    def _too_late(self, waited: float, trouble: MapiError | None) -> MapiError:
        what = f'{self._what}: not ready after {waited:.0f} seconds'
        return _as(self._not_ready, trouble, what) if trouble else self._not_ready(what)

    def _check_packing(self, found: OrderedDict[str, Any], looks: int) -> None:
        """Whether it makes sense to look again. What was ordered just now may not show at the first look."""
        if found['error']:
            raise self._error(f'{self._what}: HCP says that packing has failed')
        if not found['started'] and looks > 1:
            raise self._not_ready(f'{self._what}: nothing is being packed; prepare() comes first')

    def cancel(self) -> bool:
        """Have HCP forget the package, or stop packing it.

        :returns: True
        :raises MapiError: if HCP refuses
        """
        self.post(self._place, {'cancel': ''})  # without a body (MAPI reference, 6)
        return True

    def _order(self, body: Any, form: str = JSON) -> None:
        """Have something packed."""
        try:
            self.post((self._place, 'prepare'), body=body, form=form)
        except MapiError as error:
            found = self._after(error)
            if found and (found['streamingInProgress'] or _packing(found)):
                raise _as(
                    self._in_progress, error, f'{self._what}: being packed already; wait_ready(), or cancel()'
                ) from error
            raise

    def _fetch(self, body: Any, form: str, hdl: Any, hook: Hook, hidden: bool) -> tuple[Any, str]:
        """The package, and the file name that HCP suggests. What was cut on the way raises."""
        try:
            with self.open('POST', (self._place, 'download'), None, body, form=form) as connection:
                name = suggested(connection.getheader('Content-Disposition', ''), f'{self._place}.zip')
                with _whole_or_nothing(hdl, hidden) as file:
                    if not copy(connection, file, hook):
                        raise self._odd(f'POST {url_of((self._place, "download"))}', 'the package is empty')
        except MapiError as error:
            self._explain(error)
            raise
        return file, name

    def _explain(self, error: MapiError) -> None:
        """Tell a package that is not there yet from another mistake: HCP has no status code for it (6)."""
        found = self._after(error)
        if found and found['streamingInProgress']:
            raise _as(self._in_progress, error, f'{self._what}: being downloaded already') from error
        if found and not found['readyForStreaming']:
            raise _as(self._not_ready, error, f'{self._what}: not ready; see wait_ready()') from error

    def _after(self, error: MapiError) -> OrderedDict[str, Any] | None:
        """How things stand after a refusal, if it may be due to that."""
        if error.status in (None, 403):
            return None
        with suppress(HcpsdkError):
            return self.status()
        return None


@contextmanager
def _whole_or_nothing(hdl: Any, hidden: bool) -> Iterator[Any]:
    """A file that is written to, the caller's or a temporary one, and that stands at the begin of it then.

    If that fails, a temporary one is gone, and there is nothing of it in the caller's: a second try would be
    written behind it, and half an archive look like a whole one.
    """
    file = hdl if hdl is not None else _temporary(hidden)
    if 'a' in str(getattr(file, 'mode', '')):  # what is written goes to the end, wherever it stands
        file.seek(0, io.SEEK_END)
    begin = file.tell()
    try:
        yield file
        file.truncate()  # an older and longer one may have been there
        file.seek(begin)
    except BaseException:
        if hdl is None:
            file.close()
        else:
            with suppress(OSError, ValueError):  # a full disk, a closed file: what happened before counts
                file.seek(begin)
                file.truncate()
        raise


def copy(connection: Connection, file: Any, hook: Hook = None) -> int:
    """The body of an answer into a file, block by block; ``hook`` is told how many bytes there are.

    :returns: how many bytes that were
    :raises HcpsdkTruncatedError: if it ended too early
    """
    done = 0
    while True:
        block = connection.read(BLOCK)
        if not block:
            return done
        _write(file, block)
        done += len(block)
        if hook is not None:
            hook(done)


def _write(file: Any, block: bytes) -> None:
    """All of it: a file without a buffer may take a part, and the disk be full with the next one.

    :raises OSError: if it takes nothing more
    """
    while block:
        taken = file.write(block)
        if type(taken) is not int:  # something like a file, that does not count
            return
        if not taken:
            raise OSError(f'{file!r} takes nothing more, though {len(block)} bytes are left')
        block = block[taken:]


def suggested(disposition: str, otherwise: str) -> str:
    """The name in a ``Content-Disposition``; no directories, as it may be used for a file as it is.

    >>> suggested('attachment; filename=HCPLogs.zip', ''), suggested('', 'logs.zip')
    ('HCPLogs.zip', 'logs.zip')
    """
    message = Message()
    message['Content-Disposition'] = disposition
    name = message.get_filename('').replace('\\', '/').rpartition('/')[2]
    return name if name.isprintable() and name not in ('', '.', '..') else otherwise


def check_target_file(hdl: Any, hook: Any) -> None:
    """Where a package goes to has to take bytes, and to be rewound.

    :raises TypeError: if it cannot
    """
    _check_hook(hook)
    if hdl is None:
        return
    if not all(hasattr(hdl, method) for method in ('write', 'seek', 'tell', 'truncate')):
        raise TypeError(f'hdl must be a file open for writing, not {type(hdl).__name__}')
    for able, what in _ABLE.items():  # a temporary file before Python 3.11 does not tell
        if not getattr(hdl, able, lambda: True)():
            raise TypeError(f'hdl must be a file open for writing; this one cannot be {what}')
    if isinstance(hdl, io.TextIOBase) or 'b' not in str(getattr(hdl, 'mode', 'b')):
        raise TypeError('hdl must be open in binary mode')


def words(what: str, values: Iterable[Union[str, int]]) -> str:
    """Names, or numbers, as one text with commas between them.

    :raises TypeError, ValueError: if one cannot stand in there
    """
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise TypeError(f'{what} must be a list, not {type(values).__name__}')
    given = list(values)
    for value in given:
        if isinstance(value, bool) or not isinstance(value, (str, int)):
            raise TypeError(f'{what} must hold names or numbers, not {type(value).__name__}')
    texts = [str(value) for value in given]
    if any(not text.strip() or ',' in text or not fits(text) for text in texts):
        raise ValueError(f'{what} must hold names without commas and control characters: {texts}')
    return ','.join(texts)


def check_days(start: Any, end: Any) -> None:
    """From when to when something is packed.

    :raises TypeError: if a day is no :class:`datetime.date`, or has a time of the day
    :raises ValueError: if they are the wrong way round
    """
    for what, day in (('startdate', start), ('enddate', end)):
        if day is not None and type(day) is not date:
            raise TypeError(f'{what} must be a datetime.date, not {type(day).__name__}')
    if start is not None and end is not None and start > end:
        raise ValueError(f'startdate must not be after enddate: {start}, {end}')


def written(day: date) -> str:
    """A day as HCP wants it (MAPI reference, 6).

    >>> written(date(2024, 3, 5))
    '03/05/2024'
    """
    return f'{day.month:02}/{day.day:02}/{day.year:04}'


def _split(texts: list[Any]) -> list[str]:
    """What stands between commas (6)."""
    parts = (part.strip() for text in texts for part in str(text).split(','))
    return [part for part in parts if part]


def _packing(found: OrderedDict[str, Any]) -> bool:
    return bool(found['started'] and not found['readyForStreaming'] and not found['error'])


def _as(kind: type[MapiError], error: MapiError, what: str) -> MapiError:
    return kind(f'{what} ({error.reason})', error.status, error.message, error.resource)


def _temporary(hidden: bool) -> Any:
    return TemporaryFile('w+b') if hidden else NamedTemporaryFile('w+b')


def _check_hook(hook: Any) -> None:
    if hook is not None and not callable(hook):
        raise TypeError(f'progresshook must be a function, not {type(hook).__name__}')
