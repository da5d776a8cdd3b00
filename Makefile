# One command each. Everything runs in .venv, which the first target that needs it sets up;
# after that nothing needs the network until pyproject.toml says something else.
#
#   make simulate ARGS="--trials 2000"     arguments for the campaign
#   make test ARGS="-k broker"             arguments for pytest
#   make setup PYTHON=/path/to/python3     a certain interpreter, also in the place of another one
#   make … V=1                             show what is being run

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

ARGS ?=
PYTHON ?=
V ?=
VENV := .venv
BIN := $(VENV)/bin
Q := $(if $(V),,@)

# The stamp is a copy of the pyproject.toml that was installed: contents are compared, so a checkout that only touches
# the file costs nothing. While the installation goes on the copy has another name; finding that name means the last
# attempt broke off, perhaps in the middle of a package, and the environment is built from nothing.
STAMP := $(VENV)/installed-pyproject.toml
BEGUN := $(VENV)/installing-pyproject.toml
WHICH := -c 'import sys; print(sys.base_prefix, sys.version)'
IS_WANTED := $(if $(PYTHON),test "$$("$(PYTHON)" $(WHICH))" = "$$($(BIN)/python $(WHICH))",true)
IS_FRESH := test ! -e $(BEGUN) && cmp -s pyproject.toml $(STAMP) && $(BIN)/python -c '' && $(IS_WANTED)

.PHONY: help setup simulate test lint types docs bench mutants clean
.PHONY: $(if $(shell { $(IS_FRESH); } 2>/dev/null && echo yes),,$(STAMP))

help: ## list the targets (this is the default)
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1\t\2/p' $(firstword $(MAKEFILE_LIST)) | while IFS=$$'\t' read -r target text; do \
		printf '  make %-9s %s\n' "$$target" "$$text"; done

setup: $(STAMP) ## make .venv ready; the other targets do it when needed
	@:

simulate: $(STAMP) ## run the standard campaign on the real SDK (ARGS=… for finale-sim campaign)
	$(Q)$(BIN)/finale-sim campaign $(ARGS)

# One round tells everything: pytest runs although lint or types failed, and comes last.
test: $(STAMP) ## lint, types, then every test (ARGS=… for pytest)
	$(Q)failed=; $(MAKE) --no-print-directory --keep-going lint types || failed=1; \
		$(BIN)/python -m pytest $(ARGS) || exit; test -z "$$failed" || { echo 'make: lint or types failed, see above' >&2; exit 1; }

lint: $(STAMP) ## ruff
	$(Q)$(BIN)/ruff check $(if $(V),,--quiet)

types: $(STAMP) ## mypy, strict
	$(Q)$(BIN)/mypy $(if $(V),,--no-error-summary)

docs: $(STAMP) ## write anew what is made: the reference, the page on the seed, the galleries of notebooks
	$(Q)$(BIN)/python docs/make_reference.py
	$(Q)$(BIN)/python docs/make_seed.py
	$(Q)$(BIN)/python docs/make_galleries.py

bench: $(STAMP) ## run every benchmark, one after the other
	$(Q)shopt -s nullglob; for bench in benchmarks/bench_*.py; do echo "== $$bench"; $(BIN)/python "$$bench" $(ARGS); done

mutants: $(STAMP) ## change the SDK in small ways, and see that somebody notices (ARGS="ledger --jobs 2"; an hour for all)
	$(Q)$(BIN)/python -m pip install -qq --disable-pip-version-check --group mutants
	$(Q)$(BIN)/python -m tests.mutants $(ARGS)

clean: ## remove .venv, caches and build output
	$(Q)rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage sdk/*.egg-info *.egg-info
	$(Q)find . -name __pycache__ -type d -prune -exec rm -rf {} +

# What somebody calls python3 comes first: it is what they have chosen, in a shell, with an environment or a version manager.
# A name on PATH proves little (a version manager leaves stubs of versions that it does not have), so each candidate is run.
define FIND_PYTHON
probe='import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))'
PATH=$${PATH//"$$PWD/$(VENV)/bin:"/} # an activated .venv must not be built from itself
python= ; seen=
for candidate in $(if $(PYTHON),"$(PYTHON)",python3 python3.14 python3.13 python3.12 python3.11 python); do
    if "$$candidate" -c "$$probe" >/dev/null 2>&1; then python=$$candidate; break; fi
    found=$$("$$candidate" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null) || continue
    case $$found in
        2.*|3.?.*|3.10.*) seen+="  $$candidate is Python $$found: too old"$$'\n' ;;
        *) seen+="  $$candidate is Python $$found, but without venv or ensurepip (on Debian: install python3-venv)"$$'\n' ;;
    esac
done
if [ -z "$$python" ]; then
    printf 'make: finale needs Python 3.11 or newer, with venv; none found%s.\n%s' '$(if $(PYTHON), (PYTHON=$(PYTHON)))' "$$seen" >&2
    echo 'make: install one, or name it: make $(or $(firstword $(MAKECMDGOALS)),setup) PYTHON=/path/to/python3' >&2
    exit 2
fi
endef

define INSTALL
if { $(IS_FRESH); } 2>/dev/null; then exit 0; fi
if [ -e $(BEGUN) ] || ! { $(BIN)/python -m pip --version && $(IS_WANTED); } >/dev/null 2>&1; then
    $(FIND_PYTHON)
    echo "make: setting up $(VENV) with $$python ($$("$$python" -V 2>&1)); once, about a minute"
    mkdir -p $(VENV) && touch $(BEGUN)
    find $(VENV) -mindepth 1 -maxdepth 1 ! -path $(BEGUN) -exec rm -rf {} +
    "$$python" -m venv $(VENV)
else
    echo "make: bringing $(VENV) up to date with pyproject.toml"
fi
cp pyproject.toml $(BEGUN)
$(BIN)/python -m pip install $(if $(V),,-qq) --disable-pip-version-check --upgrade 'pip>=25.1'
$(BIN)/python -m pip install $(if $(V),,-qq) --disable-pip-version-check --editable '.[sim]' --group dev
mv -f $(BEGUN) $(STAMP)
endef
export INSTALL

# The lock (on a file that is there anyway) keeps two makes in one checkout from installing over each other.
$(STAMP):
	$(Q)if command -v flock >/dev/null; then flock pyproject.toml $(SHELL) -euo pipefail -c "$$INSTALL"; \
		else $(SHELL) -euo pipefail -c "$$INSTALL"; fi
