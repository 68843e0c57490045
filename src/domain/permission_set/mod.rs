//! What an authorisation must cover, version by version. A version is made once and never changed; the newest holds. Reading
//! it is the keeper's ([`crate::keeper::PermissionSet`]), since Validate and onboarding go by it.

mod store;

use std::collections::BTreeSet;

use time::OffsetDateTime;

use crate::domain::audit::Entry;
use crate::domain::line::plain;
use crate::domain::op::{Op, Scope};
use crate::domain::tenant::Resource;
use crate::keeper::PermissionSet;
use crate::keeper::permission_set::{Kind, Need, always, known};
use crate::storage::{TechnicianId, Violation, violation};

/// Longest note, in characters.
pub const LONGEST_NOTE: usize = 300;

/// A version with what it changed.
#[derive(Clone, Debug)]
pub struct Version {
    pub version: i32,
    pub created_at: OffsetDateTime,
    /// Who made it; empty for the one that the program came with.
    pub created_by: String,
    pub note: String,
    /// Against the version before.
    pub added: Vec<Need>,
    pub removed: Vec<Need>,
}

/// A version to be made.
#[derive(Clone, Debug, Default)]
pub struct NewVersion {
    /// The version that the page was made from.
    pub base: i32,
    /// Words of [`word`]; what is always needed may be left out.
    pub chosen: Vec<String>,
    pub note: String,
}

/// Why no version was made.
#[derive(Debug, thiserror::Error)]
pub enum MakeError {
    /// Somebody else made one meanwhile.
    #[error("there is a newer version")]
    Stale,
    #[error("nothing is different")]
    Unchanged,
    #[error("no such permission")]
    Unknown,
    #[error("the note is too long")]
    LongNote,
    #[error("a note is needed")]
    NoNote,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl MakeError {
    /// What to do, for the technician.
    pub const fn sentence(&self) -> &'static str {
        match self {
            Self::Stale => {
                "Somebody made a newer version in the meantime. Look at it, then change what you wanted to."
            }
            Self::Unchanged => "Nothing is different from the version that holds.",
            Self::Unknown => "Choose from the permissions listed.",
            Self::LongNote => "Say why in at most 300 characters.",
            Self::NoNote => "Say why, so that colleagues understand it later.",
            Self::Database(_) => "The version could not be made.",
        }
    }
}

/// A permission as forms name it, e.g. `graph:delegated:User.Read`.
pub fn word(need: &Need) -> String {
    format!(
        "{}:{}:{}",
        need.resource.as_str(),
        need.kind.as_str(),
        need.name
    )
}

/// The version that holds.
pub async fn current(op: &mut Op) -> Result<PermissionSet, sqlx::Error> {
    PermissionSet::load(op.db()).await
}

/// Every version, newest first.
pub async fn history(op: &mut Op) -> Result<Vec<Version>, sqlx::Error> {
    let heads = store::heads(op).await?;
    let mut items = store::items(op).await?;
    let mut before: BTreeSet<Need> = BTreeSet::new();
    let mut versions = Vec::with_capacity(heads.len());
    for head in heads {
        let now: BTreeSet<Need> = items.remove(&head.version).unwrap_or_default();
        versions.push(Version {
            added: now.difference(&before).cloned().collect(),
            removed: before.difference(&now).cloned().collect(),
            ..head
        });
        before = now;
    }
    versions.reverse();
    Ok(versions)
}

/// How many tenants within the scope lack something of the version that holds.
pub async fn lacking(op: &mut Op, scope: Scope) -> Result<i64, sqlx::Error> {
    store::lacking(op, scope).await
}

/// Make a version; from this transaction's end on it holds. Gives its number.
pub async fn make(op: &mut Op, new: &NewVersion) -> Result<i32, MakeError> {
    let note = plain(&new.note);
    if note.is_empty() {
        return Err(MakeError::NoNote);
    }
    if note.chars().count() > LONGEST_NOTE {
        return Err(MakeError::LongNote);
    }
    let wanted = chosen(&new.chosen)?;
    let held = current(op).await?;
    if held.version != new.base {
        return Err(MakeError::Stale);
    }
    let before: BTreeSet<Need> = held.needs.into_iter().collect();
    if before == wanted {
        return Err(MakeError::Unchanged);
    }
    let version = held.version + 1;
    let by = op.actor().technician().map(TechnicianId::as_uuid);
    store::insert(op, version, by, &note, &wanted)
        .await
        .map_err(|error| match violation(&error) {
            Some(Violation::Unique("permission_sets_pkey")) => MakeError::Stale,
            _ => MakeError::Database(error),
        })?;
    let words = |needs: Vec<&Need>| needs.into_iter().map(word).collect::<Vec<_>>();
    Entry::new("permission_set.made")
        .object("permission_set", version)
        .detail("version", version)
        .detail("new", words(wanted.difference(&before).collect()))
        .detail("removed", words(before.difference(&wanted).collect()))
        .detail("reason", note)
        .write(op)
        .await?;
    Ok(version)
}

/// What was chosen, with what is always needed.
fn chosen(words: &[String]) -> Result<BTreeSet<Need>, MakeError> {
    let mut needs = BTreeSet::new();
    for resource in Resource::ALL {
        for kind in Kind::ALL {
            needs.extend(always(resource, kind).iter().map(|one| Need {
                resource,
                kind,
                name: one.name.to_owned(),
            }));
        }
    }
    for word in words {
        needs.insert(read(word).ok_or(MakeError::Unknown)?);
    }
    Ok(needs)
}

fn read(word: &str) -> Option<Need> {
    let (resource, rest) = word.split_once(':')?;
    let (kind, name) = rest.split_once(':')?;
    let (resource, kind) = (resource.parse().ok()?, Kind::from_word(kind)?);
    let name = known(resource, kind).find(|one| one.name == name)?.name;
    Some(Need {
        resource,
        kind,
        name: name.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_always_needed_need_not_be_chosen() {
        let bare = chosen(&[]).unwrap();
        assert!(bare.iter().all(Need::is_always));
        let more = chosen(&["graph:delegated:Policy.Read.All".into()]).unwrap();
        assert_eq!(more.len(), bare.len() + 1);
        assert!(more.is_superset(&bare));
    }

    #[test]
    fn a_permission_that_nobody_knows_is_refused() {
        for word in [
            "",
            "graph",
            "graph:delegated:Everything",
            "teams:delegated:User.Read",
        ] {
            assert!(
                matches!(chosen(&[word.to_owned()]), Err(MakeError::Unknown)),
                "{word}"
            );
        }
    }
}
