//! How long ahead a tenant's connection that lapses by itself is shown as Expiring. Without a number of its own the
//! product's rule holds: two weeks for what nobody notices coming, less for what comes often.

use super::input::FieldError;
use super::store;
use crate::domain::audit::Entry;
use crate::domain::op::{Op, Scope};
use crate::storage::TenantId;

/// The longest lead that can be set; nothing known lapses later than 90 days ahead.
const LONGEST_LEAD_DAYS: i16 = 90;

/// Days, from 1 to 90.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeadDays(i16);

impl LeadDays {
    /// What was typed; empty means the product's rule.
    pub fn parse(typed: &str) -> Result<Option<Self>, FieldError> {
        let typed = typed.trim();
        if typed.is_empty() {
            return Ok(None);
        }
        match typed.parse() {
            Ok(days @ 1..=LONGEST_LEAD_DAYS) => Ok(Some(Self(days))),
            _ => Err(FieldError::new(
                "lead_days",
                format!(
                    "Enter whole days from 1 to {LONGEST_LEAD_DAYS}, or leave it empty for the usual warning."
                ),
            )),
        }
    }

    pub const fn days(self) -> i16 {
        self.0
    }
}

/// The tenant's own lead; none when the product's rule holds, or the tenant is out of scope.
pub async fn lead_days(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
) -> Result<Option<LeadDays>, sqlx::Error> {
    let days = store::lead_days(op, scope, tenant).await?;
    Ok(days.map(LeadDays))
}

/// Set or clear it; false when the tenant is archived or out of scope.
pub async fn set_lead_days(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
    lead: Option<LeadDays>,
) -> Result<bool, sqlx::Error> {
    let days = lead.map(LeadDays::days);
    if !store::set_lead_days(op, scope, tenant, days).await? {
        return Ok(false);
    }
    Entry::new("tenant.lead_time_set")
        .tenant(tenant)
        .object("tenant", tenant)
        .detail("days", days)
        .write(op)
        .await?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_whole_and_within_bounds_and_nothing_means_the_usual() {
        let days = |typed| LeadDays::parse(typed).map(|lead| lead.map(LeadDays::days));
        assert_eq!(days(" 30 "), Ok(Some(30)));
        assert_eq!(days(""), Ok(None));
        for wrong in ["0", "91", "-3", "2.5", "a week", "99999999999"] {
            assert!(days(wrong).is_err(), "{wrong}");
        }
    }
}
