"""Faults for `oidc-gate doctor` to find at Keycloak: each is seeded in a realm, or in the settings of a gate."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from tests.apps import COOKIE_SECRET
from tests.real_providers.keycloak import Admin, client
from tests.real_providers.provider import APP, CALLBACK, SIGNED_OUT, secret_of

__all__ = ["GOOD", "SEEDS", "Seeded"]

Seed = Callable[["Seeded"], None]

#: name: what seeds it, and the checks that are then not ok, with their status; all others are ok or skipped.
SEEDS: dict[str, tuple[Seed, dict[str, str]]] = {}
#: What is no fault.
GOOD: dict[str, Seed] = {}
STORE = {"session_store": "sqlite:///never-made.db", "scopes": "openid profile email offline_access"}


class Seeded:
    """A realm with one client in it, made when its `settings` are asked for; a fault changes what they are made of."""

    def __init__(self, admin: Admin, name: str) -> None:
        self._admin, self._name = admin, name
        self.realm: dict[str, Any] = {"realm": name, "enabled": True, "sslRequired": "none"}
        self.client: dict[str, Any] = client("app")
        self.given: dict[str, Any] = {
            "issuer_url": f"{admin.url}/realms/{name}",
            "client_id": "app",
            "client_secret": secret_of("app"),
            "base_url": APP,
            "cookie_secret": COOKIE_SECRET,
            "allow_domains": "example.com",
            "provider_logout": True,
            "http_timeout": "30s",  # it takes its time, the first time
        }
        #: By how many seconds doctor's clock is ahead.
        self.ahead = 0.0
        #: Called with the admin API and the realm's path once it is there.
        self.later: list[Callable[[Admin, str], None]] = []

    def settings(self) -> dict[str, Any]:
        """Make the realm, and return the settings of a gate at it."""
        self._admin.post("", self.realm | {"clients": [self.client]})
        for change in self.later:
            change(self._admin, f"/{self._name}")
        return {name: value for name, value in self.given.items() if value is not None}

    def attributes(self, **attributes: str) -> None:
        """Set attributes of the client, whose names have dots."""
        dotted = {name.replace("_", "."): value for name, value in attributes.items()}
        self.client["attributes"] = self.client["attributes"] | dotted


def seeds(**expected: str) -> Callable[[Seed], Seed]:
    """Enter a fault; `expected`: status of each check that finds it."""

    def enter(seed: Seed) -> Seed:
        SEEDS[seed.__name__] = (seed, expected)
        return seed

    return enter


def good(seed: Seed) -> Seed:
    """Enter what is no fault."""
    GOOD[seed.__name__] = seed
    return seed


# What is no fault


@good
def all_as_it_should_be(seeded: Seeded) -> None:
    pass


@good
def sessions_in_a_store(seeded: Seeded) -> None:
    seeded.given |= STORE


@good
def a_consent_page(seeded: Seeded) -> None:
    seeded.client["consentRequired"] = True


@good
def pkce_that_is_demanded(seeded: Seeded) -> None:
    seeded.attributes(pkce_code_challenge_method="S256")


@good
def a_secret_in_the_form_and_a_posted_answer(seeded: Seeded) -> None:
    seeded.given |= {"client_auth_method": "client_secret_post", "response_mode": "form_post"}


# The client


@seeds(P7="fail", P8="unknown")
def a_wrong_secret(seeded: Seeded) -> None:
    seeded.given["client_secret"] = "not-the-secret-of-this-client-0123456789"


@seeds(P7="fail", P8="unknown", P10="fail", P11="unknown")
def a_client_that_there_is_not(seeded: Seeded) -> None:
    seeded.given["client_id"] = "another"


@seeds(P7="fail", P8="unknown", P10="fail", P11="unknown")
def a_client_that_is_disabled(seeded: Seeded) -> None:
    seeded.client["enabled"] = False


@seeds(P7="fail", P8="unknown", P10="fail", P11="unknown")
def a_client_for_tokens_alone(seeded: Seeded) -> None:
    seeded.client["bearerOnly"] = True


@seeds(P14="fail", P16="warn")
def a_client_without_the_code_flow(seeded: Seeded) -> None:
    seeded.client["standardFlowEnabled"] = False


@seeds(P7="unknown", P17="warn")
def a_public_client(seeded: Seeded) -> None:
    seeded.client["publicClient"] = True


@seeds(P7="fail", P8="fail")
def a_secret_that_signs(seeded: Seeded) -> None:
    seeded.client["clientAuthenticatorType"] = "client-secret-jwt"


@seeds(P7="fail", P8="unknown")
def a_client_that_proves_itself_by_a_key(seeded: Seeded) -> None:
    seeded.client["clientAuthenticatorType"] = "client-jwt"


# What it asks for


@seeds(P11="fail", P16="fail")
def a_redirect_uri_that_is_not_registered(seeded: Seeded) -> None:
    seeded.client["redirectUris"] = ["https://other.test/oauth2/callback"]


@seeds(P11="fail", P16="fail")
def a_redirect_uri_with_a_slash_at_the_end(seeded: Seeded) -> None:
    seeded.client["redirectUris"] = [f"{CALLBACK}/"]


@seeds(P11="warn")
def redirect_uris_with_a_star(seeded: Seeded) -> None:
    seeded.client["redirectUris"] = [f"{APP}/*"]


@seeds(P13="fail", P16="fail")
def a_scope_that_is_not_assigned(seeded: Seeded) -> None:
    seeded.given["scopes"] = "openid email groups"


@seeds(P13="fail", P16="fail")
def offline_access_that_is_not_assigned(seeded: Seeded) -> None:
    seeded.given |= STORE
    seeded.client |= {"defaultClientScopes": ["profile", "email"], "optionalClientScopes": []}


@seeds(P6="fail", P16="fail")
def pkce_of_the_other_kind(seeded: Seeded) -> None:
    seeded.attributes(pkce_code_challenge_method="plain")


@seeds(P16="fail")
def pushed_requests_are_demanded(seeded: Seeded) -> None:
    seeded.attributes(require_pushed_authorization_requests="true")


@seeds(P11="fail", P16="fail")
def signed_requests_are_demanded(seeded: Seeded) -> None:
    seeded.attributes(request_object_required="request or request_uri")


@seeds(P20="fail")
def an_address_after_logout_that_is_not_registered(seeded: Seeded) -> None:
    seeded.attributes(post_logout_redirect_uris=SIGNED_OUT + "/")


@seeds(P22="unknown")
def answers_without_their_issuer(seeded: Seeded) -> None:
    seeded.attributes(exclude_issuer_from_auth_response="true")


@seeds(S5="warn")
def a_level_that_is_not_listed(seeded: Seeded) -> None:
    seeded.given["rules"] = [{"path": "/x", "allow": "signed-in", "acr": ["gold"]}]


# The realm


@seeds(P1="fail")
def a_realm_that_is_misspelt(seeded: Seeded) -> None:
    seeded.given["issuer_url"] += "s"


@seeds(P1="fail")
def the_path_of_before_version_17(seeded: Seeded) -> None:
    seeded.given["issuer_url"] = seeded.given["issuer_url"].replace("/realms/", "/auth/realms/")


@seeds(P1="fail")
def https_is_demanded(seeded: Seeded) -> None:
    seeded.realm["sslRequired"] = "all"


@seeds(P7="unknown", P8="unknown", P10="fail", P11="unknown")
def a_realm_that_is_disabled(seeded: Seeded) -> None:
    seeded.realm["enabled"] = False


@seeds(P2="fail")
def a_realm_that_is_told_another_address(seeded: Seeded) -> None:
    seeded.realm["attributes"] = {"frontendUrl": "https://login.test"}


@seeds(P4="fail")
def an_algorithm_without_a_key(seeded: Seeded) -> None:
    seeded.given["signing_algs"] = "ES384"


@seeds(P4="warn")
def a_key_whose_certificate_is_over(seeded: Seeded) -> None:
    """Keycloak takes none that is over already, so doctor comes two years later."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "old")])
    began = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(began).not_valid_after(began + datetime.timedelta(days=365))
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    config = {
        "privateKey": [key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain).decode()],
        "certificate": [builder.sign(key, hashes.SHA256()).public_bytes(pem).decode()],
        "priority": ["50"],
    }
    component = {"name": "old", "providerId": "rsa", "providerType": "org.keycloak.keys.KeyProvider", "config": config}
    seeded.ahead = 2 * 365 * 86400.0
    seeded.later.append(lambda admin, path: admin.post(f"{path}/components", component))
