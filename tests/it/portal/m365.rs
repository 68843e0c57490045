//! "Microsoft 365 Settings" and "Validate Authentication".

use tenantry::domain::technician::Role;
use tenantry::keeper::message::{Check, CheckKind, CheckOutcome, Refusal, Reply};
use tenantry::storage::{ConnectionId, TenantId};
use time::Duration;

use crate::support::app::TestApp;
use crate::support::browser::Browser;
use crate::support::fleet::{Failure, Fleet};

const SETTINGS: &str = "/tenants/alder/configuration/m365";
const VALIDATION: &str = "/tenants/alder/configuration/m365/validation";

struct Stage {
    app: TestApp,
    fleet: Fleet,
    browser: Browser,
    tenant: TenantId,
}

impl Stage {
    async fn new() -> Self {
        let app = TestApp::start().await;
        let fleet = Fleet::new(&app.db, app.clock.now()).await;
        let browser = app.login(Role::Technician).await;
        let tenant = fleet.tenant("alder", "Alder Clinics").await;
        Self {
            app,
            fleet,
            browser,
            tenant,
        }
    }

    async fn connected() -> (Self, ConnectionId) {
        let stage = Self::new().await;
        let connection = stage.fleet.connection(stage.tenant, "active").await;
        (stage, connection)
    }

    fn will_answer(&self, connection: ConnectionId, checks: Vec<Check>) {
        let reply = Reply::Validated {
            connection_id: connection.as_uuid(),
            checks,
        };
        self.app.keeper.answer_next("validate", reply);
    }

    async fn validations(&self) -> Vec<bool> {
        sqlx::query_scalar("select passed from validations order by at")
            .fetch_all(&self.fleet.pool)
            .await
            .unwrap()
    }
}

fn check(check: CheckKind, outcome: CheckOutcome, detail: &str) -> Check {
    Check {
        check,
        outcome,
        detail: detail.to_owned(),
        error_id: None,
    }
}

#[tokio::test]
async fn a_connection_is_shown_with_every_token() {
    let (stage, _) = Stage::connected().await;
    sqlx::query(
        "insert into app_credentials (id, app_registration_id, kind, ct, hint, fingerprint, not_after, created_at)
         select gen_random_uuid(), id, 'secret', '\\x00', 'x7Qz', '\\x00', $1, $2 from app_registrations",
    )
    .bind(stage.fleet.now + Duration::days(40) + Duration::hours(1))
    .bind(stage.fleet.now)
    .execute(&stage.fleet.pool)
    .await
    .unwrap();
    let page = stage.browser.get(SETTINGS).await;
    assert_eq!(page.status, 200, "{}", page.text());
    assert_eq!(page.text_of("h1"), "Microsoft 365 Settings");
    let text = page.text();
    for words in [
        "Auth token",
        "Ada Admin (admin@alder.example)",
        "by device code",
        "Managed",
        "3 of 3 valid",
        "Never validated",
        "Durability: Fair",
        "Client secret ending in x7Qz",
        "40 days left",
    ] {
        assert!(text.contains(words), "{words} in {text}");
    }
    assert_eq!(
        page.texts("td[data-label=Resource]"),
        [
            "Microsoft Graphrequired",
            "Exchange Onlinerequired",
            "Azure managementoptional"
        ]
    );
    let graph = page.text_of("#token-graph");
    assert!(graph.contains("User.Read granted"), "{graph}");
    assert!(
        graph.contains("in 50 minutes") || graph.contains("in 49 minutes"),
        "{graph}"
    );
}

#[tokio::test]
async fn the_buttons_are_what_can_be_done() {
    let (stage, _) = Stage::connected().await;
    let page = stage.browser.get(SETTINGS).await;
    let mut buttons = page.texts("main .page-head .actions button");
    buttons.extend(page.texts("main .page-head .actions a"));
    for label in [
        "Validate Authentication",
        "Switch to auth token",
        "Switch to App Registration",
    ] {
        assert!(buttons.iter().any(|button| button == label), "{label}");
    }
    for href in page.attributes("main .page-head .actions a", "href") {
        assert_eq!(stage.browser.get(&href).await.status, 200, "{href}");
    }
}

