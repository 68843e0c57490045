//! The ledger: every refresh token that was ever issued, and which still work.

use std::collections::{BTreeSet, HashMap};

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::refresh::vitality;
use crate::simulator::directory::State;

/// How the client proved itself when the token was born; decides how long it lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    Public,
    Confidential,
}

/// The sign-in that a family of refresh tokens goes back to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    pub family: Uuid,
    pub user: Uuid,
    /// The home tenant of the user.
    pub tenant: Uuid,
    pub client: Uuid,
    pub class: Class,
    #[serde(with = "time::serde::rfc3339")]
    pub signed_in_at: OffsetDateTime,
    /// When the second factor was shown, if it was.
    #[serde(with = "time::serde::rfc3339::option")]
    pub mfa_at: Option<OffsetDateTime>,
    /// Protocol tracking: the session began with a device code, and stays marked through every refresh.
    pub device_code: bool,
}

/// One refresh token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RefreshToken {
    pub value: String,
    pub origin: Origin,
    #[serde(with = "time::serde::rfc3339")]
    pub issued_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub last_used: OffsetDateTime,
    pub uses: u32,
    /// When a newer token was first issued in its place.
    #[serde(with = "time::serde::rfc3339::option")]
    pub superseded_at: Option<OffsetDateTime>,
}

/// All refresh tokens by fingerprint, and the families that reuse has revoked.
#[derive(Default, Serialize, Deserialize)]
pub struct Ledger {
    tokens: HashMap<String, RefreshToken>,
    revoked_families: BTreeSet<Uuid>,
    /// Issued since the journal was last written.
    #[serde(skip)]
    fresh: Vec<RefreshToken>,
}

/// Lower-case hexadecimal SHA-256 of a token, by which the ledger names it.
pub fn fingerprint(value: &str) -> String {
    hex::encode(digest::digest(&digest::SHA256, value.as_bytes()))
}

/// `N` bytes of chance as base64url, for tokens and codes.
pub fn opaque<const N: usize>() -> String {
    URL_SAFE_NO_PAD.encode(crate::clock::random_bytes::<N>())
}

/// Bytes of chance in a refresh token; with them it is about as long as Entra's shorter ones.
const VALUE_BYTES: usize = 384;

impl Ledger {
    /// Issue a refresh token going back to `origin`.
    pub fn issue(&mut self, origin: Origin, now: OffsetDateTime) -> String {
        let value = format!("1.A{}", opaque::<VALUE_BYTES>());
        let token = RefreshToken {
            value: value.clone(),
            origin,
            issued_at: now,
            last_used: now,
            uses: 0,
            superseded_at: None,
        };
        self.fresh.push(token.clone());
        self.tokens.insert(fingerprint(&value), token);
        value
    }

    /// The tokens issued since this was last asked.
    pub fn take_fresh(&mut self) -> Vec<RefreshToken> {
        std::mem::take(&mut self.fresh)
    }

    /// Take in a token that the journal knows and the saved state may not.
    pub fn recover(&mut self, token: RefreshToken) {
        self.tokens
            .entry(fingerprint(&token.value))
            .or_insert(token);
    }

    pub fn find(&self, value: &str) -> Option<&RefreshToken> {
        self.tokens.get(&fingerprint(value))
    }

    pub fn find_mut(&mut self, value: &str) -> Option<&mut RefreshToken> {
        self.tokens.get_mut(&fingerprint(value))
    }

    pub fn all(&self) -> impl Iterator<Item = &RefreshToken> {
        self.tokens.values()
    }

    pub fn all_mut(&mut self) -> impl Iterator<Item = &mut RefreshToken> {
        self.tokens.values_mut()
    }

    pub fn revoke_family(&mut self, family: Uuid) {
        self.revoked_families.insert(family);
    }

    pub fn is_family_revoked(&self, family: Uuid) -> bool {
        self.revoked_families.contains(&family)
    }
}

/// One line of the ledger as the control page and tests read it.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    pub sha256: String,
    /// The token itself; only on request, since this is a simulator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    pub tenant: Uuid,
    pub user: Uuid,
    pub upn: Option<String>,
    pub client: Uuid,
    pub class: Class,
    pub device_code: bool,
    pub family: Uuid,
    #[serde(with = "time::serde::rfc3339")]
    pub issued_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub signed_in_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub last_used: OffsetDateTime,
    pub uses: u32,
    pub superseded: bool,
    /// Whether a refresh with it would succeed now, for a resource that was consented to.
    pub works: bool,
    /// `AADSTSnnnnn: …` of the refusal it would meet.
    pub why_not: Option<String>,
}

impl State {
    /// Every token issued, oldest first.
    pub fn entries(&self, now: OffsetDateTime, with_values: bool) -> Vec<Entry> {
        let mut entries: Vec<_> = self
            .ledger
            .all()
            .map(|token| self.entry(token, now, with_values))
            .collect();
        entries.sort_by(|a, b| (a.issued_at, &a.sha256).cmp(&(b.issued_at, &b.sha256)));
        entries
    }

    /// The ledger line of the token whose SHA-256 is `sha256`.
    pub fn entry_of(&self, sha256: &str, now: OffsetDateTime) -> Option<Entry> {
        let token = self.ledger.tokens.get(&sha256.to_ascii_lowercase())?;
        Some(self.entry(token, now, false))
    }

    fn entry(&self, token: &RefreshToken, now: OffsetDateTime, with_values: bool) -> Entry {
        let refusal = vitality(self, token, now).err();
        let origin = &token.origin;
        Entry {
            sha256: fingerprint(&token.value),
            value: with_values.then(|| token.value.clone()),
            tenant: origin.tenant,
            user: origin.user,
            upn: self.users.get(&origin.user).map(|u| u.upn.clone()),
            client: origin.client,
            class: origin.class,
            device_code: origin.device_code,
            family: origin.family,
            issued_at: token.issued_at,
            signed_in_at: origin.signed_in_at,
            last_used: token.last_used,
            uses: token.uses,
            superseded: token.superseded_at.is_some(),
            works: refusal.is_none(),
            why_not: refusal.map(|r| r.to_string()),
        }
    }
}
