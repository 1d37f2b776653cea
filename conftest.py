"""What all tests share: the mock's fixtures, and the names that the documentation's examples use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from hcpsdk.mock import MockHCP

pytest_plugins = ['hcpsdk.mock.plugin']

# Sphinx's own files need Sphinx to be imported; the index's example is the README's, run by test_papers.
collect_ignore = ['docs/conf.py', 'docs/_ext', 'docs/_build', 'docs/index.rst']


@pytest.fixture(autouse=True)
def example_hcp(request: pytest.FixtureRequest, doctest_namespace: dict[str, Any]) -> Iterator[None]:
    """Give each example that talks to an HCP a fresh one: ``hcp``, ``port``, ``mapi_port``, ``resolver``."""
    example = getattr(request.node, 'dtest', None)
    if example is None or 'resolver' not in (example.docstring or ''):
        yield
        return
    with MockHCP() as hcp:
        doctest_namespace.update(hcp=hcp, port=hcp.port, mapi_port=hcp.mapi_port, resolver=hcp.resolver())
        yield
