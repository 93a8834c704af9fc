"""What the checks of cookies (C) and stores (B) mean."""

from __future__ import annotations

from oidc_gate.doctor.told import About

__all__ = ["ABOUT_SESSIONS"]

ABOUT_SESSIONS = {
    "C1": About(
        "A session is sealed as this gate would, with the claims that a person usually has and the tokens that the"
        " settings keep, and with more and more groups: how large its cookies are, and with how many groups they reach"
        " the 8 KB that most servers take of a header.",
        "Beyond that limit people in many groups, and they alone, get 400 or 431 at every page; beyond five cookies"
        " their sign-in ends in `session_too_large`.",
        "Set `session_store`: the cookie is a short ticket then. Or have the provider send the groups of this app"
        " alone. `provider_logout` keeps the ID token, `userinfo_refresh_interval` the access token.",
        {
            "JumpCloud": "Bind only the groups that matter to the app; the groups attribute sends those.",
            "Keycloak": "Client scopes: a *Group Membership* mapper without *Full group path*, or client roles.",
            "Entra": "*Token configuration*, groups claim: *Groups assigned to the application*.",
            "Okta": "The groups claim's filter: *Starts with* or *Matches regex*.",
            "Auth0": "An Action that adds the roles of this API, and no more.",
            "Google": "It sends no groups.",
        },
    ),
    "C2": About(
        "The session cookie's name, prefix and Domain are such that browsers take it at `base_url`.",
        "A cookie for a domain that many share (`co.uk`, `github.io`), or for a name without a dot, is refused without"
        " a word: people sign in, and are not signed in. The list that doctor knows is short; a domain that it does not"
        " know may still be shared.",
        "Leave `auth_cookie_domain` out, unless several hosts are to have one session; then it is a domain that is"
        " yours alone. Serve the app over https.",
    ),
    "B1": About(
        "What is written under a random key of doctor's own is read again, replaced, found by its name, claimed by one"
        " alone, and gone when it is removed; nothing stays. Each step's time is compared with `store_timeout`. A"
        " `cookie_deny_list` is only written, read and removed. A SQLite file that is not there is not made.",
        "While the store does not answer, everybody who is signed in gets 503.",
        "The message names what is wrong: address, password, folder, rights. `oidc-gate doctor` should run as the user"
        " that the app runs as.",
    ),
    "B2": About(
        "Redis: it is no replica, its memory policy drops no sessions, its clock agrees with this machine's, its"
        " replicas are no more than five seconds behind, and its address is private or asked over TLS. SQLite: the"
        " file is on a disk of this machine, in WAL mode.",
        "A policy like `allkeys-lru` signs people out when memory is short. Sessions end by the machines' clocks. When"
        " a replica that is behind takes the master's place, people are signed out, and a logout is forgotten. On a"
        " network file system SQLite's locks may not hold, and the file is damaged.",
        "`maxmemory-policy noeviction`; `rediss://`; NTP everywhere; a local disk, or Redis for several machines.",
    ),
}
