//! Authenticator apps: the seed is sealed by the keeper and opened at its own place alone, each code is good once.

use futures_util::future::join_all;
use tenantry::clock::{Clock, ordered_uuid};
use tenantry::keeper::message::totp::{Answer, Ask};
use tenantry::keeper::message::{Refusal, Reply, Request};
use tenantry::keeper::totp::{STEP_S, code_at};
use uuid::Uuid;

use crate::support::factors::early_in_a_step;
use crate::support::keeper::{Keeper, World, text};

struct App {
    technician: Uuid,
    factor: Uuid,
    seed: String,
}

impl App {
    /// Somebody's app, stored as the portal stores it.
    async fn new(world: &World, keeper: &Keeper) -> Self {
        let (technician, factor) = (ordered_uuid(), ordered_uuid());
        sqlx::query("insert into technicians (id, email, display_name, role, created_at) values ($1, $2, 'Robin', 'owner', now())")
            .bind(technician)
            .bind(format!("{technician}@msp.example"))
            .execute(&world.pool)
            .await
            .unwrap();
        let made = Request::Totp(Ask::Make {
            technician_id: technician,
            factor_id: factor,
        });
        let Reply::Totp(Answer::Made { ciphertext, seed }) = keeper.ask(made).await else {
            panic!("no seed");
        };
        sqlx::query(
            "insert into technician_factors (id, technician_id, kind, name, seed_ct, created_at) values ($1, $2, 'totp', 'App', $3, now())",
        )
        .bind(factor)
        .bind(technician)
        .bind(ciphertext)
        .execute(&world.pool)
        .await
        .unwrap();
        Self {
            technician,
            factor,
            seed: seed.expose().to_owned(),
        }
    }

    fn code(&self, steps_ago: i64) -> String {
        let at = Clock::system().wall() - time::Duration::seconds(steps_ago * STEP_S);
        code_at(&self.seed, at).unwrap()
    }

    fn check(&self, code: &str) -> Request {
        Request::Totp(Ask::Check {
            technician_id: self.technician,
            factor_id: self.factor,
            code: text(code),
        })
    }
}

async fn is_right(keeper: &Keeper, question: Request) -> bool {
    match keeper.ask(question).await {
        Reply::Totp(Answer::Checked { is_right }) => is_right,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn each_code_is_good_once_and_none_before_it() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let app = App::new(&world, &keeper).await;
    early_in_a_step().await;
    let (now, before) = (app.code(0), app.code(1));
    for wrong in [
        "",
        "12345",
        "1234567",
        "abcdef",
        &app.code(2),
        &app.code(-1),
    ] {
        assert!(!is_right(&keeper, app.check(wrong)).await, "{wrong}");
    }
    assert!(is_right(&keeper, app.check(&before)).await);
    assert!(!is_right(&keeper, app.check(&before)).await);
    let at_once = join_all((0..50).map(|_| is_right(&keeper, app.check(&now)))).await;
    assert_eq!(at_once.into_iter().filter(|right| *right).count(), 1);
    assert!(
        !is_right(&keeper, app.check(&before)).await,
        "nothing before it"
    );
}

#[tokio::test]
async fn codes_go_by_the_clock_on_the_wall_wherever_the_demos_stands() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let app = App::new(&world, &keeper).await;
    world.clock.advance(std::time::Duration::from_hours(48));
    early_in_a_step().await;
    assert!(is_right(&keeper, app.check(&app.code(0))).await);
}

#[tokio::test]
async fn a_seed_is_shown_only_until_its_app_is_confirmed_and_opens_for_nobody_else() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let app = App::new(&world, &keeper).await;
    let show = |technician_id| {
        Request::Totp(Ask::Show {
            technician_id,
            factor_id: app.factor,
        })
    };
    let Reply::Totp(Answer::Seed { seed }) = keeper.ask(show(app.technician)).await else {
        panic!("not shown");
    };
    assert_eq!(seed.expose(), app.seed);
    let other = App::new(&world, &keeper).await;
    let refused = |reply| matches!(reply, Reply::Refused(Refusal::NotThere));
    assert!(refused(keeper.ask(show(other.technician)).await));
    sqlx::query("update technician_factors set confirmed_at = now()")
        .execute(&world.pool)
        .await
        .unwrap();
    assert!(refused(keeper.ask(show(app.technician)).await));
    // Moved to another person's row by whoever can write the table.
    sqlx::query("update technician_factors set technician_id = $1 where id = $2")
        .bind(other.technician)
        .bind(app.factor)
        .execute(&world.pool)
        .await
        .unwrap();
    let stolen = Request::Totp(Ask::Check {
        technician_id: other.technician,
        factor_id: app.factor,
        code: text(&app.code(0)),
    });
    let reply = keeper.ask(stolen).await;
    assert!(
        matches!(reply, Reply::Refused(Refusal::Quarantined)),
        "{reply:?}"
    );
}
