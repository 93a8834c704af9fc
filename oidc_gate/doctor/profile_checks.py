"""P24: whether the provider says that it has what `profile` asks of it. Its answers are P5, P7 to P9, P16 and P22."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from oidc_gate.doctor.case import Case, Check
from oidc_gate.doctor.findings import Finding, fail, ok, skipped, warn
from oidc_gate.provider import DPOP_ALGORITHM, signing_alg

__all__ = ["PROFILE_CHECKS"]


def _profile(case: Case) -> Finding:
    if not case.settings.profile:
        return skipped("no profile is set")
    missing = list(_missing(case.document(), signing_alg(case.private_key)))
    if missing:
        return fail("; ".join(missing), "have the provider allow it, or use the gate without the profile")
    unsaid = list(_unsaid(case))
    if unsaid:
        return warn("; ".join(unsaid), "try a login; what is not said may be there all the same")
    return ok("the provider says that it has all that the profile asks for")


def _missing(document: dict[str, Any], alg: str) -> Iterator[str]:
    """Yield what the provider says that it does not have."""
    for name, wanted, what in (
        ("token_endpoint_auth_methods_supported", "private_key_jwt", "does not list private_key_jwt for clients"),
        ("token_endpoint_auth_signing_alg_values_supported", alg, f"takes no assertion signed with {alg}"),
        ("dpop_signing_alg_values_supported", DPOP_ALGORITHM, f"takes no proof signed with {DPOP_ALGORITHM} (DPoP)"),
    ):
        listed = document.get(name)
        if isinstance(listed, list) and not _known(listed, wanted):
            yield f"the provider {what}: {name}"


def _unsaid(case: Case) -> Iterator[str]:
    document = case.document()
    if not isinstance(document.get("dpop_signing_alg_values_supported"), list):
        yield "the provider does not say that it binds tokens to keys (dpop_signing_alg_values_supported)"
    if not case.metadata().sends_iss:
        yield (
            "the provider does not promise iss in its answers, without which a login is refused"
            " (authorization_response_iss_parameter_supported)"
        )


def _known(listed: list[Any], alg: str) -> bool:
    """Return whether an algorithm is listed, Ed25519 by either of its names."""
    return not {alg, {"Ed25519": "EdDSA", "EdDSA": "Ed25519"}.get(alg, alg)}.isdisjoint(map(str, listed))


PROFILE_CHECKS = (Check("P24", "profile", _profile),)
