"""The pages in `docs/apps/`: what `make apps` writes onto them, and the table that `make docs` makes of all of them."""

from __future__ import annotations

import re

from tests.real_apps.app import App, apps

__all__ = ["apps_table", "tried_block"]

#: What each page says of running it, behind what was tried.
RUN_IT = "To run it with your provider, or with made-up people: [how](README.md#run-one-of-them)."
#: The name of the place on each page that `make apps` writes.
TRIED = "what was tried"


def tried_block(versions: dict[str, str], python: str, date: str) -> str:
    """Return what is written onto a page: which versions were tried, the app's own first, when, and how to run it."""
    first, *others = [f"{name} {version}" for name, version in versions.items()]
    return f"Tried with {', '.join([f'**{first}**', *others])}, Python {python}, on {date}.\n{RUN_IT}"


def version_of(app: App) -> str:
    """Return the version that the app's page says was tried; nothing where none was."""
    found = re.search(rf"<!-- {TRIED}.*?\*\*\S+ (\S+)\*\*", app.page.read_text(encoding="utf-8"), re.DOTALL)
    return found[1] if found else ""


def apps_table() -> str:
    """Return a row for each app."""
    head = "| app | tried | how it is gated | settings | whom it sees | what its page does when the session ends |"
    rows = [
        f"| [{app.title}]({app.name}.md) | {version_of(app)} | {app.gated} | {app.settings} | {app.sees} | {app.ends} |"
        for app in sorted(apps(), key=lambda app: app.title.lower())
    ]
    return "\n".join([head, "|---|---|---|---|---|---|", *rows])
