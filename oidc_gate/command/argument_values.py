"""What stands behind flags, read; argparse tells what is wrong with it."""

from __future__ import annotations

import argparse
from typing import NoReturn

__all__ = ["assignment", "no_tunnel", "port", "positive"]


def port(text: str) -> int:
    """Return a port; 0 stands for any that is free. Raises ArgumentTypeError."""
    if not (text.isdecimal() and int(text) < 65536):
        raise argparse.ArgumentTypeError(f"{text} is not a port: a number from 0 to 65535")
    return int(text)


def no_tunnel(text: str) -> NoReturn:
    """Refuse the address of a tunnel, and say what to do instead. Raises ArgumentTypeError."""
    url = text if "://" in text else f"https://{text}"
    raise argparse.ArgumentTypeError(
        f"there is no tunnel that could have this address; where people open the app is said by: --set base_url={url}"
    )


def positive(text: str) -> int:
    """Return a number from 1 up. Raises ArgumentTypeError."""
    if not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text} is not a number from 1 up")
    return int(text)


def assignment(text: str) -> tuple[str, str]:
    """Return the two sides of FIELD=VALUE. Raises ArgumentTypeError."""
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"{text} is not FIELD=VALUE")
    return name, value
