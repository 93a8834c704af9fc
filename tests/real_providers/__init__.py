"""Real providers, as their makers release them, with the gate in front of an app: `make providers`.

Not a part of `make test`: they are installed from public registries, which takes minutes and gigabytes. No file here
is named `test_…`, so pytest takes these tests up only where it is told to.

- `provider`: what the journeys know of any provider: `Provider`, its clients, its forms, what was found
- `installing`: packages of pip, Go and Maven, into `.providers/`
- `listening`: the port at which a provider finds the gate by itself, for back-channel logout
- `hydra`, `keycloak`, …: one module for each provider; `start` runs it while a block lasts
- `pages`: what was found, written into `docs/providers/`
- `conftest`: starts each in turn, and prints the table at the end
- `journeys`: the tests, one body for all providers and both worlds
- `token_issuers`, `token_journeys`: programs with access tokens of Keycloak and Hydra
- `keycloak_faults`, `doctor_journeys`: faults seeded at Keycloak, each found by `oidc-gate doctor`
"""
