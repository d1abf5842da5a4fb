"""What people do with an analysis: queue, claims, decisions, second looks; start at `decisions.py`."""
