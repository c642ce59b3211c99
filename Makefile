# Two commands do everything on a fresh machine: `make demo` and `make test`. Both start with `make ready`.
DEMO_HOME ?= $(CURDIR)/.demo
PORT ?= 8420
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: demo test ready check clean

ready:
	@bash deploy/ready.sh

demo: ready
	@exec .venv/bin/vms demo --home "$(DEMO_HOME)" --port $(PORT)

test: ready
	@bash deploy/check.sh

clean:
	rm -rf .venv web/ui/node_modules web/ui/dist .demo
