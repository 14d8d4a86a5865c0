# make test is all that a change must pass; docs/testing.md says what is in it.

.PHONY: build test quick generate screenshots fuzz crash bench junk cross release reproducible newcomer clean

build: ## the program, for this machine
	CGO_ENABLED=0 go build -trimpath -o letterbox .

test: ## everything, after installing what it needs
	scripts/test

quick: ## what to run while changing things
	go vet ./...
	go test ./...

generate: ## the files that are made from the code
	go tool templ generate
	go test ./appliance ./command -run IsCurrent -update

screenshots: ## the pictures that docs/pages.md shows
	scripts/screenshots

fuzz: ## a longer run of every fuzz target
	scripts/fuzz 120s

crash: ## hundreds of rounds of killing the program while it writes
	scripts/crash

bench: ## side by side with Dovecot; see docs/performance.md
	scripts/install dovecot
	go run ./bench

junk: ## how well the junk filter judges; see docs/junk.md
	go run ./junk/measure

cross: ## the program for every machine it is made for
	scripts/cross dist

release: ## programs, Debian packages, bills of materials and checksums, into dist
	scripts/release dist

reproducible: ## build the release twice and compare
	scripts/reproducible

newcomer: ## a newcomer's way on a clean Debian; needs root, mmdebstrap and the Debian archive
	scripts/newcomer

clean:
	rm -rf letterbox dist
