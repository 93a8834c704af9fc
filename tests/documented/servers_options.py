"""The command lines of servers, read by their own parsers: nothing is started."""

from __future__ import annotations

import contextlib
import getopt
import io
from collections.abc import Callable
from unittest import mock

import click

__all__ = ["SERVERS", "said_by"]


def _gunicorn(arguments: list[str]) -> str | None:
    from gunicorn.config import Config

    parser = Config(prog="gunicorn").parser()
    return said_by(lambda: parser.parse_args(arguments))


def _hypercorn(arguments: list[str]) -> str | None:
    from hypercorn import __main__ as command

    with mock.patch.object(command, "run", return_value=0):  # the parser is made inside of what starts it
        return said_by(lambda: command.main(arguments))


def _uvicorn(arguments: list[str]) -> str | None:
    from uvicorn import main

    return _of_click(main, arguments)


def _granian(arguments: list[str]) -> str | None:
    from granian.cli import cli

    return _of_click(cli, arguments)


def _waitress(arguments: list[str]) -> str | None:
    from waitress.adjustments import Adjustments

    try:
        given, apps = Adjustments.parse_args(arguments)
        Adjustments(**{name: value for name, value in given.items() if name not in ("call", "help")})
    except (getopt.GetoptError, ValueError) as error:
        return str(error)
    return None if len(apps) == 1 else "no app, or several"


def _of_click(command: click.Command, arguments: list[str]) -> str | None:
    try:
        command.make_context(command.name, [*arguments])
    except click.ClickException as error:
        return error.format_message()
    return None


def said_by(parse: Callable[[], object]) -> str | None:
    """Return what a parser of argparse says before it ends the program as one that failed; None where it does not."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            parse()
    except SystemExit as ended:
        return said.getvalue() if ended.code else None
    return None


#: What is wrong with the arguments of each server, None where nothing is.
SERVERS: dict[str, Callable[[list[str]], str | None]] = {
    "gunicorn": _gunicorn,
    "hypercorn": _hypercorn,
    "uvicorn": _uvicorn,
    "granian": _granian,
    "waitress-serve": _waitress,
}
