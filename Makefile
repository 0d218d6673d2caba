# make up     install into .venv and serve examples/local
# make test   install the development tools and run every check and test
# make bench  measure, see benchmarks/README.md
# make images TAG=dev  build moorage/gateway and moorage/operator with docker or buildah
# make test-images  the tests' servers, for make e2e
# make kind-up  a kind cluster with Moorage in it; make kind-down removes it
# make e2e    run the tests that need a cluster, with the cluster of KUBECONFIG
# make requirements  pin the dependencies anew after pyproject.toml changed
# make chart-crds  copy crds/ into the chart after they changed

PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check

.PHONY: up test bench requirements images launcher e2e kind-up kind-down chart-crds chart-golden

# make up ARGS="--listen 127.0.0.1:8081" passes options on.
up: .venv/local.installed
	@exec $(BIN)/moorage up examples/local $(ARGS)

test: .venv/dev.installed
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n $(WORKERS) --dist worksteal $(SIDE_BY_SIDE)
	$(BIN)/pytest $(SIDE_BY_SIDE:%=--ignore=%)

# Mostly waiting for processes, and right on a busy machine too. All other tests, which hold short bounds of time,
# come after them, one by one; so does whatever is new.
SIDE_BY_SIDE := tests/unit tests/conformance $(addprefix tests/integration/,benchmarks local sessions sidecar)
WORKERS ?= 3

# The cluster must have the images, and helm must be at hand; .ci/run brings a cluster up itself.
# The product is installed for tests/e2e only, so these come last: other tests bring operators of their own.
CLUSTER_TESTS := $(wildcard tests/crds tests/golden tests/unit tests/integration tests/launcher tests/images tests/chart tests/e2e)
e2e: .venv/dev.installed
	@test -n "$$KUBECONFIG" || { echo "name a cluster: KUBECONFIG=~/.kube/config make e2e"; exit 1; }
	$(BIN)/pytest -m "(cluster or helm) and not soak" -rs $(CLUSTER_TESTS)

bench: .venv/dev.installed
	$(BIN)/python -m benchmarks

# Only pinned files with the right hashes are installed; then the project itself, with nothing else.
# The pins are complete, so nothing is left to resolve; what is imported gets compiled then.
.venv/%.installed: requirements/%.txt pyproject.toml | .venv/bin/python
	@echo "installing requirements/$*.txt into .venv"
	@$(INSTALL) --no-deps --no-compile --require-hashes --requirement $<
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Moorage needs Python 3.11 or newer; name one: make PYTHON=python3.13 $(MAKECMDGOALS)")'
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "no venv could be made; on Debian: apt-get install python3-venv"; exit 1; }

requirements:
	@$(PYTHON) -m venv .venv-pinning
	@.venv-pinning/bin/pip install --quiet --disable-pip-version-check uv
	@$(MAKE) --no-print-directory pin-local pin-dev
	@$(MAKE) --no-print-directory pin-gateway pin-operator
	@rm -r .venv-pinning

# One set of pins for Python 3.11 and later; no registry is named, whoever installs chooses theirs.
PIN := .venv-pinning/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
  --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links

.PHONY: pin-local pin-dev
pin-local pin-dev: pin-%:
	@$(PIN) --extra $(if $(filter local,$*),examples,$*) --output-file requirements/$*.txt \
	  pyproject.toml requirements/build.in

# Images hold the versions that the tests ran with.
.PHONY: pin-gateway pin-operator
pin-gateway pin-operator: pin-%:
	@$(PIN) --extra $* --constraint requirements/dev.txt --output-file requirements/$*.txt pyproject.toml

# Images are built from the repository's root. A mirror goes in BUILD_OPTIONS="--build-arg PIP_INDEX_URL=…".
TAG ?= dev
BASE_IMAGE ?= python:3.13-slim
BUILDER ?= $(shell docker info >/dev/null 2>&1 && echo docker || command -v buildah)
BUILD_OPTIONS ?=
IMAGES := gateway operator example-servers
DOCKERFILE.gateway := dataplane/Dockerfile
DOCKERFILE.operator := operator/Dockerfile
DOCKERFILE.example-servers := examples/cluster/servers/Dockerfile

images: $(IMAGES:%=image-%)

.PHONY: $(IMAGES:%=image-%)
image-gateway: launcher
$(IMAGES:%=image-%): image-%:
	@test -n "$(BUILDER)" || { echo "images need docker (running) or buildah"; exit 1; }
	$(BUILDER) build --file $(DOCKERFILE.$*) --tag moorage/$*:$(TAG) --build-arg BASE_IMAGE=$(BASE_IMAGE) $(BUILD_OPTIONS) .

# Static, for the containers of stdio servers: built here, not in the image's build, which needs no Go then.
LAUNCHERS := $(addprefix dataplane/launcher/dist/launcher-,amd64 arm64)
launcher: $(LAUNCHERS)
dataplane/launcher/dist/launcher-%: dataplane/launcher/go.mod $(wildcard dataplane/launcher/*.go)
	@command -v go >/dev/null || { echo "the launcher needs Go 1.23 or newer: https://go.dev/dl, or apt-get install golang-go"; exit 1; }
	cd dataplane/launcher && CGO_ENABLED=0 GOOS=linux GOARCH=$* go build -trimpath -buildvcs=false -ldflags "-s -w -buildid=" -o dist/launcher-$* .

# Servers of the tests for images: what their Dockerfiles copy.
TEST_IMAGES := $(notdir $(wildcard tests/e2e/images/*))
test-image-sources:
	cd tests/e2e/images/stdio-go && CGO_ENABLED=0 go build -trimpath -buildvcs=false -o server .
	cd tests/e2e/images/stdio-node && npm install --silent --no-audit --no-fund

.PHONY: test-images test-image-sources
test-images: test-image-sources
	@for name in $(TEST_IMAGES); do \
	  folder=tests/e2e/images/$$name; context=$$folder; test $$name != servers || context=tests; \
	  $(BUILDER) build --file $$folder/Dockerfile --tag moorage/test-$$name:dev --build-arg BASE_IMAGE=$(BASE_IMAGE) $(BUILD_OPTIONS) $$context || exit; \
	done

kind-up:
	@command -v kind >/dev/null || { echo "kind is missing: https://kind.sigs.k8s.io/docs/user/quick-start"; exit 1; }
	@command -v helm >/dev/null || { echo "helm is missing: https://helm.sh/docs/intro/install"; exit 1; }
	@docker info >/dev/null 2>&1 || { echo "kind-up needs docker, and it does not answer: docker info"; exit 1; }
	@kind get clusters 2>/dev/null | grep -qx moorage || kind create cluster --config kind-config.yaml
	@$(MAKE) --no-print-directory images BUILDER=docker
	kind load docker-image --name moorage $(IMAGES:%=moorage/%:$(TAG))
	helm upgrade --install moorage charts/moorage --kube-context kind-moorage --namespace moorage-system --create-namespace --wait \
	  --set images.operator.tag=$(TAG),images.gateway.tag=$(TAG)
	@echo "next: kubectl --context kind-moorage apply -f examples/cluster"

kind-down:
	kind delete cluster --name moorage

# The chart carries the CRDs as they are; templates/crds.yaml marks them as kept.
chart-crds:
	@rm -f charts/moorage/files/crds/*.yaml
	@cp crds/*.yaml charts/moorage/files/crds/

chart-golden: .venv/dev.installed
	@MOORAGE_WRITE_GOLDEN=1 $(BIN)/pytest -q tests/chart/test_rendered_stories.py
