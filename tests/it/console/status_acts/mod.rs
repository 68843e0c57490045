//! What is done on the Authentication Status besides looking: snoozing, inviting and validating several at once, saved views,
//! the CSV, the charts; and that an open page hears what changes.

mod days;

use tenantry::domain::technician::Role;
use tenantry::keeper::message::Reply;
use tenantry::storage::TenantId;
use time::Duration;

use crate::support::app::TestApp;
use crate::support::browser::Browser;
use crate::support::fleet::Fleet;

const STATUS: &str = "/security/authentication-status";
const SNOOZE: &str = "/security/authentication-status/snooze";
const NAMES: &str = "table.status tbody td[data-label=Tenant] a.strong";

struct Stage {
    app: TestApp,
    fleet: Fleet,
    browser: Browser,
    /// Well.
    alder: TenantId,
    /// Expired.
    birch: TenantId,
}

impl Stage {
    async fn new() -> Self {
        let app = TestApp::start().await;
        let fleet = Fleet::new(&app.db, app.clock.now()).await;
        let browser = app.login(Role::Technician).await;
        let alder = fleet.tenant("alder", "Alder Clinics").await;
        fleet.connection(alder, "active").await;
        let birch = fleet.tenant("birch", "Birch & Sons").await;
        let dead = fleet.connection(birch, "needs_consent").await;
        fleet
            .change(
                dead,
                "cause = 'password_changed', last_error_code = 50173, last_error_id = 1",
            )
            .await;
        Self {
            app,
            fleet,
            browser,
            alder,
            birch,
        }
    }

    /// So many days pass. No login lasts so long: a new one.
    async fn later(&mut self, days: u64) {
        self.app.advance(std::time::Duration::from_hours(24 * days));
        self.browser = self.app.login(Role::Technician).await;
    }

    async fn snoozed(&self) -> usize {
        let page = self.browser.get(&format!("{STATUS}?snoozed=yes")).await;
        page.texts(NAMES).len()
    }

    fn day(&self, from_now: i64) -> String {
        (self.app.clock.now() + Duration::days(from_now))
            .date()
            .to_string()
    }

    async fn snooze_birch(&self) {
        let (id, until) = (self.birch.to_string(), self.day(3));
        let fields = [
            ("tenant", id.as_str()),
            ("until", &until),
            ("reason", "On holiday"),
            ("back", "state=expired"),
        ];
        let page = self.browser.post(SNOOZE, &fields).await;
        assert_eq!(
            page.location.as_deref(),
            Some("/security/authentication-status?state=expired"),
            "{}",
            page.text()
        );
    }
}

#[tokio::test]
async fn a_snoozed_tenant_stays_marked_and_can_be_left_out_of_the_red() {
    let stage = Stage::new().await;
    let ask = stage
        .browser
        .get(&format!(
            "{SNOOZE}?tenant={}&back=state%3Dexpired",
            stage.birch
        ))
        .await;
    assert!(ask.text().contains("Birch & Sons"));
    stage.snooze_birch().await;
    let page = stage.browser.get(STATUS).await;
    let row = page.text_of(&format!("tr[data-tenant='{}']", stage.birch));
    assert!(
        row.contains("Expired") && row.contains("Snoozed through") && row.contains("On holiday"),
        "{row}"
    );
    assert!(page.texts(".counts a").contains(&"1 Expired".to_owned()));
    let page = stage.browser.get(&format!("{STATUS}?snoozed=no")).await;
    assert_eq!(page.texts(NAMES), ["alder"]);
    assert!(page.texts(".counts a").contains(&"0 Expired".to_owned()));
    let page = stage.browser.get(&format!("{STATUS}?snoozed=yes")).await;
    assert_eq!(page.texts(NAMES), ["birch"]);
    assert_eq!(stage.app.audit().await, ["tenant.snoozed done"]);
}

