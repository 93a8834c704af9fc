"""The parts of the site's navigation that are pages in folders: a new page is there after `make docs`."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

__all__ = ["DOCS", "GROUPS", "title"]

DOCS = Path(__file__).parents[2] / "docs"


def group(heading: str, pattern: str) -> Callable[[], str]:
    """Return what makes the lines of a group of pages: the overview first, where there is one, then by title."""

    def lines() -> str:
        found = sorted(DOCS.glob(pattern), key=lambda path: (path.name != "README.md", title(path).lower()))
        if not found:
            return ""
        rows = [f'    {{ "{title(path)}" = "{path.relative_to(DOCS).as_posix()}" }},' for path in found]
        return "\n".join([f'{{ "{heading}" = [', *rows, "] },"])

    return lines


def title(path: Path) -> str:
    """Return a page's name for the navigation: its heading up to a colon, a bracket, or what it stands in front of."""
    found = re.search(r"^# (.+?)(?:: | \(| in front of |$)", path.read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise ValueError(f"{path} has no heading")
    return found[1].replace("`", "")


#: The name of each group in `zensical.toml`, and what makes its lines.
GROUPS: dict[str, Callable[[], str]] = {
    "recipes": group("Recipes", "recipes/*.md"),
    "providers": group("Providers", "providers/*.md"),
    "apps": group("Apps", "apps/*.md"),
    "migration": group("Coming from", "from-*.md"),
}
