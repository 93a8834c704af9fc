"""What an operator can set: every field once, where its value comes from, and what is refused at start-up.

Modules, from the ground up; each may import only from those before it:

- `readers`: from what stood in code, a file or the environment to the one form that is used
- `params`: from a map or a query string to pairs
- `other_names`: which setting is meant by a name that is none
- `secret_texts`: secrets of one's own
- `rule`: one rule, as it is written in code
- `metrics_object`: what may keep metrics, in code
- `mends`: what to write in place of what other programs understand
- `condition_tables`, `rule_tables`: from the tables of `rules` to what requests are judged by
- `demands`: what a part of an app demands besides
- `files`: their text, and what JSON or YAML in them says
- `policy_answers`: what a Traffic Policy answers in place of the app
- `traffic_policy`: an ngrok Traffic Policy file
- `sources`: the environment, a TOML file
- `rule_order`: whether each rule has something left to decide
- `rule_checks`: what must hold of rules beside other settings
- `urls`: addresses, and what may be asked without encryption
- `tenants`: issuers that stand for many tenants
- `reach_checks`: what must hold of how the provider is reached
- `colors`: whether text can be read on a colour
- `page_files`: what the gate's pages are dressed in
- `setting`: one setting: its default, its reader and its meaning
- `token_fields`, `bearer_checks`: what programs may come in with, and what must hold of that
- `checks`: what must hold of settings taken together
- `profiles`: what a profile stands for, and what contradicts it
- `options`: the fields as keywords, for type checkers and editors
- `presets`: providers by name
- `provider_warnings`: what is worth a second look at this provider
- `providers`: the providers beside the first one
- `gate_warnings`: what is worth a second look
- `provider_fields`, `session_fields`, `app_fields`: all others
- `settings`: `Settings`, which is made of these
- `app_target`: the app behind the gate, by name

May import: `errors`, `identity`, `stores`, `access`.
"""

from oidc_gate.settings.app_target import check_app, is_asgi, load_app, resolve_app, resolve_settings
from oidc_gate.settings.checks import FAPI2_ALGS, SIGNING_ALGS
from oidc_gate.settings.metrics_object import Metrics
from oidc_gate.settings.reach_checks import NEEDED_ENDPOINTS
from oidc_gate.settings.readers import nearest, read_duration
from oidc_gate.settings.rule import Rule
from oidc_gate.settings.settings import PROVIDER_FIELDS, Settings
from oidc_gate.settings.sources import SettingsFile, from_config_file, from_traffic_policy
from oidc_gate.settings.tenants import TENANT, filled, issuers, template_of
from oidc_gate.settings.token_fields import METADATA_PATH

__all__ = [
    "FAPI2_ALGS",
    "METADATA_PATH",
    "NEEDED_ENDPOINTS",
    "PROVIDER_FIELDS",
    "SIGNING_ALGS",
    "TENANT",
    "Metrics",
    "Rule",
    "Settings",
    "SettingsFile",
    "check_app",
    "filled",
    "from_config_file",
    "from_traffic_policy",
    "is_asgi",
    "issuers",
    "load_app",
    "nearest",
    "read_duration",
    "resolve_app",
    "resolve_settings",
    "template_of",
]
