# "make check" is what CI checks. It needs Go alone, and a C compiler for the
# race detector; the tools come through "go run", at these versions.
GOFUMPT     := mvdan.cc/gofumpt@v0.12.0
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.9.0

CHECKS := format tidy vet staticcheck cross test vuln

# Without a C compiler there is no race detector.
RACE := $(if $(filter 1,$(shell go env CGO_ENABLED)),-race)

.PHONY: build check checks $(CHECKS) image cover interop weights clients bench

build:
	go build ./cmd/longcat

check: $(CHECKS)

# The names of the checks, for scripts that count them.
checks:
	@echo $(CHECKS)

format:
	@files=$$(go run $(GOFUMPT) -l .) || exit 1; \
	if [ -n "$$files" ]; then echo "to be formatted by gofumpt:"; echo "$$files"; exit 1; fi

tidy:
	go mod tidy -diff

vet:
	go vet ./...

staticcheck:
	go run $(STATICCHECK) ./...

cross:
	GOOS=darwin GOARCH=arm64 go build ./...
	GOOS=windows GOARCH=amd64 go build ./...

test:
	go test $(RACE) ./...

# The database of vulnerabilities is on the network; without it there is
# nothing to hold the code against.
vuln:
	@out=$$(go run $(GOVULNCHECK) ./... 2>&1); code=$$?; echo "$$out"; \
	if [ $$code != 0 ]; then \
		case "$$out" in \
		*"fetching vulnerabilities"*) echo "not checked for vulnerabilities: their database can not be reached" ;; \
		*) exit 1 ;; \
		esac; \
	fi

# The image holds a static binary and this machine's certificates. BUILDER may
# be podman or docker, too.
IMAGE   ?= longcat
BUILDER ?= buildah
image:
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && \
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o "$$dir/longcat" ./cmd/longcat && \
	cp /etc/ssl/certs/ca-certificates.crt "$$dir" && \
	$(BUILDER) build -q -t $(IMAGE) -f Dockerfile "$$dir"

# Coverage of the tests and of the commands that scripts start, which is why
# those run a program that was built for it.
COVER := $(CURDIR)/.cache/cover
cover:
	@rm -rf $(COVER) && mkdir -p $(COVER)/data
	go build -cover -coverpkg=./... -o $(COVER)/bin/longcat ./cmd/longcat
	LONGCAT_COVER=$(COVER) go test -cover -coverpkg=./... ./... -args -test.gocoverdir=$(COVER)/data >/dev/null
	go tool covdata textfmt -i=$(COVER)/data -o $(COVER)/profile
	go tool cover -html=$(COVER)/profile -o .cache/cover.html
	@go tool cover -func=$(COVER)/profile | tail -n 1

# Against the real Python client; against it with real weights and
# transformers; against other clients of a Hub.
interop:
	interop/run

weights:
	interop/weights/run

clients:
	interop/clients/run

# SCALE=1 is the size of CatPPT, 14.5 GB.
bench:
	bench/merge.sh
	bench/download.sh
	bench/publish.sh
