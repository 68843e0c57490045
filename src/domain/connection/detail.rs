//! Everything that the "Microsoft 365 Settings" page and the tenant's overview show of one tenant's connection.

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::standing::Standing;
use super::state::PendingReason;
use super::status::Row;
use super::store;
use super::validate::Validation;
use crate::domain::diagnosis::Category;
use crate::domain::op::{Op, Scope};
use crate::domain::tenant::Resource;
use crate::keeper::PermissionSet;
use crate::storage::{ConnectionId, InvitationId, MsalErrorId, TenantId};

/// One tenant's connection with all that belongs to it.
#[derive(Clone, Debug)]
pub struct Detail {
    pub row: Row,
    /// The current connection; none before the first onboarding and after a disconnect.
    pub standing: Option<Standing>,
    /// The resource set, in the order of the catalogue.
    pub resources: Vec<ResourceLine>,
    /// The permissions that the authorisation must cover.
    pub required: PermissionSet,
    /// Credentials of our app registration that are in use, the one that ends first in front.
    pub credentials: Vec<Credential>,
    pub last_validation: Option<Validation>,
    pub open_invitation: Option<OpenInvitation>,
    /// Grants that wait beside the current connection, newest first.
    pub pending: Vec<PendingGrant>,
}

/// One resource of the set with its token.
#[derive(Clone, Debug)]
pub struct ResourceLine {
    pub resource: Resource,
    pub required: bool,
    /// `waiting`, `valid` or `failed`; none when never asked for.
    pub state: Option<TokenState>,
    /// Permissions that the last token carried.
    pub scopes: Vec<String>,
    pub expires_at: Option<OffsetDateTime>,
    pub last_ok_at: Option<OffsetDateTime>,
    pub last_error_at: Option<OffsetDateTime>,
    pub last_error_id: Option<MsalErrorId>,
    pub last_error_code: Option<i32>,
    pub cause: Option<Category>,
}

/// How the last acquisition of a token went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenState {
    Waiting,
    Valid,
    Failed,
}

impl TokenState {
    pub(super) fn from_word(word: &str) -> Option<Self> {
        match word {
            "waiting" => Some(Self::Waiting),
            "valid" => Some(Self::Valid),
            "failed" => Some(Self::Failed),
            _ => None,
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Self::Waiting => "Waiting",
            Self::Valid => "Valid",
            Self::Failed => "Failed",
        }
    }
}

/// A secret or certificate of our app registration: what may be told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// `secret` or `certificate`.
    pub kind: String,
    /// The last characters of a secret, or a certificate's thumbprint.
    pub hint: String,
    /// None when it was stored without a date.
    pub not_after: Option<OffsetDateTime>,
}

impl Credential {
    /// Whole days left at `now`; negative once it ended.
    pub fn days_left(&self, now: OffsetDateTime) -> Option<i64> {
        self.not_after.map(|end| {
            let left = end - now;
            if left.is_negative() {
                -((-left + Duration::DAY - Duration::NANOSECOND).whole_days())
            } else {
                left.whole_days()
            }
        })
    }
}

/// An invitation that can still be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenInvitation {
    pub id: InvitationId,
    /// What both sides can name on the phone.
    pub reference: String,
    /// Empty means link only.
    pub invitation_email: String,
    pub expected_admin: String,
    pub expires_at: OffsetDateTime,
    pub email_sent_count: i32,
}

/// A grant that is stored but not in use yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingGrant {
    pub id: ConnectionId,
    pub reason: PendingReason,
    /// Who signed in.
    pub admin_username: String,
    pub admin_name: String,
    pub entra_tenant_id: Uuid,
    pub obtained_at: OffsetDateTime,
}

/// All about one tenant's connection; none when the tenant is archived, absent or out of scope.
pub async fn detail(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
) -> Result<Option<Detail>, sqlx::Error> {
    let Some(row) = super::one(op, scope, tenant).await? else {
        return Ok(None);
    };
    let standing = store::standing(op, scope, tenant).await?;
    Ok(Some(Detail {
        resources: store::resources(op, scope, tenant).await?,
        required: PermissionSet::load(op.db()).await?,
        credentials: store::credentials(op, scope, tenant).await?,
        last_validation: store::last_validation(op, scope, tenant).await?,
        open_invitation: store::open_invitation(op, scope, tenant).await?,
        pending: store::pending(op, scope, tenant).await?,
        standing,
        row,
    }))
}

/// The current connection alone; none before the first onboarding and after a disconnect.
pub async fn standing(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
) -> Result<Option<Standing>, sqlx::Error> {
    store::standing(op, scope, tenant).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_left_are_whole_and_go_below_zero_with_the_first_lost_second() {
        let now = OffsetDateTime::UNIX_EPOCH;
        let days = |end: Duration| {
            Credential {
                kind: "secret".into(),
                hint: "ab12".into(),
                not_after: Some(now + end),
            }
            .days_left(now)
        };
        assert_eq!(days(Duration::hours(47)), Some(1));
        assert_eq!(days(Duration::hours(23)), Some(0));
        assert_eq!(days(Duration::seconds(-1)), Some(-1));
        assert_eq!(days(Duration::hours(-25)), Some(-2));
    }
}
