//! What operators copy from `docs/deploy`, held against the tools that read it.

mod systemd;
