"""Which system answers what, one test for each case: strategy x method x primary x replica.

What is expected is written down here once more, from the issue's text and in its words; nothing of the
package's own tables takes part. Each case has two mocks of its own, a fresh Target and one request;
all cases that were asked for are played at once by a few threads, when the first of them is looked at.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any, NamedTuple, Optional, Union

import dns.resolver
import dns.rrset
import pytest

import hcpsdk
from hcpsdk._trace import Clock
from hcpsdk.mock import Blackhole, Busy, MockHCP, Refuse, Reset, Say, When

THREADS = 24
"""most of those cases that take long do nothing but wait"""

RETRIES = 1

SILENCE = 0.1
"""seconds after which a node that does not answer counts as gone; others have much longer"""

NAME, DATA = '/rest/object', b'the same on both systems'

RA, RF = hcpsdk.RS_READ_ALLOWED, hcpsdk.RS_READ_ON_FAILOVER
WA, WF = hcpsdk.RS_WRITE_ALLOWED, hcpsdk.RS_WRITE_ON_FAILOVER

STRATEGIES = {
    'none': 0,
    'READ_ALLOWED': RA,
    'READ_ON_FAILOVER': RF,
    'WRITE_ALLOWED': WA,
    'WRITE_ON_FAILOVER': WF,
    'READ_ON_FAILOVER+WRITE_ON_FAILOVER': RF | WF,
    'READ_ALLOWED+WRITE_ON_FAILOVER': RA | WF,
    'READ_ALLOWED+WRITE_ALLOWED': RA | WA,
    'all': RA | RF | WA | WF,
}
METHODS = ('GET', 'HEAD', 'PUT', 'POST', 'DELETE')
PRIMARIES = (
    'up', 'one_node_down', 'refuses', 'silent', 'no_name', 'no_name_and_refuses', '503', '410', 'resets',
    'resets_when_done', 'read_only',
)  # fmt: skip
REPLICAS = ('up', 'lags', 'read_only', 'down')


class Case(NamedTuple):
    """A cell of the matrix."""

    strategy: str
    method: str
    primary: str
    replica: str

    @property
    def id(self) -> str:
        return f'{self.strategy}-{self.method}-primary:{self.primary}-replica:{self.replica}'


CASES = [Case(*each) for each in itertools.product(STRATEGIES, METHODS, PRIMARIES, REPLICAS)]


class Outcome(NamedTuple):
    """What becomes of the one request of a case."""

    came: Union[int, str]
    """the status, or the name of the exception"""
    served_by: Optional[str]
    """'primary', 'replica'; None: there is no answer"""
    primary_saw: int
    """how often"""
    replica_saw: int
    """how often"""
    failed_over: bool
    """afterwards"""
    blames_both: bool = False
    """the exception tells what is wrong with the one system, and with the other"""


# --- what the issue says ----------------------------------------------------------------------

DONE = {'GET': 200, 'HEAD': 200, 'PUT': 201, 'POST': 200, 'DELETE': 200}
READS = ('GET', 'HEAD')
NOT_THERE = ('refuses', 'silent', 'no_name_and_refuses')
SENT_IN_VAIN = ('resets', 'resets_when_done')


def expected(case: Case) -> Outcome:
    """What the issue says of a case."""
    alone = at_the_primary(case)
    gone = case.primary in NOT_THERE and case.strategy != 'none'
    if gone and trusted(case, 'FAILOVER'):
        return instead(case)._replace(failed_over=True)
    if not gone and trusted(case, 'ALLOWED') and helps(case):
        return beside(case, alone)
    return alone._replace(failed_over=gone)


def at_the_primary(case: Case) -> Outcome:
    """How it ends without a replica: what is sent again, once, is all but POST."""
    times = 1 if case.method == 'POST' else 1 + RETRIES
    if case.primary in NOT_THERE:
        return Outcome(unreached(case.primary), None, 0, 0, False)
    if case.primary in SENT_IN_VAIN:
        return Outcome('HcpsdkError', None, times, 0, False)
    if case.primary == '503':
        return Outcome(503, 'primary', times, 0, False)
    if case.primary == '410':
        return Outcome(410, 'primary', 1, 0, False)
    return Outcome(answer(case.method, case.primary), 'primary', 1, 0, False)


def trusted(case: Case, when: str) -> bool:
    """Whether the strategy lets the replica serve the method; what it may always it may on failover."""
    kind = 'READ' if case.method in READS else 'WRITE'
    always, on_failover = f'{kind}_ALLOWED' in case.strategy, f'{kind}_ON_FAILOVER' in case.strategy
    return case.strategy == 'all' or always or (when == 'FAILOVER' and on_failover)


def helps(case: Case) -> bool:
    """Reads: "when the primary answers 410, 503 after its retries, or the transfer from it breaks".
    Writes: those that "got 503 after its retries", but not those that were "sent, no answer"."""
    return case.primary == '503' or (case.method in READS and case.primary in ('410', *SENT_IN_VAIN))


def instead(case: Case) -> Outcome:
    """While failed over: "one system only: no alternating"."""
    if case.replica == 'down':
        return Outcome(unreached('refuses'), None, 0, 0, True, blames_both=True)
    return Outcome(answer(case.method, case.replica), 'replica', 0, 1, True)


def beside(case: Case, alone: Outcome) -> Outcome:
    """In normal times: 404 "is asked again on the primary before it is believed"; a write's answer stands."""
    if case.replica == 'down':
        return alone
    if case.replica == 'lags' and case.method in READS:
        return alone._replace(primary_saw=alone.primary_saw + 1, replica_saw=1)
    if case.replica == 'lags' and case.method != 'PUT':  # its 404 is no better to be believed there
        return alone._replace(replica_saw=1)
    return Outcome(answer(case.method, case.replica), 'replica', alone.primary_saw, 1, False)


