"""The desk: people who sign in and what they may do; `desk.py` is what all of it stands on."""
