//! From verified claims to a person: who it is for good, what they are called, how they proved it, in which groups they are.

use serde_json::{Map, Value};
use time::OffsetDateTime;
use uuid::{Uuid, uuid};

use super::Settings;
use super::id_token::{instant, text};
use super::settings::Kind;

/// The tenant of all personal Microsoft accounts.
const CONSUMERS: Uuid = uuid!("9188040d-6c67-4c5b-b112-36a304b66dad");
/// Groups that are looked at; Microsoft itself sends at most 200.
const MOST_GROUPS: usize = 1000;

/// Somebody whom the provider vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Issuer and subject together are the identity; everything else may change. Of Microsoft the issuer of the home tenant
    /// and the object id, because its `sub` is another for each application.
    pub issuer: String,
    pub subject: String,
    pub name: Option<String>,
    /// What may be an address of theirs, the likeliest first; proves nothing.
    pub addresses: Vec<String>,
    /// How they signed in there (`amr`, RFC 8176).
    pub methods: Vec<String>,
    /// When they signed in there (`auth_time`); Microsoft says it only as an optional claim.
    pub authenticated_at: Option<OffsetDateTime>,
    /// Values of the groups or roles claim.
    pub groups: Vec<String>,
    /// There are groups, but too many for the token: Microsoft's overage.
    pub groups_left_out: bool,
}

/// Genuine, but not somebody we can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PersonError {
    #[error("the provider does not say who it is: {0}")]
    Nobody(&'static str),
    #[error("the account belongs to another tenant")]
    OtherTenant,
    #[error("the account is a personal Microsoft account")]
    PersonalAccount,
    /// Another tenant vouches for this person and decides how they prove it.
    #[error("the account is a guest")]
    Guest,
}

impl Person {
    pub(super) fn of(
        claims: &Map<String, Value>,
        settings: &Settings,
    ) -> Result<Self, PersonError> {
        let issuer = text(claims, "iss").unwrap_or_default().to_owned();
        let subject = text(claims, "sub").ok_or(PersonError::Nobody("sub"))?;
        // At most 255 ASCII characters (OpenID Connect Core section 2).
        if subject.len() > 255 || !subject.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            return Err(PersonError::Nobody("sub"));
        }
        let subject = match &settings.kind {
            Kind::Standard => subject.to_owned(),
            Kind::Entra { tenants } => entra_object(claims, tenants)?.to_string(),
        };
        let names = ["email", "preferred_username", "upn"];
        Ok(Self {
            issuer,
            subject,
            name: text(claims, "name").map(ToOwned::to_owned),
            addresses: names
                .iter()
                .filter_map(|name| text(claims, name).map(ToOwned::to_owned))
                .collect(),
            methods: texts(claims.get("amr")),
            authenticated_at: instant(claims, "auth_time"),
            groups: groups(claims, settings),
            groups_left_out: left_out(claims),
        })
    }
}

/// The object id, when the account is a member of one of these tenants.
fn entra_object(claims: &Map<String, Value>, tenants: &[Uuid]) -> Result<Uuid, PersonError> {
    let id = |name| text(claims, name).and_then(|text| Uuid::try_parse(text).ok());
    let tid = id("tid").ok_or(PersonError::Nobody("tid"))?;
    if tid == CONSUMERS {
        return Err(PersonError::PersonalAccount);
    }
    if !tenants.contains(&tid) {
        return Err(PersonError::OtherTenant);
    }
    let oid = id("oid").ok_or(PersonError::Nobody("oid"))?;
    let says_guest = claims
        .get("acct")
        .is_some_and(|acct| *acct == 1 || *acct == "1");
    let foreign = text(claims, "idp").is_some_and(|idp| !idp.contains(&tid.to_string()));
    let external = ["preferred_username", "upn"]
        .iter()
        .filter_map(|name| text(claims, name))
        .any(|name| name.to_ascii_uppercase().contains("#EXT#"));
    if says_guest || foreign || external {
        return Err(PersonError::Guest);
    }
    Ok(oid)
}

