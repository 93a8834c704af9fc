# make demo   a login to look at, without an account: a local provider and a gated sample app
# make test   everything CI runs; installs what it needs, Debian packages too where it may
# make docs   writes what the documents have from the code, and builds them as a site: build/site
# make providers   real providers from public registries (pip, Go, Maven): takes minutes and gigabytes, CI does not run it
# make proxy   what takes longer than tests should of the gate as a proxy: 500 MB, 10,000 messages, Autobahn's cases for
#              WebSockets, Vite, Jupyter and Streamlit in Chromium; minutes, not in CI
# make spa    pages made with React, HTMX, Turbo and Dash whose session ends while they are open: a minute, not in CI
# make recipes   docs/recipes as they stand there: nginx, Apache, HAProxy, Caddy, Traefik, servers, units, functions: minutes, not in CI
# make apps   real apps (Dash, Streamlit, …) used in Chromium over the end of a session; `make apps APPS=dash`; not in CI
# make monitoring   Prometheus' own promtool, built with Go, checks the alert rules of examples/monitoring: minutes, not in CI
# make soak   servers under a mixed load, with faults: an hour, or `make soak MINUTES=5`; leaves a picture, not in CI
# make differential   made-up requests to a WSGI and an ASGI gate, which must answer alike: ten million, or `REQUESTS=100000`;
#             minutes, not in CI, where some thousands are sent
# make race   logins side by side: this gate, oauth2-proxy, mod_auth_openidc, express-openid-connect and Python packages, before
#             the same app; `make race RACE=gate,oauth2-proxy` runs some; on a quiet machine, some minutes, not in CI
# make mutants   changes each decision of the rules, one by one, and fails where no test notices: half an hour, not in CI
VENV := .venv
BIN := $(VENV)/bin
NPM := tests/providers/panva tests/typing tests/accessibility tests/swagger

# The lowest versions that setup.cfg allows, and the tests that use each of them.
LOWEST := .venv-lowest
LOWEST_TESTS := $(addprefix tests/test_,$(addsuffix .py,algorithms asgi asgi_threads cli client_authentication demo \
	examples expressions identity_jwt metrics provider proxy proxy_websockets sealing settings stores surface_logins \
	wsgi))

SPA := .venv-spa
RECIPES := .venv-recipes
MOD_WSGI := /usr/lib/apache2/modules/mod_wsgi.so
UPSTREAMS := .venv-upstreams

