"""The suite on every supported interpreter (``make test-all``), those that are not here left out."""

import os
import shutil
import subprocess

import nox

nox.options.error_on_missing_interpreters = False

# What pyenv has installed is found by name (python3.9) only after it was selected: select all of it.
if shutil.which('pyenv'):
    installed = subprocess.run(['pyenv', 'versions', '--bare'], capture_output=True, text=True, check=True)
    os.environ.setdefault('PYENV_VERSION', ':'.join(installed.stdout.split()))


@nox.session(python=['3.9', '3.10', '3.11', '3.12', '3.13'])
def tests(session: nox.Session) -> None:
    """All tests on one interpreter."""
    session.install('--editable', '.[test]')
    session.run('python', '-m', 'pytest', '--quiet', *session.posargs)


@nox.session(python='3.9')
def oldest(session: nox.Session) -> None:
    """All tests with the oldest dnspython that pyproject.toml allows."""
    session.install('--editable', '.[test]', 'dnspython==2.6.1')
    session.run('python', '-m', 'pytest', '--quiet', *session.posargs)
