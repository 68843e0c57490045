# Portal and keeper in one image, each run as a container of its own, the binary built from the locked dependencies of this tree.
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY Cargo.toml Cargo.lock build.rs ./
COPY .sqlx .sqlx
COPY migrations migrations
COPY templates templates
COPY static static
COPY src src
# The manifest names the test program; an empty one keeps the tests themselves out of the image.
RUN mkdir -p tests/it && echo 'fn main() {}' > tests/it/main.rs \
 && cargo build --release --locked --bin tenantry

FROM debian:bookworm-slim
# The system's trust store for Microsoft's certificates; Postgres only for the demo's private cluster.
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates postgresql \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --home-dir /var/lib/tenantry --create-home --shell /usr/sbin/nologin tenantry \
 && install -d -o tenantry -g tenantry -m 0750 /run/tenantry
COPY --from=build /src/target/release/tenantry /usr/local/bin/tenantry
USER tenantry
WORKDIR /var/lib/tenantry
VOLUME /var/lib/tenantry
EXPOSE 8080 9090
ENTRYPOINT ["tenantry"]
CMD ["serve"]
