"""The race: logins in front of an app that answers "hello", side by side in one run: `make race`.

`python -m benchmarks.peers [--quick] [--check] [NAME,NAME…]`. Every entrant runs at once, with a provider that asks
nothing, and they take turns under `wrk`. Each has one worker process, the WSGI ones four threads. Whether it gates is
asked while it is measured: without a session, and with one of which a character was changed, it may not say "hello",
and with one it must. An entrant that fails this has no figures, and the exit status is 1.

**The columns.** Requests a second, how far apart the rounds were, and the requests' times; all are medians of the
rounds; processor time of a request in all processes of the entrant; the same minus that of the bare app (for a proxy:
of the app alone, so that the hop counts as added); memory of all processes (PSS); the same for requests without a
session; processor time of a whole login, from the first page to "hello", in the entrant's processes, not the
provider's; how many cores others used meanwhile, at most.

**What is not fair.** These do not do the same thing, so that no row is "better" by its figures alone:

- oauth2-proxy and mod_auth_openidc stand in front of any app in any language, and pay for it with a hop and the copy of
  each request. Their memory is that of two servers. The gate and the libraries are in the app's own process.
- fastapi-pyjwt verifies an RS256 signature on each request, and has no session. The others verify one at the login, and
  on a request the tag of a cookie, or look a session up. The gate remembers sessions that a process has opened, and all
  its requests here are of one such; the others open theirs each time. `hot_path.py` has what a first request costs.
- What each sees of a revocation is said under the table. `gate-…-sqlite` and `-redis` ask their store once a second;
  mozilla-django-oidc asks its database on each request; those that have all in a cookie ask nobody.
- The gate, oauth2-proxy, mod_auth_openidc and express-openid-connect do more around a login (several tabs at once,
  limits on a session's life, logout) than the ten lines that an app with Authlib has here, which guard one app as
  Authlib's documentation shows it. Settings stand at their defaults, PKCE too, which not all of them use then; but
  nobody logs requests, and mod_auth_openidc's sessions may rest for longer than five minutes.
- "302*" goes to the entrant's own login page first, not to the provider: it is too cheap to compare.
- One cookie, over and over; one machine, which `wrk` and the provider share; an app that does nothing. In an app that
  does something, all of these are small.

Modules, each may import those before it:

- `processes`, `visitor`, `load`: servers, somebody who signs in, load
- `entrant`, `installing`, `servers`, `proxies`, `field`: what takes part, and how it comes about
- `contender`: one that runs
- `results`: the table
- `race`: all of it in turns
- `apps`: run by the entrants' own Python
"""
