# `make help` says what there is. Everything runs in .venv, which is made anew whenever the lock changes.

MAP ?= maps/demo
# The demo company lives in data; any other in a folder of its own below it, so that several live side by side.
COMPANY := $(if $(filter maps/demo maps/demo/,$(MAP)),data,data/$(basename $(notdir $(patsubst %/,%,$(MAP)))))
DATA ?= $(COMPANY)/incoming
CUSTOMERS ?= 20000
PYTHON ?= python3

BIN := .venv/bin
CRM := $(BIN)/crm --home $(COMPANY)
CONDA := $(shell command -v mamba || command -v conda)
UV := $(shell command -v uv)

.DEFAULT_GOAL := help
.PHONY: help env demo report test fuzz lab bench trust lint
.DELETE_ON_ERROR:

help:  ## what there is
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

env: .venv/.made  ## the environment: by conda where there is one, else by uv or pip, from the lock

.venv/.made: requirements.lock environment.yml
ifneq ($(CONDA),)
	rm -rf .venv
	$(CONDA) env create --quiet --yes --prefix .venv --file environment.yml
else ifneq ($(UV),)
	$(UV) venv --quiet --clear --python $(PYTHON) .venv
	$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps -e .
else
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps -e .
endif
	@$(BIN)/python -m compileall -q crm_analytics  # every page and every test begins by reading all of this
	@touch $@

demo: env data/incoming/.of-$(CUSTOMERS)  ## the demo company's source files [CUSTOMERS=20000]

data/incoming/.of-$(CUSTOMERS): | env
	@rm -f data/incoming/.of-*
	@$(BIN)/crm --home data demo --customers $(CUSTOMERS)
	@touch $@

report: env $(if $(filter data,$(COMPANY)),demo)  ## load a company and report on it [MAP=maps/demo DATA=folder]
	@$(CRM) load $(MAP) --data $(DATA)
	@$(CRM) identify
	@$(CRM) report

test: env  ## all tests, by two processes; a file of tests stays with one, and so do its fixtures
	@$(BIN)/python -m pytest -n 2 --dist loadfile

fuzz: env  ## more spoilt files, kills and invented cases than `make test` tries
	@CRM_MUTANTS=3000 CRM_KILLS=50 HYPOTHESIS_PROFILE=exploring $(BIN)/python -m pytest -n 2 --dist loadfile tests

bench: env  ## how fast it is, beside its peers
	@for bench in benchmarks/bench_*.py; do $(BIN)/python $$bench || exit 1; done

trust: env  ## try every estimator on hundreds of simulated companies, and write the record that a page shows
	@$(BIN)/crm trust

lint: env  ## read the code and the notebooks
	@$(BIN)/ruff check .

lab: env  ## JupyterLab on the notebooks [MAP=…: that company's data]
	@CRM_HOME=$(abspath $(COMPANY)) $(BIN)/jupyter lab --notebook-dir notebooks
