"""What happens to a request, from top to bottom. Start with `gate`.

Modules, from the ground up; each may import only from those before it:

- `forwarding`: what the app is told of who asks
- `identity_jwt`: the same in a way that the app can check
- `kept_claims`: which claims a session keeps
- `parties`: the providers, and what belongs to each of them alone
- `redemptions`: which logins have been answered in this process
- `seen_proofs`: proofs that were here lately
- `components`: what the others share
- `building`: it is built here, from the settings
- `judging`: what the rules say of a request
- `recalling_tokens`, `recalling`: what nearly all requests get without being decided again
- `activity`: what counts as use of a session
- `announcement`: what a gate says when it starts
- `addresses_asked_for`: where a login or logout leads
- `mismatches`: what requests show that does not fit the settings
- `error_words`: which words an error is told in
- `error_replies`: how an error is told, to the person and to the log
- `challenges`: what programs are told with a 401 or 403
- `step_up`: a rule asks for a newer or stronger sign-in
- `refusals`: what someone gets who may not pass
- `proofs`: what proves from outside which gate has answered
- `health`: whether the gate is alive, and whether its store answers
- `authorization_requests`: where a browser is sent to sign in
- `userinfo`: when userinfo is asked, beside the ID token
- `self_told_names`: the name that Apple hands to the browser
- `kept_tokens`: what of the provider's tokens is kept, and when they are renewed
- `login_log`: what the log says of the steps of a login
- `silence`: who asks a provider that gives no answer
- `provider_noes`: which answers of the provider end a session
- `store_claim`: a right that one process at a time has
- `rechecking`: a session whose provider is due to be asked again
- `picker`: which provider a login goes to
- `departures`: leaving for the provider: which request starts a login, and what is asked of it
- `credentials`: what stands in an Authorization header
- `kept_forms`: forms that come when the session has ended
- `sign_in`: back from the provider, with a session
- `sign_out`: this browser's session ends, and the provider's
- `remote_logout`: the provider says whose session has ended there
- `signals`: the provider says that something happened to somebody
- `relogin`: what a page's own scripts sign in again with, in a pop-up
- `own_paths`: the paths under `path_prefix`
- `possession`: what is demanded beside a token that is bound to its holder
- `resource_metadata`: the document by which programs find the provider
- `token_checking`: whether an access token is good
- `bearer`: requests of programs, with an access token
- `live`: whether WebSockets and event streams may still go on
- `gate`: `Gate.decide`, the answer to every request
- `demanding`: what a part of an app demands besides
- `watched_files`: what stands in files, told from what stood there before
- `replacing`: which settings may differ between a gate and the next
- `reloading`: changed settings are taken over by another gate
- `rereading`: the same when somebody says so

May import: `errors`, `identity`, `sealing`, `signing`, `decisions`, `caching`, `reserved_headers`, `words`, `stores`,
`access`, `settings`, `provider`, `sessions`, `browser`, `telling`.
"""

from oidc_gate.gate.activity import OnMessage
from oidc_gate.gate.announcement import log_addresses
from oidc_gate.gate.authorization_requests import known_prompt, reauthentication_prompt
from oidc_gate.gate.building import backend_of, build
from oidc_gate.gate.components import Components
from oidc_gate.gate.credentials import taken_apart
from oidc_gate.gate.gate import Gate
from oidc_gate.gate.judging import Judging
from oidc_gate.gate.live import Found, Holder, Live, LiveKind, Over
from oidc_gate.gate.parties import party_key
from oidc_gate.gate.possession import Possession
from oidc_gate.gate.proofs import Proof, read_proof
from oidc_gate.gate.recalling import Recall
from oidc_gate.gate.reloading import open_gate
from oidc_gate.gate.rereading import read_now
from oidc_gate.gate.token_checking import TokenChecking

__all__ = [
    "Components",
    "Found",
    "Gate",
    "Holder",
    "Judging",
    "Live",
    "LiveKind",
    "OnMessage",
    "Over",
    "Possession",
    "Proof",
    "Recall",
    "TokenChecking",
    "backend_of",
    "build",
    "known_prompt",
    "log_addresses",
    "open_gate",
    "party_key",
    "read_now",
    "read_proof",
    "reauthentication_prompt",
    "taken_apart",
]