#[tokio::test]
async fn an_open_invitation_can_be_sent_again() {
    let stage = Stage::new().await;
    let invitation = stage
        .fleet
        .invitation(stage.tenant, Duration::days(5))
        .await;
    let page = stage.browser.get(SETTINGS).await;
    assert!(page.text().contains("Invitation open"));
    // Link only: there is nowhere to send it, so the dialog shows the link.
    assert!(!page.has(".page-head form"));
    let links = page.attributes(".page-head .actions a", "href");
    assert!(
        links.contains(&"/tenants/alder/invitations/new?from=resend".to_owned()),
        "{links:?}"
    );
    sqlx::query("update invitations set invitation_email = 'it@alder.example'")
        .execute(&stage.fleet.pool)
        .await
        .unwrap();
    let page = stage.browser.get(SETTINGS).await;
    let actions = page.attributes(".page-head form", "action");
    assert_eq!(
        actions,
        [format!("/tenants/alder/invitations/{invitation}/resend")]
    );
}

#[tokio::test]
async fn all_good_is_a_green_banner_with_each_check() {
    let (stage, connection) = Stage::connected().await;
    stage.will_answer(
        connection,
        vec![
            check(CheckKind::Refresh, CheckOutcome::Passed, "Microsoft Graph"),
            check(
                CheckKind::Account,
                CheckOutcome::Passed,
                "admin@alder.example",
            ),
            check(CheckKind::Roles, CheckOutcome::Warning, "No role is held."),
        ],
    );
    let posted = stage.browser.post(VALIDATION, &[]).await;
    assert_eq!(posted.status, 303);
    let page = stage.browser.follow(posted).await;
    assert_eq!(page.text_of(".banner-ok h2"), "Authentication validated");
    assert_eq!(
        page.texts(".banner-ok .checks li strong"),
        ["Token refresh", "Account", "Roles"]
    );
    assert_eq!(stage.validations().await, [true]);
    let audit = stage.app.audit().await;
    assert!(
        audit.contains(&"connection.validated done".to_owned()),
        "{audit:?}"
    );

    // Later the banner is gone and the result stays under its heading.
    let page = stage.browser.get(SETTINGS).await;
    assert!(!page.has(".banner-ok"));
    let last = page.text_of("section[aria-labelledby=last-status]");
    assert!(
        last.contains("Validated") && last.contains("by Robin Marlow"),
        "{last}"
    );
}

#[tokio::test]
async fn a_dead_token_is_a_red_banner_with_the_diagnosis_and_one_button() {
    let (stage, connection) = Stage::connected().await;
    let failure = Failure {
        connection: Some(connection),
        ..Failure::default()
    };
    let error = stage.fleet.error(stage.tenant, failure).await;
    let mut refresh = check(CheckKind::Refresh, CheckOutcome::Failed, "Microsoft Graph");
    refresh.error_id = Some(error.0);
    let skipped = check(
        CheckKind::Tenant,
        CheckOutcome::Skipped,
        "The token is dead.",
    );
    stage.will_answer(connection, vec![refresh, skipped]);
    let posted = stage.browser.post(VALIDATION, &[]).await;
    let page = stage.browser.follow(posted).await;
    let banner = page.text_of(".banner-bad");
    for words in [
        "Authentication failed",
        "Password changed or sessions revoked",
        "Who acts",
        "See the recorded error",
    ] {
        assert!(banner.contains(words), "{words} in {banner}");
    }
    assert_eq!(
        page.attributes(".banner-bad a.primary", "href"),
        ["/tenants/alder/invitations/new?from=m365"]
    );
    assert_eq!(stage.validations().await, [false]);
    let audit = stage.app.audit().await;
    assert!(
        audit.contains(&"connection.validated failed".to_owned()),
        "{audit:?}"
    );
}

