//! A world with something behind every parameter of every route, and the addresses that lead there.

use tenantry::domain::alert::OWNERS;
use tenantry::domain::technician::Role;
use time::Duration;
use uuid::Uuid;

use crate::support::app::TestApp;
use crate::support::fleet::{Failure, Fleet};
use crate::support::page::Page;

/// The rule that a fresh installation has.
const RULE: &str = "00000000-0000-7000-8000-000000000002";
const NAME: &str = "Ashgrove Veterinary";

pub struct World {
    /// What stands in the place of the parameter, by the beginning of the route and the parameter's name.
    known: Vec<(&'static str, &'static str, String)>,
}

impl World {
    pub async fn new(app: &TestApp) -> Self {
        let fleet = Fleet::new(&app.db, app.clock.now()).await;
        let tenant = fleet.tenant("ashgrove", NAME).await;
        let connection = fleet.connection(tenant, "active").await;
        let error = fleet.error(tenant, Failure::default()).await;
        let invitation = fleet.invitation(tenant, Duration::days(5)).await;
        let person = app.technician("someone@msp.example", Role::Viewer).await;
        let act: i64 = sqlx::query_scalar(
            "insert into audit_events (at, actor_type, actor_name, action) values (now(), 'worker', 'w', 'some.act') returning id",
        )
        .fetch_one(&app.pool)
        .await
        .unwrap();
        let text = |id: &dyn ToString| id.to_string();
        let absent = || Uuid::nil().to_string();
        Self {
            known: vec![
                ("/tenants/{short}/msal-errors", "id", text(&error)),
                ("/tenants/{short}/invitations", "id", text(&invitation)),
                ("/tenants/{short}/connections", "id", text(&connection)),
                ("/tenants/{short}", "resource", "graph".into()),
                ("/tenants/{short}", "short", "ashgrove".into()),
                ("/monitoring/msal-errors", "id", text(&error)),
                // Nobody's yet: what they lead to when there is one has tests of its own.
                ("/monitoring/operations/incidents", "id", absent()),
                ("/monitoring/campaigns", "id", absent()),
                ("/configuration/alerts/channels", "delivery", absent()),
                ("/configuration/alerts/channels", "id", OWNERS.to_string()),
                ("/configuration/alerts/rules", "id", RULE.into()),
                ("/configuration/alerts", "id", absent()),
                ("/security/app-registration", "id", absent()),
                ("/security/api-keys", "id", absent()),
                ("/api/v1/tenants", "tenant", "ashgrove".into()),
                ("/api/v1/invitations", "id", text(&invitation)),
                ("/api/v1/msal-errors", "number", text(&error)),
                ("/api/v1/campaigns", "campaign", absent()),
                ("/api/v1/alerts", "alert", absent()),
                ("/security/authentication-status/views", "id", absent()),
                ("/security/audit-log", "id", text(&act)),
                ("/security/technicians", "id", text(&person)),
                ("/security/technicians", "login", absent()),
                ("/profile", "id", absent()),
                ("/login/link", "token", "none".into()),
                ("/onboarding", "token", "inv_none".into()),
                ("/brand/logo", "id", absent()),
                ("/brand/colour", "colour", "0f5fa8".into()),
                ("/configuration/invitations", "kind", "invitation".into()),
                ("/configuration/invitations", "language", "de".into()),
                ("/tenants/{short}/mails", "id", absent()),
                ("/static", "version", "0".into()),
                ("/static", "*name", "css/base.css".into()),
            ],
        }
    }

    /// The address of something that is there.
    pub fn own(&self, template: &str) -> String {
        self.fill(template, str::to_owned)
    }

    /// The address of something that is not.
    pub fn absent(&self, template: &str) -> String {
        self.fill(template, |value| match value {
            "ashgrove" => "nowhere".into(),
            number if number.parse::<i64>().is_ok() => "9000000000".into(),
            id if id.parse::<Uuid>().is_ok() => Uuid::nil().to_string(),
            _ => "nothing".into(),
        })
    }

    fn fill(&self, template: &str, change: impl Fn(&str) -> String) -> String {
        template
            .split('/')
            .map(|part| {
                let Some(name) = part
                    .strip_prefix('{')
                    .and_then(|rest| rest.strip_suffix('}'))
                else {
                    return part.to_owned();
                };
                let found = self.known.iter().find(|(route, parameter, _)| {
                    *parameter == name && template.starts_with(route)
                });
                let (_, _, value) =
                    found.unwrap_or_else(|| panic!("teach the matrix {name} of {template}"));
                change(value)
            })
            .collect::<Vec<_>>()
            .join("/")
    }

    /// Nothing of the tenant stands in this answer.
    #[expect(clippy::unused_self, reason = "it reads as what the world is asked")]
    pub fn is_not_named_in(&self, page: &Page) {
        assert!(!page.body.contains(NAME), "{}", page.path);
        assert!(!page.body.contains("ashgrove.example"), "{}", page.path);
    }
}
