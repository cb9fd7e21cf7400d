# One word each; `make` alone lists them. The first one sets everything else up.
UV := scripts/uv
RUN := $(UV) run --no-sync
COMPOSE := docker compose -f compose.dev.yml

.DEFAULT_GOAL := help

.PHONY: help
help: ## list these commands
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## install Python packages into .venv
	@$(UV) sync --quiet --all-packages --compile-bytecode
	@$(RUN) python -m compileall -q shared servers
	@touch .venv/.synced

.PHONY: demo
demo: setup ## ask the four servers about a real system (KEEP=1 leaves it running)
	@$(RUN) python -m devstack.demo $(if $(KEEP),--keep)

.PHONY: test
test: setup ## run the tests on real systems (PYTEST="-k name" passes options on)
	@$(RUN) python -m devstack.install
	@$(RUN) python -m stacksight_lighthouse.install
	@$(RUN) python -m tests.support.clients
	$(RUN) pytest --numprocesses 2 --dist loadfile --quiet $(PYTEST)

.PHONY: lint
lint: setup ## check formatting, style and types
	$(RUN) ruff format --check
	$(RUN) ruff check
	$(RUN) mypy

.PHONY: format
format: setup ## format the code and fix what can be fixed
	$(RUN) ruff format
	$(RUN) ruff check --fix

.PHONY: manifest
manifest: setup ## record what the servers answer before the SDK is imported
	$(RUN) python -m scripts.manifest

.PHONY: docs
docs: manifest ## write docs/tools.md from the tools' own definitions
	$(RUN) python scripts/tool_reference.py

.PHONY: bench
bench: setup ## compare starts, memory and sizes with other servers (8 minutes)
	$(RUN) python bench/compare.py

.PHONY: scenarios
scenarios: setup ## write docs/scenarios.md from investigations of the demo
	$(RUN) python scripts/scenarios.py

.PHONY: team
team: setup ## write the agents' tools and tables from team.toml, and check them
	$(RUN) stacksight team write
	$(RUN) stacksight team check

.PHONY: bundles
bundles: setup ## pack each server into one file for desktop clients, in dist/
	$(RUN) python scripts/bundle.py

.PHONY: lock
lock: ## take the newest versions and pin them all
	$(UV) run --no-project python scripts/lock.py

.PHONY: up
up: ## start the development stack in containers
	$(COMPOSE) up --build --detach

.PHONY: down
down: ## stop it and remove its volumes
	$(COMPOSE) down --volumes
