"""The apps of the race, each with its own way to ask for a login: `bare` has none, `gated` has the gate before it.

What they are to know comes in the environment: `RACE_ISSUER`, `RACE_CLIENT_ID`, `RACE_CLIENT_SECRET`, `RACE_URL` (the
entrant's own address).
"""
