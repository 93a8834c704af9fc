import os

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.core.asgi import get_asgi_application
from django.urls import path

from oidc_gate.asgi import OIDCGate

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")
django_app = get_asgi_application()

from chat.consumers import ChatConsumer

from oidc_gate.django.consumers import UserMiddleware

sockets = UserMiddleware(URLRouter([path("ws/lobby/", ChatConsumer.as_asgi())]))
application = OIDCGate(
    ProtocolTypeRouter(
        {"http": django_app, "websocket": AllowedHostsOriginValidator(AuthMiddlewareStack(sockets))},
    )
)
