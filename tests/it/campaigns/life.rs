//! A campaign from the form to the last check: portal, keeper, a simulated Microsoft, and a mail server.

use std::time::Duration;

use tenantry::domain::campaign::{self, RowFilter, Stage as Step};
use tenantry::domain::op::{Actor, Op, Scope};
use tenantry::storage::CampaignId;

use super::stage::{FAST, letters, runner};
use crate::onboarding::live::stage::{DONE, Live};
use crate::support::keeper::ADMIN;
use crate::support::smtp::MailServer;

/// Path of the invitation's link in this letter.
fn link(letter: &str) -> String {
    let text = letter.replace("=\n", "");
    let start = text.find("/onboarding/inv_").expect("a link");
    text[start..]
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || "/_-".contains(*c))
        .collect()
}

async fn stages(live: &Live, id: CampaignId) -> Vec<(String, Step)> {
    let app = &live.portal.app;
    let mut op = Op::begin(&app.pool, &app.clock, Actor::Command("test"))
        .await
        .unwrap();
    let all = RowFilter::default();
    let rows = campaign::board(&mut op, Scope::all(), id, &all, 50, 0).await;
    let rows = rows.unwrap().0.into_iter();
    rows.map(|row| (row.short_name, row.stage)).collect()
}

#[tokio::test]
async fn mailed_opened_signed_in_and_validated() {
    let live = Live::start().await;
    live.world.customer("birch").await;
    live.world.customer("cedar").await;
    sqlx::query("update tenants set admin_username = 'admin@' || short_name || '.example',
           invitation_email = case when short_name <> 'cedar' then 'it@' || short_name || '.example' else '' end")
        .execute(&live.world.pool)
        .await
        .unwrap();
    live.world.consent();
    let server = MailServer::start().await;
    let mut app = live.portal.app.clone();
    app.mailer = Some(server.mailer());

    let form = live
        .technician
        .get("/monitoring/campaigns/new?state=not_connected")
        .await;
    assert!(
        form.text().contains("3 tenants match now."),
        "{}",
        form.text()
    );
    let made = live.technician.submit(&form, "form.stack", &FAST).await;
    let draft = live.technician.follow(made).await;
    let text = draft.text();
    assert!(text.contains("3 tenants; 2 would be asked now"), "{text}");
    assert!(
        text.contains("1 has no mail address and is not asked"),
        "{text}"
    );
    assert!(
        text.contains("To it@birch.example: Harbourline IT asks you to renew"),
        "{text}"
    );
    assert_eq!(draft.text_of("[data-count=waiting] strong"), "3");
    let page = draft.path.clone();
    let id: CampaignId = page.rsplit('/').next().unwrap().parse().unwrap();
    runner(&app).sweep().await.unwrap();
    assert_eq!(letters(&server).len(), 0, "a draft mails nobody");

    let started = live
        .technician
        .submit(&draft, &format!("form[action='{page}/start']"), &[])
        .await;
    assert_eq!(started.status, 303, "{}", started.text());
    for _ in 0..4 {
        runner(&app).sweep().await.unwrap();
        live.world.clock.advance(Duration::from_secs(2));
    }
    app.sender().sweep().await.unwrap();
    let sent: Vec<String> = letters(&server).into_iter().map(|one| one.0).collect();
    assert_eq!(sent, ["it@birch.example", "it@contoso.example"]);
    let now = |steps: [Step; 3]| {
        let names = ["birch", "cedar", "contoso"].map(str::to_owned);
        names.into_iter().zip(steps).collect::<Vec<_>>()
    };
    assert_eq!(
        stages(&live, id).await,
        now([Step::Sent, Step::Failed, Step::Sent])
    );

    let all = server.letters();
    let link = link(&all[1]);
    let browser = live.portal.browser();
    let shown = browser.get(&link).await;
    assert_eq!(shown.status, 200, "{link}");
    assert_eq!(
        stages(&live, id).await[2].1,
        Step::Sent,
        "a scanner looks and nothing changes"
    );
    let moved = browser.submit(&shown, "form", &[]).await;
    assert_eq!(stages(&live, id).await[2].1, Step::Opened);
    let shown = browser.follow(moved).await;
    let begun = browser
        .submit(&shown, "form[action='/onboarding/start']", &[])
        .await;
    let shown = browser.follow(begun).await;
    assert_eq!(stages(&live, id).await[2].1, Step::Started);
    live.world.approve(&shown.text_of(".usercode"), ADMIN);
    live.until(&browser, DONE).await;
    let after = stages(&live, id).await[2].1;
    if after == Step::Consented {
        let swept = runner(&app).sweep().await.unwrap();
        assert_eq!(swept.checked, 1);
    }
    assert_eq!(
        stages(&live, id).await,
        now([Step::Sent, Step::Failed, Step::Validated])
    );
    let board = live.technician.get(&page).await;
    assert_eq!(board.text_of("[data-count=validated] strong"), "1");
    assert_eq!(board.text_of("[data-count=sent] strong"), "1");
    live.world.judge().await;
}