fn groups(claims: &Map<String, Value>, settings: &Settings) -> Vec<String> {
    match &settings.groups_claim {
        Some(name) => texts(claims.get(name)),
        None => ["roles", "groups"]
            .iter()
            .flat_map(|name| texts(claims.get(*name)))
            .collect(),
    }
}

/// Microsoft's overage: the claim is named as to be fetched elsewhere.
fn left_out(claims: &Map<String, Value>) -> bool {
    let elsewhere = claims.get("_claim_names").and_then(Value::as_object);
    elsewhere.is_some_and(|names| names.contains_key("groups"))
        || claims
            .get("hasgroups")
            .is_some_and(|has| *has == true || *has == "true")
}

/// A list of texts; one text alone is a list of one.
fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(many)) => many
            .iter()
            .take(MOST_GROUPS)
            .filter_map(|one| one.as_str().map(ToOwned::to_owned))
            .collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TENANT: Uuid = uuid!("0a1b2c3d-0000-4000-8000-00000000a100");
    const OBJECT: &str = "9f8e7d6c-0000-4000-8000-00000000c0de";

    fn read(kind: Kind, claims: &Value) -> Result<Person, PersonError> {
        let settings = Settings {
            kind,
            ..Settings::sample("https://id.example")
        };
        Person::of(claims.as_object().unwrap(), &settings)
    }

    fn entra(change: &Value) -> Result<Person, PersonError> {
        let mut claims = json!({"iss":format!("https://l/{TENANT}/v2.0"),"sub":"pairwise","tid":TENANT,"oid":OBJECT});
        for (name, value) in change.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let tenants = vec![TENANT];
        read(Kind::Entra { tenants }, &claims)
    }

    #[test]
    fn a_person_is_known_by_issuer_and_subject_of_microsoft_by_tenant_and_object() {
        let claims = json!({"iss":"https://id.example","sub":"7","oid":OBJECT});
        assert_eq!(read(Kind::Standard, &claims).unwrap().subject, "7");
        assert_eq!(entra(&json!({})).unwrap().subject, OBJECT);
        assert_eq!(
            entra(&json!({})).unwrap().issuer,
            format!("https://l/{TENANT}/v2.0")
        );
    }

    #[test]
    fn accounts_that_the_msp_is_not_in_charge_of_are_not_taken() {
        use PersonError::{Guest, Nobody, OtherTenant, PersonalAccount};
        for (change, why) in [
            (json!({"tid": CONSUMERS}), PersonalAccount),
            (json!({"tid": OBJECT}), OtherTenant),
            (json!({"tid": "nonsense"}), Nobody("tid")),
            (json!({"oid": null}), Nobody("oid")),
            (json!({"acct": 1}), Guest),
            (json!({"acct": "1"}), Guest),
            (json!({"idp": format!("https://sts/{OBJECT}/")}), Guest),
            (json!({"upn": "a_b.example#EXT#@c.example"}), Guest),
            (json!({"sub": ""}), Nobody("sub")),
            (json!({"sub": "x".repeat(256)}), Nobody("sub")),
            (json!({"sub": "line\nbreak"}), Nobody("sub")),
        ] {
            assert_eq!(entra(&change), Err(why), "{change}");
        }
    }

    #[test]
    fn groups_and_methods_are_lists_whatever_their_shape() {
        let person = entra(&json!({"roles":["a",7],"groups":"b","amr":["pwd","mfa"]})).unwrap();
        assert_eq!(
            (person.groups, person.methods),
            (
                vec!["a".to_owned(), "b".into()],
                vec!["pwd".to_owned(), "mfa".into()]
            )
        );
        assert!(!person.groups_left_out);
        for overage in [
            json!({"_claim_names":{"groups":"src1"}}),
            json!({"hasgroups":true}),
            json!({"hasgroups":"true"}),
        ] {
            assert!(entra(&overage).unwrap().groups_left_out, "{overage}");
        }
    }
}
