"""Public benchmarks by their papers' rules: a card says what is measured, `held_out.py` how nothing leaks."""