#[tokio::test]
async fn a_failed_check_without_an_answer_of_microsoft_has_advice_of_its_own() {
    let (stage, connection) = Stage::connected().await;
    let detail = "Signed in as <b>mallory@alder.example</b>, expected admin@alder.example.";
    stage.will_answer(
        connection,
        vec![check(CheckKind::Account, CheckOutcome::Failed, detail)],
    );
    let posted = stage.browser.post(VALIDATION, &[]).await;
    let page = stage.browser.follow(posted).await;
    assert!(page.text_of(".banner-bad").contains(detail));
    assert!(page.has(".banner-bad a.primary"));
    assert!(!page.has(".banner-bad b"));
}

#[tokio::test]
async fn what_the_keeper_refuses_is_said_and_nothing_is_recorded() {
    let (stage, _) = Stage::connected().await;
    for (refusal, words) in [
        (Refusal::NotThere, "There is no connection to validate yet"),
        (Refusal::Suspended, "This tenant is suspended"),
        (
            Refusal::TryLater {
                retry_after_s: Some(300),
            },
            "try again in 5 minutes",
        ),
        (Refusal::NoApp, "no usable secret or certificate"),
        (Refusal::Quarantined, "cannot be opened"),
    ] {
        let reply = Reply::Refused(refusal);
        stage.app.keeper.answer_next("validate", reply);
        let posted = stage.browser.post(VALIDATION, &[]).await;
        let page = stage.browser.follow(posted).await;
        let banner = page.text_of(".banner-bad");
        assert!(banner.contains(words), "{words} in {banner}");
    }
    assert!(stage.validations().await.is_empty());
}

#[tokio::test]
async fn a_keeper_in_trouble_is_a_page_that_says_to_try_again() {
    let (stage, _) = Stage::connected().await;
    let reply = Reply::Refused(Refusal::Trouble {
        reference: tenantry::clock::random_uuid(),
    });
    stage.app.keeper.answer_next("validate", reply);
    let page = stage.browser.post(VALIDATION, &[]).await;
    assert_eq!(page.status, 503);
}

#[tokio::test]
async fn a_viewer_may_look_and_not_validate() {
    let (stage, _) = Stage::connected().await;
    let browser = stage.app.login(Role::Viewer).await;
    let page = browser.get(SETTINGS).await;
    assert_eq!(page.status, 200);
    assert!(!page.has("main .page-head button"));
    assert_eq!(browser.post(VALIDATION, &[]).await.status, 403);
    assert!(stage.app.keeper.asked().is_empty());
}

#[tokio::test]
async fn another_tenants_run_is_no_banner_here() {
    let (stage, connection) = Stage::connected().await;
    stage.will_answer(
        connection,
        vec![check(CheckKind::Refresh, CheckOutcome::Passed, "Graph")],
    );
    let run = stage.browser.post(VALIDATION, &[]).await.location.unwrap();
    stage.fleet.tenant("birch", "Birch & Sons").await;
    let page = stage.browser.get(&run.replace("alder", "birch")).await;
    assert_eq!(page.status, 200);
    assert!(!page.has(".banner-ok"));
    let page = stage.browser.get(&format!("{SETTINGS}?validation=x")).await;
    assert_eq!(page.status, 200);
}

#[tokio::test]
async fn an_expired_connection_says_why_without_being_asked() {
    let (stage, connection) = Stage::connected().await;
    let failure = Failure {
        connection: Some(connection),
        ..Failure::default()
    };
    let error = stage.fleet.error(stage.tenant, failure).await;
    stage
        .fleet
        .change(
            connection,
            &format!(
                "state = 'needs_consent', cause = 'password_changed', last_error_id = {error}"
            ),
        )
        .await;
    let page = stage.browser.get(SETTINGS).await;
    let banner = page.text_of(".banner-bad");
    assert!(banner.starts_with("Expired since"), "{banner}");
    assert!(banner.contains("Password changed or sessions revoked"));
}

#[tokio::test]
async fn who_waits_for_confirmation_is_shown() {
    let stage = Stage::new().await;
    stage.fleet.connection(stage.tenant, "pending").await;
    let page = stage.browser.get(SETTINGS).await;
    let banner = page.text_of(".banner-warn");
    assert!(banner.contains("Awaiting confirmation"), "{banner}");
    assert!(banner.contains("admin@alder.example (Ada Admin)"));
    assert!(!page.text().contains("Validate Authentication asks") && !page.has(".page-head form"));
}
