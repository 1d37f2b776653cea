"""The management API (MAPI)."""
