# Everything a newcomer needs: `make demo`, `make explore`, `make test`. Each makes the environment .venv first.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed

.PHONY: install demo explore browser docs reference gallery test test-thorough test-slow test-jax test-gpu test-wheel lint format benchmarks clean

install: $(INSTALLED)

$(INSTALLED): pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable ".[test]"
	touch $@

demo: $(INSTALLED)
	$(BIN)/python -m keras_ae compare --data digits --workers auto --out runs/demo

# The explorer, on a small bundled model.
explore: $(INSTALLED)
	$(BIN)/python -m keras_ae explore

# Static sites: the whole documentation in runs/site; its parts, the API reference in runs/reference and all
# experiments in runs/gallery.
docs: $(INSTALLED)
	$(BIN)/python docs/build.py

reference: $(INSTALLED)
	$(BIN)/python docs/reference/build.py

gallery: $(INSTALLED)
	$(BIN)/python -m keras_ae study report --all

# A Chromium for the explorer's browser tests, which are skipped where there is none.
browser: $(INSTALLED)
	command -v chromium || (apt-get update -qq && apt-get install -y -qq chromium) || \
		$(BIN)/python -m playwright install chromium

test: $(INSTALLED)
	$(BIN)/python -m pytest -n 2 --dist worksteal -rs

# What takes seconds each, such as trainings to the same bits: with `make test` all that a submission must pass.
test-thorough: $(INSTALLED)
	$(BIN)/python -m pytest -m "thorough and not slow" -n 2 --dist worksteal -rs

test-slow: $(INSTALLED)
	$(BIN)/python -m pytest -m slow -n 2 --dist worksteal -rs

# The wheel in a fresh environment, away from the clone.
test-wheel: $(INSTALLED)
	PYTHON=$(BIN)/python .ci/wheel_smoke.sh

# 2,000 odd, damaged and hostile inputs, and a table of what came of them; takes about half an hour.
fuzz: $(INSTALLED)
	cd tests && ../$(BIN)/python -m fuzzing --cases 2000 --seed 0

lint: $(INSTALLED)
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy

format: $(INSTALLED)
	$(BIN)/python -m ruff check --fix .
	$(BIN)/python -m ruff format .

# The core on Keras's JAX backend, in an environment without TensorFlow.
test-jax: .venv-jax/.installed
	KERAS_BACKEND=jax .venv-jax/bin/python -m pytest -m "not tensorflow and not slow and not thorough" -n 2 --dist worksteal -rs

.venv-jax/.installed: pyproject.toml
	$(PYTHON) -m venv .venv-jax
	.venv-jax/bin/python -m pip install --quiet "keras>=3.15,<3.16" "jax>=0.7,<0.11" "numpy>=2,<3" scipy \
		scikit-learn matplotlib pandas pillow rich tyro pytest pytest-xdist hypothesis
	.venv-jax/bin/python -m pip install --quiet --no-deps --editable .
	touch $@

# Conformance and one training of each architecture with XLA on a GPU; says so where there is none.
test-gpu: $(INSTALLED)
	$(BIN)/python -m pytest tests/gpu -m "slow or not slow" -rs

benchmarks: $(INSTALLED)
	$(BIN)/python benchmarks/pipelines.py
	$(BIN)/python benchmarks/architectures.py

clean:
	rm -rf .venv .venv-jax
