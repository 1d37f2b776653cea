"""The papers say what the code does: version, changelog, README, make targets, recorded output."""

from __future__ import annotations

import doctest
import importlib.metadata
import re
import runpy
from pathlib import Path

import pytest
from packaging.version import Version

import hcpsdk
from hcpsdk.mock import MockHCP

TREE = Path(__file__).parents[2]
RECORDER = runpy.run_path(str(TREE / 'docs' / 'record_samples.py'))


def text(path: str) -> str:
    return (TREE / path).read_text(encoding='utf-8')


def test_the_distribution_has_the_version_of_the_code() -> None:
    """Or pip would show one release and ``hcpsdk.version()`` another."""
    assert importlib.metadata.version('hcpsdk') == str(Version(hcpsdk.version()))


def test_the_changelog_opens_with_this_version() -> None:
    """Or nobody could tell what is new in the release at hand."""
    newest = re.search(r'^(\S+)\n-+$', text('CHANGELOG.rst'), re.MULTILINE)
    assert newest is not None
    assert newest.group(1) == hcpsdk.version()


def test_the_plugin_is_announced_to_pytest() -> None:
    """Or the fixture ``mock_hcp`` would be missing where the package is installed."""
    announced = importlib.metadata.distribution('hcpsdk').entry_points
    [plugin] = [entry for entry in announced if entry.group == 'pytest11']
    assert (plugin.name, plugin.value) == ('hcpsdk_mock', 'hcpsdk.mock.plugin')


@pytest.mark.parametrize('command', ['make demo', 'make test'])
def test_the_readme_shows_the_command(command: str) -> None:
    """Or a newcomer would not know how to begin."""
    assert re.search(rf'^ +{command}$', text('README.rst'), re.MULTILINE)


def test_every_make_target_is_explained() -> None:
    """Or ``make`` would offer what does not exist, and hide what does."""
    makefile = text('Makefile')
    rules = set(re.findall(r'^([a-z-]+):(?!=)', makefile, re.MULTILINE))
    explained = set(re.findall(r"^\t@echo 'make ([a-z-]+)", makefile, re.MULTILINE))
    steps_of_check = {'lint', 'types', 'dist'}
    assert rules == explained | steps_of_check | {'help'}


@pytest.mark.parametrize('page', ['README.rst', 'docs/index.rst'])
def test_the_first_example_works(page: str) -> None:
    """Or the first thing that a newcomer types would fail."""
    with MockHCP() as hcp:
        local = text(page).replace("com', auth)", "com', auth, port=port, resolver=resolver)")
        names = {'port': hcp.port, 'resolver': hcp.resolver()}
        example = doctest.DocTestParser().get_doctest(local, names, page, None, 0)
        result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example)
    assert (result.failed, result.attempted) == (0, 4)


@pytest.mark.parametrize('name', RECORDER['SAMPLES'])
def test_the_recorded_output_is_current(name: str) -> None:
    """Or the chapter on samples would show what they do not print any more."""
    recorded = text(f'docs/_generated/{name}.txt')
    printed = RECORDER['run'](name)
    assert RECORDER['shape'](printed) == RECORDER['shape'](recorded)
