//! Postgres in a few lines.

use crate::domain::operations::Database;

/// Name and value of each line.
pub fn lines(database: &Database) -> Vec<(&'static str, String)> {
    let seconds = |value: Option<f64>| value.map(|s| format!("{s:.1} s"));
    vec![
        ("Version", format!("PostgreSQL {}", database.version)),
        ("Size", bytes(database.size_bytes)),
        (
            "Connections",
            format!("{} of {}", database.connections, database.max_connections),
        ),
        (
            "Oldest transaction",
            seconds(database.oldest_transaction_s).unwrap_or_else(|| "none open".to_owned()),
        ),
        (
            "Replicas",
            match seconds(database.replica_lag_s) {
                Some(lag) => format!("{}, behind by {lag}", database.replicas),
                None => "none".to_owned(),
            },
        ),
    ]
}

/// `1.4 GB`, in powers of 1000.
#[expect(clippy::cast_precision_loss, reason = "one digit is shown")]
fn bytes(bytes: i64) -> String {
    let units = [(1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    let size = bytes as f64;
    units
        .into_iter()
        .find(|(unit, _)| size >= *unit)
        .map_or(format!("{bytes} B"), |(unit, name)| {
            format!("{:.1} {name}", size / unit)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_one_digit() {
        assert_eq!(bytes(950), "950 B");
        assert_eq!(bytes(1_440_000_000), "1.4 GB");
    }
}
