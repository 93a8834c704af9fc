"""The command `oidc-gate`.

Modules, from the ground up; each may import only from those before it:

- `terminal`: text as a terminal can show it
- `secret`: make a `cookie_secret`, or put one in front of others in a file
- `signed_in`: who signed in, by audit events
- `stored_sessions`: list stored sessions, and end them
- `demo_provider`: the demo's OpenID provider
- `provider_process`: that provider, run in a process of its own
- `uvicorn_requests`: how uvicorn reads requests
- `listening`: where `run` listens, and what it says of that
- `hanging_up`: what SIGHUP does to `run`
- `uvicorn_workers`: several processes of uvicorn, and SIGHUP
- `run`: serve an app behind the gate
- `sample_app`: the app that the demo shows where none is named
- `demo_server`: serves an app while the demo does other things
- `demo`: a provider on this machine, made-up people, and an app behind the gate
- `on_paper`: a gate that judges requests which nobody has sent
- `people`, `token_bearer`: for whom it is asked
- `expectations`: a file of what is to come of requests
- `explain`: which rule decides a request, and why
- `doctor`: whether people will be able to sign in
- `loopback`: where a browser on this machine comes back to, for one sign-in
- `kept_token`: a file that keeps one person's tokens
- `token`: an access token for a person at a terminal
- `flags`: flags that several commands take
- `sessions`: how stored sessions are asked for
- `cli`: how these are asked for on the command line

May import: `errors`, `identity`, `carriers`, `stores`, `access`, `settings`, `provider`,
`sessions`, `telling`, `gate`, `doctor`, `wsgi`, `asgi`, `outermost`, `proxy`.
"""

from oidc_gate.command.cli import main

__all__ = ["main"]
