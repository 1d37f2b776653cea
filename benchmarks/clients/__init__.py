"""One module per HTTP client, all alike, so that ``worker.py`` need not know which one it drives.

``VERSION`` says what is measured; ``shared(door)`` returns what all connections to one door have in
common; ``Client(door, shared)`` is one connection, used as its own documentation shows, with

- ``put(path, body)``, ``delete(path)``, ``upload(path, filename)``, which return the status,
- ``get(path)`` and ``download(path)``, which return how many bytes came,
- ``head(path)``, which returns how many headers came, after having made a list of them,
- ``close()``.
"""
