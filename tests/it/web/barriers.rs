//! Every page of technicians, in both themes: axe-core finds nothing, and at 320 px no page is wider than its window. A page
//! that is new is added to the list.

use tenantry::domain::technician::Role;
use time::Duration;

use crate::support::app::TestApp;
use crate::support::axe::{Theme, findings, fits, prefer, resize};
use crate::support::chrome::{Chrome, open_as};
use crate::support::fleet::{Failure, Fleet};

pub(super) struct World {
    pub(super) app: TestApp,
    pub(super) pages: Vec<String>,
}

/// What needs no id.
const PAGES: &[&str] = &[
    "/security/authentication-status",
    "/security/authentication-status?state=expired&expires=2026-01-01",
    "/security/authentication-status?q=nobody",
    "/security/app-registration",
    "/security/technicians",
    "/security/audit-log",
    "/security/audit-log?result=maybe",
    "/security/technicians/new",
    "/security/api-keys",
    "/security/api-keys/new",
    "/profile",
    "/profile/app",
    "/login/step-up",
    "/login/step-up/again?next=/monitoring/reports.csv",
    "/tenants",
    "/tenants/new",
    "/tenants/import",
    "/tenants/alder/edit",
    "/tenants/alder/suspension",
    "/tenants/alder",
    "/tenants/birch/configuration/m365",
    "/tenants/birch/configuration/m365/app-registration",
    "/tenants/cedar/invitations",
    "/tenants/cedar/invitations/new?from=status",
    "/tenants/birch/msal-errors",
    "/tenants/birch",
    "/tenants/birch/activity",
    "/tenants/birch/activity/calls",
    "/tenants/birch/report",
    "/tenants/birch/configuration/expiry-warning",
    "/tenants/alder/tokens/graph",
    "/tenants/alder/automation",
    "/api/docs",
    "/tenants/alder/configuration/m365/disconnect",
    "/security/disconnect-all",
    "/monitoring/msal-errors",
    "/monitoring/msal-errors?fold=equal",
    "/monitoring/operations",
    "/monitoring/reports",
    "/monitoring/customer/pending-invitations",
    "/monitoring/campaigns",
    "/monitoring/campaigns/new",
    "/configuration/permissions",
    "/configuration/permissions/new",
    "/configuration/alerts",
    "/configuration/alerts/rules",
    "/configuration/alerts/rules/new",
    "/configuration/alerts/rules/00000000-0000-7000-8000-000000000002",
    "/configuration/alerts/channels",
    "/configuration/alerts/channels/new?kind=heartbeat",
    "/configuration/alerts/channels/00000000-0000-7000-8000-000000000001",
    "/configuration/alerts/deliveries",
    "/configuration/invitations",
    "/configuration/invitations/invitation/de",
    "/configuration/branding",
    "/tenants/birch/configuration/mails",
];

/// One tenant in each state, with something on every page.
pub(super) async fn world() -> World {
    let app = TestApp::start().await;
    let fleet = Fleet::new(&app.db, app.clock.now()).await;
    let alder = fleet.tenant("alder", "Alder Clinics").await;
    fleet.tag(alder, "gold").await;
    let well = fleet.connection(alder, "active").await;
    fleet
        .expires(well, Duration::days(5), "sign_in_frequency")
        .await;
    let birch = fleet.tenant("birch", "Birch & Sons").await;
    let dead = fleet.connection(birch, "needs_consent").await;
    let error = fleet
        .error(
            birch,
            Failure {
                connection: Some(dead),
                ..Failure::default()
            },
        )
        .await;
    let why = format!(
        "cause = 'password_changed', last_error_id = {error}, last_error_code = 50173, last_error_at = now()"
    );
    fleet.change(dead, &why).await;
    let cedar = fleet.tenant("cedar", "Cedar Foods").await;
    fleet.invitation(cedar, Duration::days(5)).await;
    fleet.tenant("dogwood", "Dogwood Legal").await;
    let id: uuid::Uuid = birch.as_uuid();
    let mut pages: Vec<String> = PAGES.iter().map(|page| (*page).to_owned()).collect();
    pages.push(format!("/monitoring/msal-errors/{error}"));
    pages.push(format!(
        "/security/authentication-status/snooze?tenant={id}"
    ));
    pages.push(format!(
        "/security/authentication-status/invitations?tenant={id}"
    ));
    campaigns(&app, &mut pages).await;
    let sam = app.technician("sam@msp.example", Role::Technician).await;
    sqlx::query(
        "insert into technician_limits (technician_id, kind, tags, tenants, updated_at)
         values ($1, 'except', '{gold}', array[$2], now())",
    )
    .bind(sam)
    .bind(birch)
    .execute(&app.pool)
    .await
    .unwrap();
    pages.push(format!("/security/technicians/{sam}"));
    pages.push(format!("/security/technicians/{sam}/tenants"));
    alert(&app, &mut pages).await;
    World { app, pages }
}

