"""What the checks of the settings (S) mean."""

from __future__ import annotations

from oidc_gate.doctor.told import About

__all__ = ["ABOUT_SETTINGS"]

ABOUT_SETTINGS = {
    "S1": About(
        "The settings are read from file, environment and flags, and checked as at start-up. It tells how many came"
        " from where, so that a file that is not read, or a variable that nobody meant, is seen; and which settings a"
        " provider's name in `issuer_url` stands for.",
        "With a setting that is unknown, missing or contradictory no gate starts, and no other check can be made: the"
        " exit status is 2.",
        "Correct what the sentence names. Later sources win: file, environment, flags.",
    ),
    "S2": About(
        "The files that hold secrets (the configuration, `…_file`, the private key) can be read by their group or by"
        " everybody, or a secret stands on the command line.",
        "Whoever reads the client secret can pose as this app; whoever reads the cookie secret can sign in as anybody.",
        "`chmod 600 FILE`, owned by the user that the app runs as. In Kubernetes set `defaultMode: 0400` on the"
        " secret's volume. A secret that others may have read is changed: `oidc-gate secret --rotate FILE`.",
    ),
    "S3": About(
        "Each secret has enough characters: 32 in `cookie_secret`, 16 in `client_secret`, 32 in one that signs"
        " (`client_secret_jwt`).",
        "A short secret can be guessed from a single cookie, on the guesser's own machine.",
        "`oidc-gate secret` prints a good `cookie_secret`. Have the provider make a new client secret.",
    ),
    "S4": About(
        "What the gate also warns of at start-up: allowed, and seldom meant, such as no list of who may pass.",
        "Each of these has let in more people, or fewer, than somebody wanted.",
        "Set what the sentence names. If it is meant so, leave it; `--strict` is then not for you.",
    ),
    "S5": About(
        "Every rule can decide something (start-up sees to that), and what rules ask of a sign-in (`acr`) is among what"
        " the provider lists.",
        "Nobody gets past a rule that asks for an `acr` that the provider never gives.",
        "Write `acr` as the provider's `acr_values_supported` has it.",
        {
            "JumpCloud": "It lists none; ask for `max_age` instead, and demand MFA in a conditional access policy.",
            "Keycloak": "Map levels to names in the client's, or the realm's, *ACR to LoA mapping*.",
            "Entra": "Use `acrs` values of authentication contexts; a plain `acr` is always 0 or 1.",
            "Okta": "`urn:okta:loa:1fa:any`, `urn:okta:loa:2fa:any`, `phr`, `phrh`.",
            "Auth0": "`http://schemas.openid.net/pape/policies/2007/06/multi-factor` for any second factor.",
            "Google": "It gives no `acr`.",
        },
    ),
}
