"""docs/reference/commands.md: each command of `oidc-gate` with its flags, as the parser has them."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from oidc_gate.command.cli import _parser

__all__ = ["commands", "commands_text"]

_SETTINGS = "## Flags for settings"
#: Below which command the flags for settings are shown, once for all.
_SHOWN_OF = "oidc-gate run"


def commands() -> dict[str, argparse.ArgumentParser]:
    """Return the parser of each command, and of each of its actions, by what is typed: `oidc-gate sessions revoke`."""
    return dict(_below("oidc-gate", _parser()))


def _below(typed: str, parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    yield typed, parser
    for name, inner in _choices(parser).items():
        yield from _below(f"{typed} {name}", inner)


def _choices(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    return {name: inner for each in _of_commands(parser) for name, inner in each.choices.items()}


def _of_commands(parser: argparse.ArgumentParser) -> list[argparse._SubParsersAction[argparse.ArgumentParser]]:
    return [each for each in parser._actions if isinstance(each, argparse._SubParsersAction)]


def commands_text() -> str:
    """Return a section for each command, and one for the flags that most of them share."""
    (settings,) = [group for group in commands()[_SHOWN_OF]._action_groups if group.title == "settings"]
    shared = "\n\n".join([_SETTINGS, _table("flag", settings._group_actions)])
    return "\n\n".join([*(_section(typed, parser) for typed, parser in commands().items()), shared])


def _section(typed: str, parser: argparse.ArgumentParser) -> str:
    said = (parser.description or _help_of(typed)).strip().rstrip(".")
    parts = [f"{'##' if typed.count(' ') < 2 else '###'} `{typed}`", _cell(said[:1].upper() + said[1:]) + "."]
    for each in _of_commands(parser):
        rows = [
            f"| [`{typed} {choice.dest}`](#{_anchor(typed, choice.dest)}) | {_cell(choice.help or '')} |"
            for choice in each._choices_actions
        ]
        parts.append("\n".join(["| command | what it does |", "|---|---|", *rows]))
    own = [each for group in parser._action_groups if group.title != "settings" for each in group._group_actions]
    own = [each for each in own if not isinstance(each, argparse._HelpAction | argparse._SubParsersAction)]
    if own:
        parts.append(_table("argument", own))
    if any(group.title == "settings" for group in parser._action_groups):
        parts.append("And [the flags for settings](#flags-for-settings).")
    return "\n\n".join(parts)


def _anchor(typed: str, name: str) -> str:
    return f"{typed} {name}".replace(" ", "-")


def _help_of(typed: str) -> str:
    """Return what the command above says of this one."""
    above, _, name = typed.rpartition(" ")
    found = [each for action in _of_commands(commands()[above]) for each in action._choices_actions]
    return next(str(each.help) for each in found if each.dest == name)


def _table(head: str, actions: list[argparse.Action]) -> str:
    return "\n".join([f"| {head} | meaning |", "|---|---|", *map(_row, actions)])


def _row(action: argparse.Action) -> str:
    shown = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    value = "" if action.nargs == 0 else f" {'|'.join(map(str, action.choices)) if action.choices else shown}"
    names = [_literal(f"{name}{value}") for name in action.option_strings] or [_literal(shown)]
    meaning = (action.help or "") % {"default": action.default}
    return f"| {', '.join(names)} | {_cell(meaning)} |"


def _literal(text: str) -> str:
    """Return it as code. A bar in backticks ends the cell at GitHub; a backslash before it is shown on the site."""
    return f"<code>{_cell(text)}</code>" if "|" in text else f"`{text}`"


def _cell(text: str) -> str:
    """Return a text of the parser as Markdown: what stands between angle brackets is no tag, a bar ends no cell."""
    return text.replace("<", "&lt;").replace(">", "&gt;").replace("|", "&#124;")
