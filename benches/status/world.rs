//! Postgres with fleets in it, and somebody signed in.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use sqlx::{Connection, PgConnection, PgPool};
use tenantry::clock::{Clock, random_uuid};
use tenantry::domain::rehearsal::{Plan, plant};
use tenantry::domain::technician::factor::FactorKind;
use tenantry::storage::private_postgres::{Options, PrivatePostgres, SUPERUSER};
use tenantry::storage::{TechnicianId, migrate, roles};
use tenantry::web::kit::session::{Store, login_record};
use tower_sessions::SessionStore;
use tower_sessions::session::{Id, Record};

/// The server; each fleet is a database of its own.
pub struct World {
    postgres: PrivatePostgres,
    dir: PathBuf,
}

/// One fleet.
pub struct Fleet {
    /// The superuser's.
    pub pool: PgPool,
    pub web_url: String,
    pub keeper_url: String,
    /// Of a login that row-level security does not narrow, for what is compared with.
    pub bare_url: String,
    /// Value of the `sid` cookie of an owner.
    pub session: String,
    /// The same of a technician who sees nine tenants of ten.
    pub limited: String,
}

impl World {
    pub async fn new() -> Self {
        let dir = std::env::temp_dir().join(format!("tenantry-bench-{}", random_uuid().simple()));
        std::fs::create_dir(&dir).unwrap();
        std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o755)).unwrap();
        let postgres = PrivatePostgres::start(Options {
            dir: dir.join("postgres"),
            volatile: true,
        })
        .await
        .unwrap();
        Self { postgres, dir }
    }

    pub async fn fleet(&self, name: &str, tenants: i32, errors: i32) -> Fleet {
        let url = |role: &str| -> SecretString { self.postgres.url(role, name) };
        let mut admin =
            PgConnection::connect(self.postgres.url(SUPERUSER, "postgres").expose_secret())
                .await
                .unwrap();
        roles::create_database(&mut admin, name, "template0")
            .await
            .unwrap();
        admin.close().await.unwrap();
        migrate(&url("portal_migrate")).await.unwrap();
        let pool = PgPool::connect(url(SUPERUSER).expose_secret())
            .await
            .unwrap();
        let clock = Clock::system();
        let plan = Plan {
            tenants,
            errors,
            seed: 1,
            now: clock.now(),
        };
        let begun = std::time::Instant::now();
        plant(&pool, plan).await.unwrap();
        // Else the workers would sum up three months of planted history beside what is measured, as no running portal does.
        sqlx::query(
            "insert into report_days (day, counted_until)
             select day::date, day + interval '1 day' from generate_series(current_date - 100, current_date, interval '1 day') day",
        )
        .execute(&pool)
        .await
        .unwrap();
        println!(
            "fleet {name}: {tenants} tenants, {errors} errors in {:.0} s",
            begun.elapsed().as_secs_f64()
        );
        let session = sign_in(&pool, &clock, "owner").await;
        let limited = sign_in(&pool, &clock, "technician").await;
        // As autovacuum does before long.
        sqlx::query("vacuum analyze").execute(&pool).await.unwrap();
        Fleet {
            pool,
            web_url: url("portal_web").expose_secret().to_owned(),
            keeper_url: url("portal_keeper").expose_secret().to_owned(),
            bare_url: url("portal_backup").expose_secret().to_owned(),
            session,
            limited,
        }
    }

    pub async fn end(self) {
        self.postgres.stop().await;
        let _ = std::fs::remove_dir_all(self.dir);
    }
}

/// A technician is limited to tenants, an owner is not.
async fn sign_in(pool: &PgPool, clock: &Clock, role: &str) -> String {
    let technician = TechnicianId::new();
    sqlx::query(
        "insert into technicians (id, email, display_name, role, created_at) values ($1, $2 || '@msp.example', 'Bench', $2, now())",
    )
    .bind(technician)
    .bind(role)
    .execute(pool)
    .await
    .unwrap();
    sqlx::query(
        "insert into technician_limits (technician_id, kind, tags, tenants, updated_at)
         select $1, 'except', '{}', array(select id from tenants order by id limit (select count(*) / 10 from tenants)), now()
         where $2 = 'technician'",
    )
    .bind(technician)
    .bind(role)
    .execute(pool)
    .await
    .unwrap();
    let mut record = Record {
        id: Id::default(),
        data: login_record(technician, FactorKind::Passkey, clock.now()),
        expiry_date: clock.now(),
    };
    Store::new(pool.clone(), clock.clone())
        .create(&mut record)
        .await
        .unwrap();
    record.id.to_string()
}
