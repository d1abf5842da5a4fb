"""Scoring of document dumps: reading many formats, running to the end, and resuming."""
