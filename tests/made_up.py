"""hypothesis, as these tests use it: whoever takes it from here has our profile, and others need not wait for it.

`make fuzz` asks for the profile `fuzz`; `tests`, which holds otherwise, finds the same each time.
"""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, assume, example, given, settings
from hypothesis import strategies as st

__all__ = ["HealthCheck", "Phase", "assume", "example", "given", "settings", "st"]

settings.register_profile("tests", deadline=None, derandomize=True)
settings.register_profile("fuzz", deadline=None, max_examples=10_000)
settings.load_profile("tests")
