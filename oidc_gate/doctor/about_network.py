"""What the checks of the way to the provider (N) mean."""

from __future__ import annotations

from oidc_gate.doctor.told import About

__all__ = ["ABOUT_NETWORK"]

ABOUT_NETWORK = {
    "N1": About(
        "The names of the hosts that the gate itself asks (issuer, token endpoint, keys, userinfo) are found by this"
        " machine, or that of the proxy in between.",
        "Without an address no login begins. A container often has another DNS than the machine that it runs on.",
        "Correct `issuer_url`; then look at `/etc/resolv.conf`, and ask with `getent hosts NAME` where the app runs.",
    ),
    "N2": About(
        "A connection can be made to each of these hosts, at each of their addresses. It warns where one address, often"
        " the one of IPv6, does not answer while another does.",
        "The addresses of a host share `http_timeout`: each that is silent takes its part of it from every call.",
        "Open the port in the firewall, or name the proxy in `HTTPS_PROXY`; a proxy that is not to be asked goes into"
        " `NO_PROXY`. Mend the route of IPv6, or have the resolver leave its addresses out.",
    ),
    "N3": About(
        "TLS comes about, the provider's certificate holds for its name and by the authorities that this gate knows,"
        " and is good for two weeks at least (a short-lived one: for a third of its life).",
        "The gate goes by no certificate that does not hold, and there is no setting for it; on the day that it ends"
        " nobody can sign in.",
        "A private authority's certificate, as PEM, goes into `ca_bundle`, which then counts alone. A firewall that"
        " opens TLS has an authority of its own. Everything else the provider has to mend: the chain must be sent"
        " whole.",
    ),
    "N4": About(
        "Discovery is asked for three times; the slowest answer took no more than half of `http_timeout`.",
        "A login has two or three such calls, and one that takes longer than `http_timeout` fails.",
        "Raise `http_timeout`, or find out what is slow: the resolver, a proxy, a provider far away.",
    ),
    "N5": About(
        "The provider's clock, by the `Date` of its answer, and this machine's agree. Half the way there and back is"
        " allowed for.",
        "ID tokens have times in them. Where this machine is behind by more than `clock_leeway`, each is refused as"
        " `token_from_the_future`; where it is ahead, those are that do not live that long, as `token_expired`.",
        "`timedatectl set-ntp true`; a virtual machine that was asleep takes its host's time. A larger `clock_leeway`"
        " hides the fault, and lets old tokens live longer.",
    ),
}
