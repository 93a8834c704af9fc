from pathlib import Path

from superset.security import SupersetSecurityManager

from oidc_gate import identity_of

SECRET_KEY = "make one of your own with: openssl rand -base64 42"
SQLALCHEMY_DATABASE_URI = f"sqlite:///{Path.cwd()}/superset.db"
ROLES = {"admins": "Admin", "engineers": "Gamma"}


class SecurityManager(SupersetSecurityManager):
    def request_loader(self, request):
        identity = identity_of(request)
        if identity is None:
            return super().request_loader(request)
        roles = [self.find_role(role) for group, role in ROLES.items() if group in identity.groups]
        user = self.find_user(username=identity.subject)
        if user is None:
            return self.add_user(identity.subject, identity.name, "", identity.email, roles)
        if set(user.roles) != set(roles):
            user.roles = roles
            self.update_user(user)
        return user


CUSTOM_SECURITY_MANAGER = SecurityManager
