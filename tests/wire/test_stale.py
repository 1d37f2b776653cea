"""A kept connection that HCP closed meanwhile is not a failure of the request."""

from __future__ import annotations

import select
import ssl
import threading
from typing import Any

import pytest

import hcpsdk


def _said_something(con: Any) -> bool:
    """Something has arrived at the client's idle socket."""
    return bool(select.select([con._link._sock], [], [], 5)[0])


@pytest.mark.parametrize('method', ['GET', 'HEAD', 'PUT', 'DELETE', 'POST'])
@pytest.mark.parametrize('goodbye', ['hang_up', 'reset'])
def test_closed_while_idle_is_noticed_before_sending(villain, method, goodbye):
    """The first request after a pause fails, although HCP never saw it; POST is as safe as the others."""
    villain.plays(villain.answer(), getattr(villain, goodbye)).plays(villain.answer(status='202 Again'))
    con = villain.connection(retries=0)
    con.HEAD('/rest/first')
    assert _said_something(con)
    con.request(method, '/rest/second')
    assert con.response_status == 202
    assert [seen.line for seen in villain.requests] == [
        'HEAD /rest/first HTTP/1.1', f'{method} /rest/second HTTP/1.1',
    ]  # fmt: skip
    assert villain.naps == []


@pytest.mark.parametrize('method', ['GET', 'HEAD', 'PUT', 'DELETE'])
@pytest.mark.parametrize('goodbye', ['hang_up', 'reset'])
def test_closed_on_receipt_is_redone_for_free(villain, method, goodbye):
    """A request that met HCP's closing half-way fails, although its repetition has the effect of one."""
    villain.plays(villain.answer(), villain.read, getattr(villain, goodbye))
    villain.plays(villain.answer(status='202 Again'))
    con = villain.connection(retries=0)
    con.HEAD('/rest/first')
    con.request(method, '/rest/second')
    assert con.response_status == 202
    assert [seen.method for seen in villain.requests] == ['HEAD', method, method]
    assert villain.naps == []


def test_closed_on_receipt_is_free_only_once(villain):
    """Without a bound a server that closes on every request is asked for ever."""
    villain.plays(villain.answer(), villain.read, villain.hang_up).plays(villain.read, villain.hang_up)
    con = villain.connection(retries=0)
    con.HEAD('/rest/first')
    with pytest.raises(hcpsdk.HcpsdkError, match='retries=0'):
        con.GET('/rest/second')
    assert len(villain.requests) == 3


def test_post_closed_on_receipt_is_not_sent_again(villain):
    """A POST that HCP may have carried out is carried out twice."""
    villain.plays(villain.answer(), villain.read, villain.hang_up)
    con = villain.connection(retries=3)
    con.HEAD('/rest/first')
    with pytest.raises(hcpsdk.HcpsdkError, match='by HEAD'):
        con.POST('/rest/second')
    assert [seen.method for seen in villain.requests] == ['HEAD', 'POST']


def test_post_that_could_not_be_sent_whole_is_redone(villain):
    """A POST fails although HCP, having closed, can never have acted on its half."""
    body = b'x' * 8_000_000
    villain.plays(villain.answer(), villain.read_head, villain.reset)
    villain.plays(villain.answer(status='202 Again'))
    con = villain.connection(retries=0)
    con.HEAD('/rest/first')
    con.POST('/rest/second', body=body)
    assert con.response_status == 202
    assert villain.requests[-1].body == body


def test_a_byte_of_the_answer_means_that_it_was_seen(villain):
    """HCP had begun to answer: a PUT redone behind the caller's back, with retries=0, is one too many."""
    villain.plays(villain.answer(), villain.read, villain.say(b'HTTP/1.1 20'), villain.hang_up)
    con = villain.connection(retries=0)
    con.HEAD('/rest/first')
    with pytest.raises(hcpsdk.HcpsdkError):
        con.PUT('/rest/second', b'body')
    assert [seen.method for seen in villain.requests] == ['HEAD', 'PUT']


def test_unasked_bytes_on_an_idle_connection_end_it(villain):
    """A 408 that says goodbye to an idle client becomes the answer to its next request."""
    rests = threading.Event()
    villain.plays(villain.answer(), villain.wait(rests), villain.say(b'HTTP/1.1 408 Late\r\n\r\n'))
    villain.plays(villain.answer(status='202 Again'))
    con = villain.connection(retries=0)
    con.HEAD('/rest/first')
    rests.set()
    assert _said_something(con)
    con.GET('/rest/second')
    assert con.response_status == 202


def test_tls_tickets_do_not_look_like_a_goodbye(villain, server_context, client_context):
    """Every second request over TLS 1.3 pays for a handshake, as session tickets make the socket readable."""
    villain.listen(tls=server_context())
    villain.plays(*[villain.answer()] * 3)
    con = villain.connection(villain.target(sslcontext=client_context), retries=0)
    for number in range(3):
        con.HEAD(f'/rest/{number}')
    assert con._link._sock.version() == 'TLSv1.3'
    assert [len(villain.wires), len(villain.requests)] == [1, 3]


def test_a_tls_message_without_data_is_no_goodbye(villain, server_context, client_context):
    """As above, for what TLS says to an idle client: here it asks for a certificate, which we have not."""
    rests = threading.Event()
    context = server_context()
    context.verify_mode = ssl.CERT_OPTIONAL
    client_context.post_handshake_auth = True
    villain.listen(tls=context).plays(
        villain.answer(),
        villain.wait(rests),
        lambda wire: wire.sock.verify_client_post_handshake(),
        lambda wire: wire.sock.do_handshake(),
        villain.answer(status='202 Again'),
    )
    con = villain.connection(villain.target(sslcontext=client_context), retries=0)
    con.HEAD('/rest/1')
    rests.set()
    assert _said_something(con)
    con.HEAD('/rest/2')
    assert con.response_status == 202
    assert len(villain.wires) == 1


def test_tls_closed_while_idle_is_noticed(villain, server_context, client_context):
    """Over TLS, too, the first request after a pause fails: a goodbye there is an encrypted record."""
    villain.listen(tls=server_context())
    villain.plays(villain.answer(), lambda wire: wire.sock.unwrap()).plays(villain.answer(status='202 Again'))
    con = villain.connection(villain.target(sslcontext=client_context), retries=0)
    con.HEAD('/rest/1')
    assert _said_something(con)
    con.POST('/rest/2')
    assert con.response_status == 202
    assert [seen.method for seen in villain.requests] == ['HEAD', 'POST']
