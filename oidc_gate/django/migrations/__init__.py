"""The tables of `oidc_gate.django`."""