async fn campaigns(app: &TestApp, pages: &mut Vec<String>) {
    for state in ["draft", "running"] {
        let id = tenantry::clock::random_uuid();
        sqlx::query(
            "with made as (insert into campaigns (id, name, reason, per_hour, state, size, next_send_at, deadline, created_at)
               values ($1, 'Autumn', 'expired', 60, $2, 2, now() + interval '1 day', now() + interval '9 days', now())
               returning id)
             insert into campaign_tenants (tenant_id, campaign_id, place, updated_at)
             select t.id, made.id, 1, now() from made, tenants t where t.short_name in ('alder', 'birch')",
        )
        .bind(id)
        .bind(state)
        .execute(&app.pool)
        .await
        .unwrap();
        pages.push(format!("/monitoring/campaigns/{id}"));
    }
}

async fn alert(app: &TestApp, pages: &mut Vec<String>) {
    let alert = tenantry::clock::ordered_uuid();
    for sql in [
        "insert into alerts (id, rule_id, tenant_id, event, cause, severity, began_at, opened_at)
         select $1, r.id, t.id, 'expired', 'mfa_required', 'urgent', now(), now() from alert_rules r, tenants t where t.short_name = 'alder'",
        "insert into alert_deliveries (id, channel_id, alert_id, tenant_id, step, content, created_at, next_at)
         select gen_random_uuid(), c.id, a.id, a.tenant_id, 'opened', '{\"title\": \"alder: authorisation expired\"}', now(), now()
         from alert_channels c, alerts a where a.id = $1",
    ] {
        sqlx::query(sql).bind(alert).execute(&app.pool).await.unwrap();
    }
    pages.push(format!("/configuration/alerts/{alert}"));
}

