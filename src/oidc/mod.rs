//! Any OpenID provider on the wire, for the sign-on of technicians: discovery, authorize address, code exchange, signing keys,
//! `id_token`. Who may come in as whom is decided in `domain::sign_on`; customers' sign-ins at Microsoft are `entra`'s.
//!
//! Each call is made once, in its bounds. What a provider says besides (error descriptions) is neither kept nor shown.

mod exchange;
mod id_token;
pub(crate) mod key_set;
mod metadata;
mod person;
mod settings;
mod strict;
mod wire;

use std::fmt;
use std::sync::Arc;

use jsonwebtoken::Algorithm;
use secrecy::SecretString;
use time::{Duration, OffsetDateTime};
use tokio::sync::Mutex;
use url::Url;

pub use crate::outbound::BuildError;
pub use exchange::{Departure, Leaving};
pub use id_token::{IdTokenError, LEEWAY};
pub use person::{Person, PersonError};
pub use settings::{EntraIssuer, Kind, Settings};

use crate::clock::Clock;
use key_set::{KeySet, SigningKey};
use metadata::Metadata;

/// Metadata are fetched again after so long.
const KEPT: Duration = Duration::hours(24);
/// A provider that did not answer is left alone for so long: nobody waits behind a dead one.
const PAUSE: Duration = Duration::seconds(5);

/// A provider and what it last said of itself; cheap to clone.
#[derive(Clone)]
pub struct Provider {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Settings,
    http: wire::Http,
    clock: Clock,
    metadata: Mutex<Known>,
    keys: Mutex<KeySet>,
}

#[derive(Default)]
struct Known {
    metadata: Option<Arc<Metadata>>,
    fetched_at: Option<OffsetDateTime>,
    failed: Option<(OffsetDateTime, ProviderError)>,
}

/// Why the provider could not be asked; nobody's fault who signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    #[error("it does not answer")]
    Down,
    #[error("its answer is not understood: {0}")]
    Odd(&'static str),
    /// It answers, and cannot be used with these settings.
    #[error("{0}")]
    Unfit(&'static str),
}

/// Why a code led to nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedeemError {
    #[error("the provider: {0}")]
    Provider(#[from] ProviderError),
    /// Used, too old, or not for us.
    #[error("the provider does not take the code")]
    Code,
    #[error(transparent)]
    Token(#[from] IdTokenError),
    #[error(transparent)]
    Person(#[from] PersonError),
}

/// What `doctor` says of a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    /// Whether the provider itself says that it knows PKCE with S256.
    pub says_s256: bool,
}

/// What came back with the browser, with what was kept since it left.
#[derive(Clone, Copy, Debug)]
pub struct Return<'a> {
    pub code: &'a SecretString,
    pub verifier: &'a SecretString,
    pub nonce: &'a str,
    /// When the browser left.
    pub begun_at: OffsetDateTime,
}

impl Provider {
    /// A provider that was not asked anything yet.
    pub fn new(settings: Settings, clock: Clock) -> Result<Self, BuildError> {
        let http = wire::Http::new(&settings)?;
        Ok(Self {
            inner: Arc::new(Inner {
                settings,
                http,
                clock,
                metadata: Mutex::default(),
                keys: Mutex::default(),
            }),
        })
    }

    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// Ask it for its metadata and keys.
    pub async fn health(&self) -> Result<Health, ProviderError> {
        let metadata = self.metadata().await?;
        self.fetch_keys(&metadata.jwks_uri).await?;
        Ok(Health {
            says_s256: metadata.says_s256,
        })
    }

    /// Whether an answer that says `issuer` about itself is this provider's (RFC 9207 section 2.4). Microsoft says nothing.
    pub async fn is_from_us(&self, issuer: Option<&str>) -> Result<bool, ProviderError> {
        let metadata = self.metadata().await?;
        Ok(match issuer {
            Some(issuer) => self.inner.settings.speaks_as(issuer),
            None => !metadata.tells_issuer,
        })
    }

    /// Exchange the code and verify who signed in.
    pub async fn redeem(&self, back: Return<'_>) -> Result<Person, RedeemError> {
        let metadata = self.metadata().await?;
        let tokens = self.exchange(&metadata, back).await?;
        let token = tokens.id_token()?;
        let header = id_token::header(token, &metadata.algorithms)?;
        let key = self
            .signing_key(&metadata, header.kid.as_deref(), header.algorithm)
            .await?
            .ok_or(IdTokenError::UnknownKey)?;
        let settings = &self.inner.settings;
        let expect = id_token::Expect {
            client_id: &settings.client_id,
            issuer: &settings.metadata_issuer(),
            nonce: back.nonce,
            begun_at: back.begun_at,
            now: self.inner.clock.now(),
            access_token: tokens.access_token(),
        };
        let claims = id_token::verify(token, &header, &key, expect)?;
        Ok(Person::of(&claims, settings)?)
    }

    /// What the provider last said of itself; an old document serves on while there is no new one.
    async fn metadata(&self) -> Result<Arc<Metadata>, ProviderError> {
        let now = self.inner.clock.now();
        let mut known = self.inner.metadata.lock().await;
        let is_fresh = known.fetched_at.is_some_and(|at| now - at < KEPT);
        if let Some(metadata) = known.metadata.as_ref().filter(|_| is_fresh) {
            return Ok(Arc::clone(metadata));
        }
        let just_failed = known.failed.filter(|(at, _)| now - *at < PAUSE);
        let fetched = match just_failed {
            Some((_, error)) => Err(error),
            None => self.fetch_metadata().await,
        };
        match (fetched, &known.metadata) {
            (Ok(metadata), _) => {
                let metadata = Arc::new(metadata);
                *known = Known {
                    metadata: Some(Arc::clone(&metadata)),
                    fetched_at: Some(now),
                    failed: None,
                };
                Ok(metadata)
            }
            (Err(error), old) => {
                if just_failed.is_none() {
                    tracing::warn!(%error, "the sign-on provider cannot be asked");
                }
                let answer = old.as_ref().map(Arc::clone).ok_or(error);
                known.failed = just_failed.or(Some((now, error)));
                answer
            }
        }
    }

    async fn fetch_metadata(&self) -> Result<Metadata, ProviderError> {
        let settings = &self.inner.settings;
        let address = metadata::address(&settings.issuer)
            .ok_or(ProviderError::Unfit("its issuer is no address"))?;
        let fields = self.inner.http.document(address).await?;
        Metadata::read(&fields, settings)
    }

    async fn fetch_keys(&self, address: &Url) -> Result<Vec<SigningKey>, ProviderError> {
        let fields = self.inner.http.document(address.clone()).await?;
        key_set::signing_keys(&fields).map_err(ProviderError::Odd)
    }

    /// The key for this signature. Keys past their 24 hours serve on while they cannot be fetched anew.
    async fn signing_key(
        &self,
        metadata: &Metadata,
        kid: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<Option<SigningKey>, ProviderError> {
        let now = self.inner.clock.now();
        let mut keys = self.inner.keys.lock().await;
        if !keys.should_fetch(kid, algorithm, now) {
            return Ok(keys.find(kid, algorithm));
        }
        keys.tried(now);
        match self.fetch_keys(&metadata.jwks_uri).await {
            Ok(fetched) => keys.replace(fetched, now),
            Err(error) => return keys.find(kid, algorithm).map(Some).ok_or(error),
        }
        Ok(keys.find(kid, algorithm))
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider")
            .field("issuer", &self.inner.settings.issuer)
            .finish_non_exhaustive()
    }
}
