//! Microsoft's signing keys: fetched, kept for 24 hours, fetched again for an unknown key at most once in 5 minutes.
//! Whether a token signed with one is acceptable is decided in `id_token`.

use jsonwebtoken::Algorithm;
use tokio::sync::Mutex;

use super::{CallRecord, Entra, Exchange, Failure, Operation, TenantSegment};
use crate::oidc::key_set::{KeySet, SigningKey, signing_keys};

/// What Microsoft signs with.
const ALGORITHM: Algorithm = Algorithm::RS256;

/// The keys as last fetched.
#[derive(Default)]
pub(super) struct Keys {
    known: Mutex<KeySet>,
}

/// A looked-up key, the call if one was made, and its failure if it failed.
pub(super) struct Lookup {
    pub call: Option<CallRecord>,
    pub key: Result<Option<SigningKey>, Box<Failure>>,
}

impl Entra {
    /// The signing key named `kid`. Keys past their 24 hours serve on while they cannot be fetched anew.
    pub(super) async fn signing_key(&self, kid: &str) -> Lookup {
        let now = self.inner.clock.now();
        let mut known = self.inner.keys.known.lock().await;
        if !known.should_fetch(Some(kid), ALGORITHM, now) {
            let key = Ok(known.find(Some(kid), ALGORITHM));
            return Lookup { call: None, key };
        }
        known.tried(now);
        let Exchange { call, outcome } = self.fetch_keys().await;
        let key = match outcome {
            Ok(keys) => {
                known.replace(keys, now);
                Ok(known.find(Some(kid), ALGORITHM))
            }
            Err(failure) => known.find(Some(kid), ALGORITHM).map(Some).ok_or(failure),
        };
        let call = Some(call);
        Lookup { call, key }
    }

    async fn fetch_keys(&self) -> Exchange<Vec<SigningKey>> {
        let endpoints = &self.inner.endpoints;
        let url = endpoints.at(&TenantSegment::Organizations, "discovery/v2.0/keys");
        let http = &self.inner.http;
        http.get(Operation::Jwks, url, None)
            .await
            .read(&[], signing_keys)
    }
}
