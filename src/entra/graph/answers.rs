//! Graph's objects, as far as they are read.

use serde::{Deserialize, Deserializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

/// First page of a listing.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Listing<T> {
    #[serde(rename = "value")]
    pub items: Vec<T>,
    /// Set when there are more pages, which are not read: absence from `items` then proves nothing.
    #[serde(rename = "@odata.nextLink", default, deserialize_with = "is_present")]
    pub more: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Organization {
    /// The Entra tenant id.
    pub id: Uuid,
    pub display_name: Option<String>,
    #[serde(default)]
    pub verified_domains: Vec<VerifiedDomain>,
    /// Whether accounts are synchronised from an own directory; absent: never were.
    pub on_premises_sync_enabled: Option<bool>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VerifiedDomain {
    pub name: String,
    #[serde(default)]
    pub is_default: bool,
    #[serde(default)]
    pub is_initial: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Me {
    /// The account's object id.
    pub id: Uuid,
    pub user_principal_name: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DirectoryRole {
    pub id: Uuid,
    /// Absent without the permission to read names.
    pub display_name: Option<String>,
    /// The same in every tenant, e.g. 62e90394-69f5-4237-9190-012177145e10 for Global Administrator.
    pub role_template_id: Option<Uuid>,
}

/// A consent to delegated permissions (`oauth2PermissionGrant`).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PermissionGrant {
    /// Opaque; what a deletion names.
    pub id: String,
    /// `AllPrincipals` (tenant-wide) or `Principal` (one user).
    pub consent_type: String,
    pub principal_id: Option<Uuid>,
    /// Service principal of the resource.
    pub resource_id: Uuid,
    #[serde(rename = "scope", default, deserialize_with = "words")]
    pub scopes: Vec<String>,
}

/// A granted application permission (`appRoleAssignment`).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AppRole {
    /// Of the assignment, opaque; what a deletion names.
    pub id: String,
    pub app_role_id: Uuid,
    pub resource_id: Uuid,
    pub resource_display_name: Option<String>,
}

/// A resource's service principal with the application permissions it offers (`appRoles`).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceRoles {
    /// Object id in this tenant.
    pub id: Uuid,
    #[serde(default)]
    pub app_roles: Vec<OfferedRole>,
}

/// One application permission.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct OfferedRole {
    pub id: Uuid,
    /// Its name, like `Directory.Read.All`; empty for roles without one.
    pub value: Option<String>,
}

impl ResourceRoles {
    /// The names of those among `assignments` that are of this resource.
    pub fn held(&self, assignments: &[AppRole]) -> Vec<String> {
        let ours = assignments.iter().filter(|one| one.resource_id == self.id);
        ours.filter_map(|one| {
            let offered = self
                .app_roles
                .iter()
                .find(|role| role.id == one.app_role_id);
            offered.and_then(|role| role.value.clone())
        })
        .collect()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServicePrincipal {
    /// Object id in this tenant.
    pub id: Uuid,
    pub account_enabled: bool,
    #[serde(default)]
    pub app_role_assignment_required: bool,
    /// Present when Microsoft itself has switched the application off.
    pub disabled_by_microsoft_status: Option<String>,
}

/// Why tokens died, as the account tells it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserDates {
    pub account_enabled: Option<bool>,
    #[serde(default, deserialize_with = "instant")]
    pub last_password_change_date_time: Option<OffsetDateTime>,
    /// Tokens issued before are dead.
    #[serde(default, deserialize_with = "instant")]
    pub sign_in_sessions_valid_from_date_time: Option<OffsetDateTime>,
    pub on_premises_sync_enabled: Option<bool>,
    /// How many licences the account holds; absent when not told.
    #[serde(rename = "assignedLicenses", default, deserialize_with = "count")]
    pub licences: Option<usize>,
}

/// What ID Protection says of an account (`riskyUser`).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RiskyUser {
    /// `low`, `medium`, `high`, `none`, `hidden`.
    pub risk_level: String,
    /// `atRisk`, `confirmedCompromised`, `dismissed`, `remediated`, `none`, …
    pub risk_state: String,
}

fn is_present<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    Ok(Option::<String>::deserialize(from)?.is_some())
}

fn words<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let text = Option::<String>::deserialize(from)?.unwrap_or_default();
    Ok(text.split_whitespace().map(str::to_owned).collect())
}

/// Only how many there are.
fn count<'de, D: Deserializer<'de>>(from: D) -> Result<Option<usize>, D::Error> {
    let list = Option::<Vec<serde::de::IgnoredAny>>::deserialize(from)?;
    Ok(list.map(|list| list.len()))
}

/// An instant of RFC 3339; what is none counts as absent.
pub(super) fn instant<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<OffsetDateTime>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    Ok(text.and_then(|text| OffsetDateTime::parse(&text, &Rfc3339).ok()))
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};
    use time::macros::datetime;

    use super::*;

    #[test]
    fn grants_and_further_pages_are_seen() {
        let id = "0a1b2c3d-0000-4000-8000-00000000a100";
        let listing: Listing<PermissionGrant> = from_value(json!({"@odata.nextLink":"https://graph/next","value":[
            {"id":"AAqj","clientId":id,"consentType":"AllPrincipals","principalId":null,"resourceId":id,"scope":" User.Read  Mail.Read "}]}))
        .unwrap();
        assert!(listing.more);
        assert_eq!(listing.items[0].scopes, ["User.Read", "Mail.Read"]);
        let last: Listing<PermissionGrant> = from_value(json!({"value":[]})).unwrap();
        assert!(!last.more);
    }

    #[test]
    fn dates_of_an_account_may_be_absent() {
        let dates: UserDates = from_value(
            json!({"accountEnabled":true,"lastPasswordChangeDateTime":"2026-03-02T08:15:42Z",
            "signInSessionsValidFromDateTime":null}),
        )
        .unwrap();
        assert_eq!(
            dates.last_password_change_date_time,
            Some(datetime!(2026-03-02 08:15:42 UTC))
        );
        assert_eq!(dates.sign_in_sessions_valid_from_date_time, None);
    }
}
