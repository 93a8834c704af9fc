"""The demo's provider, run in a process of its own: for the demo, and for tests of apps."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TextIO, cast

from oidc_gate.errors import SettingsError

__all__ = ["ASKING_FOR_NAMES", "provider_process"]

#: The `authz_url_params` of a client: nanoidp sends a name only when asked.
ASKING_FOR_NAMES = {"claims": json.dumps({"id_token": {"name": None, "email": None, "groups": None}})}

#: How long the provider may take to end before it is killed.
PATIENCE_SECONDS = 10.0


@contextmanager
def provider_process(
    client_id: str, client_secret: str, redirect_uris: Sequence[str], *, description: str
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the provider in a child process, which ends with its standard input; yield it and its issuer.

    `description`: of the client, as people see it when they sign in.

    Raises SettingsError where it does not come up; why stands on stderr, which the two share.
    """
    client = {
        "client_id": client_id,
        "client_secret": client_secret,
        "description": description,
        "redirect_uris": list(redirect_uris),
    }
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("NANOIDP_", "MOCK_IDP_"))}
    command = [sys.executable, "-c", "from oidc_gate.command.demo_provider import main; main()"]
    with subprocess.Popen(  # noqa: S603  (this Python, this package)
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            yield process, _introduce(process, client)
        finally:
            _end(process)


def _introduce(process: subprocess.Popen[str], client: Mapping[str, object]) -> str:
    """Tell the provider its client and return its issuer."""
    to_provider, from_provider = cast("TextIO", process.stdin), cast("TextIO", process.stdout)
    with suppress(BrokenPipeError):  # it has ended already, and the line below will be empty
        print(json.dumps(client), file=to_provider, flush=True)
    line = from_provider.readline()
    if not line:
        raise SettingsError("The demo's provider did not start.")
    issuer: str = json.loads(line)["issuer"]
    return issuer


def _end(process: subprocess.Popen[str]) -> None:
    """Close the provider's standard input, which ends it, and wait; kill it if that does not help."""
    try:
        process.communicate(timeout=PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
