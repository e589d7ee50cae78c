"""Stands in for the real one, where a notebook is run in its own folder."""

FAKE = True
