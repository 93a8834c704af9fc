"""The commands in a block of a console: what stands behind `$`, taken apart, and what is wrong with it."""

from __future__ import annotations

import configparser
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from oidc_gate.command.cli import _parser
from tests.documented.servers_options import SERVERS, said_by

__all__ = ["commands_in", "wrong_with"]

ROOT = Path(__file__).parents[2]
_ENDS = {"|", "||", "&&", ";", "&"}
_AN_ASSIGNMENT = re.compile(r"[A-Z_][A-Z0-9_]*=.*", re.DOTALL)
_SUBSTITUTED = re.compile(r"\$\(([^()]*)\)")
#: What is the shell's own, or does nothing that could be wrong.
_PLAIN = {".", "cat", "cd", "echo", "export", "mkdir", "rm", "sed"}
_EXTRA = re.compile(r"oidc-gate(?:\[([\w,-]+)\])?")


def commands_in(text: str) -> list[list[str]]:
    """Return the words of each command, without variables that are set for it, and without redirections."""
    found = []
    for line in _typed(text):
        for inner in _SUBSTITUTED.findall(line):
            found += commands_in(f"$ {inner}\n")
        found += [words for words in map(_words, _simple(_SUBSTITUTED.sub("substituted", line))) if words]
    return found


def _typed(text: str) -> Iterator[str]:
    """Yield what was typed; a line that ends in a backslash goes on in the next, which begins with `> `."""
    for joined in re.sub(r"\\\n(?:> )?", " ", text).splitlines():
        if joined.startswith("$ "):
            yield joined.removeprefix("$ ")


def _simple(line: str) -> Iterator[list[str]]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    command: list[str] = []
    for word in lexer:
        if word in _ENDS:
            yield command
            command = []
        else:
            command.append(word)
    yield command


def _words(command: list[str]) -> list[str]:
    words: list[str] = []
    for word in command:
        if word in (">", ">>", "<"):
            break
        if words or not _AN_ASSIGNMENT.fullmatch(word):
            words.append(word)
    return words


def wrong_with(command: list[str]) -> str | None:
    """Return what is wrong with a command; `not known` where this cannot tell, None where nothing is."""
    program, *arguments = command
    if program == "oidc-gate":
        return said_by(lambda: _parser().parse_args(arguments))
    if program == "pip" and arguments[:1] == ["install"]:
        return _installed(arguments[1:])
    if program in SERVERS:
        return SERVERS[program](arguments)
    if program == "make":
        goals = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
        return None if {*arguments} <= {*goals} else f"no goal: {arguments}"
    if program in _PLAIN or (program, arguments[:2]) == ("python3", ["-m", "venv"]):
        return None
    return "not known"


def _installed(packages: list[str]) -> str | None:
    setup = configparser.ConfigParser(interpolation=None)
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    known = {*setup["options.extras_require"]}
    for package in packages:
        extras = _EXTRA.fullmatch(package)
        if extras is not None and extras[1] and not {*extras[1].split(",")} <= known:
            return f"no extra: {package}"
    return None
