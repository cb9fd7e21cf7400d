"""Judges the health of a database from its counters. Pure."""
