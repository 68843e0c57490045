//! The story of a tenant: acts of people and of the keeper, changes of state, and between them what happens all the time,
//! folded: "renewed 412 times", "the same error 17 times". Newest first, in pages.

use time::OffsetDateTime;

use super::{CALLS_KEPT, Span, store};
use crate::domain::diagnosis::Category;
use crate::domain::op::{Op, Scope};
use crate::storage::{ConnectionId, MsalErrorId, TenantId};

/// The number of an entry of the audit log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActId(pub i64);

/// A page of it.
#[derive(Clone, Debug, Default)]
pub struct Story {
    /// Newest first.
    pub chapters: Vec<Chapter>,
    /// Where the next, older page begins; none when this one tells it to the beginning.
    pub older: Option<ActId>,
}

/// One thing told.
#[derive(Clone, Debug)]
pub enum Chapter {
    Act(Act),
    /// The tenant began to stand so; the state before it, when that is kept.
    State {
        span: Span,
        former: Option<Span>,
    },
    Fold(Fold),
}

/// An entry of the audit log.
#[derive(Clone, Debug)]
pub struct Act {
    pub id: ActId,
    pub at: OffsetDateTime,
    /// `object.verb`.
    pub action: String,
    /// `technician`, `customer`, `visitor`, `keeper`, `worker`, `command` or `key`.
    pub actor_type: String,
    pub actor: String,
    /// `done`, `denied` or `failed`.
    pub result: String,
    pub details: serde_json::Value,
}

/// What happened again and again between two other chapters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fold {
    pub what: Folded,
    pub count: i64,
    pub first: OffsetDateTime,
    pub last: OffsetDateTime,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Folded {
    /// Tokens that were renewed.
    Renewals,
    /// Errors of one cause, with the newest of them.
    Errors {
        cause: Category,
        newest: MsalErrorId,
    },
}

impl Chapter {
    /// When it happened; of what is folded, the last time.
    pub fn at(&self) -> OffsetDateTime {
        match self {
            Self::Act(act) => act.at,
            Self::State { span, .. } => span.since,
            Self::Fold(fold) => fold.last,
        }
    }

    /// Whether the grant in use became another one.
    pub fn is_another_grant(span: &Span, former: Option<&Span>) -> bool {
        let before: Option<ConnectionId> = former.and_then(|former| former.connection);
        span.connection.is_some() && before.is_some() && before != span.connection
    }
}

/// A page of the story with at most `acts` acts, older than `before` when given.
pub async fn story(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
    before: Option<ActId>,
    acts: usize,
) -> Result<Story, sqlx::Error> {
    let newest = match before {
        Some(id) => store::act_at(op, scope, tenant, id).await?,
        None => Some(op.now()),
    };
    let Some(newest) = newest else {
        return Ok(Story::default());
    };
    let asked = i64::try_from(acts.saturating_add(1)).unwrap_or(i64::MAX);
    let mut told = store::acts(op, scope, tenant, before, asked).await?;
    let more = told.len() > acts;
    told.truncate(acts);
    let oldest = told.last().filter(|_| more).map(|act| (act.at, act.id));
    let from = oldest.map_or(OffsetDateTime::UNIX_EPOCH, |(at, _)| at);
    // Of the first page also what was written in this very instant; of others what the page before has not told.
    let until = if before.is_none() {
        newest + time::Duration::MICROSECOND
    } else {
        newest
    };
    let spans = store::spans(op, scope, tenant, from).await?;
    let mut chapters: Vec<Chapter> = told.into_iter().map(Chapter::Act).collect();
    let mut former: Option<Span> = None;
    for span in spans {
        if span.since >= from && span.since < until {
            chapters.push(Chapter::State {
                span: span.clone(),
                former: former.take(),
            });
        }
        former = Some(span);
    }
    chapters.sort_by_key(Chapter::at);
    let bounds: Vec<OffsetDateTime> = chapters.iter().map(Chapter::at).collect();
    let calls_from = from.max(op.now() - CALLS_KEPT);
    let folds = store::renewals(op, scope, tenant, &bounds, calls_from, until).await?;
    let errors = store::errors(op, scope, tenant, &bounds, from, until).await?;
    chapters.extend(folds.into_iter().chain(errors).map(Chapter::Fold));
    // Stable: of the same instant, acts and states before what is folded.
    chapters.sort_by_key(|chapter| std::cmp::Reverse(chapter.at()));
    Ok(Story {
        chapters,
        older: oldest.map(|(_, id)| id),
    })
}
