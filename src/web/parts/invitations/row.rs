//! One invitation in a list, ready for `templates/parts/invitations.html`.

use time::OffsetDateTime;

use super::From;
use crate::domain::invitation::{Counts, InvitationState, ListRow};
use crate::web::kit::once::Once;
use crate::web::kit::paging::with_query;
use crate::web::kit::paths::TenantPaths;
use crate::web::kit::when::When;

/// A row with the addresses of its actions; those that make no sense are absent.
#[derive(Clone, Debug)]
pub struct InvitationRow {
    pub short_name: String,
    pub full_name: String,
    pub invitation_email: String,
    pub expected_admin: String,
    pub reference: String,
    pub hint: String,
    pub sent: Option<When>,
    pub sent_count: i32,
    pub created: When,
    pub expires: When,
    pub authenticated: Option<When>,
    pub status: &'static str,
    pub badge: &'static str,
    /// When its bearer asked for a new link.
    pub asked: Option<When>,
    /// Who signed in and was not the expected account: somebody may have the link who should not.
    pub refused: Option<String>,
    pub portal: String,
    pub auth_url: Option<String>,
    pub resend: Option<String>,
    pub revocation: Option<String>,
    pub replacement: Option<String>,
    /// Word for the way back, sent along with each action.
    pub from: &'static str,
    pub once: Once,
}

impl InvitationRow {
    pub fn new(row: ListRow, from: From, now: OffsetDateTime) -> Self {
        let one = row.invitation;
        let paths = TenantPaths(&row.short_name);
        let good = one.state.is_good();
        let (status, badge) = words(one.state);
        let step = |step| paths.invitation_step(one.id, step);
        let auth_url = with_query(&paths.auth_url(one.id), &[("from", from.as_str())], &[]);
        Self {
            portal: paths.overview(),
            auth_url: good.then_some(auth_url),
            resend: (good && !one.invitation_email.is_empty()).then(|| step("resend")),
            revocation: good.then(|| step("revocation")),
            replacement: (!matches!(one.state, InvitationState::Completed { .. }))
                .then(|| step("replacement")),
            from: from.as_str(),
            once: Once::default(),
            sent: When::maybe(one.email_sent_at, now),
            sent_count: one.email_sent_count,
            created: When::new(one.created_at, now),
            expires: When::new(one.expires_at, now),
            authenticated: When::maybe(one.device_authenticated_at, now),
            refused: row.refused_account,
            asked: When::maybe(one.new_link_asked_at, now),
            status,
            badge,
            reference: one.reference,
            hint: one.hint,
            invitation_email: one.invitation_email,
            expected_admin: one.expected_admin,
            short_name: row.short_name,
            full_name: row.full_name,
        }
    }
}

fn words(state: InvitationState) -> (&'static str, &'static str) {
    match state {
        InvitationState::Open => ("Open", "badge-pending"),
        InvitationState::Started { .. } => ("Started", "badge-retrying"),
        InvitationState::Completed { .. } => ("Completed", "badge-valid"),
        InvitationState::Expired { .. } => ("Expired", "badge-expired"),
        InvitationState::Revoked { .. } => ("Revoked", "badge-none"),
    }
}

/// A filter to click on.
#[derive(Clone, Debug)]
pub struct Chip {
    pub label: &'static str,
    pub count: i64,
    pub address: String,
    pub chosen: bool,
}

/// The filters by state with their counts; the search stays as it is.
pub fn chips(base: &str, chosen: &str, search: &str, counts: Counts) -> Vec<Chip> {
    let Counts {
        open,
        started,
        completed,
        expired,
        revoked,
    } = counts;
    let pending = open + started;
    let all = pending + completed + expired + revoked;
    [
        ("", "Pending", pending),
        ("open", "Open", open),
        ("started", "Started", started),
        ("completed", "Completed", completed),
        ("expired", "Expired", expired),
        ("revoked", "Revoked", revoked),
        ("all", "All", all),
    ]
    .map(|(state, label, count)| Chip {
        label,
        count,
        address: with_query(base, &[("state", state), ("q", search)], &[]),
        chosen: chosen == state,
    })
    .into()
}
