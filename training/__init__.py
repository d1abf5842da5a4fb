"""Makes the artefact that the classifier loads; the main flow is `fit.py`."""
