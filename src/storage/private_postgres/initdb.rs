//! Making the cluster, so that a killed `initdb` leaves nothing half done: it works in a directory of its own, which
//! takes its place in one step.

use std::fs::{self, File};
use std::path::PathBuf;

use super::error::{Error, io};
use super::layout::Layout;
use super::{Cluster, SUPERUSER, server};

/// The data directory with its major version, when there is one.
pub fn version(layout: &Layout) -> Result<Option<(PathBuf, u32)>, Error> {
    if !layout.data.exists() {
        return Ok(None);
    }
    let major = fs::read_to_string(layout.data.join("PG_VERSION"))
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .ok_or_else(|| Error::NotACluster(layout.data.clone()))?;
    Ok(Some((layout.data.clone(), major)))
}

/// Make the cluster unless it exists. Call with the gate held.
pub fn ensure(cluster: &Cluster) -> Result<(), Error> {
    let layout = &cluster.layout;
    if version(layout)?.is_some() {
        return Ok(());
    }
    remove_leftovers(layout);
    let nonce = hex::encode(crate::clock::random_bytes::<6>());
    let fresh = layout.dir.join(format!("data.new.{nonce}"));
    let mut initdb = cluster
        .account
        .command(&cluster.binaries.initdb(), &layout.dir);
    initdb
        .args(["-U", SUPERUSER, "-E", "UTF8", "--locale=C.UTF-8"])
        .args([
            "--auth-local=peer",
            "--auth-host=reject",
            "--no-instructions",
        ])
        .arg("-D")
        .arg(&fresh);
    if cluster.options.volatile {
        initdb.arg("--no-sync");
    }
    server::run_tool("initdb", initdb, layout, &cluster.account)?;
    let conf = fresh.join("postgresql.conf");
    let mut text = fs::read_to_string(&conf).map_err(io("read", &conf))?;
    text.push_str("\ninclude_if_exists = 'portal.conf'\n");
    cluster.account.write(&conf, 0o600, &text)?;
    fs::rename(&fresh, &layout.data).map_err(io("create", &layout.data))?;
    if !cluster.options.volatile {
        let dir = File::open(&layout.dir).map_err(io("open", &layout.dir))?;
        dir.sync_all().map_err(io("write", &layout.dir))?;
    }
    Ok(())
}

/// Whoever was killed during `initdb` left its directory; with the gate held nobody else works in one.
fn remove_leftovers(layout: &Layout) {
    for entry in fs::read_dir(&layout.dir).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with("data.new.") {
            // A killed initdb's children may still write for a moment; then the next start removes it.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
