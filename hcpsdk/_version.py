"""The one source of the version; the distribution carries its PEP 440 form."""

VERSION = '0.9.0-5'