#[tokio::test]
async fn no_page_of_technicians_has_a_barrier_or_is_wider_than_a_phone() -> anyhow::Result<()> {
    let world = world().await;
    let browser = world.app.login(Role::Owner).await;
    let chrome = Chrome::start().await?;
    let web = chrome.browser().await?;
    let base = &world.app.app.site.base_url;
    let mut wrong = Vec::new();
    open_as(&web, base, &browser, "/").await?;
    for page in &world.pages {
        web.goto(base.join(page)?.as_str()).await?;
        for theme in Theme::BOTH {
            prefer(&web, theme).await?;
            resize(&web, 1280, 900).await?;
            for finding in findings(&web).await? {
                wrong.push(format!("{page} {}: {finding}", theme.word()));
            }
        }
        resize(&web, 320, 800).await?;
        if !fits(&web).await? {
            wrong.push(format!("{page} is wider than 320 px"));
        }
    }
    web.quit().await?;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

#[tokio::test]
async fn nor_have_the_pages_of_single_sign_on() -> anyhow::Result<()> {
    let world = crate::web::single_sign_on::World::start().await;
    let robin = world.linked(Role::Viewer).await;
    let base = &world.app.app.site.base_url;
    let chrome = Chrome::start().await?;
    let web = chrome.browser().await?;
    let mut wrong = Vec::new();
    for page in [
        "/login",
        "/login/sso",
        "/login/return?state=x",
        "/profile/single-sign-on",
    ] {
        if page.starts_with("/profile") {
            open_as(&web, base, &world.app.browser_of(robin).await, page).await?;
        } else {
            web.goto(base.join(page)?.as_str()).await?;
        }
        for theme in Theme::BOTH {
            prefer(&web, theme).await?;
            resize(&web, 1280, 900).await?;
            for finding in findings(&web).await? {
                wrong.push(format!("{page} {}: {finding}", theme.word()));
            }
        }
        resize(&web, 320, 800).await?;
        if !fits(&web).await? {
            wrong.push(format!("{page} is wider than 320 px"));
        }
    }
    web.quit().await?;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

#[tokio::test]
async fn nor_has_a_page_of_somebody_not_signed_in() -> anyhow::Result<()> {
    let app = TestApp::start().await;
    let chrome = Chrome::start().await?;
    let web = chrome.browser().await?;
    let mut wrong = Vec::new();
    for page in [
        "/login",
        "/onboarding",
        "/onboarding/nonsense",
        "/nothing-here",
    ] {
        web.goto(app.app.site.base_url.join(page)?.as_str()).await?;
        for theme in Theme::BOTH {
            prefer(&web, theme).await?;
            for finding in findings(&web).await? {
                wrong.push(format!("{page} {}: {finding}", theme.word()));
            }
        }
        resize(&web, 320, 800).await?;
        if !fits(&web).await? {
            wrong.push(format!("{page} is wider than 320 px"));
        }
    }
    web.quit().await?;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

#[tokio::test]
async fn nor_have_the_pages_of_a_pin() -> anyhow::Result<()> {
    use thirtyfour::prelude::*;
    let app = TestApp::start().await;
    crate::support::tenant::add(&app.pool, "contoso").await;
    let technician = app.login(Role::Technician).await;
    let base = &app.app.site.base_url;
    let chrome = Chrome::start().await?;
    let web = chrome.browser().await?;
    let mut wrong = Vec::new();
    let dialog = "/tenants/contoso/invitations/new?from=status";
    open_as(&web, base, &technician, dialog).await?;
    web.find(By::Name("ask_pin")).await?.click().await?;
    web.find(By::Css("dialog form.stack button.primary"))
        .await?
        .click()
        .await?;
    let field = web.query(By::Id("auth-url")).first().await?;
    let link = field.prop("value").await?.unwrap_or_default();
    for step in ["made", "announced", "asked"] {
        match step {
            "announced" => web.goto(&link).await?,
            "asked" => {
                web.find(By::Css("main button.primary"))
                    .await?
                    .click()
                    .await?;
                web.query(By::Id("pin")).first().await?;
            }
            _ => {}
        }
        for theme in Theme::BOTH {
            prefer(&web, theme).await?;
            resize(&web, 1280, 900).await?;
            for finding in findings(&web).await? {
                wrong.push(format!("{step} {}: {finding}", theme.word()));
            }
        }
        resize(&web, 320, 800).await?;
        if !fits(&web).await? {
            wrong.push(format!("{step} is wider than 320 px"));
        }
        resize(&web, 1280, 900).await?;
    }
    web.quit().await?;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

#[tokio::test]
async fn nor_has_a_page_between_the_password_and_the_login() -> anyhow::Result<()> {
    let app = TestApp::start().await;
    let (password, chrome) = ("correct horse battery", Chrome::start().await?);
    for email in ["new@msp.example", "old@msp.example"] {
        app.technician_with_password(email, password, Role::Technician)
            .await;
    }
    app.phone_of("old@msp.example").await;
    let web = chrome.browser().await?;
    let mut wrong = Vec::new();
    for (email, pages) in [
        ("old@msp.example", &["/login/factor"][..]),
        ("new@msp.example", &["/login/enrol", "/login/enrol/app"]),
    ] {
        let browser = app.halfway(email, password).await;
        if email.starts_with("new") {
            browser.post("/login/enrol/app", &[]).await;
        }
        for page in pages {
            open_as(&web, &app.app.site.base_url, &browser, page).await?;
            assert_eq!(web.current_url().await?.path(), *page);
            for theme in Theme::BOTH {
                prefer(&web, theme).await?;
                resize(&web, 1280, 900).await?;
                for finding in findings(&web).await? {
                    wrong.push(format!("{page} {}: {finding}", theme.word()));
                }
            }
            resize(&web, 320, 800).await?;
            if !fits(&web).await? {
                wrong.push(format!("{page} is wider than 320 px"));
            }
        }
    }
    web.quit().await?;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}
