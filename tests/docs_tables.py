"""The tables in the documents that are made from the code: `python -m tests.docs_tables` writes them (`make docs`).

Each stands between two comments that name it. `test_docs.py` fails when one is not as the code would have it.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path

from oidc_gate import Settings
from oidc_gate.browser.request_kinds import Kind
from oidc_gate.doctor.about import ABOUT
from oidc_gate.doctor.table import CHECKS
from oidc_gate.telling.metrics import METRICS
from oidc_gate.telling.opentelemetry_metrics import NAMES
from tests.real_apps.pages import apps_table

__all__ = ["TABLES", "written_anew"]

ROOT = Path(__file__).parents[1]
_UNITS = ((3600.0, "h"), (60.0, "m"), (1.0, "s"))


def settings_table() -> str:
    """Return a row for each setting: its name, its default as an operator would write it, and its meaning."""
    fields = dataclasses.fields(Settings)
    rows = [f"| `{each.name}` | {_default(each)} | {each.metadata['meaning']} |" for each in fields]
    return "\n".join(["| setting | default | meaning |", "|---|---|---|", *rows])


def _default(each: dataclasses.Field[object]) -> str:
    if each.metadata["shown"]:
        return str(each.metadata["shown"])
    value = each.default
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return f"`{' '.join(value)}`" if value else "\u2013"
    if isinstance(value, float) and value:
        unit, letter = next((unit, letter) for unit, letter in _UNITS if value % unit == 0)
        return f"`{int(value / unit)}{letter}`"
    return "\u2013" if value in (None, "") else f"`{value}`"


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
    (ROOT / "README.md", "settings", settings_table),
    (ROOT / "README.md", "kinds of request", kinds_table),
    (ROOT / "docs" / "doctor.md", "checks", checks_text),
    (ROOT / "docs" / "operations.md", "metrics", metrics_table),
    (ROOT / "docs" / "apps" / "README.md", "apps", apps_table),
]


def written_anew(text: str, name: str, table: str, command: str = "make docs") -> str:
    """Return the document's text with this table as it is to be; `command` is what writes it."""
    start, end = f"<!-- {name}: written by `{command}` -->", f"<!-- end of {name} -->"
    pattern = re.compile(f"{re.escape(start)}.*?{re.escape(end)}", re.DOTALL)
    found, count = pattern.subn(lambda _: f"{start}\n\n{table}\n\n{end}", text)
    if count != 1:
        raise ValueError(f"the table {name} has no place, or two")
    return found


if __name__ == "__main__":
    for path, name, make in TABLES:
        path.write_text(written_anew(path.read_text(encoding="utf-8"), name, make()), encoding="utf-8")
