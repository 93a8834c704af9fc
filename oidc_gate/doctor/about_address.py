"""What the checks of the app's own address (A) mean."""

from __future__ import annotations

from oidc_gate.doctor.told import About

__all__ = ["ABOUT_ADDRESS"]

ABOUT_ADDRESS = {
    "A1": About(
        "Ten times `/oauth2/health` is asked below `base_url` with a challenge, and each answer opens with this"
        " `cookie_secret`, for this provider and client: so it is this gate that answers, in all of its replicas."
        " Nobody else can make such an answer, and none is good for another challenge. Where nothing answers at all,"
        " the app may not run yet, or this machine have no way to it: that cannot be told.",
        "Where another app answers, nobody comes back from the provider. Where one replica of several has another"
        " secret, people are signed out each time they meet it, and logins that end there fail.",
        "Set `base_url` to where people open the app. Give all replicas one `cookie_secret`, one `issuer_url`, one"
        " `client_id`, one `auth_id`. When a secret is changed, the new one goes in front of the old one, and every"
        " process has both before the old one goes. Run doctor from where browsers are: inside of a network a public"
        " name may lead elsewhere.",
    ),
    "A2": About(
        "The sealed answer of A1 says for what address the gate takes itself, and which scheme and host the request"
        " had as it came. The first must be `base_url`; the second should have its host, and so should the Host header"
        " alone, which is what the app is told where proxies are believed.",
        "The redirect URI is made of the first; at any other than the registered one the provider refuses each login."
        " The app makes its own links of the second, or of the Host header.",
        "Set `base_url`; or have the proxy tell (`X-Forwarded-Host`, `X-Forwarded-Proto`) and the gate believe it:"
        " `trusted_proxies` is the number of proxies, or their addresses. nginx: `proxy_set_header Host $host;`."
        " Apache: `ProxyPreserveHost On`.",
    ),
    "A3": About(
        "A request says that it came through a proxy, for another host, over another scheme, from another address. What"
        " the gate saw then is compared with what it saw of a plain request (the control). And once more with"
        " underscores in the names of the headers.",
        "If that is believed, any client chooses the gate's own address, and with it where people are sent back to; or"
        " whose address stands in the log. To a WSGI app `X_Forwarded_Host` is `X-Forwarded-Host`: a proxy that"
        " replaces the one may pass the other on, and with some servers (Granian, Tornado) it is the one that counts.",
        "The outermost proxy replaces `X-Forwarded-*` and drops `Forwarded`. `trusted_proxies` is no more than there"
        " are. gunicorn and uvicorn apply such headers themselves, before the gate: `forwarded_allow_ips` names your"
        " proxy alone. Names with underscores are dropped by the proxy (nginx does, unless told otherwise) or by the"
        " server (gunicorn, waitress); under ASGI they are other headers.",
    ),
    "A4": About(
        "Over plain http the address answers with a redirect to https, or not at all; over https it sends"
        " Strict-Transport-Security.",
        "The first request over plain http can be read and answered by anybody on the way, who then signs people in"
        " wherever they like.",
        "Port 80 redirects everything to https. The proxy adds `Strict-Transport-Security: max-age=31536000`; the app's"
        " own header is not on the gate's answers.",
    ),
    "A5": About(
        "A login is begun as a browser begins it: the redirect to the provider has the right client and redirect URI,"
        " the login's cookie comes out with the attributes that it was given, and a Cookie header gets in again.",
        "Without its cookie each login ends in `cookies_missing`. Without Secure and `__Host-`, another host of the"
        " domain can plant one.",
        "Take out of the proxy what rewrites or drops `Set-Cookie`, `Cookie` and `Location`. Caches that strip cookies"
        " (Varnish, CDN defaults) are told to pass this host.",
    ),
    "A6": About(
        "A Cookie header of 4,000 and of 7,900 bytes arrives whole, and a login with a long return address, whose"
        " answer has some 2.5 KB of headers, comes back. How large sessions are is C1. The largest headers that there"
        " are, those of a session in several cookies at the callback, cannot be had without signing in.",
        "People in many groups, and they alone, get 400, 431 or 502.",
        "nginx: `large_client_header_buffers 4 16k;`, `proxy_buffer_size 32k;`, `proxy_buffers 8 32k;`. gunicorn:"
        " `--limit-request-field_size 16380`. HAProxy: `tune.bufsize 32768`. Or a `session_store`, with which cookies"
        " are short.",
    ),
    "A7": About(
        "The same question asked twice gets two answers of the gate, which are never alike; two logins have two states;"
        " `no-store` arrives; nothing says that it comes from a cache (Age, X-Cache). `Vary` is not looked at: the"
        " gate's answers have none, for no cache may keep them.",
        "A cache that keeps a login's redirect or a Set-Cookie signs one person in as another.",
        "The cache obeys `Cache-Control`, or passes this host. CDNs: no page rule like *cache everything*.",
    ),
    "A8": About(
        "A WebSocket's handshake is sent to `/oauth2/health`, where the gate refuses it with 405: so it has arrived"
        " as one.",
        "Where the proxy takes `Upgrade` out, the app's WebSockets never open. Where something accepts them without the"
        " gate, they are open to everybody.",
        "nginx: `proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;`."
        " Apache: `mod_proxy_wstunnel`, or `upgrade=websocket` at ProxyPass. uvicorn: `pip install websockets`. An app"
        " without WebSockets needs none of it.",
    ),
    "A9": About(
        "A page with `%2F`, `//` and `%20` in its path is asked for; the sealed return address of the login that begins"
        " shows what the gate has got.",
        "`rules` and `public_paths` judge the path that arrives. Where something on the way decodes or merges it, they"
        " judge another one than was asked for, and people come back to another page.",
        "nginx: `proxy_pass http://app;` without a path, `merge_slashes off;`. Apache: `AllowEncodedSlashes NoDecode`,"
        " `nocanon` at ProxyPass. Some servers do not tell the path as it was sent: then it cannot be told.",
    ),
    "A10": About(
        "`--direct HOST:PORT` is where the app listens behind its proxy. From where doctor runs nothing is to answer"
        " there; or this gate itself, without believing what is said of proxies.",
        "Whoever reaches the app beside the gate needs no login. Whoever reaches the gate beside its proxy can say any"
        " `X-Forwarded-*`, where `trusted_proxies` is a number.",
        "Listen on 127.0.0.1 or a Unix socket, publish no port, or let a firewall, a network policy or a security group"
        " pass the proxy alone. Name the proxies by address in `trusted_proxies`.",
    ),
}
