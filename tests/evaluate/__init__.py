"""How well the silent half is found: simulated months judged against their truth (``python -m tests.evaluate``)."""
