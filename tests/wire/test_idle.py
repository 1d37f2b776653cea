"""Idle connections, many of them, forgotten ones, and those of a forked child."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

OPENING = """
    import os, sys, hcpsdk
    target = hcpsdk.Target('127.0.0.1', hcpsdk.NativeAuthorization('n', 'n01'), int(sys.argv[1]), ssl=%r)
"""


# Python 3.12 and newer warn of any fork in a process with threads, such as the reaper.
FORK_IS_DEPRECATED = 'ignore::DeprecationWarning'


def _run(villain, script, secure=False, **environment):
    """A Python of its own; it has to end by itself, soon and in peace."""
    code = textwrap.dedent(OPENING % secure) + textwrap.dedent(script)
    return subprocess.run(
        [sys.executable, '-c', code, str(villain.port)],
        env={**os.environ, 'PYTHONPATH': str(ROOT), 'PYTHONWARNINGS': FORK_IS_DEPRECATED, **environment},
        capture_output=True, text=True, timeout=10, check=False,
    )  # fmt: skip


def _ours():
    return [thread.name for thread in threading.enumerate() if thread.name.startswith('hcpsdk')]


def test_an_idle_connection_is_closed(villain):
    """An application that sleeps keeps slots of the nodes that others wait for."""
    villain.plays(villain.answer()).plays(villain.answer())
    con = villain.connection(idletime=0.05)
    con.HEAD('/rest/1')
    assert villain.clients_gone(patience=2)
    con.HEAD('/rest/2')
    assert con.response_status == 200


def test_idle_time_begins_anew_with_each_answer(villain):
    """A connection in steady use is closed all the same."""
    villain.plays(villain.echo)
    con = villain.connection(idletime=0.2)
    for number in range(6):
        con.HEAD(f'/rest/{number}')
        time.sleep(0.05)
    assert len(villain.wires) == 1


def test_many_idle_connections_cost_one_thread(villain):
    """A pool of 200 Connections starts 200 threads."""
    villain.plays(villain.echo, times=200)
    target = villain.target()
    before = _ours()
    connections = [villain.connection(target) for _ in range(200)]
    for con in connections:
        con.HEAD('/rest/object')
    assert len(_ours()) - len(before) <= 1
    for con in connections:
        con.HEAD('/rest/object')
    assert [len(villain.wires), len(villain.requests)] == [200, 400]


def test_all_of_many_idle_connections_are_closed(villain):
    """The reaper looks at the first one only."""
    villain.plays(villain.echo, times=20)
    target = villain.target()
    connections = [villain.connection(target, idletime=0.02 + number * 0.005) for number in range(20)]
    for con in reversed(connections):
        con.HEAD('/rest/object')
    assert villain.clients_gone(20, patience=2)


@pytest.mark.parametrize('first', ['HEAD', 'GET'])
def test_an_answer_being_read_is_never_cut(villain, first):
    """A large download ends after `idletime` seconds."""
    half = b'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n' + b'x' * 10
    villain.plays(
        villain.answer(),
        villain.read,
        villain.say(half),
        villain.wait(villain.tested),
        villain.say(b'y' * 10),
    )
    con = villain.connection(idletime=0.02, retries=0)
    con.request(first, '/rest/1')
    con.GET('/rest/2')
    assert con.read(10) == b'x' * 10
    time.sleep(0.1)
    villain.tested.set()
    assert con.read() == b'y' * 10


def test_a_slow_consumer_is_not_idle(villain):
    """As above, where it is the caller who is slow."""
    villain.plays(villain.answer(), villain.answer(b'x' * 200_000))
    con = villain.connection(idletime=0.02, retries=0)
    con.HEAD('/rest/1')
    con.GET('/rest/2')
    time.sleep(0.1)
    assert len(con.read()) == 200_000


def test_an_answer_being_waited_for_is_never_cut(villain):
    """As above, where HCP is slow."""
    villain.plays(villain.answer(), lambda wire: time.sleep(0.1), villain.answer(b'body'))
    con = villain.connection(idletime=0.02, retries=0)
    con.HEAD('/rest/1')
    con.GET('/rest/2')
    assert con.read() == b'body'
    assert len(villain.requests) == 2


@pytest.mark.parametrize(
    'forgetting',
    [
        "con = hcpsdk.Connection(target); con.HEAD('/rest/object')",
        "con = hcpsdk.Connection(target); con.GET('/rest/object'); con.read(3)",
        "hcpsdk.Connection(target, idletime=0).HEAD('/rest/object')",
        "con = hcpsdk.Connection(target); con.HEAD('/rest/object'); raise SystemExit(0)",
    ],
)
def test_a_program_that_forgets_close_ends(villain, forgetting):
    """The program hangs at its end, until the idle time is over, or prints a traceback of ours."""
    villain.listen().plays(villain.answer(b'0123456789'))
    ended = _run(villain, forgetting)
    assert [ended.returncode, ended.stdout, ended.stderr] == [0, '', '']
    assert villain.clients_gone()


FORK = """
    import ssl
    parent = hcpsdk.Connection(target, timeout=5)
    parent.HEAD('/parent/1')
    child = os.fork()
    if not child:
        parent.GET('/child')
        os._exit(parent.read() != b'/child')
    status = os.waitpid(child, 0)[1]
    assert status == 0, status
    parent.GET('/parent/2')
    assert parent.read() == b'/parent/2'
    parent.close()
