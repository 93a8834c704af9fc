"""A1 to A3, A9, A10: whether the app's address leads to this gate, and what the gate takes its own address for."""

from __future__ import annotations

from collections import Counter
from urllib.parse import parse_qsl, urlsplit

from oidc_gate.doctor.app_address import (
    PAGE,
    Reached,
    ask_app,
    ask_health,
    components_of,
    health_answer,
    own_origin,
    parts_of,
    proven,
    reached,
    what_answered,
)
from oidc_gate.doctor.case import LOOPBACK, Case, Check
from oidc_gate.doctor.direct_check import beside_the_proxy
from oidc_gate.doctor.findings import Finding, fail, ok, unknown, warn, worst
from oidc_gate.doctor.markup import refresh_of
from oidc_gate.gate import Proof

__all__ = ["ADDRESS_CHECKS"]

_FORGED_HOST, _FORGED_CLIENT = "forged.invalid", "203.0.113.99"
_HOST_PASSED_ON = "have the proxy pass the Host header on (nginx: proxy_set_header Host $host)"
#: A page that no app has, with what something on the way may read otherwise.
_PAGE_PATH = "/oidc-gate-doctor/a%2Fb//c%20d"


def _is_this_gate(case: Case) -> Finding:
    """A1: all answers of `base_url` are this gate's."""
    found = reached(case)
    others = [each for each in found if each.proof is None]
    if len(others) == len(found) == 1 and found[0].answer is None and not found[0].is_lasting:
        return unknown(*what_answered(case, found[0]))
    if len(others) == len(found):
        return fail(*what_answered(case, found[0]))
    if others:
        said, mend = what_answered(case, others[0])
        if _is_from_a_cache(found):
            said, mend = "a cache gives one answer to different requests", "have it look at the query, or not cache"
        return fail(f"{len(others)} of {len(found)} answers are not this gate's: {said}", mend)
    older = sum(not each.proof.is_newest for each in found if each.proof is not None)
    if older:
        return warn(
            f"{older} of {len(found)} answers are sealed with an older cookie_secret",
            "start the processes anew that do not know the newest secret yet, or have it behind the others",
        )
    return ok(f"{len(found)} of {len(found)} answers are this gate's")


def _is_from_a_cache(found: list[Reached]) -> bool:
    """Return whether one answer came to two challenges."""
    said = Counter(health_answer(each.answer) for each in found if each.answer is not None)
    return any(count > 1 for text, count in said.items() if text)


def _what_it_sees(case: Case) -> Finding:
    """A2: the gate takes its own address for `base_url`, and the request itself says the same."""
    proof, wanted = proven(case), own_origin(case)
    seen = {(each.proof.own, each.proof.seen) for each in reached(case) if each.proof is not None}
    base = wanted + urlsplit(case.settings.base_url).path
    wrong = next((own for own, _ in sorted(seen) if own != base), None)
    if wrong is not None:
        return fail(f"the gate goes by {wrong}, and base_url is {base}", _how_to_tell(case, proof, wrong=wrong))
    host = next((saw for _, saw in sorted(seen) if urlsplit(saw).netloc != urlsplit(wanted).netloc), None)
    if host is not None:
        return warn(
            f"the gate goes by base_url; the request itself says {host}, and so will addresses that the app makes",
            _how_to_tell(case, proof, wrong=host),
        )
    if case.settings.trusted_proxies and urlsplit(proof.seen).scheme != urlsplit(wanted).scheme:
        return warn(
            f"trusted proxies say {proof.seen}, and base_url is {base}",
            "have the outermost proxy set X-Forwarded-Proto, and count the proxies: trusted_proxies",
        )
    told = proof.host.lower().removesuffix(":443" if wanted.startswith("https:") else ":80")
    if told and told != urlsplit(wanted).netloc:
        return warn(
            f"the gate goes by what proxies say; the app is told the Host {proof.host}, and addresses it makes have"
            " that, unless it goes by X-Forwarded-Host too",
            _HOST_PASSED_ON,
        )
    return ok(f"the gate goes by {base}; requests come as {proof.seen}")


def _how_to_tell(case: Case, proof: Proof, *, wrong: str) -> str:
    """Return how the gate, or the app, can be told of its public address."""
    host = urlsplit(own_origin(case)).netloc
    told = proof.forwarded.get("x-forwarded-host", "") or proof.forwarded.get("forwarded", "")
    if host in told:
        hops = told.count(",") + 1
        return f"the proxy tells of {host} and is not believed: set trusted_proxies = {hops}, or name {proof.peer}"
    if urlsplit(wrong).netloc != host:
        return f"{_HOST_PASSED_ON}; set base_url for the gate"
    return "set base_url for the gate as here, or have the proxy send X-Forwarded-Proto and set trusted_proxies"


