# `make demo` and `make test` do all the set-up they need, in a folder of their own; `make help` lists the rest.

PYTHON ?= python3
# photos to parse in the demo: make demo IMAGES="one.jpg two.jpg"
IMAGES ?=
# a folder with wheels of mmcv (with ops) and xtcocotools, which otherwise are built from source
WHEELS ?= $(wildcard ../shared/wheels)
# where Linux has no NVIDIA GPU, torch's CPU build spares gigabytes; a folder of wheels is asked first
ifeq ($(shell uname -s)$(shell command -v nvidia-smi)$(PIP_FIND_LINKS),Linux)
TORCH_INDEX_URL ?= https://download.pytorch.org/whl/cpu
endif

# versions to install: requirements/oldest.txt and newest.txt hold the ends of the tried range
CONSTRAINTS ?= requirements/tested.txt

# threads that spin long while they wait take the cores from the data loader's workers
export GOMP_SPINCOUNT ?= 20000

# without a C++ compiler the matching runs in PyTorch: the same numbers, slower
ifeq ($(shell command -v c++),)
export MMHPARSE_WITH_OPS ?= 0
endif

LITE := .venv
FULL := .venv-full
EXCHANGE := .venv-exchange
FIFTYONE := .venv-fiftyone
REQUIREMENTS := $(wildcard requirements/*.txt) setup.py $(shell find mmhparse/ops/csrc -type f)
# a process a core, at most four: each one takes a gigabyte or two
PYTEST = -m pytest -n auto --maxprocesses 4 --dist worksteal
PIP_INSTALL = $(@D)/bin/python -m pip install --quiet --disable-pip-version-check -c $(CONSTRAINTS)

.PHONY: help demo demo-train test lint typecheck docs test-full test-exchange test-fiftyone clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 15

demo: $(LITE)/ready  ## parse the sample photos and IMAGES="photo.jpg ...", then as demo-train
	@$(LITE)/bin/python tools/demo.py $(IMAGES)
	@echo 'Now a small parser is trained on synthetic people, some ten minutes; Ctrl-C ends it.'
	@$(LITE)/bin/python tools/demo_train.py

demo-train: $(LITE)/ready  ## train a small parser on synthetic people and parse others
	@$(LITE)/bin/python tools/demo_train.py

test: $(LITE)/ready  ## run the tests
	$(LITE)/bin/python $(PYTEST)

lint: $(LITE)/ready  ## check style and formatting
	$(LITE)/bin/ruff check .
	$(LITE)/bin/ruff format --check .

typecheck: $(LITE)/ready  ## check types with pyright
	$(LITE)/bin/pyright

docs: $(LITE)/ready-for-docs  ## build the documentation site into build/docs; warnings are errors
	$(LITE)/bin/python -m sphinx -W --keep-going -q -b html docs/en build/docs
	@echo 'build/docs/index.html: built without warnings'

test-full: $(FULL)/ready  ## run the tests beside mmcv with ops, mmdet, mmpose and mmsegmentation models
	$(FULL)/bin/python $(PYTEST)

test-exchange: $(EXCHANGE)/ready  ## run the tests of exchange with annotation tools beside the tools' packages
	@PYTHONPATH=$(CURDIR)/$(EXCHANGE) $(LITE)/bin/python -c 'import cvat_sdk, datumaro, label_studio_sdk'  # or tests skip
	PYTHONPATH=$(CURDIR)/$(EXCHANGE) $(LITE)/bin/python $(PYTEST) tests/test_datasets/test_annotation_tools.py \
	  tests/test_tools/test_exports_of_tools.py

test-fiftyone: $(FIFTYONE)/ready  ## run the tests with FiftyOne, which starts a MongoDB for them
	PYTHONPATH=$(CURDIR)/$(FIFTYONE) $(LITE)/bin/python -m pytest tests/test_tools/test_coco_in_fiftyone.py

clean:  ## remove the environments and what was built
	rm -rf $(LITE) $(FULL) $(EXCHANGE) $(FIFTYONE) build dist *.egg-info mmhparse/.mim .pytest_cache .ruff_cache

$(LITE)/ready: $(REQUIREMENTS)
	$(call make_environment)
	$(PIP_INSTALL) -r requirements/runtime.txt -r requirements/tests.txt
	$(call install_ourselves)
	@touch $@

$(LITE)/ready-for-docs: $(LITE)/ready
	$(PIP_INSTALL) -r requirements/docs.txt
	@touch $@

$(FULL)/ready: $(REQUIREMENTS)
	$(call make_environment)
	@# mmcv-lite would overwrite mmcv
	grep -v '^mmcv-lite' requirements/runtime.txt > $(@D)/runtime.txt
	$(PIP_INSTALL) -r $(@D)/runtime.txt -r requirements/tests.txt
	$(PIP_INSTALL) $(addprefix --find-links ,$(WHEELS)) --no-index mmcv || { \
	  echo 'There is no wheel of mmcv with ops for this Python and torch: building it takes some 20 minutes.'; \
	  $(PIP_INSTALL) ninja && $(PIP_INSTALL) --no-build-isolation --no-binary mmcv mmcv; }
	@# its wheels on PyPI are made for numpy 1 and fail to import beside numpy 2
	$(PIP_INSTALL) $(addprefix --find-links ,$(WHEELS)) --no-index --no-deps xtcocotools || { \
	  echo 'There is no wheel of xtcocotools for numpy 2: building it takes a minute.'; \
	  $(PIP_INSTALL) cython && $(PIP_INSTALL) --no-build-isolation --no-binary xtcocotools xtcocotools; }
	$(PIP_INSTALL) -r requirements/optional.txt -r requirements/onnx.txt -r requirements/openvino.txt -r requirements/ray.txt
	$(PIP_INSTALL) --no-deps -r requirements/nodeps.txt
	$(call install_ourselves)
	@touch $@

$(EXCHANGE)/ready: $(LITE)/ready
	$(call install_before,exchange)
	@touch $@

$(FIFTYONE)/ready: $(LITE)/ready
	$(call install_before,fiftyone)
	@touch $@

# torch first: a package that asks for it would bring whichever build is newest
define make_environment
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
  echo 'mmhparse needs Python 3.10 or newer. Name one: make $(MAKECMDGOALS) PYTHON=/path/to/python3'; exit 1; }
@echo 'Setting up $(@D) (minutes the first time) ...'
@$(PYTHON) -m venv $(@D)
$(PIP_INSTALL) $(addprefix --extra-index-url ,$(TORCH_INDEX_URL)) torch -r requirements/build.txt
endef

define install_ourselves
@if [ "$$MMHPARSE_WITH_OPS" = 0 ]; then echo 'Without the compiled matching op (MMHPARSE_WITH_OPS=0, or no C++ compiler).'; \
  else echo 'Compiling the matching op (half a minute) ...'; fi
PATH="$(CURDIR)/$(@D)/bin:$$PATH" $(PIP_INSTALL) --no-deps --no-build-isolation -e .
endef

# a folder of packages that go before those of $(LITE), as they ask for another cv2, and some for an older numpy
define install_before
@echo 'Setting up $(@D) (minutes the first time) ...'
@mkdir -p $(@D)
grep -vE '^(numpy|-r)' $(CONSTRAINTS) > $(@D)/constraints.txt
$(LITE)/bin/python -m pip install --quiet --disable-pip-version-check -c $(@D)/constraints.txt --upgrade --target $(@D) \
  -r requirements/$(1).txt
endef
