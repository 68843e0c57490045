//! `sso.*`: single sign-on of technicians by OpenID Connect. Off without `sso.issuer`.

use std::path::PathBuf;

use url::Url;
use uuid::Uuid;

use super::reader::{self, Reader};
use super::secret_file::SecretFile;
use crate::domain::technician::Role;
use crate::oidc::EntraIssuer;

/// What a provider is called on the button unless the settings say.
const NAME: &str = "single sign-on";
const SCOPES: [&str; 3] = ["openid", "profile", "email"];

/// Whom we believe about our technicians, and what it gives them.
#[derive(Clone, Debug)]
pub struct Sso {
    /// As written: issuers are compared as text.
    pub issuer: String,
    pub issuer_url: Url,
    pub client_id: String,
    /// None for a public client.
    pub client_secret_file: Option<SecretFile>,
    /// "Sign in with {name}".
    pub name: String,
    pub scopes: Vec<String>,
    /// The claim with groups or roles; none looks at `roles`, then `groups`.
    pub groups_claim: Option<String>,
    /// Group id or role value, and what it gives; empty leaves roles to the portal.
    pub roles: Vec<(String, Role)>,
    /// Entra: the MSP's own tenants. Empty for other providers.
    pub tenants: Vec<Uuid>,
    pub ca_file: Option<PathBuf>,
    /// Any of these in `amr` is evidence of a second factor.
    pub required_amr: Vec<String>,
    pub without_amr: WithoutAmr,
    /// Make a login for unknown people who have a mapped role.
    pub create: bool,
    /// Passwords are for owners in an emergency.
    pub only: bool,
}

/// `sso.without_amr`: what happens without evidence of a second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WithoutAmr {
    /// The portal asks for its own.
    OwnFactor,
    Refuse,
}

impl Sso {
    pub(super) fn read(from: &mut Reader) -> Option<Self> {
        let issuer = from.parse("sso.issuer", reader::SAFE_URL, |text| {
            let url = reader::safe_url(text)?;
            (url.query().is_none() && url.fragment().is_none() && url.username().is_empty())
                .then(|| (text.to_owned(), url))
        });
        let client_id = from.text("sso.client_id");
        let tenants = from
            .list("sso.tenants", "tenant ids (GUIDs) of your own", |text| {
                Uuid::try_parse(text).ok()
            })
            .unwrap_or_default();
        let read = Self {
            issuer: String::new(),
            issuer_url: super::sections::literal("https://unset.invalid"),
            client_id: client_id.clone().unwrap_or_default(),
            client_secret_file: from.secret_file("sso.client_secret_file"),
            name: from.text("sso.name").unwrap_or_else(|| NAME.to_owned()),
            scopes: scopes(from),
            groups_claim: from.text("sso.groups_claim"),
            roles: from
                .list(
                    "sso.roles",
                    "group id or app role, an equals sign, and owner, admin, technician or viewer",
                    role,
                )
                .unwrap_or_default(),
            tenants,
            ca_file: from.path("sso.ca_file"),
            required_amr: from
                .list("sso.required_amr", "values of amr such as mfa", |text| {
                    Some(text.to_owned())
                })
                .unwrap_or_else(|| vec!["mfa".to_owned()]),
            without_amr: from
                .parse(
                    "sso.without_amr",
                    "own-factor or refuse",
                    |text| match text {
                        "own-factor" => Some(WithoutAmr::OwnFactor),
                        "refuse" => Some(WithoutAmr::Refuse),
                        _ => None,
                    },
                )
                .unwrap_or(WithoutAmr::OwnFactor),
            create: from.flag("sso.create"),
            only: from.flag("sso.only"),
        };
        let (issuer, issuer_url) = issuer?;
        if client_id.is_none() {
            let expected =
                "the id under which the provider knows this portal, because sso.issuer is set";
            from.missing("sso.client_id", expected);
        }
        let read = Self {
            issuer,
            issuer_url,
            ..read
        };
        read.check(from);
        Some(read.with_own_tenant())
    }

    /// What no single setting can tell.
    fn check(&self, from: &mut Reader) {
        if self.create && self.roles.is_empty() {
            from.missing(
                "sso.roles",
                "which groups or app roles give which role, because sso.create is set",
            );
        }
        let (name, why) = match EntraIssuer::of(&self.issuer_url) {
            Some(EntraIssuer::Personal) => (
                "sso.issuer",
                "the issuer of your own tenant; common and consumers let anybody in",
            ),
            Some(EntraIssuer::Any) if self.tenants.is_empty() => {
                return from.missing(
                    "sso.tenants",
                    "your own tenants, because sso.issuer is for organizations",
                );
            }
            Some(EntraIssuer::One(own)) if self.tenants.iter().any(|tenant| *tenant != own) => (
                "sso.tenants",
                "the tenant of sso.issuer alone, or an issuer for organizations",
            ),
            None if !self.tenants.is_empty() => (
                "sso.tenants",
                "nothing: the provider of sso.issuer is not Microsoft Entra",
            ),
            _ => return,
        };
        from.misfit(name, why);
    }

