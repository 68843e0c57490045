//! Making, changing and ending keys. Nobody gives a key more than they have; what a key may at its use is asked anew.

use time::{Duration, OffsetDateTime};

use super::{ApiKey, ApiScope, KeySecret, KeyState, NewKey, Pepper, Rule, Tenants, store};
use crate::domain::audit::Entry;
use crate::domain::op::Op;
use crate::domain::technician::{Role, Technician};
use crate::storage::ApiKeyId;

/// Why a key stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// It is not in a state that allows this.
    #[error("the key has changed in the meantime")]
    Changed,
    /// A scope that its owner may not give.
    #[error("the owner may not {}", .0.explanation())]
    Beyond(ApiScope),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Make a key of this technician's. The secret is given once, here.
pub async fn create(
    op: &mut Op,
    owner: &Technician,
    new: &NewKey,
) -> Result<(ApiKeyId, KeySecret), ChangeError> {
    check(owner.role, owner.limited, &new.rule)?;
    let pepper = Pepper::new(&store::pepper(op.db()).await?);
    let (id, secret) = (ApiKeyId::new(), KeySecret::new(None));
    let row = store::Insert {
        id,
        public_id: secret.public_id(),
        mac: &secret.mac(&pepper),
        owner: owner.id,
        rule: &new.rule,
        expires_at: op.now() + new.life,
    };
    store::insert(op, row).await?;
    let entry = Entry::new("api_key.created")
        .object("api_key", id)
        .detail("ends", (op.now() + new.life).to_string());
    told(entry, &new.rule).write(op).await?;
    Ok((id, secret))
}

fn check(role: Role, limited: bool, rule: &Rule) -> Result<(), ChangeError> {
    let mut scopes = rule.scopes.iter();
    match scopes.find(|scope| !scope.is_within(role, limited)) {
        Some(beyond) => Err(ChangeError::Beyond(*beyond)),
        None => Ok(()),
    }
}

/// The whole rule, so that the log says what a key could do at any time.
fn told(entry: Entry, rule: &Rule) -> Entry {
    let words = |all: Vec<&str>| all.join(" ");
    let entry = entry
        .detail("name", rule.name.clone())
        .detail(
            "scopes",
            words(rule.scopes.iter().map(|one| one.as_str()).collect()),
        )
        .detail(
            "resources",
            words(rule.resources.iter().map(|one| one.as_str()).collect()),
        )
        .detail("networks", rule.networks.join(" "));
    let limits = [
        ("calls_per_minute", rule.calls_per_minute),
        ("hand_outs_per_minute", rule.hand_outs_per_minute),
        ("new_tenants", rule.new_tenants),
    ];
    let entry = limits
        .into_iter()
        .filter_map(|(word, limit)| Some((word, limit?)))
        .fold(entry, |entry, (word, limit)| entry.detail(word, limit));
    match &rule.tenants {
        Tenants::All => entry.detail("tenants", "all"),
        Tenants::Only { tags, tenants } => {
            let ids: Vec<String> = tenants.iter().map(ToString::to_string).collect();
            entry.detail("tags", tags.clone()).detail("tenants", ids)
        }
    }
}

/// Change what a key may.
pub async fn change(op: &mut Op, key: &ApiKey, rule: &Rule) -> Result<(), ChangeError> {
    if key.state == KeyState::Revoked {
        return Err(ChangeError::Changed);
    }
    if *rule == key.rule {
        return Ok(());
    }
    check(key.owner.role, key.owner.limited, rule)?;
    store::update_rule(op, key.id, rule).await?;
    let entry = Entry::new("api_key.changed").object("api_key", key.id);
    told(entry, rule).write(op).await?;
    Ok(())
}

/// Another secret for the same key; the former one works for `overlap` longer.
pub async fn rotate(
    op: &mut Op,
    key: &ApiKey,
    life: Duration,
    overlap: Duration,
) -> Result<KeySecret, ChangeError> {
    if key.state == KeyState::Revoked {
        return Err(ChangeError::Changed);
    }
    let pepper = Pepper::new(&store::pepper(op.db()).await?);
    let secret = KeySecret::new(Some(&key.public_id));
    let now = op.now();
    let until = overlap.is_positive().then(|| now + overlap);
    // A secret never works longer than it was meant to when it was made.
    let until: Option<OffsetDateTime> = until.map(|until| until.min(key.expires_at));
    store::update_secret(op, key.id, &secret.mac(&pepper), until, now + life).await?;
    Entry::new("api_key.rotated")
        .object("api_key", key.id)
        .detail("days", overlap.whole_days())
        .detail("ends", (now + life).to_string())
        .write(op)
        .await?;
    Ok(secret)
}

/// The key ends for good.
pub async fn revoke(op: &mut Op, key: &ApiKey) -> Result<(), ChangeError> {
    state(op, key, "revoked", "", "api_key.revoked").await
}

/// The reason of a suspension that a person decided begins so.
const BY_HAND: &str = "Suspended by ";

/// Somebody stops the key: it works no more until it is resumed.
pub async fn suspend(op: &mut Op, key: &ApiKey, by: &str) -> Result<(), ChangeError> {
    let reason = format!("{BY_HAND}{by}.");
    state(op, key, "suspended", &reason, "api_key.suspended").await
}

/// Why a key was suspended, in the words of a message, which names no person.
pub fn reason_to_tell(reason: &str) -> &str {
    if reason.starts_with(BY_HAND) {
        "Somebody suspended it by hand."
    } else {
        reason
    }
}

/// A suspended key works again.
pub async fn resume(op: &mut Op, key: &ApiKey) -> Result<(), ChangeError> {
    state(op, key, "active", "", "api_key.resumed").await
}

async fn state(
    op: &mut Op,
    key: &ApiKey,
    to: &str,
    reason: &str,
    action: &'static str,
) -> Result<(), ChangeError> {
    if !store::update_state(op, key.id, to, reason).await? {
        return Err(ChangeError::Changed);
    }
    let mut entry = Entry::new(action).object("api_key", key.id);
    if !reason.is_empty() {
        entry = entry.detail("reason", reason);
    }
    entry.write(op).await?;
    Ok(())
}

/// A key ran through more customers than it may. Whoever the rules for alerts name hears of it (migration 211).
pub(super) async fn suspend_for_running(
    op: &mut Op,
    key: &ApiKey,
    tenants: i64,
) -> Result<(), sqlx::Error> {
    let reason = format!("It asked for tokens of {tenants} new customers within ten minutes.");
    match state(op, key, "suspended", &reason, "api_key.suspended").await {
        Ok(()) | Err(ChangeError::Changed | ChangeError::Beyond(_)) => Ok(()),
        Err(ChangeError::Database(error)) => Err(error),
    }
}
