"""One request, made up, to a WSGI gate and to an ASGI gate: they answer alike, or something is wrong with one of them.

`make differential` (`python -m tests.both_worlds --requests 10_000_000`). Each pair of gates has the same settings, the
same clock and the same sessions, some of them ended; requests are what browsers, programs and attackers send, each
changed at random. What is compared: whether the app is called, and all that it is told; else the gate's whole answer,
but for what is random in it, and with what the sealed `state` says. Whatever both worlds say, nobody is anybody without
that person's session (once, whole, under its name) or token, no rule is passed by who may not, and no app sees a gate's
cookie.

The keys from which those were made up that differed once stand in `kept.jsonl`, and are sent before all else.

Modules, each may import those before it: `made_up` (requests), `pairs` (gates, and what they answered), `__main__`.
"""
