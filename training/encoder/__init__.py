"""Makes the sentence encoder that the deep tier loads; the main flow is `build.py`. Torch comes only with its extra."""
