//! Letters of the last day.

use time::OffsetDateTime;

use crate::domain::operations::Mails;
use crate::web::kit::paths::TenantPaths;
use crate::web::kit::when::When;

/// Letters of the last day.
#[derive(Clone, Debug)]
pub struct MailView {
    pub has_server: bool,
    pub sent: i64,
    pub failed: i64,
    pub last_sent: Option<When>,
    pub newest_failed: Vec<FailedLetter>,
}

/// A letter that did not go out.
#[derive(Clone, Debug)]
pub struct FailedLetter {
    pub at: When,
    pub tenant: String,
    pub tenant_href: String,
    pub kind: String,
    pub reason: String,
}

impl MailView {
    pub fn of(mails: &Mails, has_server: bool, now: OffsetDateTime) -> Self {
        Self {
            has_server,
            sent: mails.sent,
            failed: mails.failed,
            last_sent: When::maybe(mails.last_sent_at, now),
            newest_failed: mails
                .newest_failed
                .iter()
                .map(|letter| FailedLetter {
                    at: When::new(letter.at, now),
                    tenant: letter.tenant.clone(),
                    tenant_href: TenantPaths(&letter.tenant).invitations(),
                    kind: letter.kind.clone(),
                    reason: letter.reason.clone(),
                })
                .collect(),
        }
    }
}
