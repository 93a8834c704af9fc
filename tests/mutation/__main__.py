"""Mutation testing of the rules: `make mutants`. No change of a decision may go unnoticed by the tests.

mutmut makes the changes (mutants) in functions; `[tool.mutmut]` in `pyproject.toml` says of which modules, and by which
tests they are to be noticed. It looks neither into properties, which are made plain for it in a copy, nor at what
stands outside of functions: for that `survivors.toml` has mutants by hand. That file also says what is left out, and
which mutants change nothing that could be noticed, each with the reason. Any other that survives fails the run.

`python -m tests.mutation NAME…` runs mutants of the last run again; `*` stands for any part of a name.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
#: The copy that is mutated.
STAGE = ROOT / "build" / "mutants"
TOLD: dict[str, Any] = tomllib.loads(Path(__file__).with_name("survivors.toml").read_text("utf-8"))
CONFIGURED: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["mutmut"]
#: mutmut's exit codes; any other is that of a mutant that ran out of time, or brought Python down.
_KILLED, _SURVIVED = (1, 3), (0, 5, 33, None)
_NOT_COPIED = shutil.ignore_patterns("node_modules", "screenshots", "__pycache__", "real_providers")


class Mutant(NamedTuple):
    """What was changed, and whether a test noticed."""

    where: str
    was: str
    now: str
    status: str


def main(names: list[str]) -> int:
    """Run them, and print what came of it; the exit status."""
    if names:
        shutil.copytree(ROOT / "tests", STAGE / "tests", ignore=_NOT_COPIED, dirs_exist_ok=True)
    else:
        _set_stage()
    script = STAGE / "tests" / "mutation" / "operators.py"
    _run([str(script), "run", "--max-children", "1", *names], check=True)
    survived = list(_survivors())
    counts = Counter(status for _, status in _results())
    if not names:
        for mutant in _mutants_by_hand():
            counts[mutant.status] += 1
            survived += [mutant] if mutant.status == "survived" else []
    return _report(survived, counts)


def _run(arguments: list[str], *, check: bool = False, quiet: bool = False) -> subprocess.CompletedProcess[str]:
    plugin = {"PYTEST_PLUGINS": "quick_first", "PYTHONPATH": str(STAGE / "tests" / "mutation")}
    environ = {**os.environ, **plugin}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=STAGE, env=environ, check=check, capture_output=quiet, text=True)


# The copy


def _set_stage() -> None:
    shutil.rmtree(STAGE, ignore_errors=True)
    for folder in ("oidc_gate", "tests"):
        shutil.copytree(ROOT / folder, STAGE / folder, ignore=_NOT_COPIED)
    for name in ("pyproject.toml", "setup.cfg"):
        shutil.copy(ROOT / name, STAGE / name)
    for module in CONFIGURED["only_mutate"]:
        path = STAGE / module
        path.write_text(_made_plain(path.read_text("utf-8"), module), "utf-8")


def _made_plain(source: str, module: str) -> str:
    """Return the module with properties that are functions, and a mark at each function that is left out."""
    lines, left_out, stem = source.splitlines(), TOLD["left_out"], Path(module).stem
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef):
            continue
        only = TOLD["only"].get(stem, [node.name])
        if node.name in left_out or f"{stem}.{node.name}" in left_out or node.name not in only:
            lines[node.lineno - 1] += "  # pragma: no mutate block"
            continue
        match node.decorator_list:
            case [ast.Name(id="property" | "cached_property" as kind)]:
                lines[node.decorator_list[0].lineno - 1] = ""
                lines[node.lineno - 1] = lines[node.lineno - 1].replace(f"def {node.name}(", f"def _of_{node.name}(")
                lines[(node.end_lineno or 0) - 1] += f"\n    {node.name} = {kind}(_of_{node.name})"
    return "\n".join(lines) + "\n"


# What came of it


def _results() -> Iterator[tuple[str, str]]:
    """Return the name of each mutant of mutmut, and what came of it."""
    for path in sorted((STAGE / "mutants" / "oidc_gate").rglob("*.meta")):
        for name, code in json.loads(path.read_text("utf-8"))["exit_code_by_key"].items():
            yield name, "killed" if code in _KILLED else "survived" if code in _SURVIVED else "out of time"


def _survivors() -> Iterator[Mutant]:
    for name, status in _results():
        if status == "survived":
            shown = _run(["-m", "mutmut", "show", name], quiet=True).stdout
            where = re.sub(r"^oidc_gate\.|(?<=\.)x[_ǁ]|(?<=ǁ)_of_|__mutmut_\d+$", "", name).replace("ǁ", ".")
            yield Mutant(where, _changed("-", shown), _changed("+", shown), status)


def _changed(sign: str, shown: str) -> str:
    """Return the lines of a diff that begin with this sign, as one."""
    lines = [line[1:].strip() for line in shown.splitlines() if line.startswith(sign) and line[:3] != sign * 3]
    return " ".join(lines)


def _mutants_by_hand() -> Iterator[Mutant]:
    """Make each change that `survivors.toml` lists to the copy, run the tests, and take it back."""
    tests = CONFIGURED["pytest_add_cli_args_test_selection"]
    for each in TOLD["outside"]:
        path, text = STAGE / "oidc_gate" / each["module"], each["text"]
        source = path.read_text("utf-8")
        for part, other in each["changes"]:
            changed = text.replace(part, other, 1)
            if source.count(text) != 1 or changed == text:
                raise SystemExit(f"survivors.toml: {each['module']} has this not exactly once: {text}, with {part}")
            path.write_text(source.replace(text, changed), "utf-8")
            ended = _run(["-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests], quiet=True).returncode
            path.write_text(source, "utf-8")
            mutant = Mutant(each["module"], text, changed, "killed" if ended else "survived")
            print(f"{mutant.status}: {each['module']}: {part} -> {other}", flush=True)
            yield mutant


def _report(survived: list[Mutant], counts: Counter[str]) -> int:
    equivalent = {(each["where"], each["was"], now) for each in TOLD["equivalent"] for now in each["now"]}
    decisions = [mutant for mutant in survived if mutant[:3] not in equivalent]
    for where, was, now in sorted(equivalent - {mutant[:3] for mutant in survived}):
        print(f"\nlisted as equivalent, and not among the survivors: {where}\n  - {was}\n  + {now}")
    for mutant in decisions:
        print(f"\nsurvived: {mutant.where}\n  - {mutant.was}\n  + {mutant.now}")
    told = ", ".join(f"{number} {status}" for status, number in sorted(counts.items()))
    print(f"\n{counts.total()} mutants: {told}; {len(survived) - len(decisions)} of those change nothing")
    return 1 if decisions else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
