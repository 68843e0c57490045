//! Plants the sample tenants on both sides and lives through the days before the visitor arrives: every onboarding, renewal
//! and error of the demo's history really happened between portal, keeper and simulator.

use anyhow::Context;
use futures_util::{StreamExt, TryStreamExt, stream};
use uuid::Uuid;

use super::customer::Customer;
use super::timeline::{self, DAYS, Event};
use super::world::{ACCOUNT_PASSWORD, SAMPLES, Sample, Story};
use super::{furnish, own_app};
use crate::app::App;
use crate::domain::connection::{self, ShownState};
use crate::domain::invitation::Method;
use crate::domain::msal_error;
use crate::domain::op::{Actor, Op, Scope};
use crate::domain::operations;
use crate::domain::report;
use crate::domain::technician::Technician;
use crate::domain::tenant::{self, TenantInput};
use crate::keeper::message::Request;
use crate::simulator::directory::{Directory, NewTenant, NewUser, Policies, Target};
use crate::storage::TenantId;

/// Tenants worked on at the same time.
const AT_ONCE: usize = 8;
const DAY_MS: i64 = 86_400_000;

/// A planted tenant.
#[derive(Clone)]
struct Planted {
    id: TenantId,
    sample: Sample,
}

/// The technician whose customers they are, and where webhooks are taken.
pub struct Desk<'a> {
    pub technician: &'a Technician,
    pub hooks_url: &'a str,
}

/// Plant `count` tenants (the samples first, then plain healthy ones) and live through their history.
pub async fn plant(
    app: &App,
    directory: &Directory,
    client_id: Uuid,
    count: usize,
    desk: &Desk<'_>,
) -> anyhow::Result<()> {
    let samples = samples(count);
    app.clock.set_offset_ms(-first_day() * DAY_MS);
    partitions(app).await?;
    furnish::alerts(app, desk.technician, desk.hooks_url).await?;
    let planted: Vec<Planted> = stream::iter(samples)
        .map(|sample| plant_one(app, directory, client_id, sample))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    for days_ago in DAYS {
        app.clock.set_offset_ms(-days_ago * DAY_MS);
        live(app, directory, &planted, days_ago)
            .await
            .with_context(|| format!("the sample history {days_ago} days ago"))?;
        sample(app).await?;
        furnish::tell(app).await?;
    }
    app.clock.set_offset_ms(0);
    let expired = expired(app, &planted).await?;
    furnish::campaign(app, desk.technician, &expired).await?;
    sum_up(app).await
}

/// How the fleet stands at the end of the day, as Operations shows it over time.
async fn sample(app: &App) -> anyhow::Result<()> {
    connection::keep_status(&app.pool, app.clock.now()).await?;
    let mut op = Op::begin(&app.pool, &app.clock, Actor::Command("demo")).await?;
    operations::take_sample(&mut op).await?;
    op.commit().await?;
    Ok(())
}

/// Every day of the history for the reports; a run sums up a month of days.
async fn sum_up(app: &App) -> anyhow::Result<()> {
    let months = first_day() / 30 + 1;
    for _ in 0..months {
        report::roll_up(&app.pool, &app.clock).await?;
    }
    Ok(())
}

fn first_day() -> i64 {
    DAYS.into_iter().max().unwrap_or_default()
}

/// The samples, and beyond them invented healthy tenants by number.
fn samples(count: usize) -> Vec<Sample> {
    let more = (SAMPLES.len()..count).map(|number| Sample {
        // Lives as long as the program, which plants once.
        short_name: Box::leak(format!("customer-{number:05}").into_boxed_str()),
        full_name: Box::leak(format!("Customer {number:05} Ltd").into_boxed_str()),
        tags: "bronze",
        story: Story::Healthy,
    });
    SAMPLES.into_iter().take(count).chain(more).collect()
}

/// Errors of the history need the months they fell into.
async fn partitions(app: &App) -> anyhow::Result<()> {
    let mut op = Op::begin(&app.pool, &app.clock, Actor::Command("demo")).await?;
    let since = op.now();
    let until = since + time::Duration::days(first_day() + 62);
    msal_error::ensure_partitions(&mut op, since.date(), until.date()).await?;
    op.commit().await?;
    Ok(())
}