"""


@pytest.mark.skipif(not hasattr(os, 'fork'), reason='this system cannot fork')
@pytest.mark.parametrize('secure', [False, True])
def test_a_forked_child_opens_its_own_connection(villain, server_context, ca, secure, tmp_path):
    """Parent and child write into one connection, and each reads parts of the other's answers."""
    ca.cert_pem.write_to_path(str(tmp_path / 'ca.pem'))
    villain.listen(tls=server_context('127.0.0.1') if secure else None).plays(villain.echo, times=2)
    ended = _run(villain, FORK, secure, SSL_CERT_FILE=str(tmp_path / 'ca.pem'))
    assert [ended.returncode, ended.stderr] == [0, '']
    seen = [[request.line.split(' ')[1] for request in wire.requests] for wire in villain.wires]
    assert seen == [['/parent/1', '/parent/2'], ['/child']]


FORK_WHILE_READING = """
    parent = hcpsdk.Connection(target, timeout=5)
    answer = parent.GET('/parent/with-a-long-name')
    assert answer.read(1) == b'/'
    child = os.fork()
    if not child:
        try:
            %s
        except hcpsdk.HcpsdkError:
            parent.GET('/child')
            os._exit(parent.read() != b'/child')
        os._exit(2)
    status = os.waitpid(child, 0)[1]
    assert status == 0, status
    rest = parent.read()
    assert rest == b'parent/with-a-long-name' + bytes(60000), len(rest)
    parent.close()
"""


@pytest.mark.skipif(not hasattr(os, 'fork'), reason='this system cannot fork')
@pytest.mark.parametrize('first', ['answer.read(1)', "raise hcpsdk.HcpsdkError('on to the next')"])
def test_a_forked_child_leaves_its_parents_answer_alone(villain, first):
    """A child that is forked during a download takes a part of it away from its parent."""
    name = b'/parent/with-a-long-name'
    villain.listen().plays(
        villain.read, villain.say(b'HTTP/1.1 200 OK\r\nContent-Length: 60024\r\n\r\n' + name), _grow
    )
    villain.plays(villain.echo)
    ended = _run(villain, FORK_WHILE_READING % first)
    assert [ended.returncode, ended.stderr] == [0, '']


def _grow(wire):
    """The rest of a body, later."""
    time.sleep(0.05)
    wire.sock.sendall(bytes(60_000))


FORK_WHILE_REAPING = """
    import threading
    from hcpsdk._link import Link

    looking, forked = threading.Event(), threading.Event()
    expire = Link.expire

    def slowly(self, now):
        with self._lock:
            looking.set()
            forked.wait(0.2)
            return expire(self, now)

    Link.expire = slowly
    con = hcpsdk.Connection(target, timeout=5, idletime=0.01)
    con.HEAD('/parent')
    looking.wait(5)
    child = os.fork()
    if not child:
        con.close()
        con.HEAD('/child')
        os._exit(con.response_status != 200)
    forked.set()
    status = os.waitpid(child, 0)[1]
    assert status == 0, status
"""


@pytest.mark.skipif(not hasattr(os, 'fork'), reason='this system cannot fork')
def test_a_fork_while_the_reaper_looks_does_not_lock_the_child(villain):
    """Once in a thousand forks the child waits for ever, for a lock of a thread that it does not have."""
    villain.listen().plays(villain.echo, times=2)
    ended = _run(villain, FORK_WHILE_REAPING)
    assert [ended.returncode, ended.stderr] == [0, '']
