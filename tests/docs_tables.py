"""The tables in the documents that are made from the code: `python -m tests.docs_tables` writes them (`make docs`).

Each stands between two comments that name it. `test_docs.py` fails when one is not as the code would have it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from oidc_gate.browser.request_kinds import Kind
from oidc_gate.doctor.about import ABOUT
from oidc_gate.doctor.table import CHECKS
from oidc_gate.telling.metrics import METRICS
from oidc_gate.telling.opentelemetry_metrics import NAMES
from tests.documented import navigation
from tests.documented.commands import commands_text
from tests.documented.python_api import python_text
from tests.documented.settings import settings_text
from tests.real_apps.pages import apps_table

__all__ = ["TABLES", "written_anew"]

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference"


def kinds_table() -> str:
    """Return a row for each kind of request: how it is told, and what it gets without a session."""
    rows = [f"| {kind.title} | {kind.told} | {kind.answer} |" for kind in Kind]
    return "\n".join(["| request | told by | without a session |", "|---|---|---|", *rows])


def checks_text() -> str:
    """Return a section for each check of `oidc-gate doctor`."""
    return "\n\n".join(_section(check.id, check.name) for check in CHECKS)


def _section(check_id: str, name: str) -> str:
    told = ABOUT[check_id]
    lines = [f"- **{provider}**: {text}" for provider, text in told.at.items()]
    parts = [f'### <a id="{check_id}"></a>{check_id}: {name}', told.means, f"*Why:* {told.why}", f"*Mend:* {told.mend}"]
    return "\n\n".join([*parts, "\n".join(lines)] if lines else parts)


def metrics_table() -> str:
    """Return a row for each metric: its names at Prometheus and OpenTelemetry, its labels and its meaning."""
    kinds = {"duration": "histogram", "info": "gauge", "gauge": "gauge", "counter": "counter"}
    rows = []
    for metric in METRICS:
        other, unit, _ = NAMES[metric.name]
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        rows.append(f"| `{metric.name}` | {kinds[metric.kind]} | {labels} | {metric.meaning} | `{other}`, {unit} |")
    head = "| metric | kind | labels | what it counts | OpenTelemetry |"
    return "\n".join([head, "|---|---|---|---|---|", *rows])


#: In which document a table stands, its name there, and what makes it.
TABLES: list[tuple[Path, str, Callable[[], str]]] = [
    (REFERENCE / "settings.md", "settings", settings_text),
    (REFERENCE / "paths.md", "kinds of request", kinds_table),
    (REFERENCE / "commands.md", "commands", commands_text),
    (REFERENCE / "python.md", "Python API", python_text),
    (ROOT / "docs" / "doctor.md", "checks", checks_text),
    (ROOT / "docs" / "operations.md", "metrics", metrics_table),
    *((ROOT / "zensical.toml", name, lines) for name, lines in navigation.GROUPS.items()),
    (ROOT / "docs" / "apps" / "README.md", "apps", apps_table),
]


def written_anew(text: str, name: str, table: str, command: str = "make docs") -> str:
    """Return the document's text with this table as it is to be; `command` is what writes it.

    It stands between two comments: of Markdown, or of TOML, whose lines are indented as the comments are.
    """
    written = re.escape(f"{name}: written by `{command}`")
    of_markdown = re.compile(rf"(<!-- {written} -->\n\n).*?(<!-- end of {name} -->)", re.DOTALL)
    of_toml = re.compile(rf"^(( *)# {written}\n).*?(^ *# end of {name}$)", re.DOTALL | re.MULTILINE)
    found, count = of_markdown.subn(lambda match: f"{match[1]}{table}\n\n{match[2]}", text)
    if not count:
        found, count = of_toml.subn(lambda match: f"{match[1]}{_indented(table, match[2])}{match[3]}", text)
    if count != 1:
        raise ValueError(f"the table {name} has no place, or two")
    return found


def _indented(table: str, margin: str) -> str:
    return "".join(f"{margin}{line}\n" for line in table.splitlines())


if __name__ == "__main__":
    for path, name, make in TABLES:
        path.write_text(written_anew(path.read_text(encoding="utf-8"), name, make()), encoding="utf-8")
