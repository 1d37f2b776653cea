"""How Sphinx builds this documentation: offline, and with every warning an error (see the Makefile)."""

import sys
from pathlib import Path

import hcpsdk

sys.path.insert(0, str(Path(__file__).parent / '_ext'))

project = 'hcpsdk'
author = 'the hcpsdk authors'
copyright = '2026, the hcpsdk authors'
release = version = hcpsdk.version()

extensions = ['sphinx.ext.autodoc', 'code_tables']
exclude_patterns = ['_build', '_generated']

autodoc_member_order = 'bysource'
autodoc_preserve_defaults = True
autodoc_typehints = 'signature'
autodoc_typehints_format = 'short'
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
trim_doctest_flags = True

# Every reference has to lead somewhere. Those to other projects' documentation cannot be looked up without
# a network, and private classes have no page.
nitpicky = True
STANDARD = 'builtins|collections|csv|datetime|dns|http|io|os|pathlib|socket|ssl|threading|types|typing'
nitpick_ignore_regex = [
    ('py:.*', rf'({STANDARD})\..*'),
    ('py:.*', r'[a-z]+(\[.*)?|[A-Z][A-Za-z]*(Error|Exception)'),
    ('py:class', r'hcpsdk\._.*'),
    ('py:class', r'hcpsdk\.mock\.pairs\.HasSystem'),  # a protocol that MockHCP fulfils
]

html_theme = 'furo'
html_title = f'hcpsdk {release}'
html_static_path = ['_static']
html_css_files = ['hcpsdk.css']
html_copy_source = False
html_show_sphinx = False