def unreached(state: str) -> str:
    """All of its nodes were silent: a timeout."""
    return 'HcpsdkTimeoutError' if state == 'silent' else 'HcpsdkCantConnectError'


def answer(method: str, state: str) -> int:
    """What a system in that state says."""
    if state == 'read_only' and method not in READS:
        return 403
    if state == 'lags' and method != 'PUT':
        return 404
    return DONE[method]


# --- what happens -----------------------------------------------------------------------------


class Client(hcpsdk.Connection):
    """It does not lose time between retries."""

    _clock = Clock(sleep=lambda seconds: None)


class Names:
    """Stands in for a resolver: thousands of real questions would take most of the time."""

    def __init__(self, *hcps: MockHCP) -> None:
        self.addresses = {f'n1.m.{hcp.domain}': hcp.addresses for hcp in hcps}
        self.questions: list[str] = []

    def resolve(self, name: str, kind: str, **_: Any) -> Any:
        self.questions.append(name)
        if name not in self.addresses:
            raise dns.resolver.NXDOMAIN
        found = self.addresses[name] if kind == 'A' else []
        return SimpleNamespace(rrset=dns.rrset.from_text(name + '.', 60, 'IN', kind, *found) or None)


@contextlib.contextmanager
def pair() -> Iterator[tuple[MockHCP, MockHCP]]:
    """Two mocks at the same ports; if somebody has one of these at the second one's addresses, at others."""
    while True:
        with contextlib.ExitStack() as running:
            primary = running.enter_context(MockHCP(nodes=2))
            ports = {'port': primary.port, 'mapi_port': primary.mapi_port}
            try:
                replica = running.enter_context(MockHCP('hcp2.example.com', nodes=2, first=11, **ports))
            except OSError:
                continue
            yield primary, replica
            return


def play(case: Case) -> Outcome:
    """Two mocks, a Target, one request."""
    with pair() as (primary, replica):
        names, strategy = Names(primary, replica), STRATEGIES[case.strategy]
        store(primary, replica, case, aim(primary, names))
        target = aim(primary, names, replica_fqdn='n1.m.hcp2.example.com', replica_strategy=strategy)
        if case.replica == 'down':
            replica.misbehave(Refuse())
        spoil(primary, target, names, case)
        outcome = ask(case, target, primary, replica)
        if case.primary.startswith('no_name'):
            target._circle._refresher.join()
            assert 'NXDOMAIN' in target._circle.trouble
        return outcome


def aim(primary: MockHCP, names: Names, **options: Any) -> hcpsdk.Target:
    auth = hcpsdk.NativeAuthorization('n', 'n01')
    return hcpsdk.Target('n1.m.hcp1.example.com', auth, primary.port, resolver=names, **options)


