"""`oidc-gate doctor`: what keeps people from signing in, found before one of them tries.

A check asks, and returns what it found. Where a wrong answer can be told from a right one only beside the other, it
asks twice, once right and once wrong on purpose (the control): only a difference proves something. Else it cannot tell,
and says so. Nothing is left behind at the provider, and nothing found holds a secret.

Modules, from the ground up; each may import only from those before it:

- `findings`: what a check finds
- `case`: what a check is, and what all share: the settings, the provider's own words, how it and the app are asked
- `settings_checks`: S, the settings
- `network_checks`: N, the way to the provider
- `markup`: a page of HTML, as far as it is read here
- `landing`: what an authorization request without a person ends in
- `probes`: what the provider is asked
- `provider_checks`: P, what the provider says of itself
- `client_checks`: P, what its endpoints for servers say to this client
- `request_checks`: P, what its endpoints for browsers say
- `profile_checks`: P24, whether it has what a profile asks for
- `app_address`: the app's own address, and what this gate proves of what arrived there
- `direct_check`: A10, the app beside its proxy
- `address_checks`: A1 to A3 and A9, whether the app's address leads to this gate
- `passage_checks`: A4 to A8, what passes between a browser and the gate
- `cookie_checks`: C, the cookies of sessions
- `store_checks`: B, where sessions are kept
- `table`: all checks, in order
- `examination`: runs them, and tells what they found
- `told`: how a check is told of in many words
- `about_settings`: S, in many words
- `about_network`: N
- `about_provider`: P, of the provider itself
- `about_client`: P, at its endpoints for servers
- `about_requests`: P, at its endpoints for browsers
- `about_sessions`: C and B
- `about_address`: A
- `about`: what each check means, why it matters, how to mend what it finds

May import: `errors`, `stores`, `access`, `settings`, `provider`, `sessions`, `gate`.
"""

from oidc_gate.doctor.about import about
from oidc_gate.doctor.case import Case, Options, Source
from oidc_gate.doctor.examination import Examined, Report, examine, printable
from oidc_gate.doctor.settings_checks import COMMAND_LINE, settings_refused
from oidc_gate.doctor.table import CHECKS

__all__ = [
    "CHECKS",
    "COMMAND_LINE",
    "Case",
    "Examined",
    "Options",
    "Report",
    "Source",
    "about",
    "examine",
    "printable",
    "settings_refused",
]
