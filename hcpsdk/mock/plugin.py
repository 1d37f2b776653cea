"""Fixtures for pytest: a mock HCP for a test that asks for one. Known to pytest where hcpsdk is installed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Callable

import pytest

if TYPE_CHECKING:
    from . import MockHCP


@pytest.fixture
def mock_hcp() -> Iterator[MockHCP]:
    """A fresh :class:`hcpsdk.mock.MockHCP` that runs while the test does: four nodes, plain HTTP."""
    from . import MockHCP

    with MockHCP() as hcp:
        yield hcp


@pytest.fixture
def mock_hcp_factory() -> Iterator[Callable[..., MockHCP]]:
    """Starts mocks as the test wants them: it takes what :class:`hcpsdk.mock.MockHCP` takes.

    They are stopped at the end of the test. A replica beside the first one, on the same port::

        hcp1 = mock_hcp_factory()
        hcp2 = mock_hcp_factory('hcp2.example.com', first=11, port=hcp1.port)
        hcp1.dns.zones[hcp2.domain] = hcp2.addresses
    """
    from . import MockHCP

    with contextlib.ExitStack() as running:
        yield lambda *args, **kwargs: running.enter_context(MockHCP(*args, **kwargs))


@pytest.fixture
def mock_hcp_pair() -> Iterator[tuple[MockHCP, MockHCP]]:
    """Two mocks that run while the test does, ``hcp1.example.com`` and ``hcp2.example.com``.

    They have the same ports, and each one's name server knows the names of both, whether the other runs or
    not. They are not linked yet: ``hcp1.replicate_to(hcp2)`` does that. It takes a system that knows
    127.0.0.11, as Linux does.
    """
    from . import MockHCP

    with MockHCP() as hcp1:
        second = MockHCP('hcp2.example.com', first=11, port=hcp1.port, mapi_port=hcp1.mapi_port)
        with second as hcp2:
            hcp1.dns.zones[hcp2.domain] = hcp2.addresses
            hcp2.dns.zones[hcp1.domain] = hcp1.addresses
            yield hcp1, hcp2