    fn with_own_tenant(mut self) -> Self {
        if let Some(EntraIssuer::One(own)) = EntraIssuer::of(&self.issuer_url) {
            self.tenants = vec![own];
        }
        self
    }
}

/// `openid` is asked for whatever else is.
fn scopes(from: &mut Reader) -> Vec<String> {
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
    let given = from.list(
        "sso.scopes",
        "scopes such as openid, profile, groups",
        |text| plain(text).then(|| text.to_owned()),
    );
    let mut scopes = given.unwrap_or_else(|| SCOPES.map(String::from).to_vec());
    if !scopes.iter().any(|scope| scope == "openid") {
        scopes.insert(0, "openid".to_owned());
    }
    scopes
}

/// `8d2c…=technician`; the last equals sign counts, since groups may be named anything.
fn role(text: &str) -> Option<(String, Role)> {
    let (group, role) = text.rsplit_once('=')?;
    let group = group.trim();
    (!group.is_empty()).then_some((group.to_owned(), role.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    const ENTRA: &str =
        "https://login.microsoftonline.com/0a1b2c3d-0000-4000-8000-00000000a100/v2.0";

    fn read(pairs: &[(&str, &str)]) -> Result<Option<Sso>, String> {
        let config = Config::from_pairs(pairs.iter().copied());
        config
            .map(|config| config.sso)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn without_an_issuer_there_is_no_single_sign_on() {
        assert!(read(&[]).unwrap().is_none());
    }

    #[test]
    fn an_issuer_and_a_client_id_will_do() {
        let sso = read(&[("sso.issuer", ENTRA), ("sso.client_id", "c")])
            .unwrap()
            .unwrap();
        assert_eq!(sso.issuer, ENTRA);
        assert_eq!(sso.scopes, SCOPES);
        assert_eq!(sso.required_amr, ["mfa"]);
        assert_eq!(sso.without_amr, WithoutAmr::OwnFactor);
        assert_eq!(sso.tenants.len(), 1, "the issuer's own");
        assert!(!sso.create && !sso.only && sso.roles.is_empty());
        let slash = [
            ("sso.issuer", "https://id.example/"),
            ("sso.client_id", "c"),
        ];
        assert_eq!(read(&slash).unwrap().unwrap().issuer, "https://id.example/");
    }

    #[test]
    fn groups_give_roles() {
        let sso = read(&[
            ("sso.issuer", "https://id.example"),
            ("sso.client_id", "c"),
            ("sso.roles", "Tenantry.Owner=owner, cn=desk=technician"),
            ("sso.create", "true"),
            ("sso.scopes", "groups"),
        ])
        .unwrap()
        .unwrap();
        let roles = [
            ("Tenantry.Owner", Role::Owner),
            ("cn=desk", Role::Technician),
        ];
        assert_eq!(
            sso.roles,
            roles.map(|(group, role)| (group.to_owned(), role))
        );
        assert_eq!(sso.scopes, ["openid", "groups"]);
        assert!(sso.create);
    }

    #[test]
    fn what_does_not_go_together_stops_the_start() {
        let good = ("sso.client_id", "c");
        let other = "11111111-2222-4333-8444-555555555555";
        for (pairs, named) in [
            (
                vec![("sso.issuer", "http://id.example"), good],
                "sso.issuer",
            ),
            (
                vec![("sso.issuer", "https://id.example?x=1"), good],
                "sso.issuer",
            ),
            (vec![("sso.issuer", "https://id.example")], "sso.client_id"),
            (
                vec![("sso.issuer", ENTRA), good, ("sso.create", "true")],
                "sso.roles",
            ),
            (
                vec![("sso.issuer", ENTRA), good, ("sso.roles", "desk=boss")],
                "sso.roles",
            ),
            (
                vec![("sso.issuer", ENTRA), good, ("sso.tenants", other)],
                "sso.tenants",
            ),
            (
                vec![
                    ("sso.issuer", "https://id.example"),
                    good,
                    ("sso.tenants", other),
                ],
                "sso.tenants",
            ),
            (
                vec![
                    (
                        "sso.issuer",
                        "https://login.microsoftonline.com/organizations/v2.0",
                    ),
                    good,
                ],
                "sso.tenants",
            ),
            (
                vec![
                    (
                        "sso.issuer",
                        "https://login.microsoftonline.com/common/v2.0",
                    ),
                    good,
                ],
                "sso.issuer",
            ),
            (
                vec![("sso.issuer", ENTRA), good, ("sso.only", "perhaps")],
                "sso.only",
            ),
            (
                vec![("sso.issuer", ENTRA), good, ("sso.nonsense", "1")],
                "sso.nonsense",
            ),
        ] {
            let refused = read(&pairs).unwrap_err();
            assert!(refused.contains(named), "{pairs:?}: {refused}");
        }
    }
}
