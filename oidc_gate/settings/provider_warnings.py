"""What is allowed and still worth a second look in how people of this provider are told apart, a sentence each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from oidc_gate.access import CheckedRule, Conditional
from oidc_gate.settings.tenants import is_entra, tenants_word

if TYPE_CHECKING:
    from oidc_gate.settings.settings import Settings

__all__ = ["provider_warnings"]

_GOOGLE = "accounts.google.com"
_COGNITO = "cognito-idp."


def provider_warnings(settings: Settings, gate: Settings) -> list[str]:
    """Return the sentences; the rules are those of the `gate`."""
    return [*_of_addresses(settings, gate), *_of_proof(settings), *_of_claims(settings), *_of_logout(settings)]


def _of_addresses(settings: Settings, gate: Settings) -> Iterator[str]:
    issuer = urlsplit(settings.issuer_url)
    several = len(settings.allow_tenants or ()) > 1
    if several and not settings.require_email_verified:
        yield (
            "people of several tenants come in, and each tenant's administrators choose its people's addresses, of"
            " others' domains too: set require_email_verified = true, so that no such address is told to the app in"
            " REMOTE_USER and in headers"
        )
    rules = [rule for rule in gate.rules or () if isinstance(rule, CheckedRule)]
    by_rules = {name for rule in rules for name in rule.who.claims}
    if not (settings.allow_emails or settings.allow_domains or "email" in by_rules):
        return
    claim = settings.email_claim
    if several:
        yield (
            f"people of several tenants may pass by the address in {claim}, which each tenant's administrators choose,"
            " for other tenants' domains too: go by allow_groups or app roles, or by rules on the claims oid and tid"
        )
    elif claim != "email" and not (is_entra(issuer) and not tenants_word(issuer)):
        yield (
            f"people may pass by the address in {claim}, of which email_verified says nothing: make sure that nobody"
            " can change their own at the provider, as many providers let people do"
        )
    is_demanded = settings.require_email_verified and "require_email_verified" not in settings.from_preset
    if claim != "email" and is_demanded:
        yield f"require_email_verified has no say in who may pass: it is for the claim email, and they pass by {claim}"
    reads_claims = any("oidc.claims" in each.names for each in gate.rules or () if isinstance(each, Conditional))
    if issuer.hostname == _GOOGLE and "hd" not in by_rules and not reads_claims:
        yield (
            "at Google anybody may have an account with an address of yours, made before or outside of your Workspace:"
            ' what proves membership is the claim hd. Add a rule: path = "/", allow = { claims = { hd ='
            ' "example.com" } }'
        )


def _of_claims(settings: Settings) -> Iterator[str]:
    if settings.session_claims is None:
        return
    rules = settings.rules or ()
    by_function = any(isinstance(rule, CheckedRule) and rule.who.reads_any_claim for rule in rules)
    by_expression = any(isinstance(rule, Conditional) and "oidc.claims" in rule.names for rule in rules)
    if by_function or by_expression:
        yield (
            "a rule reads claims in a way that cannot be looked through, and session_claims keeps only what it names:"
            " name the claims that the rule reads"
        )


def _of_proof(settings: Settings) -> Iterator[str]:
    if settings.client_assertion_file and settings.client_auth_method != "client_assertion":
        yield f"client_assertion_file has no use: client_auth_method is {settings.client_auth_method}"


def _of_logout(settings: Settings) -> Iterator[str]:
    is_given = bool(settings.provider_logout_url) and "provider_logout_url" not in settings.from_preset
    if is_given and not settings.provider_logout:
        yield "provider_logout_url has no use without provider_logout = true"
    host = urlsplit(settings.issuer_url).hostname or ""
    if settings.provider_logout and not settings.provider_logout_url and host.startswith(_COGNITO):
        yield (
            "Cognito's logout wants a parameter of its own: set provider_logout_url to"
            " https://<your domain>/logout?client_id={client_id}&logout_uri={return_to}"
        )
