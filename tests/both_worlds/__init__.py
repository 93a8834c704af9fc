"""One request, made up, to a WSGI gate and to an ASGI gate: they answer alike, or something is wrong with one of them.

`make differential` (`python -m tests.both_worlds --requests 10_000_000`). Each pair of gates has the same settings, the
same clock and the same sessions; requests are what browsers, programs and attackers send, each changed at random. What
is compared: whether the app is called; as whom, with which path, which cookies and which headers of those that only the
gate may say; else the gate's whole answer, but for what is random in it. Whatever the worlds say, nobody is anybody
without the whole text of that person's session in the request, and no app sees a gate's cookie.

What differed once stands in `kept.jsonl`, is sent before all else, and grows by what is found.

Modules, each may import those before it: `made_up` (requests), `pairs` (gates, and what they answered), `__main__`.
"""
