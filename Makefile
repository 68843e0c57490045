# The front door for people; the work is in the program, in tests/ and in benches/.
.PHONY: demo test check sbom bench lighthouse fuzz crowd faults faults-long scanners schemathesis check-long query-cache

demo: ## install what is missing, build, start the demo
	@tests/tools/install.sh run
	cargo run --locked -- demo $(ARGS)

test: ## install what the tests need, run all of them
	@tests/tools/install.sh test
	TMPDIR=$$(tests/tools/scratch.sh) RUST_TEST_THREADS=$${RUST_TEST_THREADS:-$$(($$(nproc) + 1))} \
		cargo test --locked --features faults $(ARGS)

check: ## format, lints, documentation, query cache, licences and bans
	@tests/tools/install.sh check
	cargo fmt --check && tests/tools/query-cache.sh --check
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --document-private-items --quiet
	tests/tools/dependencies.sh && tests/tools/asvs.sh

sbom: ## the bill of materials of a build (CycloneDX) as target/sbom.json
	@tests/tools/install.sh check
	@mkdir -p target && tests/tools/sbom.py >target/sbom.json

bench: ## speed, cost and memory against baselines of the same run; ARGS="--tenants 10000"
	@tests/tools/install.sh test
	cargo bench --locked --features faults --bench keeper -- $(ARGS)
	cargo bench --locked --features faults --bench status -- $(ARGS)
	cargo bench --locked --features faults --bench api

lighthouse: ## scores of status, errors, operations and onboarding on a demo; fails below 95
	@tests/tools/install.sh test
	tests/tools/lighthouse.sh

fuzz: ## every reader of strangers' bytes, 20,000 mutated inputs each; ARGS="--inputs 1000000 --target id_token --seed 7"
	FUZZ_ARGS="$(ARGS)" cargo test --locked --features faults --test fuzz -- --nocapture

query-cache: ## make .sqlx again after a query or a migration changed
	tests/tools/query-cache.sh

faults: ## the fault campaign, short: at least 200 faults (docs/faults.md)
	@tests/tools/install.sh faults
	cargo test --locked --features faults --test faults -- campaign $(ARGS)

faults-long: ## the fault campaign for hours: at least 10,000 faults
	@tests/tools/install.sh faults
	cargo test --locked --features faults --test faults -- campaign --faults 10000 --herd 1000 $(ARGS)

crowd: ## a campaign of 1,000 tenants whose workers are killed at random; the tests have one of 200
	@tests/tools/install.sh test
	CROWD=1000 cargo test --locked --features faults --test it -- campaigns::crowd

schemathesis: ## schemathesis over the API with a valid key; EXAMPLES=1000 SEED=7 for more
	@tests/tools/install.sh test
	tests/tools/schemathesis.sh

scanners: ## wapiti and sqlmap over the whole site of a demo, signed in, over TLS (docs/security.md); an hour or two
	@tests/tools/install.sh scanners
	tests/tools/scanners.sh $(ARGS)

check-long: scanners ## what takes hours: scanners, coverage-guided fuzzing of every reader, the long fault campaign
	tests/tools/fuzz-long.sh
	$(MAKE) faults-long
