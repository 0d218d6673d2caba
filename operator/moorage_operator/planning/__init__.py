"""Specs in, the objects and tables that follow from them out; no clock, no network, no files."""