# The real apps: folders of tests/real_apps. Each has a virtual environment of its own, in .apps.
APPS := $(notdir $(patsubst %/,%,$(dir $(wildcard tests/real_apps/*/journey.py))))

# Which entrants run in `make race`: how their names begin, with commas between; none: all.
RACE :=

# How long `make fuzz` goes on with each target.
SECONDS_EACH := 120

# How many requests `make differential` makes up.
REQUESTS := 10000000

# How long `make soak` goes on.
MINUTES := 60

# Containers often forbid Python to keep what it has compiled: then each server that a test starts compiles it all anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test uncounted lowest lint docs providers proxy spa recipes apps monitoring soak fuzz differential mutants bench race system-packages clean

demo: $(VENV)/.demo
	@$(BIN)/oidc-gate demo

# Side by side is what fits: both installations of the package itself write into the same folder, its `egg-info`.
test: system-packages
	@$(MAKE) --no-print-directory --jobs=3 $(VENV)/.test $(LOWEST)/.packages $(NPM:%=%/node_modules/.package-lock.json)
	@$(MAKE) --no-print-directory $(LOWEST)/.test
	@$(MAKE) --no-print-directory --jobs=3 --output-sync=target lint lowest uncounted
	$(BIN)/pytest -n 3 --cov -m "not uncounted"

uncounted: $(VENV)/.test
	$(BIN)/pytest -n 3 -m uncounted

lowest: $(LOWEST)/.test system-packages tests/providers/panva/node_modules/.package-lock.json
	$(LOWEST)/bin/pytest -n 2 -q $(LOWEST_TESTS)

lint: $(VENV)/.test
	$(BIN)/ruff check
	$(BIN)/mypy

docs: $(VENV)/.test
	$(BIN)/python -m tests.docs_tables
	$(BIN)/zensical build --clean --strict
	$(BIN)/python -m tests.documented.site build/site

providers: $(VENV)/.test
	$(BIN)/pytest $(addprefix tests/real_providers/,journeys.py doctor_journeys.py token_journeys.py pair_journeys.py) -p no:cacheprovider

proxy: $(UPSTREAMS)/.upstreams system-packages tests/vite/node_modules/.package-lock.json
	$(UPSTREAMS)/bin/pytest tests/proxy_endurance.py tests/autobahn/conformance.py tests/upstreams/journeys.py -p no:cacheprovider -s

# Dash brings a plugin for pytest along that no other tests are to have.
spa: $(SPA)/.spa system-packages tests/spa/node_modules/.package-lock.json
	$(SPA)/bin/pytest -p no:dash -p no:cacheprovider tests/spa/journeys.py

recipes: $(RECIPES)/.recipes
	@.ci/install-system-packages nginx:nginx-light apache2:apache2-bin haproxy:haproxy \
		systemd-socket-activate:systemd $(MOD_WSGI):libapache2-mod-wsgi-py3
	$(RECIPES)/bin/pytest -p no:cacheprovider $(addprefix tests/recipes/,journeys.py platforms.py migrations.py)

apps: $(VENV)/.test system-packages
	$(BIN)/pytest -p no:cacheprovider $(APPS:%=tests/real_apps/%/journey.py)

monitoring: $(VENV)/.test
	$(BIN)/python -m tests.promtool

soak: $(VENV)/.test system-packages
	$(BIN)/python -m tests.soak --minutes $(MINUTES) --out soak-report

fuzz: $(VENV)/.fuzz
	$(BIN)/pytest -n 2 -m hypothesis --hypothesis-profile=fuzz
	$(BIN)/python -m tests.fuzz --seconds $(SECONDS_EACH)

differential: $(VENV)/.test
	$(BIN)/python -m tests.both_worlds --requests $(REQUESTS)

mutants: $(VENV)/.mutants
	$(BIN)/python -m tests.mutation

bench: $(VENV)/.test
	$(BIN)/python -m benchmarks

race: $(VENV)/.test system-packages
	$(BIN)/python -m benchmarks.peers $(RACE)

system-packages:
	@.ci/install-system-packages

clean:
	rm -rf soak-report $(VENV) $(LOWEST) $(SPA) $(RECIPES) $(UPSTREAMS) .apps .providers $(NPM:%=%/node_modules) tests/vite/node_modules tests/spa/node_modules build dist .cache *.egg-info .coverage* .*_cache .hypothesis

# Installed when there is no virtual environment yet, or when what to install has changed since.
$(VENV)/.demo $(VENV)/.test $(VENV)/.fuzz $(VENV)/.mutants: $(VENV)/.%: setup.cfg pyproject.toml | $(BIN)/pip
	@$(BIN)/python .ci/install $*
	@touch $@

$(LOWEST)/.packages: setup.cfg .ci/lowest-versions | $(LOWEST)/bin/pip
	@.ci/lowest-versions > $(LOWEST)/constraints.txt
	@.ci/lowest-versions --packages > $(LOWEST)/requirements.txt
	$(LOWEST)/bin/pip install --quiet --disable-pip-version-check --constraint $(LOWEST)/constraints.txt \
		--requirement $(LOWEST)/requirements.txt
	@touch $@

$(LOWEST)/.test: setup.cfg pyproject.toml $(LOWEST)/.packages
	$(LOWEST)/bin/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

$(RECIPES)/.recipes: setup.cfg pyproject.toml | $(RECIPES)/bin/pip
	$(RECIPES)/bin/pip install --quiet --disable-pip-version-check --editable '.[recipes]'
	@touch $@

$(UPSTREAMS)/.upstreams: setup.cfg pyproject.toml | $(UPSTREAMS)/bin/pip
	@$(UPSTREAMS)/bin/python .ci/install upstreams
	@touch $@

$(SPA)/.spa: setup.cfg pyproject.toml | $(SPA)/bin/pip
	$(SPA)/bin/pip install --quiet --disable-pip-version-check --editable '.[spa]'
	@touch $@

# pip is what comes last into a virtual environment: without it, it is there in part only.
$(UPSTREAMS)/bin/pip:
	@.ci/make-venv $(UPSTREAMS)

$(SPA)/bin/pip:
	@.ci/make-venv $(SPA)

$(RECIPES)/bin/pip:
	@.ci/make-venv $(RECIPES)

$(BIN)/pip:
	@.ci/make-venv $(VENV)

# On the lowest Python too, where there is a choice.
$(LOWEST)/bin/pip:
	@PYTHON="$(or $(PYTHON),python3.11 python3.12 python3.13 python3)" .ci/make-venv $(LOWEST)

%/node_modules/.package-lock.json: %/package-lock.json | system-packages
	cd $* && npm ci --silent --no-audit --no-fund
	@touch $@