async fn plant_one(
    app: &App,
    directory: &Directory,
    client_id: Uuid,
    sample: Sample,
) -> anyhow::Result<Planted> {
    let domain = sample.domain();
    let entra = directory.add_tenant(NewTenant {
        domains: vec![domain.clone()],
        realm: timeline::realm(sample.story),
        premium: sample.tags.contains("gold"),
        approval_workflow: true,
        policies: Policies {
            sif_seconds: timeline::sign_in_frequency(sample.story),
            ..Policies::default()
        },
        ..NewTenant::named(
            sample.full_name,
            &format!("{}.onmicrosoft.example", sample.short_name),
        )
    })?;
    let password = ACCOUNT_PASSWORD.to_owned();
    directory.add_user(NewUser {
        password: password.clone(),
        ..NewUser::admin(
            &sample.admin(),
            &format!("{} Administrator", sample.full_name),
        )
    })?;
    directory.add_user(NewUser {
        password,
        ..NewUser::plain(&format!("office@{domain}"), "Front Office")
    })?;
    directory.grant_admin_consent(&entra.to_string(), client_id, None)?;
    let mut op = Op::begin(&app.pool, &app.clock, Actor::Command("demo")).await?;
    let input = TenantInput {
        short_name: sample.short_name.to_owned(),
        full_name: sample.full_name.to_owned(),
        domain: domain.clone(),
        invitation_email: format!("it@{domain}"),
        admin_username: sample.admin(),
        tags: sample.tags.to_owned(),
        resources: [
            ("graph", "required"),
            ("exchange", "required"),
            ("azure", "optional"),
        ]
        .map(|(r, c)| (r.to_owned(), c.to_owned()))
        .to_vec(),
    };
    let new = input.parse().map_err(|errors| {
        anyhow::anyhow!("the sample {} is wrong: {errors:?}", sample.short_name)
    })?;
    let id = tenant::add(&mut op, Scope::all(), &new).await?;
    op.commit().await?;
    Ok(Planted { id, sample })
}

/// One day: what happens to each tenant, then a renewal of all.
async fn live(
    app: &App,
    directory: &Directory,
    planted: &[Planted],
    days_ago: i64,
) -> anyhow::Result<()> {
    stream::iter(planted)
        .map(|one| async move {
            for event in timeline::events(one.sample.story, days_ago) {
                happen(app, directory, one, event)
                    .await
                    .with_context(|| one.sample.short_name.to_owned())?;
            }
            if is_alive(app, one).await? {
                let tenant_id = one.id.as_uuid();
                app.keeper.ask(Request::Refresh { tenant_id }).await?;
            }
            anyhow::Ok(())
        })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await
}

/// A connection that needs a person is left alone, as the keeper's own schedule does.
async fn is_alive(app: &App, one: &Planted) -> anyhow::Result<bool> {
    Ok(matches!(
        state(app, one).await?,
        Some(ShownState::Valid | ShownState::Expiring | ShownState::Retrying)
    ))
}

/// None for an archived one.
async fn state(app: &App, one: &Planted) -> anyhow::Result<Option<ShownState>> {
    let mut op = Op::begin(&app.pool, &app.clock, Actor::Command("demo")).await?;
    let row = connection::one(&mut op, Scope::one(one.id), one.id).await?;
    Ok(row.map(|row| row.state))
}

async fn expired(app: &App, planted: &[Planted]) -> anyhow::Result<Vec<TenantId>> {
    let mut found = Vec::new();
    for one in planted {
        if state(app, one).await? == Some(ShownState::Expired) {
            found.push(one.id);
        }
    }
    Ok(found)
}

async fn happen(
    app: &App,
    directory: &Directory,
    one: &Planted,
    event: Event,
) -> anyhow::Result<()> {
    let admin = one.sample.admin();
    let customer = Customer {
        app,
        directory,
        tenant: one.id,
        admin: admin.clone(),
    };
    match event {
        Event::Onboard => customer.onboard(Method::DeviceCode, &admin).await?,
        Event::OnboardBrowser => customer.onboard(Method::AuthCode, &admin).await?,
        Event::OnboardAppOnly => customer.onboard(Method::AppOnly, "").await?,
        Event::OwnApp(days) => own_app::enter(&customer, &one.sample, days).await?,
        Event::OnboardHeld => customer.onboard(Method::DeviceCode, "").await?,
        Event::Invite => drop(customer.invite(Method::DeviceCode, &admin).await?),
        Event::Begin => {
            let invitation = customer.invite(Method::DeviceCode, &admin).await?;
            customer.begin(invitation, Method::DeviceCode).await?;
        }
        Event::Suspend | Event::Resume | Event::Archive => change_state(app, one, &event).await?,
        Event::Kill(cause) => {
            let target = Target {
                tenant: Some(one.sample.domain()),
                user: Some(admin),
                client_id: None,
            };
            directory.kill(&target, &cause)?;
        }
        Event::Fault(kind, lasting) => {
            directory.add_fault(Event::fault(kind, lasting, &one.sample.domain()))?;
        }
    }
    Ok(())
}

async fn change_state(app: &App, one: &Planted, event: &Event) -> anyhow::Result<()> {
    let mut op = Op::begin(&app.pool, &app.clock, Actor::Command("demo")).await?;
    let found = tenant::find(&mut op, Scope::one(one.id), one.id)
        .await?
        .context("the sample is gone")?;
    let (scope, op_mut) = (Scope::one(one.id), &mut op);
    let changed = match event {
        Event::Suspend => {
            tenant::suspend(op_mut, scope, &found, "Invoices unpaid since spring").await
        }
        Event::Resume => tenant::resume(op_mut, scope, &found).await,
        _ => tenant::archive(op_mut, scope, &found, "Moved to another provider").await,
    };
    changed?;
    op.commit().await?;
    Ok(())
}