def _forged(case: Case) -> Finding:
    """A3: what a client says of proxies is not believed. The control is what a plain request came as.

    With underscores in the names too: to a WSGI app these are the same headers, and with some servers the last counts.
    """
    return worst([_forged_as(case, proven(case), mark) for mark in ("-", "_")])


def _forged_as(case: Case, plain: Proof, mark: str) -> Finding:
    scheme = "http" if plain.seen.startswith("https") else "https"
    host, proto, client = (f"X-Forwarded-{what}".replace("-", mark) for what in ("Host", "Proto", "For"))
    forged = {host: _FORGED_HOST, proto: scheme, client: _FORGED_CLIENT}
    forged |= {"Forwarded": f"for={_FORGED_CLIENT};host={_FORGED_HOST};proto={scheme}"} if mark == "-" else {}
    found = ask_health(case, forged)
    if found.proof is None:
        if found.answer is not None and found.answer.status in (400, 403):
            return ok(f"such a request is refused ({found.answer.status})")
        return unknown("a request with such headers got no answer of this gate", "look at what is in front of the app")
    believed = [
        name
        for name, is_believed in (
            (host, _FORGED_HOST in found.proof.seen),
            (proto, found.proof.seen.partition(":")[0] != plain.seen.partition(":")[0]),
            (client, found.proof.client == _FORGED_CLIENT),
        )
        if is_believed
    ]
    if not believed:
        return ok("what a client says of proxies is not believed")
    said = f"{' and '.join(believed)} {'is' if len(believed) == 1 else 'are'} believed"
    if parts_of(case.settings.base_url).hostname in LOOPBACK:
        return unknown(f"{said} of this machine, from which doctor asks", "ask once more where people's browsers are")
    mend = _MENDS_OF_FORGED[mark]
    if found.proof.own != plain.own:
        return fail(f"whoever sends {' and '.join(believed)} chooses the gate's own address", mend)
    return warn(f"{said} of any client", mend)


#: How to mend that what a client says of proxies is believed, by what stands between the words of the names.
_MENDS_OF_FORGED = {
    "-": (
        "have the outermost proxy replace these headers rather than pass them on, and trusted_proxies be no more than"
        " there are; close forwarded_allow_ips of gunicorn or uvicorn"
    ),
    "_": (
        "have the outermost proxy drop names with underscores, as nginx does, or take a server that does: gunicorn,"
        " waitress, or any for ASGI"
    ),
}


def _paths(case: Case) -> Finding:
    """A9: the path reaches the gate as it was sent: the return address of a login shows it."""
    proof = proven(case)
    base = case.settings.base_url
    answer = ask_app(case, base + _PAGE_PATH, PAGE)
    left_for = refresh_of(answer.body.decode("utf-8", "replace")) if case.settings.keep_fragment else answer.location
    sent_off = dict(parse_qsl(parts_of(left_for).query))
    return_to = sent_off.get("next")  # where people choose among several providers first
    if return_to is None and answer.status in (302, 303, 401):
        opened = components_of(case).attempts.read_state(sent_off.get("state", ""))
        return_to = None if opened is None else opened.return_to
    if return_to is None:
        return unknown(
            f"{_PAGE_PATH} begins no login here, which would show what became of it ({answer.status})",
            "where that path needs no login, or the provider is down, this cannot be told",
        )
    sent = urlsplit(base).path + _PAGE_PATH
    if return_to == sent:
        return ok("paths reach the gate as they are sent")
    if not proof.target:
        return unknown(
            f"{sent} reaches the app as {return_to}; this server does not tell paths as they were sent"
        )
    return warn(
        f"{sent} reaches the gate as {return_to}: something on the way rewrites paths",
        "have it pass paths on as they are (nginx: proxy_pass without a path; merge_slashes off), or rules and"
        " public_paths judge another path than was asked for",
    )


ADDRESS_CHECKS = (
    Check("A1", "app's address", _is_this_gate),
    Check("A2", "address as seen", _what_it_sees),
    Check("A3", "forged headers", _forged),
    Check("A9", "paths", _paths),
    Check("A10", "beside the proxy", beside_the_proxy),
)
