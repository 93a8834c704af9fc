"""Where sessions live when they do not live in the cookie.

Modules, from the ground up; each may import only from those before it:

- `contract`: what the gate asks of a store; write your own against this
- `facts`: what an operator may want to know of a store
- `sqlite_file`: the file of such a store, without SQLite
- `sqlite`: a file, for one machine
- `redis_urls`: what a Redis URL says
- `redis_clients`: how a client of Redis or Valkey is made from a URL, Sentinel and Cluster too
- `redis_facts`: what Redis says of itself
- `redis`: Redis or Valkey, for many machines
- `urls`: which store a URL in the settings names

May import: `errors`.
"""

from oidc_gate.stores.contract import Record, SessionStore
from oidc_gate.stores.urls import FORMS, open_store

__all__ = ["FORMS", "Record", "SessionStore", "open_store"]
