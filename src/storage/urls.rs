//! Where the database is, once per role that logs in. Not how to use it: [`mod@super::pool`] does that.

use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::PgConnectOptions;

/// The database's addresses, each with its role and password.
#[derive(Clone, Debug)]
pub struct DatabaseUrls {
    /// `portal_web`: pages, API, workers.
    pub web: SecretString,
    /// `portal_keeper`: sealed secrets and the refresh schedule.
    pub keeper: SecretString,
    /// `portal_migrate`: changes the schema. `None` where the portal may not: somebody migrates from elsewhere.
    pub migrate: Option<SecretString>,
    /// `portal_web` past any `PgBouncer`, because LISTEN needs a session of its own.
    pub listen: SecretString,
}

/// An address that is no Postgres URL. Carries no part of it, since it may hold a password.
#[derive(Debug, thiserror::Error)]
#[error("expected a Postgres address such as postgres://user:password@host:5432/database")]
pub struct UrlError;

/// Whether `url` can be used at all; asked when the settings are read.
pub fn check(url: &SecretString) -> Result<(), UrlError> {
    parse(url).map(drop)
}

/// Read a `postgres://` address. Parameters Postgres does not know are ignored with a warning, as sqlx does.
pub fn parse(url: &SecretString) -> Result<PgConnectOptions, UrlError> {
    let text = url.expose_secret();
    if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
        return Err(UrlError);
    }
    text.parse().map_err(|_| UrlError)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_address_is_not_repeated_in_the_error() {
        let error = parse(&"mysql://portal:geheim@db/x".into()).unwrap_err();
        assert!(!error.to_string().contains("geheim"));
        assert!(parse(&"postgres://portal:geheim@db/x".into()).is_ok());
    }
}
