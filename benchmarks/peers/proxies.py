"""The entrants that stand as a proxy in front of the bare FastAPI app: the app's processes are weighed with them."""

from __future__ import annotations

import os
import shutil
import sys

from benchmarks.canned_provider import CLIENT_ID, CLIENT_SECRET
from benchmarks.peers.entrant import Ground
from benchmarks.peers.installing import APACHE_MODULES, OAUTH2_PROXY
from benchmarks.peers.processes import free_port
from benchmarks.peers.servers import uvicorn

__all__ = ["mod_auth_openidc", "oauth2_proxy"]

FLAGS = (
    "--provider=oidc --oidc-issuer-url={issuer} --client-id={id} --client-secret={secret} --email-domain=*"
    " --cookie-secret=0123456789abcdef --cookie-secure=false --skip-provider-button=true --request-logging=false"
    " --auth-logging=false --standard-logging=false --redirect-url=http://127.0.0.1:{port}/oauth2/callback"
    " --http-address=127.0.0.1:{port} --upstream={app}"
)
#: Beside those that Debian's Apache has built in.
MODULES = ("mpm_event", "authn_core", "authz_core", "authz_user", "proxy", "proxy_http", "auth_openidc")
#: One process, with as many threads as Debian gives it, and connections that stay open.
CONFIGURATION = """
ServerRoot {folder}
PidFile {folder}/pid
DefaultRuntimeDir {folder}
ErrorLog /dev/stderr
LogLevel error
{user}
ServerName 127.0.0.1
Listen 127.0.0.1:{port}
{modules}
StartServers 1
ServerLimit 1
ThreadsPerChild 25
MaxRequestWorkers 25
MaxKeepAliveRequests 0
OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCClientID {id}
OIDCClientSecret {secret}
OIDCRedirectURI http://127.0.0.1:{port}/oidc/callback
OIDCCryptoPassphrase a-passphrase-for-the-race-0123456789
OIDCScope "openid email profile"
# By default a session ends after 300 seconds in which it is not used.
OIDCSessionInactivityTimeout 7200
<Location />
    AuthType openid-connect
    Require valid-user
</Location>
ProxyPass /oidc/callback !
ProxyPass / {app}/
"""


def oauth2_proxy(ground: Ground) -> None:
    """Start oauth2-proxy, with its sessions in cookies, as it has them by default."""
    app, port = uvicorn(ground, sys.executable, "bare:fastapi"), free_port()
    flags = FLAGS.format(issuer=ground.provider.issuer, id=CLIENT_ID, secret=CLIENT_SECRET, port=port, app=app)
    ground.serve([str(OAUTH2_PROXY), *flags.split()], port)


def mod_auth_openidc(ground: Ground) -> None:
    """Start Apache with the module, with its sessions in shared memory, as it has them by default."""
    app, port = uvicorn(ground, sys.executable, "bare:fastapi"), free_port()
    text = CONFIGURATION.format(
        folder=ground.folder,
        user="User www-data\nGroup www-data" if os.getuid() == 0 else "",
        port=port,
        modules="\n".join(f"LoadModule {name}_module {APACHE_MODULES}/mod_{name}.so" for name in MODULES),
        issuer=ground.provider.issuer,
        id=CLIENT_ID,
        secret=CLIENT_SECRET,
        app=app,
    )
    path = ground.folder / "apache.conf"
    path.write_text(text)
    program = shutil.which("apache2", path=f"{os.environ['PATH']}:/usr/sbin") or "apache2"
    ground.serve([program, "-D", "FOREGROUND", "-f", str(path)], port)