#[tokio::test]
async fn a_snooze_ends_by_itself_after_its_day_and_by_hand_before() {
    let mut stage = Stage::new().await;
    stage.snooze_birch().await;
    assert_eq!(stage.snoozed().await, 1);
    stage.later(3).await;
    assert_eq!(stage.snoozed().await, 1);
    stage.later(1).await;
    assert_eq!(stage.snoozed().await, 0);
    stage.snooze_birch().await;
    assert_eq!(stage.snoozed().await, 1);
    let id = stage.birch.to_string();
    let wake = format!("{STATUS}/wake");
    stage.browser.post(&wake, &[("tenant", &id)]).await;
    assert_eq!(stage.snoozed().await, 0);
    let idle = stage.browser.post(&wake, &[("tenant", &id)]).await;
    let page = stage.browser.follow(idle).await;
    assert!(page.text().contains("None of them was snoozed"));
}

#[tokio::test]
async fn a_snooze_needs_a_day_to_come_and_a_reason() {
    let stage = Stage::new().await;
    let id = stage.birch.to_string();
    let (yesterday, soon, late) = (stage.day(-1), stage.day(1), stage.day(500));
    for (until, reason, field) in [
        (yesterday.as_str(), "x", "until"),
        (&late, "x", "until"),
        ("tomorrow", "x", "until"),
        (&soon, "  ", "reason"),
    ] {
        let fields = [
            ("tenant", id.as_str()),
            ("until", until),
            ("reason", reason),
        ];
        let page = stage.browser.post(SNOOZE, &fields).await;
        assert_eq!(page.status, 422);
        assert!(!page.field_error(field).is_empty(), "{until} {reason:?}");
        assert_eq!(page.value("until"), until);
    }
    assert!(stage.app.audit().await.is_empty());
}

#[tokio::test]
async fn nothing_chosen_and_a_viewer_change_nothing() {
    let stage = Stage::new().await;
    assert_eq!(stage.browser.get(SNOOZE).await.status, 400);
    let viewer = stage.app.login(Role::Viewer).await;
    assert_eq!(
        viewer
            .get(&format!("{SNOOZE}?tenant={}", stage.birch))
            .await
            .status,
        403
    );
    let page = viewer.get(STATUS).await;
    assert!(!page.has("input[name=tenant]") && !page.has(".bulk"));
    let id = stage.birch.to_string();
    for act in ["snooze", "wake", "validation", "invitations", "views"] {
        let page = viewer
            .post(
                &format!("{STATUS}/{act}"),
                &[("tenant", &id), ("name", "x")],
            )
            .await;
        assert_eq!(page.status, 403, "{act}");
    }
}

#[tokio::test]
async fn invitations_for_several_are_named_first_and_made_each_for_itself() {
    let stage = Stage::new().await;
    stage
        .fleet
        .change_tenant(stage.alder, "invitation_email = 'it@alder.example'")
        .await;
    let query = format!("tenant={}&tenant={}", stage.alder, stage.birch);
    let page = stage
        .browser
        .get(&format!("{STATUS}/invitations?{query}"))
        .await;
    assert!(
        page.text().contains("it@alder.example") && page.text().contains("no address: link only")
    );
    let (alder, birch) = (stage.alder.to_string(), stage.birch.to_string());
    let sent = stage
        .browser
        .post(
            &format!("{STATUS}/invitations"),
            &[("tenant", &alder), ("tenant", &birch)],
        )
        .await;
    assert_eq!(sent.location.as_deref(), Some(STATUS));
    let page = stage.browser.get(STATUS).await;
    assert!(
        page.text().contains("2 tenants without mail"),
        "{}",
        page.text()
    );
    let open: i64 = sqlx::query_scalar("select count(*) from invitations where state = 'open'")
        .fetch_one(&stage.app.pool)
        .await
        .unwrap();
    assert_eq!(open, 2);
    assert!(
        page.text_of(&format!("tr[data-tenant='{birch}']"))
            .contains("A renewal is under way")
    );
}

#[tokio::test]
async fn several_are_validated_and_the_notice_names_who_is_in_trouble() {
    let stage = Stage::new().await;
    let connection = sqlx::query_scalar("select id from connections where tenant_id = $1")
        .bind(stage.alder)
        .fetch_one(&stage.app.pool)
        .await
        .unwrap();
    stage.app.keeper.answer_next(
        "validate",
        Reply::Validated {
            connection_id: connection,
            checks: vec![],
        },
    );
    let alder = stage.alder.to_string();
    stage
        .browser
        .post(&format!("{STATUS}/validation"), &[("tenant", &alder)])
        .await;
    let page = stage.browser.get(STATUS).await;
    assert!(
        page.text().contains("1 tenant validated."),
        "{}",
        page.text()
    );
    assert_eq!(stage.app.audit().await, ["connection.validated done"]);
}

