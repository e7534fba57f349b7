# Two commands on a fresh machine, each alone enough: `make demo` and `make test`.
# They need Python 3.11 or newer with venv, and nothing else.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# Each of a thousand short-lived processes of the tests would compile its modules anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test coverage coverage-run coverage-report matrix endings lint docs schemas reference pictures wheel benchmarks launches regressions tails causes places budget tables clean

demo: $(STAMP)  ## the example project's load tests under both servers, ends in the table
	cd example_project && ../$(BIN)/python -m pytest --djworkers=gunicorn-gevent,granian $(DEMO)

# Each test has a site, a folder and a machine lock of its own. They wait for processes, so three at
# once keep two cores busy. With AT_ONCE=0 they run one by one in pytest's own process, as a debugger
# needs it.
AT_ONCE ?= 3

test: $(STAMP)  ## the plugin's own tests
	PYTHONDEVMODE=1 $(BIN)/python -m pytest --numprocesses=$(AT_ONCE) --dist=worksteal $(TEST)

coverage: $(STAMP)  ## that the tests of load/ reach all of it, but for lines marked with a reason
	$(BIN)/coverage erase
	$(MAKE) coverage-run
	$(MAKE) coverage-report

coverage-run: $(STAMP)
	$(BIN)/coverage run -m pytest -q --numprocesses=$(AT_ONCE) --dist=worksteal tests/load $(TEST)

coverage-report: $(STAMP)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

# Interpreters that are no `python3.13` on PATH are found through pyenv, where there is one.
INTERPRETERS := $(wildcard $(or $(PYENV_ROOT),$(HOME)/.pyenv)/versions/3.1[1-9]*/bin/python3)

matrix: $(STAMP)  ## the example's endpoints under every backend, with Python 3.11 and 3.13; hours
	$(BIN)/python -m tox run -e py311-matrix,py313-matrix --skip-missing-interpreters false \
		$(addprefix --discover ,$(INTERPRETERS)) -- $(TEST)

endings: $(STAMP)  ## every way for a run to end under every backend; ends in a table, half an hour
	$(BIN)/python -m pytest -q -s -m '' tests/server/test_left_clean.py $(TEST)

lint: $(STAMP)  ## ruff, mypy and the layering of the imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

docs: $(STAMP)  ## the documentation, warnings as errors
	$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build/html

schemas: $(STAMP)  ## the JSON Schemas of the files that the plugin writes, from their types
	$(BIN)/python -m docs.write_schemas

reference: $(STAMP)  ## the lists and pages of the reference that say what the code says
	$(BIN)/python -m docs.write_reference

pictures: $(STAMP)  ## the pictures of the README and the documentation; needs Chromium, takes three minutes
	$(BIN)/python -m docs.make_pictures

wheel: $(STAMP)  ## the wheel and the source distribution
	$(BIN)/python -m build --outdir dist

benchmarks: $(STAMP)  ## what measures the plugin itself; takes half an hour
	$(BIN)/python benchmarks/laws.py
	$(BIN)/python benchmarks/generators_agree.py
	$(BIN)/python benchmarks/order.py
	$(BIN)/python benchmarks/import_cost.py
	$(BIN)/python benchmarks/generator.py
	$(BIN)/python benchmarks/mixes.py
	$(BIN)/python benchmarks/queries_cost.py
	$(BIN)/python benchmarks/truth.py
	$(BIN)/python benchmarks/verdict.py
	$(BIN)/python benchmarks/agent_costs.py
	$(BIN)/python benchmarks/many_agents.py

launches: $(STAMP)  ## a thousand launches in a row, over all backends; about ten minutes
	$(BIN)/python benchmarks/launches.py

# Ended before its time, it goes on where it was.
regressions: $(STAMP)  ## comparisons of revisions whose cost is known, and their tables; 2 hours
	$(BIN)/python benchmarks/regressions.py $(REGRESSIONS) --rst docs/appendix/regressions-table.rst

tails: $(STAMP)  ## verdicts on commits that are easy to miss, and their table; 20 minutes
	$(BIN)/python benchmarks/tails.py --rst docs/appendix/tails-table.rst

causes: $(STAMP)  ## comparisons of commits whose cause is known, and their table; 2 hours
	$(BIN)/python benchmarks/causes.py $(CAUSES) --rst docs/appendix/causes-table.rst

places: $(STAMP)  ## where a view's time is found under each server, and the table; 5 minutes
	$(BIN)/python benchmarks/places.py --rst docs/appendix/places-table.rst

budget: $(STAMP)  ## the example's nine endpoints under two servers, compared in 8 minutes
	$(BIN)/python benchmarks/budget.py

# A missed bar stops nothing here: the table says so.
tables: $(STAMP)  ## writes the measured tables of the documentation; takes most of an hour
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group benchmarks
	-$(BIN)/python benchmarks/generators_agree.py --rst docs/appendix/generators-table.rst
	-$(BIN)/python benchmarks/generator.py --rst docs/appendix/generator-speed-table.rst
	-$(BIN)/python benchmarks/generator.py --candidates --rst docs/appendix/generator-candidates-table.rst
	-$(BIN)/python benchmarks/truth.py --rst docs/appendix/truth-table.rst
	-$(BIN)/python benchmarks/order.py --rst docs/appendix/order-table.rst
	-$(BIN)/python benchmarks/verdict.py --rst docs/appendix/verdicts-table.rst
	-$(BIN)/python benchmarks/machine_speed.py --rst docs/appendix/machine-speed-table.rst
	-$(BIN)/python benchmarks/agent_costs.py --rst docs/appendix/agent-costs-table.rst
	-$(BIN)/python benchmarks/many_agents.py --rst docs/appendix/many-agents-table.rst
	$(BIN)/python benchmarks/million.py --rst docs/appendix/million-table.rst

clean:
	rm -rf $(VENV) dist build docs/_build .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[all]' --group dev
	touch $@
