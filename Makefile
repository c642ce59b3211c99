# Two commands do everything on a fresh machine: `make demo` and `make test`. Both start with `make ready`.
DEMO_HOME ?= $(CURDIR)/.demo
PORT ?= 8420
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: demo test test-clips ready check clean

ready:
	@bash deploy/ready.sh

# What is rendered or fetched once stays in the checkout: a home need not be writable.
demo: ready
	@XDG_CACHE_HOME="$(CURDIR)/.cache" exec .venv/bin/vms demo --home "$(DEMO_HOME)" --port $(PORT)

# The peers are fetched with the caller's network settings; the tests run without them.
test: ready
	@.venv/bin/python -m tests.peers.ready
	@bash deploy/check.sh

# VMS_FOOTAGE names the folder of real clips; here alone it reaches tests.
test-clips: ready
	@bash deploy/check.sh clips "$$VMS_FOOTAGE"

clean:
	rm -rf .venv .cache web/ui/node_modules web/ui/dist .demo
