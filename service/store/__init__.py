"""Keeps documents, analyses and decisions; start at `store.py`, the tables are in `tables.py`."""
