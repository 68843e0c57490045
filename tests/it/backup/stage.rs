//! An installation with one connected customer, its backups, and its database being lost.

use std::path::{Path, PathBuf};
use std::process::Command;

use secrecy::ExposeSecret;
use serde_json::Value;
use tenantry::domain::op::{Actor, Op, Scope};
use tenantry::domain::revocation;
use tenantry::domain::technician::{self, LoginName, NewTechnician, Role};
use tenantry::storage::TechnicianId;
use uuid::Uuid;

use crate::support::keeper::World;
use crate::support::program::{Run, run, tenantry};
use crate::support::scratch::Scratch;

pub struct Stage {
    pub world: World,
    pub dir: Scratch,
    /// The customer's standing.
    pub connection: Uuid,
}

impl Stage {
    pub async fn new() -> Self {
        let world = World::new().await;
        let keeper = world.keeper().await;
        let connection = world.onboard(&keeper).await;
        keeper.stop().await;
        let stage = Self {
            world,
            dir: Scratch::new(),
            connection,
        };
        stage.export().await;
        stage
    }

    pub fn log(&self) -> PathBuf {
        self.dir.path().join("revocations.jsonl")
    }

    /// The program with this installation's settings.
    pub fn tenantry(&self, arguments: &[&str]) -> Command {
        let urls = self.world.db.urls();
        let migrate = urls.migrate.unwrap();
        let mut command = tenantry();
        command
            .args(arguments)
            .env("TENANTRY_DATA_DIR", self.dir.path())
            .env("TENANTRY_DATABASE__WEB_URL", urls.web.expose_secret())
            .env("TENANTRY_DATABASE__KEEPER_URL", urls.keeper.expose_secret())
            .env("TENANTRY_DATABASE__MIGRATE_URL", migrate.expose_secret())
            .env(
                "TENANTRY_DATABASE__BACKUP_URL",
                self.world.db.url("portal_backup").expose_secret(),
            )
            .env("TENANTRY_MASTER_KEY_FILE", &self.world.key_file)
            .env("TENANTRY_LOG__FILTER", "off");
        command
    }

    /// Run it; it must succeed.
    pub fn done(&self, arguments: &[&str]) -> Run {
        let run = run(&mut self.tenantry(arguments));
        assert_eq!(run.code, 0, "{run:?}");
        run
    }

    /// A backup, and what the command said of it.
    pub fn backup(&self) -> (PathBuf, Value) {
        let out = self.dir.path().to_str().unwrap();
        let run = self.done(&["backup", "--out", out, "--json"]);
        let said: Value = serde_json::from_str(&run.out).unwrap();
        (said["file"].as_str().unwrap().into(), said)
    }

    /// What the portal's worker does every two seconds.
    pub async fn export(&self) -> usize {
        let pool = self.world.db.web();
        let written = revocation::export(&pool, &self.log()).await.unwrap();
        pool.close().await;
        written
    }

    /// The disk is gone, with everything that was not exported.
    pub async fn lose_the_database(&mut self) {
        self.end_sessions().await;
        let admin = self.world.db.superuser();
        sqlx::raw_sql(
            "drop schema public cascade; create schema public authorization pg_database_owner;
             grant usage on schema public to public",
        )
        .execute(&admin)
        .await
        .unwrap();
        admin.close().await;
    }

    /// Nobody uses the database any more.
    pub async fn end_sessions(&mut self) {
        self.world.pool.close().await;
        let admin = self.world.db.superuser();
        sqlx::query("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()")
            .execute(&admin)
            .await
            .unwrap();
        admin.close().await;
        self.world.pool = self.world.db.superuser();
    }

    /// Restore into the empty database; gives what each step found.
    pub fn restore(&self, file: &Path) -> Value {
        let run = self.done(&["restore", file.to_str().unwrap(), "--json"]);
        let said: Value = serde_json::from_str(&run.out).unwrap();
        said["steps"].clone()
    }

    /// Revocations are exported, the database is lost and restored from `file`.
    pub async fn comes_back(&mut self, file: &Path) -> Value {
        self.export().await;
        self.lose_the_database().await;
        self.restore(file)
    }

    /// An act of the portal's.
    pub async fn act(&self, act: impl AsyncFnOnce(&mut Op)) {
        let pool = self.world.db.web();
        let actor = Actor::Command("test");
        let mut op = Op::begin_within(&pool, &self.world.clock, actor, Scope::all())
            .await
            .unwrap();
        act(&mut op).await;
        op.commit().await.unwrap();
        pool.close().await;
    }

    /// A technician with a password, whatever it is.
    pub async fn technician(&self, name: &str, role: Role) -> TechnicianId {
        let email = LoginName::parse(&format!("{name}@msp.example")).unwrap();
        let new = NewTechnician {
            email,
            display_name: name.to_owned(),
            role,
        };
        let mut made = None;
        self.act(async |op: &mut Op| {
            let (technician, _) = technician::add(op, &new).await.unwrap();
            made = Some(technician.id);
        })
        .await;
        let id = made.unwrap();
        self.sql(
            "update technicians set password_hash = 'the old one', password_changed_at = now() where id = $1",
            id.as_uuid(),
        )
        .await;
        id
    }

    /// A statement about one row.
    pub async fn sql(&self, sql: &'static str, id: Uuid) {
        sqlx::query(sql)
            .bind(id)
            .execute(&self.world.pool)
            .await
            .unwrap();
    }

    pub async fn text(&self, sql: &'static str, id: Uuid) -> String {
        self.world.text(sql, id).await
    }

    pub async fn number(&self, sql: &'static str) -> i64 {
        self.world.number(sql).await
    }
}

impl Stage {
    /// The same settings for the library.
    pub fn config(&self) -> tenantry::config::Config {
        let urls = self.world.db.urls();
        let backup = self.world.db.url("portal_backup");
        tenantry::config::Config::from_pairs([
            ("data_dir", self.dir.path().to_str().unwrap()),
            ("database.web_url", urls.web.expose_secret()),
            ("database.keeper_url", urls.keeper.expose_secret()),
            (
                "database.migrate_url",
                urls.migrate.as_ref().unwrap().expose_secret(),
            ),
            ("database.backup_url", backup.expose_secret()),
            ("master_key_file", self.world.key_file.to_str().unwrap()),
        ])
        .unwrap()
    }
}
