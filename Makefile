# `make` alone lists the targets. Windows: see the README, which gives the same commands without make.

# The first Python that runs and that the course supports; `make lab PYTHON=...` overrules it. If there is none, any
# python3, so that the set-up script can say what is wrong with it.
SUPPORTED = import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON = $(shell \
	for p in python3 python3.13 python3.12 python3.11 python; do \
		"$$p" -c '$(SUPPORTED)' 2>/dev/null && echo "$$p" && exit; \
	done; \
	command -v python3)
BIN := .venv/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
SET_UP = @python="$(PYTHON)"; test -n "$$python" || { \
	echo "No Python was found. Install Python 3.11, 3.12 or 3.13 (python.org, or your system's packages), then run make again."; \
	exit 1; }; "$$python" scripts/setup_environment.py

.DEFAULT_GOAL := help
.PHONY: help setup lab doctor test test-browser hub test-hub notebooks exercises slides bench

help:  ## list what there is
	@echo "mmcourse: a course on multimodal fusion and cross-modal learning. Begin with: make lab"; echo
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' Makefile | awk -F'|' '{ printf "  make %-14s %s\n", $$1, $$2 }'

setup:  ## make the environment .venv (a few minutes, once)
	$(SET_UP)

lab: setup  ## open the course in JupyterLab
	@$(BIN)/mmcourse lab

doctor: setup  ## check this computer, and say what to do about each problem
	@$(BIN)/mmcourse doctor

test: setup  ## lint, the tests, and every notebook run and compared
	$(BIN)/ruff check .
	$(BIN)/python -m pytest tests -m "not browser and not hub" -n 2 --dist loadfile
	$(BIN)/python scripts/test_notebooks.py

test-browser:  ## the widgets in a real browser; needs Chromium
	$(SET_UP) --extra browser
	@$(BIN)/python -m pytest tests -m browser || { status=$$?; command -v chromium >/dev/null \
		|| echo "No chromium was found: on Debian or Ubuntu, sudo apt install chromium; else set CHROMIUM to a Chrome's path."; \
		exit $$status; }

hub:  ## a JupyterHub for a class, on this computer (deploy/README.md)
	$(SET_UP) --extra classroom
	@$(BIN)/python deploy/hub.py

test-hub:  ## a class of two on a real hub, in a browser; needs root and Chromium
	$(SET_UP) --extra browser --extra classroom
	@$(BIN)/python -m pytest tests/hub -m hub

notebooks: setup  ## build the chapters: run notebooks/src and keep the outputs
	$(BIN)/python scripts/build_notebooks.py

exercises: setup  ## generate exercises/ from solutions/
	$(BIN)/python scripts/build_exercises.py

slides: setup  ## make slides from the chapters: workshops/slides
	$(BIN)/python scripts/build_slides.py

bench: setup  ## speed and memory, in pairs with PyTorch
	$(BIN)/python -m benchmarks
