"""What stands in the documents, for tests that do as they say."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["README", "ROOT", "block"]

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(heading: str) -> str:
    """Return the first block of code below this heading of the README."""
    found = re.search(rf"^## {re.escape(heading)}$.*?^```\w+\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert found is not None, heading
    return found[1]
