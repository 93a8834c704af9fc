"""Packages of public registries, put into `.providers/` once. Each raises UnavailableError with what went wrong."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.real_providers.provider import UnavailableError

__all__ = ["FOLDER", "go_module", "maven_zip", "run", "virtualenv"]

FOLDER = Path(__file__).parents[2] / ".providers"
_LIMIT = 1800.0


def run(argv: Sequence[str], *, cwd: Path, env: Mapping[str, str] | None = None, limit: float = _LIMIT) -> str:
    """Run a program to its end and return what it wrote. Raises UnavailableError when it fails."""
    program = shutil.which(argv[0])
    if program is None:
        raise UnavailableError(f"{argv[0]} is not installed")
    try:
        done = subprocess.run(
            [program, *argv[1:]],
            cwd=cwd,
            env={**os.environ, **(env or {})},
            capture_output=True,
            text=True,
            timeout=limit,
        )
    except subprocess.TimeoutExpired:
        raise UnavailableError(f"{' '.join(argv[:3])} took over {limit:.0f} s") from None
    if done.returncode:
        raise UnavailableError(f"{' '.join(argv)} ended with {done.returncode}: {(done.stdout + done.stderr)[-800:]}")
    return done.stdout


def virtualenv(name: str, *requirements: str, inside: Path = FOLDER) -> Path:
    """Return the Python of a virtual environment with these packages of PyPI, in the folder `inside`."""
    folder = inside / name
    python, made_of = folder / "bin" / "python", folder / "requirements.txt"
    wanted = "\n".join(requirements)
    if not made_of.exists() or made_of.read_text() != wanted:
        inside.mkdir(exist_ok=True)
        run([sys.executable, "-m", "venv", "--clear", str(folder)], cwd=inside)
        run([str(python), "-m", "pip", "install", "--quiet", *requirements], cwd=inside)
        made_of.write_text(wanted)
    return python


def go_module(name: str, module: str, version: str, *edits: str, tags: str = "", package: str = ".") -> Path:
    """Return a program built from a Go module; `edits` are arguments of `go mod edit`."""
    folder = FOLDER / name
    program, source = folder / f"{name}-{version}", folder / "source"
    if not program.exists():
        folder.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(source, ignore_errors=True)
        env = {"GOTOOLCHAIN": "local", "GOFLAGS": "-mod=mod", "GOWORK": "off"}
        told = json.loads(run(["go", "mod", "download", "-json", f"{module}@{version}"], cwd=folder, env=env))
        shutil.copytree(told["Dir"], source, copy_function=shutil.copyfile)
        for path in [source, *(each for each in source.rglob("*") if each.is_dir())]:
            path.chmod(0o755)
        if edits:
            run(["go", "mod", "edit", *edits], cwd=source, env=env)
        run(["nice", "-n", "10", "go", "build", "-tags", tags, "-o", str(program), package], cwd=source, env=env)
    return program


def maven_zip(name: str, artifact: str) -> Path:
    """Return the folder in which a zip of Maven Central (`group:name:version:zip`) was unpacked."""
    folder = FOLDER / name
    _, artifact_name, version, _ = artifact.split(":")
    ready = folder / f"{artifact_name}-{version}.ready"
    if not ready.exists():
        folder.mkdir(parents=True, exist_ok=True)
        run(["mvn", "-q", "-B", "dependency:copy", f"-Dartifact={artifact}", f"-DoutputDirectory={folder}"], cwd=folder)
        with zipfile.ZipFile(folder / f"{artifact_name}-{version}.zip") as archive:
            archive.extractall(folder)
        ready.touch()
    return folder
