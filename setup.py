"""What pyproject.toml cannot say to old and new setuptools alike; everything else stands there."""

from setuptools import setup

setup(license='MIT')
