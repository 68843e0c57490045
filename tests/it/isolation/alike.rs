//! A foreign tenant and one that is not there give the same answer at every route of the inventory, to the byte.

use tenantry::web;
use tenantry::web::kit::policy::Policy;
use uuid::Uuid;

use super::stage::{Customer, Stage, rows_of};
use crate::support::page::Page;

/// The addresses of every route that names something, for this tenant and these ids. A parameter that nobody has taught this
/// test fails it.
fn addresses(short: &str, ids: &Ids) -> Vec<String> {
    web::inventory()
        .into_iter()
        .filter(|route| matches!(route.policy, Policy::Technician(_)) && route.path.contains('{'))
        .map(|route| {
            let path = &route.path;
            let id = match path
                .split("/{id}")
                .next()
                .and_then(|before| before.rsplit('/').next())
            {
                Some("invitations") => &ids.invitation,
                Some("connections") => &ids.connection,
                Some("msal-errors") => &ids.error,
                Some("incidents") => &ids.incident,
                Some("campaigns") => &ids.campaign,
                // Of people and of the installation, not of tenants; for whoever is limited they are shut or theirs alone. A foreign
                // alert has a test of its own (alerts::pages).
                Some(
                    "technicians" | "api-keys" | "credentials" | "views" | "factors" | "sessions"
                    | "audit-log" | "rules" | "channels" | "alerts" | "mails",
                ) => &ids.nothing,
                other if path.contains("{id}") => panic!("whose id is it below {other:?}: {path}"),
                _ => "",
            };
            let filled = path
                .replace("{short}", short)
                .replace("{resource}", "graph")
                .replace("{login}", &ids.nothing)
                .replace("{delivery}", &ids.nothing)
                .replace("{kind}", "invitation")
                .replace("{language}", "de")
                .replace("{id}", id);
            assert!(!filled.contains('{'), "an unknown parameter: {path}");
            filled
        })
        .collect()
}

/// What an address names.
struct Ids {
    invitation: String,
    connection: String,
    error: String,
    incident: String,
    campaign: String,
    nothing: String,
}

impl Ids {
    fn of(customer: &Customer, incident: Uuid) -> Self {
        Self {
            invitation: customer.invitation.to_string(),
            connection: customer.connection.to_string(),
            error: customer.error.to_string(),
            incident: incident.to_string(),
            campaign: customer.campaign.to_string(),
            nothing: tenantry::clock::random_uuid().to_string(),
        }
    }

    fn absent() -> Self {
        Self {
            invitation: tenantry::clock::random_uuid().to_string(),
            connection: tenantry::clock::random_uuid().to_string(),
            error: "999999999".into(),
            incident: tenantry::clock::random_uuid().to_string(),
            campaign: tenantry::clock::random_uuid().to_string(),
            nothing: tenantry::clock::random_uuid().to_string(),
        }
    }
}

/// The answer without what differs between any two: the reference and the nonce of the request, and the name asked for.
fn masked(page: &Page, names: &[&str]) -> String {
    let mut body = page.body.clone();
    for nonce in page.attributes("[nonce]", "nonce") {
        body = body.replace(&nonce, "NONCE");
    }
    for reference in page.texts(".mono") {
        body = body.replace(&reference, "REFERENCE");
    }
    for name in names {
        body = body.replace(name, "NAME");
    }
    format!("{} {:?} {body}", page.status, page.location)
}

/// What a person would have filled in there; no more than the form asks for.
fn fields_of(path: &str) -> &'static [(&'static str, &'static str)] {
    match path.rsplit('/').next() {
        Some("suspension" | "archival") => &[("reason", "because")],
        _ => &[],
    }
}

#[tokio::test]
async fn foreign_and_absent_are_alike_to_the_byte() {
    let stage = Stage::new().await;
    let (browser, own, foreign) = stage.sides().into_iter().next().unwrap();
    let (mine, theirs) = (own[0], foreign[0]);
    let absent = "zeb999q";
    // A foreign tenant against one that is not there, then foreign ids below a tenant of one's own.
    let pairs = addresses(&theirs.short_name, &Ids::of(theirs, stage.incidents[1]))
        .into_iter()
        .zip(addresses(absent, &Ids::absent()))
        .chain(
            addresses(&mine.short_name, &Ids::of(theirs, stage.incidents[1]))
                .into_iter()
                .zip(addresses(&mine.short_name, &Ids::absent()))
                .filter(|(one, other)| one != other),
        );
    let before = rows_of(&stage, &foreign).await;
    let mut compared = 0;
    for (one, other) in pairs {
        let names = [theirs.short_name.as_str(), absent];
        let names_and_ids: Vec<String> = names
            .iter()
            .map(ToString::to_string)
            .chain([&one, &other].map(Clone::clone))
            .collect();
        let names: Vec<&str> = names_and_ids.iter().rev().map(String::as_str).collect();
        let (found, none) = (browser.get(&one).await, browser.get(&other).await);
        assert_eq!(masked(&found, &names), masked(&none, &names), "GET {one}");
        assert!(
            matches!(found.status, 403..=405),
            "GET {one}: {}",
            found.status
        );
        // A field that is not the form's own would be refused before anybody looks whose it is.
        let fields = fields_of(&one);
        let (found, none) = (
            browser.post(&one, fields).await,
            browser.post(&other, fields).await,
        );
        assert_eq!(masked(&found, &names), masked(&none, &names), "POST {one}");
        assert!(
            matches!(found.status, 403..=405),
            "POST {one}: {}",
            found.status
        );
        compared += 2;
    }
    assert!(compared > 60, "{compared}");
    assert_eq!(
        rows_of(&stage, &foreign).await,
        before,
        "nothing was changed"
    );
}
