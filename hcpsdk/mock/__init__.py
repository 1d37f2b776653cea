"""The mock HCP."""
