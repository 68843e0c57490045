//! A campaign: round after round, each some load, one kind of fault in the middle of it, healing, quiescence, and the
//! judge when it is his turn.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use uuid::Uuid;

use crate::dice::Dice;
use crate::judge::judge;
use crate::kind::Kind;
use crate::quiet::quiet;
use crate::world::World;

/// Rounds between two judgements while an old token stays good.
const JUDGED_EVERY: u32 = 10;

/// See the module.
pub struct Campaign {
    pub world: World,
    pub dice: Dice,
    pub keepers: usize,
    /// `entra`, `grace`, `strict` or `family`.
    pub mode: &'static str,
    /// Faults that happened, by kind.
    pub counts: BTreeMap<String, u32>,
    pub lost: Vec<String>,
    pub flagged: usize,
    /// Connections under load in an ordinary round.
    pub load: i64,
    /// Let many tokens be lost at once also where that is taken for mass trouble (docs/faults.md).
    pub mass: bool,
    /// Why kinds were left out.
    pub skipped: BTreeSet<String>,
    /// Entra tenants whose newest token no keeper could keep.
    pub excused: BTreeSet<Uuid>,
    /// Entra tenants whose loss was found before.
    buried: BTreeSet<Uuid>,
    unjudged: u32,
}

impl Campaign {
    pub fn new(world: World, seed: u64, keepers: usize) -> Self {
        Self {
            world,
            dice: Dice::new(seed),
            keepers,
            mode: "entra",
            counts: BTreeMap::new(),
            lost: Vec::new(),
            flagged: 0,
            load: 120,
            mass: false,
            skipped: BTreeSet::new(),
            excused: BTreeSet::new(),
            buried: BTreeSet::new(),
            unjudged: 0,
        }
    }

    pub fn injected(&self) -> u32 {
        self.counts.values().sum()
    }

    /// How long a lease must stand still before it is believed to be a dead keeper's. Where two keepers with one token do
    /// harm, the campaign must not take a slow one for a dead one.
    pub fn hold(&self, kind: Option<Kind>) -> Duration {
        match (self.mode, kind) {
            ("entra", _) => Duration::from_millis(1500),
            (_, Some(Kind::ReplySilent)) => Duration::from_secs(26),
            _ if self.mass => Duration::from_secs(26),
            _ => Duration::from_secs(4),
        }
    }

    /// One kind of fault in the middle of some load.
    pub async fn round(&mut self, kind: Kind) {
        let start = std::time::Instant::now();
        self.world.keep(self.keepers);
        let hits = self.strike(kind).await;
        self.world.entra.heal();
        self.world.pg.heal();
        self.world.keep(self.keepers);
        self.settle(self.hold(Some(kind))).await;
        self.foreign().await;
        *self.counts.entry(kind.name()).or_default() += hits;
        println!(
            "  {:<7} {:<24} {hits:>4} faults  {:>5.1} s",
            self.mode,
            kind.name(),
            start.elapsed().as_secs_f64()
        );
        self.unjudged += 1;
        if self.mode != "entra" || self.unjudged >= JUDGED_EVERY {
            self.judge(&kind.name()).await;
        }
    }

    /// Quiescence; what nobody could have kept is noted.
    pub async fn settle(&mut self, hold: Duration) {
        let abandoned = quiet(&mut self.world, hold).await;
        self.excused.extend(abandoned);
        self.excused.extend(self.world.entra.take_undelivered());
    }

    /// Everything that is not buried is refreshed once without trouble.
    pub async fn clean(&mut self) {
        self.world.keep(self.keepers);
        self.make_due(1_000_000).await;
        self.settle(self.hold(None)).await;
    }

    /// Compare store and ledger now.
    pub async fn judge(&mut self, after: &str) {
        self.unjudged = 0;
        let verdict = judge(&self.world, &self.excused, &self.buried).await;
        for (tenant, why) in &verdict.lost {
            self.lost
                .push(format!("{}, after {after}: {tenant}: {why}", self.mode));
            println!("LOST {tenant} after {after} in mode {}: {why}", self.mode);
        }
        for (tenant, state) in &verdict.accused {
            self.lost.push(format!(
                "{}, after {after}: {tenant} accused: {state}",
                self.mode
            ));
            println!(
                "ACCUSED {tenant} after {after} in mode {}: {state} though its token works",
                self.mode
            );
        }
        self.flagged += verdict.flagged.len();
        self.buried
            .extend(verdict.lost.iter().map(|(tenant, _)| *tenant));
        self.buried
            .extend(verdict.accused.iter().map(|(tenant, _)| *tenant));
        self.buried.extend(verdict.flagged);
        self.excused.clear();
        if verdict.seen < 900 {
            let missing = u32::try_from(1000 - verdict.seen.min(1000)).unwrap();
            self.world.plant(missing).await;
        }
    }

    /// `count` connections of chance are due for all of their resources.
    pub async fn make_due(&mut self, count: i64) {
        let seed = self.dice.next().to_string();
        let result = sqlx::query(
            "with chosen as (select tenant_id, id from connections where state = 'active' order by md5(id::text || $1) limit $2),
             worn as (update tokens t set last_ok_at = null from chosen c where t.tenant_id = c.tenant_id and t.connection_id = c.id)
             update refresh_schedule s set next_refresh_at = $3 from chosen c
             where s.tenant_id = c.tenant_id and s.connection_id = c.id",
        )
        .bind(seed)
        .bind(count)
        .bind(self.world.now())
        .execute(&self.world.pool)
        .await;
        result.unwrap();
    }

    /// Those that were handed somebody else's identity must be quarantined; they are let out again.
    async fn foreign(&mut self) {
        for tenant in self.world.entra.take_foreign() {
            let freed = sqlx::query(
                "update connections set state = 'active', state_since = $2, trouble_since = null, suspect_checks = 0
                 where entra_tenant_id = $1 and state = 'quarantined'",
            )
            .bind(tenant)
            .bind(self.world.now())
            .execute(&self.world.pool)
            .await
            .unwrap();
            if freed.rows_affected() != 1 {
                self.lost.push(format!(
                    "{tenant} was given a foreign identity and is not quarantined"
                ));
            }
            self.excused.insert(tenant);
        }
        sqlx::query(
            "update refresh_schedule s set attempt = 0, last_error_class = null, next_refresh_at = $1::timestamptz + interval '20 hours'
             from connections c where c.tenant_id = s.tenant_id and c.id = s.connection_id and c.state = 'active'
               and s.next_refresh_at > $1::timestamptz + interval '40 hours' and s.last_error_class is not null",
        )
        .bind(self.world.now())
        .execute(&self.world.pool)
        .await
        .unwrap();
    }
}
