"""`python -m oidc_gate`: the command `oidc-gate`, with the Python that one names."""

import sys

from oidc_gate.command import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
