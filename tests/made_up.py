"""hypothesis, as these tests use it: whoever takes it from here has our profile, and others need not wait for it.

`make fuzz` asks for the profile `fuzz`; `tests`, which holds otherwise, finds the same each time.
"""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, assume, example, given, settings
from hypothesis import strategies as st

__all__ = ["HealthCheck", "Phase", "assume", "example", "given", "settings", "st"]

#: How long an example takes to make says more of what else the machine does than of the test.
BUSY = [HealthCheck.too_slow]

settings.register_profile("tests", deadline=None, derandomize=True, suppress_health_check=BUSY)
settings.register_profile("fuzz", deadline=None, max_examples=10_000, suppress_health_check=BUSY)
settings.load_profile("tests")
