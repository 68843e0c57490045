#!/bin/sh
# schemathesis over the API with a key that may everything, more examples than the test of `make test` takes:
# `make schemathesis`, EXAMPLES=1000 for still more. The test installs schemathesis below target/ and starts a portal over a
# real keeper and a simulated Microsoft.
set -eu
cd "$(dirname "$0")/../.."
export TENANTRY_TEST_SCHEMA_EXAMPLES="${EXAMPLES:-100}" TENANTRY_TEST_SCHEMA_SEED="${SEED:-1}"
exec cargo test --locked --features faults --test it -- --exact api::schema::no_call_answers_outside_its_document --nocapture
