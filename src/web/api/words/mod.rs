//! What many calls of the API give and take: words, instants, days, names of tenants, pages.

mod closed;
mod text;

use std::borrow::Cow;
use std::fmt::Display;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime};

use super::{ApiResult, KeyHolder, Problem};
use crate::domain::op::Op;
use crate::domain::tenant::{self, ShortName, Tenant};
use crate::storage::TenantId;

pub(super) use closed::{
    AlertFilterWord, AlertWord, CampaignReasonWord, CampaignStateWord, CauseWord, CheckWord,
    ConfidenceWord, ConnectionWord, EventWord, ExpiryWord, GradeWord, InvitationFilterWord,
    InvitationWord, MethodWord, ModeWord, ObtainedWord, OutcomeWord, PendingWord, RetryWord,
    SeverityWord, StageWord, StateWord, TenantStateWord, TokenWord, WhoWord,
};
pub(super) use text::Text;

/// An instant as RFC 3339 writes it, in UTC.
#[derive(Clone, Copy, Debug)]
pub(super) struct At(pub(super) OffsetDateTime);

impl Serialize for At {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::Error as _;
        let text = self.0.to_offset(time::UtcOffset::UTC).format(&Rfc3339);
        serializer.serialize_str(&text.map_err(S::Error::custom)?)
    }
}

impl<'de> Deserialize<'de> for At {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        let at = OffsetDateTime::parse(&text, &Rfc3339);
        at.map(Self)
            .map_err(|_| D::Error::custom("an instant is written like 2026-11-21T12:00:00Z"))
    }
}

impl JsonSchema for At {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Instant".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time", "examples": ["2026-11-21T12:00:00Z"] })
    }
}

/// A day as `2026-12-31`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Day(pub(super) Date);

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        let day = Date::parse(&text, format_description!("[year]-[month]-[day]"));
        day.map(Self)
            .map_err(|_| D::Error::custom("a day is written like 2026-12-31"))
    }
}

impl JsonSchema for Day {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Day".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date", "examples": ["2026-12-31"] })
    }
}

/// The tenant that something belongs to.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct TenantName {
    pub id: uuid::Uuid,
    pub short_name: String,
    pub full_name: String,
}

impl From<&Tenant> for TenantName {
    fn from(tenant: &Tenant) -> Self {
        Self {
            id: tenant.id.as_uuid(),
            short_name: tenant.short_name.to_string(),
            full_name: tenant.full_name.clone(),
        }
    }
}

/// The tenant that an address names, by id or short name; absent and out of reach are alike.
pub(super) async fn tenant_of(op: &mut Op, holder: &KeyHolder, named: &str) -> ApiResult<Tenant> {
    let scope = holder.scope();
    let found = match (named.parse(), ShortName::parse(named)) {
        (Ok(id), _) => tenant::find(op, scope, id).await?,
        (Err(_), Some(name)) => tenant::find_by_short_name(op, scope, &name).await?,
        (Err(_), None) => None,
    };
    found.ok_or_else(Problem::not_found)
}

/// The tenant that a list is narrowed to.
pub(super) async fn only_tenant(
    op: &mut Op,
    holder: &KeyHolder,
    named: Option<&str>,
) -> ApiResult<Option<TenantId>> {
    let Some(named) = named else { return Ok(None) };
    let found = tenant_of(op, holder, named).await;
    let said = "`tenant` names none, by id or short name, or one that this key may not see.";
    let found = found.map_err(|why| why.if_not_found(said))?;
    Ok(Some(found.id))
}

/// Items of a list, and where the next ones begin.
pub(super) fn page_size(limit: Option<u16>) -> ApiResult<i64> {
    match limit {
        None => Ok(50),
        Some(limit @ 1..=200) => Ok(limit.into()),
        Some(_) => Err(Problem::bad_request(
            "`limit` is 1 to 200: so many items has a page.",
        )),
    }
}

/// A place in a list as callers carry it: opaque, and good for the same list and filters.
pub(super) fn cursor_of(place: &str) -> String {
    URL_SAFE_NO_PAD.encode(place)
}

/// The place in a cursor; empty without one.
pub(super) fn place_in(cursor: Option<&str>) -> ApiResult<String> {
    let Some(cursor) = cursor else {
        return Ok(String::new());
    };
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.filter(|text| !text.is_empty() && !text.contains('\0'))
        .ok_or_else(odd_cursor)
}

/// The cursor of a list in the order of instants.
pub(super) fn cursor_at(at: OffsetDateTime, id: impl Display) -> String {
    cursor_of(&format!("{}~{id}", at.unix_timestamp_nanos()))
}

/// Where the next page of such a list begins; none without a cursor.
pub(super) fn place_at<Id: FromStr>(
    cursor: Option<&str>,
) -> ApiResult<Option<(OffsetDateTime, Id)>> {
    match place_in(cursor)? {
        place if place.is_empty() => Ok(None),
        place => read_place(&place).map(Some).ok_or_else(odd_cursor),
    }
}

fn read_place<Id: FromStr>(place: &str) -> Option<(OffsetDateTime, Id)> {
    let (at, id) = place.split_once('~')?;
    let at = OffsetDateTime::from_unix_timestamp_nanos(at.parse().ok()?).ok()?;
    // Others are none of ours, and some of them the database does not know.
    let at = (1970..=9999).contains(&at.year()).then_some(at)?;
    Some((at, id.parse().ok()?))
}

pub(super) fn odd_cursor() -> Problem {
    Problem::bad_request("This cursor is none of this list's. Begin without one.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_back_to_its_place_and_nothing_else_is_one() {
        let cursor = cursor_of("contoso~2026-01-01 00:00:00+00");
        assert_eq!(
            place_in(Some(&cursor)).unwrap(),
            "contoso~2026-01-01 00:00:00+00"
        );
        assert_eq!(place_in(None).unwrap(), "");
        for wrong in ["", "contoso~", "%%%", "AA"] {
            assert!(place_in(Some(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_place_between_instants_is_found_again() {
        let at = time::macros::datetime!(2026-11-22 12:00:00.123456 UTC);
        let cursor = cursor_at(at, 7);
        assert_eq!(place_at(Some(&cursor)).unwrap(), Some((at, 7)));
        assert_eq!(place_at::<u8>(None).unwrap(), None);
        for wrong in ["7", "x~7", "-99999999999999999999~7", "0~x"] {
            assert!(place_at::<u8>(Some(&cursor_of(wrong))).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_page_has_a_size() {
        assert_eq!(page_size(None).unwrap(), 50);
        assert!(page_size(Some(0)).is_err() && page_size(Some(201)).is_err());
    }
}
