//! What past deaths and announced policies let expect of a grant, and the date of it written down.

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::domain::diagnosis::{Category, Life, Policy, PolicyMode, Rule, TokenClass, rhythm};
use crate::keeper::core::Core;
use crate::keeper::refresh::lapse_of;
use crate::keeper::store::connections::{self, Connection};
use crate::keeper::store::facts;
use crate::keeper::trouble::Trouble;
use crate::storage::TenantId;

/// Microsoft's own policies switch themselves on so many days after they appeared in report-only mode; sources differ.
const SWITCH_ON_AFTER: [i64; 2] = [30, 45];

/// What to expect of a grant besides what its own row tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::keeper) struct Outlook {
    /// Seconds that the grants before it lived, again and again.
    pub rhythm_s: Option<i32>,
    /// From here on an announced policy ends it.
    pub policy_ends_at: Option<OffsetDateTime>,
}

/// The outlook of a grant by this account of this class.
pub(in crate::keeper) async fn outlook(
    pool: &sqlx::PgPool,
    tenant_id: TenantId,
    account: Uuid,
    public_class: bool,
    now: OffsetDateTime,
) -> sqlx::Result<Outlook> {
    let lives = facts::lives(pool, tenant_id).await?;
    let policies = facts::policies(pool, tenant_id).await?;
    Ok(Outlook {
        rhythm_s: expected_life(&lives, account, public_class),
        policy_ends_at: announced(&policies, public_class, now),
    })
}

/// The length of life of the account's grants of this class, when time alone ended them.
fn expected_life(lives: &[Life], account: Uuid, public_class: bool) -> Option<i32> {
    let class = if public_class {
        TokenClass::Public
    } else {
        TokenClass::Confidential
    };
    let newest = lives.first()?;
    let by_time = matches!(
        newest.cause,
        Category::SignInFrequency
            | Category::MfaRequired
            | Category::ExpiredLifetime
            | Category::Federation
            | Category::PasswordChanged
            | Category::SessionRevoked
            | Category::Unknown
    );
    let same = (newest.account, newest.class) == (Some(account), Some(class));
    let found = rhythm(lives).filter(|_| by_time && same)?;
    i32::try_from(found.period.whole_seconds()).ok()
}

/// The first day on which an announced policy against device code may begin to act.
fn announced(
    policies: &[Policy],
    public_class: bool,
    now: OffsetDateTime,
) -> Option<OffsetDateTime> {
    policies
        .iter()
        .filter(|policy| {
            public_class
                && policy.managed_by_microsoft
                && policy.does(Rule::BlocksDeviceCode)
                && policy.mode == PolicyMode::ReportOnly
        })
        .filter_map(|policy| {
            let since = policy.created_at?;
            SWITCH_ON_AFTER
                .into_iter()
                .map(|days| since + Duration::days(days))
                .find(|day| *day > now)
        })
        .min()
}

/// Write the outlook of a connection down, with the date that follows, when either has changed.
pub(super) async fn write_outlook(core: &Core, connection: &Connection) -> Result<(), Trouble> {
    let Some(account) = connection.admin_oid else {
        return Ok(());
    };
    let (tenant_id, id, now) = (connection.tenant_id, connection.id, core.clock.now());
    let public = connection.public_class;
    let outlook = outlook(&core.pool, tenant_id, account, public, now).await?;
    // Read again: a refresh may have moved on meanwhile.
    let Some(current) = connections::load(&core.pool, tenant_id, id).await? else {
        return Ok(());
    };
    let app = core.app.of(core, current.app_registration_id).await?;
    let Some(last_ok) = facts::last_ok(&core.pool, tenant_id, id).await? else {
        return Ok(());
    };
    let current = Connection {
        rhythm_s: outlook.rhythm_s,
        policy_ends_at: outlook.policy_ends_at,
        ..current
    };
    let end = lapse_of(&current, last_ok, app.and_then(|app| app.ends_at));
    facts::write_outlook(&core.pool, tenant_id, id, outlook, last_ok, end).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-11-20 00:00 UTC);

    fn managed(created_at: OffsetDateTime) -> Policy {
        Policy {
            name: "Microsoft-managed: Block device code flow".into(),
            mode: PolicyMode::ReportOnly,
            sign_in_frequency_s: None,
            rules: vec![Rule::Blocks, Rule::BlocksDeviceCode],
            changed_at: None,
            created_at: Some(created_at),
            managed_by_microsoft: true,
        }
    }

    #[test]
    fn an_announced_block_ends_device_code_tokens_and_no_others() {
        let policy = [managed(datetime!(2026-11-01 00:00 UTC))];
        assert_eq!(
            announced(&policy, true, NOW),
            Some(datetime!(2026-12-01 00:00 UTC))
        );
        assert_eq!(announced(&policy, false, NOW), None);
        let late = [managed(datetime!(2026-10-15 00:00 UTC))];
        assert_eq!(
            announced(&late, true, NOW),
            Some(datetime!(2026-11-29 00:00 UTC)),
            "the second date when the first has passed"
        );
        let overdue = [managed(datetime!(2026-01-01 00:00 UTC))];
        assert_eq!(announced(&overdue, true, NOW), None);
        let acting = [Policy {
            mode: PolicyMode::On,
            ..managed(NOW)
        }];
        assert_eq!(announced(&acting, true, NOW), None);
    }
}
