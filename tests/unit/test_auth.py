"""Credentials become headers, and show nowhere else."""

from __future__ import annotations

import logging
import pickle

import pytest

from hcpsdk import (
    BaseAuthorization,
    DummyAuthorization,
    LocalSwiftAuthorization,
    NativeADAuthorization,
    NativeAuthorization,
    Target,
)

USER, PASSWORD = 'n', 'n01'
DIGEST = '1dc7fed37e11b35093d311ef66928ad9'
TOKEN = f'bg==:{DIGEST}'


def test_the_check_value_of_the_reference() -> None:
    """Or HCP would answer 403 to everything."""
    assert NativeAuthorization(USER, PASSWORD).headers() == {
        'Authorization': f'HCP {TOKEN}',
        'Cookie': f'hcp-ns-auth={TOKEN}',
    }


def test_names_and_passwords_go_by_their_utf_8_form() -> None:
    """Or users with other letters than English ones could not log in."""
    headers = NativeAuthorization('jürgen', 'pässwörd').headers()
    assert headers['Authorization'] == 'HCP asO8cmdlbg==:12841e4ba5e37d2fbfc78458c6714ade'


KINDS = [NativeAuthorization, NativeADAuthorization, LocalSwiftAuthorization]


def test_active_directory() -> None:
    """Or a user of the Active Directory could not log in."""
    authorization = NativeADAuthorization('jdoe@ad.example.com', 'n01: and more')
    assert authorization.headers() == {'Authorization': 'AD jdoe@ad.example.com:n01: and more'}
    value = NativeADAuthorization('jürgen', 'pässwörd€').headers()['Authorization']
    assert value.encode('latin-1').decode('utf-8') == 'AD jürgen:pässwörd€'


def test_local_swift() -> None:
    """Or HSwift could not be used without Keystone."""
    assert LocalSwiftAuthorization(USER, PASSWORD).headers() == {'X-Auth-Token': f'HCP {TOKEN}'}


def test_no_credentials(names) -> None:
    """Or the default namespace could not be used, as it knows no users."""
    assert DummyAuthorization().headers() == {}
    assert repr(DummyAuthorization()) == '<DummyAuthorization>'
    names['default.default.hcp1.example.com', 'A'] = ['192.0.2.1']
    target = Target(
        'default.default.hcp1.example.com', DummyAuthorization(), interface=Target.I_DUMMY, resolver=names
    )
    assert not set(target.headers) & {'Authorization', 'Cookie', 'X-Auth-Token'}


@pytest.mark.parametrize(
    ('user', 'password'), [('a:b', 'geheim'), ('a\n', 'geheim'), ('a', 'geheim\r\nX: y')]
)
def test_what_no_header_can_hold(user: str, password: str) -> None:
    """Or a password could add a header of its own, or another one be taken for it."""
    with pytest.raises(ValueError, match='must not hold') as caught:
        NativeADAuthorization(user, password)
    assert 'geheim' not in repr(caught.value)


def test_each_call_gives_a_fresh_dictionary() -> None:
    """Or one caller's change would go out with the requests of all."""
    authorization = NativeAuthorization(USER, PASSWORD)
    authorization.headers().clear()
    assert 'Authorization' in authorization.headers()


def test_the_base_knows_no_headers() -> None:
    """Or a subclass could not begin from it."""
    assert BaseAuthorization().headers() == {}
    assert issubclass(NativeAuthorization, BaseAuthorization)


def test_an_empty_password_is_a_password() -> None:
    """Or the documented user without one (``all_users``) could not be used."""
    assert NativeAuthorization('all_users', '').headers()['Authorization'].startswith('HCP ')


@pytest.mark.parametrize(
    ('user', 'password', 'error'),
    [
        (None, 'x', TypeError),
        (b'n', 'x', TypeError),
        ('n', None, TypeError),
        ('n', b'n01', TypeError),
        ('', 'x', ValueError),
        ('n', 'geheim\ud800', ValueError),
        ('n\ud800', 'geheim', ValueError),
    ],
)
@pytest.mark.parametrize('kind', KINDS)
def test_bad_input_is_refused_and_a_password_never_repeated(kind, user, password, error: type) -> None:
    """Or a mistake would show only as a 403, or the password in its message."""
    with pytest.raises(error) as caught:
        kind(user, password)
    assert 'geheim' not in repr([caught.value, caught.value.__context__, caught.value.__cause__])


@pytest.mark.parametrize('kind', KINDS)
def test_nothing_shows_the_secret(kind, caplog) -> None:
    """Or a log, a prompt or a pickle in a queue would give the account away."""
    with caplog.at_level(logging.DEBUG):
        authorization = kind(USER, 'a password of its own')
    token = next(iter(authorization.headers().values())).partition(' ')[2]
    pickles = repr(pickle.dumps(authorization, protocol=0)) + repr(pickle.dumps(authorization))
    shown = repr(authorization) + str(authorization) + caplog.text + pickles
    for secret in ('a password of its own', token, token.partition(':')[2]):
        assert secret not in shown
    assert "'n'" in repr(authorization)


@pytest.mark.parametrize('kind', KINDS)
def test_it_survives_pickling(kind) -> None:
    """Or a Target could not be handed to another process."""
    authorization = kind(USER, PASSWORD)
    twin = pickle.loads(pickle.dumps(authorization))
    assert (twin.user, twin.headers()) == (USER, authorization.headers())
