//! The small directory that a simulator on its own starts with.

use std::collections::BTreeSet;

use serde::Serialize;
use time::Duration;
use uuid::{Uuid, uuid};

use super::{
    App, ClientSecret, Directory, EditError, Mfa, NewTenant, NewUser, RequiredAccess, Resource,
};

/// The sample registration, as printed at start.
#[derive(Clone, Debug, Serialize)]
pub struct SampleApp {
    pub client_id: Uuid,
    pub client_secret: String,
    /// A Global Administrator with a second factor.
    pub admin: String,
    pub user: String,
    pub password: String,
}

const CLIENT_ID: Uuid = uuid!("7e9a4c1e-0000-4000-8000-5170a7e00001");

/// Fill an empty directory with two tenants, their people and one multi-tenant registration.
pub fn plant(directory: &Directory) -> Result<SampleApp, EditError> {
    for (name, domain, id) in [
        (
            "Contoso",
            "contoso",
            uuid!("c0c0c0c0-0000-4000-8000-000000000001"),
        ),
        (
            "Fabrikam",
            "fabrikam",
            uuid!("fab0fab0-0000-4000-8000-000000000002"),
        ),
    ] {
        directory.add_tenant(NewTenant {
            id: Some(id),
            domains: vec![format!("{domain}.example")],
            premium: true,
            ..NewTenant::named(name, &format!("{domain}.onmicrosoft.example"))
        })?;
        directory.add_user(NewUser::admin(
            &format!("admin@{domain}.example"),
            &format!("{name} Administrator"),
        ))?;
        directory.add_user(NewUser {
            mfa: Mfa::None,
            ..NewUser::plain(&format!("user@{domain}.example"), &format!("{name} User"))
        })?;
    }
    let secret = format!("sim~{}", crate::clock::random_uuid().simple());
    let client_id = directory.put_app(App {
        client_id: CLIENT_ID,
        name: "Tenantry (sample)".to_owned(),
        public_flows: true,
        multi_tenant: true,
        home_tenant: None,
        secrets: vec![ClientSecret {
            id: crate::clock::random_uuid(),
            value: secret.clone(),
            expires_at: directory.instant() + Duration::days(180),
        }],
        certificates: Vec::new(),
        redirect_uris: vec!["http://localhost:8080/onboarding/return".to_owned()],
        required: required_access(),
        verified_publisher: true,
    });
    Ok(SampleApp {
        client_id,
        client_secret: secret,
        admin: "admin@contoso.example".to_owned(),
        user: "user@contoso.example".to_owned(),
        password: super::DEFAULT_PASSWORD.to_owned(),
    })
}

/// What a console of this kind asks for: a resource per line, delegated first.
pub fn required_access() -> Vec<RequiredAccess> {
    let names = |names: &[&str]| {
        names
            .iter()
            .map(|n| (*n).to_owned())
            .collect::<BTreeSet<_>>()
    };
    vec![
        RequiredAccess {
            resource: Resource::Graph,
            delegated: names(&[
                "Directory.Read.All",
                "Organization.Read.All",
                "User.Read",
                "User.Read.All",
            ]),
            application: names(&["Directory.Read.All", "Organization.Read.All"]),
        },
        RequiredAccess {
            resource: Resource::Exchange,
            delegated: names(&["Exchange.Manage"]),
            application: names(&["Exchange.ManageAsApp"]),
        },
        RequiredAccess {
            resource: Resource::Teams,
            delegated: names(&["user_impersonation"]),
            application: BTreeSet::new(),
        },
        RequiredAccess {
            resource: Resource::AzureManagement,
            delegated: names(&["user_impersonation"]),
            application: BTreeSet::new(),
        },
    ]
}
