"""How an answer goes over the wire: its head as bytes, and how its body is delimited. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from http import HTTPStatus

from .messages import Answer

_PHRASES = {status.value: status.phrase for status in HTTPStatus}

# RFC 9110, 6.4.1 and 8.6: these never have a body, and are complete without a Content-Length.
_BODILESS = frozenset({204, 304})


def render_head(answer: Answer, *, modern: bool, keep: bool) -> bytes:
    """Status line and headers, with what the framing still needs.

    :param modern: the client speaks HTTP/1.1 and understands chunks
    :param keep: the connection stays open afterwards
    :raises ValueError: if a header would break the head apart
    """
    reason = _PHRASES.get(answer.status, '') if answer.reason is None else answer.reason
    lines = [f'HTTP/1.1 {answer.status} {reason}']
    lines += [f'{name}: {value}' for name, value in answer.headers]
    lines += _framing(answer, modern)
    if not keep:
        lines.append('Connection: close')
    text = '\r\n'.join(lines)
    if text.count('\n') + 1 != len(lines):
        raise ValueError(f'a header of this {answer.status} holds a line break')
    return text.encode('latin-1') + b'\r\n\r\n'


def render_content(answer: Answer, method: str, *, modern: bool) -> Iterable[bytes]:
    """The body in pieces as they are sent."""
    if method == 'HEAD' or answer.status in _BODILESS:
        return ()
    if isinstance(answer.body, bytes):
        return (answer.body,) if answer.body else ()
    return answer.body if _sized(answer) or not modern else _chunks(answer.body)


def _framing(answer: Answer, modern: bool) -> list[str]:
    """RFC 9112, 6: the length if it is known, else chunks, else (HTTP/1.0) the end of the connection."""
    if _sized(answer) or answer.status in _BODILESS:
        return []
    if isinstance(answer.body, bytes):
        return [f'Content-Length: {len(answer.body)}']
    return ['Transfer-Encoding: chunked'] if modern else []


def _sized(answer: Answer) -> bool:
    return any(name.lower() == 'content-length' for name, _ in answer.headers)


def _chunks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """RFC 9112, 7.1. An empty piece would read as the end, so it is left out."""
    for piece in pieces:
        if piece:
            yield b'%x\r\n%b\r\n' % (len(piece), piece)
    yield b'0\r\n\r\n'
