//! The server's settings and who may log in how, rewritten at each start: files, so that nothing needs shell quoting,
//! and so that a newer Tenantry's settings reach an older cluster.

use std::fmt::Write;

use super::error::Error;
use super::{Cluster, SUPERUSER};

/// Write `portal.conf`, `pg_hba.conf` and `pg_ident.conf` into the data directory.
pub fn write(cluster: &Cluster) -> Result<(), Error> {
    let data = &cluster.layout.data;
    let socket_dir = cluster.layout.socket_dir.display().to_string();
    let write = |name: &str, text: &str| cluster.account.write(&data.join(name), 0o600, text);
    write(
        "portal.conf",
        &portal_conf(&socket_dir, cluster.options.volatile),
    )?;
    write("pg_hba.conf", &hba(cluster.options.volatile))?;
    write("pg_ident.conf", &ident(&cluster.account.name))
}

fn portal_conf(socket_dir: &str, volatile: bool) -> String {
    let mut text = format!(
        "# Rewritten at each start of tenantry; changes belong into postgresql.conf, after the include.\n\
         listen_addresses = ''\nport = 5432\nunix_socket_directories = {}\nunix_socket_permissions = 0700\n\
         password_encryption = 'scram-sha-256'\njit = off\ntimezone = 'UTC'\nlog_timezone = 'UTC'\n",
        quoted(socket_dir)
    );
    text.push_str(if volatile {
        "max_connections = 300\nwal_level = minimal\nmax_wal_senders = 0\n\
         fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"
    } else {
        "max_connections = 100\nwal_level = replica\nmax_wal_senders = 4\n\
         fsync = on\nsynchronous_commit = on\nfull_page_writes = on\n"
    });
    text
}

/// A string of postgresql.conf. Double quotes inside protect a comma in a path of this list setting.
fn quoted(path: &str) -> String {
    format!("'\"{}\"'", path.replace('\\', "\\\\").replace('\'', "''"))
}

/// The superuser by its system user, everyone else by password; in a test cluster the directory's 0700 is enough.
fn hba(volatile: bool) -> String {
    if volatile {
        return "local all all trust\n".into();
    }
    format!("local all {SUPERUSER} peer map=tenantry\nlocal all all scram-sha-256\n")
}

/// Which system users are the superuser: the one the server runs as, and root, which acts for it.
fn ident(account: &str) -> String {
    let mut text = String::new();
    for user in [account, "root"] {
        let user = user.replace('"', "");
        let _ = writeln!(text, "tenantry \"{user}\" {SUPERUSER}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_volatile_clusters_skip_the_disk() {
        assert!(portal_conf("/s", false).contains("fsync = on"));
        assert!(portal_conf("/s", true).contains("fsync = off"));
        assert!(!hba(false).contains("trust"));
    }

    #[test]
    fn odd_paths_stay_one_path() {
        assert_eq!(quoted("/srv/o'neil, inc"), "'\"/srv/o''neil, inc\"'");
    }
}