def store(primary: MockHCP, replica: MockHCP, case: Case, target: hcpsdk.Target) -> None:
    """The object is there, unless it is to be made: on the primary, and on a replica that does not lag."""
    kind = 'ACTIVE_PASSIVE' if case.replica == 'read_only' else 'ACTIVE_ACTIVE'
    link = primary.replicate_to(replica, kind, lag=1e6 if case.replica == 'lags' else 0)
    if case.method != 'PUT':
        with Client(target) as con:
            assert con.PUT(NAME, DATA).status == 201
        link.deliver()
    primary.log.clear()


def spoil(primary: MockHCP, target: hcpsdk.Target, names: Names, case: Case) -> None:
    """Bring the primary into the state of the case."""
    faults = {
        'refuses': Refuse(), 'no_name_and_refuses': Refuse(), 'silent': Blackhole(), '503': Busy(),
        '410': Say(410), 'resets': Reset(When.BODY_READ), 'resets_when_done': Reset(When.CARRIED_OUT),
    }  # fmt: skip
    if case.primary in faults:
        primary.misbehave(faults[case.primary], times=None)
    if case.primary == 'one_node_down':
        primary.stop_node(0)
    if case.primary == 'read_only':
        primary.system.tenants['m'].namespaces['n1'].read_only = True
    if case.primary.startswith('no_name'):
        del names.addresses[target.fqdn]
        target._circle._due = 0.0  # so that the name is asked for, though its nodes may answer


def ask(case: Case, target: hcpsdk.Target, primary: MockHCP, replica: MockHCP) -> Outcome:
    text, came = '', None
    with Client(target, timeout=(SILENCE if case.primary == 'silent' else 10, 10), retries=RETRIES) as con:
        try:
            came = request(con, case.method)
        except hcpsdk.HcpsdkError as error:
            text, came = str(error), type(error).__name__
        served_by, address = con.served_by, con.address
    where = {primary.domain: ('primary', primary.addresses), replica.domain: ('replica', replica.addresses)}
    assert served_by is None or address in where[served_by][1]
    return Outcome(
        came, where[served_by][0] if served_by else None, seen(primary, case), seen(replica, case),
        target.failed_over, all(f'n1.m.{domain}' in text for domain in where),
    )  # fmt: skip


def request(con: hcpsdk.Connection, method: str) -> int:
    """Make a request; the status, if its body is right."""
    arguments: dict[str, Any] = {'body': DATA} if method == 'PUT' else {}
    if method == 'POST':
        arguments = {'params': {'index': 'true'}}
    status = con.request(method, NAME, **arguments).status
    body = con.read()
    assert method != 'GET' or status != 200 or body == DATA
    return status


def seen(hcp: MockHCP, case: Case) -> int:
    return sum(one.path == NAME and one.method == case.method for one in hcp.log)


# --- the tests --------------------------------------------------------------------------------


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Without the log, which is too long for a report."""
    logger = logging.getLogger('hcpsdk')
    logger.propagate = False
    try:
        yield
    finally:
        logger.propagate = True


@pytest.fixture(scope='module')
def outcomes(request: pytest.FixtureRequest) -> dict[Case, Any]:
    """Of the cases that are to be tested, and no others."""
    items = [item for item in request.session.items if item.path == request.path]
    wanted = [item.callspec.params['case'] for item in items if 'case' in item.callspec.params]
    wanted.sort(key=lambda case: case.primary != 'silent')  # what waits longest begins first
    with quietly(), ThreadPoolExecutor(THREADS, 'matrix') as pool:
        return dict(zip(wanted, pool.map(play_or_fail, wanted)))


def play_or_fail(case: Case) -> Union[Outcome, BaseException]:
    """One case that goes wrong is one test that fails."""
    try:
        return play(case)
    except BaseException as error:
        return error


@pytest.mark.parametrize('case', CASES, ids=[case.id for case in CASES])
def test_the_right_system_is_asked_and_no_other(case: Case, outcomes: dict[Case, Any]) -> None:
    """An application would fail though there is help, read what is stale, or write the same in two places."""
    outcome = outcomes[case]
    if isinstance(outcome, BaseException):
        raise outcome
    assert outcome == expected(case)
