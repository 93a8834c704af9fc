INSTALLED_APPS += ["oidc_gate.django"]
MIDDLEWARE[1:1] = ["whitenoise.middleware.WhiteNoiseMiddleware"]
MIDDLEWARE += ["oidc_gate.django.OIDCMiddleware"]
AUTHENTICATION_BACKENDS = ["oidc_gate.django.backends.OIDCBackend"]
LOGIN_URL = "/oauth2/login"
OIDC_GATE = {"STAFF_GROUPS": ["engineers"], "SUPERUSER_GROUPS": ["admins"]}
STATIC_ROOT = BASE_DIR / "static"
