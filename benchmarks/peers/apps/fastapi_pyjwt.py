"""FastAPI with PyJWT: a dependency that verifies a bearer token's signature on each request. There is no login."""

from __future__ import annotations

import os
from typing import Annotated, Any

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import PlainTextResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

__all__ = ["app"]

ISSUER = os.environ.get("RACE_ISSUER", "")
keys = jwt.PyJWKClient(f"{ISSUER}/jwks")


async def claims(bearer: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]) -> Any:
    """Return the token's claims; 401 where it is not good."""
    try:
        key = keys.get_signing_key_from_jwt(bearer.credentials)
        return jwt.decode(
            bearer.credentials, key, algorithms=["RS256"], audience=os.environ["RACE_AUDIENCE"], issuer=ISSUER
        )
    except jwt.PyJWTError:
        raise HTTPException(401) from None


def app() -> Any:
    """Return an app with one path, which depends on the claims."""
    made = FastAPI()

    @made.get("/", response_class=PlainTextResponse)
    async def hello(_: Annotated[Any, Depends(claims)]) -> str:
        return "hello"

    return made
