"""Decides whether a statement only reads. Pure: the catalogue's facts are handed in."""