#[tokio::test]
async fn what_no_table_can_hold_is_a_blank() {
    let stage = Stage::new().await;
    let fields = [("name", "Re\0ds"), ("state", "expired")];
    stage
        .browser
        .post(&format!("{STATUS}/views"), &fields)
        .await;
    let page = stage.browser.get(STATUS).await;
    assert_eq!(page.texts(".views .chip"), ["Re ds"]);
    for field in ["q", "tag", "after", "before", "cause"] {
        let fields = [("name", ""), (field, "Re\0ds")];
        let refused = stage
            .browser
            .post(&format!("{STATUS}/views"), &fields)
            .await;
        assert_eq!(refused.status, 422, "{field}");
    }
}

#[tokio::test]
async fn a_view_is_saved_for_oneself_found_again_and_removed() {
    let stage = Stage::new().await;
    let fields = [("name", "Reds"), ("state", "expired"), ("sort", "name")];
    let saved = stage
        .browser
        .post(&format!("{STATUS}/views"), &fields)
        .await;
    let address = format!("{STATUS}?state=expired&sort=name");
    assert_eq!(saved.location.as_deref(), Some(address.as_str()));
    let page = stage.browser.get(STATUS).await;
    assert_eq!(
        page.attributes(".views .chip", "href"),
        std::slice::from_ref(&address)
    );
    let fields = [("name", "REDS"), ("state", "expired"), ("sort", "name")];
    let again = stage
        .browser
        .post(&format!("{STATUS}/views"), &fields)
        .await;
    assert_eq!(again.status, 422);
    assert!(
        again
            .field_error("name")
            .contains("You have a view of that name")
    );
    assert_eq!(again.value("name"), "REDS");
    let other = stage.app.login(Role::Technician).await;
    assert!(!other.get(STATUS).await.has(".views .chip"));
    let chosen = stage.browser.get(&address).await;
    let removal = chosen.attributes(".views form", "action")[0].clone();
    assert_eq!(other.post(&removal, &[]).await.status, 404);
    stage.browser.post(&removal, &[]).await;
    assert!(!stage.browser.get(STATUS).await.has(".views .chip"));
}

#[tokio::test]
async fn a_filter_that_does_not_exist_is_named_and_never_taken_for_no_filter() {
    let stage = Stage::new().await;
    for (name, word) in [
        ("state", "broken"),
        ("cause", "gremlins"),
        ("mode", "telepathy"),
        ("snoozed", "maybe"),
        ("expires", "tomorrow"),
    ] {
        let query = format!("?{name}={word}");
        let page = stage.browser.get(&format!("{STATUS}{query}")).await;
        let alert = page.texts("[role=alert]").join(" ");
        assert!(alert.contains(&format!("{name} “{word}”")), "{alert}");
        let csv = format!("{STATUS}/export.csv{query}");
        assert_eq!(stage.browser.get(&csv).await.status, 400, "{query}");
    }
    let page = stage.browser.get(&format!("{STATUS}?state=expired")).await;
    assert!(!page.has("[role=alert]"));
}

#[tokio::test]
async fn the_csv_has_every_row_under_the_filter_and_no_formula() {
    let stage = Stage::new().await;
    stage
        .fleet
        .change_tenant(stage.alder, "full_name = '=HYPERLINK(1)'")
        .await;
    let csv = stage
        .browser
        .get(&format!("{STATUS}/export.csv?sort=tenant"))
        .await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    let lines: Vec<&str> = csv.body.lines().collect();
    assert_eq!(lines.len(), 3, "{}", csv.body);
    assert!(lines[0].starts_with("Short name,Full name,"));
    assert!(
        lines[1].starts_with("alder,\"'=HYPERLINK(1)\","),
        "{}",
        lines[1]
    );
    let red = stage
        .browser
        .get(&format!("{STATUS}/export.csv?state=expired"))
        .await;
    assert!(
        red.body
            .contains("birch,Birch & Sons,birch.example,Auth token,admin@birch.example,Expired,"),
        "{}",
        red.body
    );
    assert!(!red.body.contains("alder"));
}
