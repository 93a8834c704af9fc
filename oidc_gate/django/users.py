"""The user of whoever asks: by issuer and subject, made at the first visit, changed when the provider's word does.

Never by name or address: whoever may choose theirs at the provider, or here, would choose another's.
"""

from __future__ import annotations

import json
from functools import partial
from hashlib import sha256
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, TypeVar

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import IntegrityError, OperationalError, transaction
from django.utils.crypto import get_random_string

from oidc_gate.carriers import identity_of
from oidc_gate.django.models import Account, account_key
from oidc_gate.django.project import UserSettings, user_settings
from oidc_gate.identity import Identity, is_verified
from oidc_gate.requiring import first_provider, is_let_in

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["link", "user_asking", "user_of"]

Written = TypeVar("Written")

#: For no longer than this is something tried again that the database refuses for now, in seconds.
_PATIENCE = 5.0
#: So many names are tried for a new user, where others get each of them first.
_MOST_NAMES = 5

#: Letters of which a name that is taken is made another.
_TAIL = "abcdefghijklmnopqrstuvwxyz0123456789"


def link(user: Any, issuer: str, subject: str) -> bool:
    """Have a person at a provider be a user who is here already, from the person's next visit on.

    `issuer`, `subject`: `iss` and `sub` as ID tokens for this app have them. Returns whether the person is that user
    now; False where they are another user here already, who stays theirs. Raises ValueError where one is empty.

    Whoever calls this vouches for it: the person gets all that the user has.
    """
    if not issuer or not subject:
        raise ValueError("a person has an issuer and a subject, neither of them empty")
    key = account_key(issuer, subject)
    account, _ = Account.objects.get_or_create(key=key, defaults={"user": user, "issuer": issuer, "subject": subject})
    return bool(account.user_id == user.pk)


def user_asking(request: Any) -> Any:
    """Return the user of whoever asks; None where that is nobody, or somebody whom the gate's lists do not let in.

    `request`: as `identity_of` has it. Blocks, as all that asks a database does.
    """
    identity = identity_of(request)
    if identity is None or not is_let_in(request):
        return None
    return user_of(identity, first_provider(request))


def user_of(identity: Identity, first: str) -> Any:
    """Return the active user of this person, None for one who is not active here, or whom no issuer vouches for.

    `first`: the gate's first provider. Writes where the person is new, or what the provider says of them is; else it
    reads one row.
    """
    if not identity.issuer:
        return None
    key, project = account_key(identity.issuer, identity.subject), user_settings()
    account = Account.objects.select_related("user").filter(key=key).first() or _new_account(key, identity)
    groups = identity.groups if identity.provider in (project.providers or (first,)) else ()
    said = _said(identity, groups, project)
    if account.synced != said:
        _bring_up_to_date(account, identity, set(groups), project, said)
    return account.user if account.user.is_active else None


def _new_account(key: str, identity: Identity) -> Account:
    """Return a new account with a new user; another process may be first, or give the name to somebody else."""
    made, chances = None, _MOST_NAMES
    while made is None:
        write, chances = partial(_made, key, _free_name(identity), identity), chances - 1
        try:
            made = _written(write)
        except IntegrityError:
            made = Account.objects.select_related("user").filter(key=key).first()
            if made is None and not chances:
                raise
    return made  # type: ignore[no-any-return]


def _made(key: str, name: str, identity: Identity) -> Any:
    """Write a user without a password, and the account."""
    model = get_user_model()
    user = model(**{model.USERNAME_FIELD: name})
    user.set_unusable_password()
    user.save()
    return Account.objects.create(key=key, user=user, issuer=identity.issuer, subject=identity.subject)


def _free_name(identity: Identity) -> str:
    """Return a name for a new user, that nobody has so far."""
    model = get_user_model()
    field = model._meta.get_field(model.USERNAME_FIELD)
    longest = (field.max_length or 150) - 9
    name = wanted = identity.username[:longest]
    while model._default_manager.filter(**{f"{model.USERNAME_FIELD}__iexact": name}).exists():
        name = f"{wanted}-{get_random_string(8, _TAIL)}"
    return name


def _written(write: Callable[[], Written]) -> Written:
    """Return what comes of a transaction, which is tried again for a while where the database refuses it for now.

    So it does where two wait for each other; and SQLite does at once, without waiting, where one has read before it
    writes and another writes. So `write` begins with writing, and then the other is waited for. Inside of a transaction
    of the project's nothing is tried again: what has been read there stays as it was.
    """
    ends_at, pause = monotonic() + _PATIENCE, 0.01
    while True:
        try:
            with transaction.atomic():
                return write()
        except OperationalError:
            if transaction.get_connection().in_atomic_block or monotonic() + pause > ends_at:
                raise
        sleep(pause)
        pause *= 2


def _said(identity: Identity, groups: tuple[str, ...], project: UserSettings) -> str:
    """Return what the provider says of a person, and what the project makes of that, hashed."""
    said = [_email(identity), *_names(identity), sorted(groups), project]
    return sha256(json.dumps(said).encode()).hexdigest()


def _email(identity: Identity) -> str:
    """Return the address if it may be gone by: one that is not verified anybody may have typed."""
    return identity.email if identity.email and is_verified(identity.claims) else ""


def _names(identity: Identity) -> tuple[str, str]:
    given, family = identity.claims.get("given_name"), identity.claims.get("family_name")
    if isinstance(given, str) and isinstance(family, str):
        return given[:150], family[:150]
    return (identity.name or "")[:150], ""


def _bring_up_to_date(account: Account, identity: Identity, theirs: set[str], project: UserSettings, said: str) -> None:
    user = account.user
    given, family = _names(identity)
    wanted: dict[str, Any] = {"email": _email(identity), "first_name": given, "last_name": family}
    if project.staff_groups is not None:
        wanted["is_staff"] = not theirs.isdisjoint(project.staff_groups)
    if project.superuser_groups is not None:
        wanted["is_superuser"] = not theirs.isdisjoint(project.superuser_groups)
    # What has to be unique is left alone: somebody here may have it already.
    has = {field.name for field in user._meta.get_fields() if not getattr(field, "unique", False)}
    for name in wanted.keys() & has:
        setattr(user, name, wanted[name])
    # Nothing else is written: an administrator may be changing it. What tells of the last change is changed, too.
    fields = [name for name in has if name in wanted or getattr(user._meta.get_field(name), "auto_now", False)]

    def write() -> None:
        account.synced = said
        account.save(update_fields=["synced"])
        user.save(update_fields=fields)
        if project.groups and "groups" in has:
            user.groups.set([group for group in Group.objects.filter(name__in=theirs) if group.name in theirs])

    _written(write)
