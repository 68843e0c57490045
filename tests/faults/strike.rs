//! How each kind of fault is brought about. Gives how many faults there were.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use tenantry::keeper::rehearsal::Strike;
use tokio::task::block_in_place;

use crate::campaign::Campaign;
use crate::entra_proxy::Spoil;
use crate::keeper::Keeper;
use crate::kind::{Kind, refusal};
use crate::pg_proxy::PgSpoil;

/// Faults of one kind in a round, where many fit.
const MANY: u32 = 12;

impl Campaign {
    pub async fn strike(&mut self, kind: Kind) -> u32 {
        if let Some(spoil) = kind.spoil(&mut self.dice) {
            return self.spoil_entra(spoil).await;
        }
        if let Some(spoil) = kind.pg_spoil() {
            return self.spoil_postgres(spoil).await;
        }
        match kind {
            Kind::Die(point) => self.die(point).await,
            Kind::StoppedBeyondLease => self.stop_beyond_lease().await,
            Kind::Terminated => self.terminate().await,
            Kind::Refused => self.refuse().await,
            Kind::Outage => self.outage().await,
            Kind::InvalidClient => self.invalid_client().await,
            Kind::PgFast | Kind::PgImmediate | Kind::PgKilled => self.stop_postgres(kind).await,
            Kind::PgFailover => self.fail_over().await,
            Kind::PgFull => self.fill_disk().await,
            Kind::ClockStep => self.step_clock().await,
            Kind::PoisonRow => self.poison().await,
            Kind::OldBackup => self.restore().await,
            _ => unreachable!("spoilt by a proxy"),
        }
    }

    async fn pause(&mut self, least: u64, most: u64) {
        let pause = self.dice.within(least, most);
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }

    async fn spoil_entra(&mut self, spoil: Spoil) -> u32 {
        let (count, percent) = match spoil {
            Spoil::Malformed(_) => (40, 70),
            Spoil::Silent => (4, 20),
            _ => (MANY, 40),
        };
        self.world.entra.take_hits();
        self.world
            .entra
            .spoil(spoil, count, percent, &mut self.dice);
        self.make_due(self.load).await;
        let deadline = Instant::now() + Duration::from_secs(6);
        while self.world.entra.left() > 0 && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.world.entra.take_hits()
    }

    async fn spoil_postgres(&mut self, spoil: PgSpoil) -> u32 {
        self.world.pg.take_hits();
        let count = if spoil == PgSpoil::Stalled { 3 } else { MANY };
        self.make_due(self.load).await;
        self.world.pg.spoil(spoil, count);
        let deadline = Instant::now() + Duration::from_secs(6);
        while self.world.pg.left() > 0 && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.world.pg.take_hits()
    }

    /// `kill -9` by their own hand, of every keeper that comes exactly there within a moment of the first.
    async fn die(&mut self, point: usize) -> u32 {
        let mut passes = self.dice.within(0, 8);
        // The last point lies on the way of a token that works after the newer one was refused.
        if point == 8 {
            let refused = refusal(
                "400 Bad Request",
                "invalid_grant",
                9_002_313,
                "Invalid request. Request is malformed or invalid.",
            );
            self.world
                .entra
                .spoil(Spoil::Instead(refused), 60, 50, &mut self.dice);
            passes = 0;
        }
        // A killed keeper loses at most what it has in hand. Where old tokens die, that must stay below what is taken for
        // mass trouble, in which nobody is accused.
        let few = self.mode != "entra" && !self.mass;
        for keeper in &mut self.world.keepers {
            keeper.arm(point, if few { 0 } else { passes }, Strike::Die);
        }
        self.make_due(if few { 9 } else { self.load }).await;
        let before = self.world.keepers.len();
        let deadline = Instant::now() + Duration::from_secs(8);
        while Instant::now() < deadline {
            self.world.keepers.retain_mut(Keeper::is_alive);
            if self.world.keepers.len() < before {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        for keeper in &mut self.world.keepers {
            keeper.disarm();
        }
        self.world.keepers.retain_mut(Keeper::is_alive);
        u32::try_from(before - self.world.keepers.len()).unwrap()
    }

    async fn stop_beyond_lease(&mut self) -> u32 {
        let victim = self.dice.index(self.world.keepers.len());
        self.make_due(self.load).await;
        self.pause(100, 700).await;
        self.world.keepers[victim].signal(Signal::STOP);
        // What it held is taken by others once the lease is over; then it goes on as if nothing had been.
        self.settle(self.hold(None)).await;
        self.world.keepers[victim].signal(Signal::CONT);
        tokio::time::sleep(Duration::from_secs(1)).await;
        1
    }

    async fn terminate(&mut self) -> u32 {
        let victim = self.dice.index(self.world.keepers.len());
        self.make_due(self.load).await;
        self.pause(100, 500).await;
        self.world.keepers[victim].signal(Signal::TERM);
        let ended = self.world.keepers[victim]
            .wait(Duration::from_secs(31))
            .await;
        if !ended.is_some_and(|status| status.success()) {
            self.lost
                .push(format!("a keeper ended by SIGTERM with {ended:?}"));
        }
        1
    }

    async fn refuse(&mut self) -> u32 {
        self.make_due(self.load).await;
        for _ in 0..3 {
            self.pause(50, 300).await;
            self.world.entra.refuse().await;
            self.pause(200, 900).await;
            self.world.entra.listen_again().await;
        }
        3
    }

    /// Three simulated hours of an HTML page with 503.
    async fn outage(&mut self) -> u32 {
        let page = b"<h2>Our services aren't available right now</h2>";
        let mut answer = format!("HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/html\r\ncontent-length: {}\r\n\r\n", page.len()).into_bytes();
        answer.extend(page);
        self.world
            .entra
            .spoil(Spoil::Instead(answer), u32::MAX, 100, &mut self.dice);
        self.make_due(self.load).await;
        for _ in 0..12 {
            tokio::time::sleep(Duration::from_millis(300)).await;
            self.world.advance(time::Duration::minutes(15)).await;
        }
        1
    }

    /// Our own application is refused for everybody.
    async fn invalid_client(&mut self) -> u32 {
        let refused = refusal(
            "401 Unauthorized",
            "invalid_client",
            7_000_215,
            "Invalid client secret provided.",
        );
        self.world
            .entra
            .spoil(Spoil::Instead(refused), u32::MAX, 100, &mut self.dice);
        self.make_due(self.load).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        1
    }

    async fn stop_postgres(&mut self, kind: Kind) -> u32 {
        self.make_due(self.load).await;
        self.pause(50, 900).await;
        let server = self.world.server.clone();
        block_in_place(|| match kind {
            Kind::PgFast => server.stop("fast"),
            Kind::PgImmediate => server.stop("immediate"),
            _ => server.kill(),
        });
        self.pause(200, 1500).await;
        block_in_place(|| server.start());
        1
    }

    /// The server dies; its synchronous standby takes over where the keepers find it.
    async fn fail_over(&mut self) -> u32 {
        let number = self.dice.next() % 1_000_000;
        let dir = self.world.server.data.parent().unwrap().to_owned();
        let old = self.world.server.clone();
        let (data, socket) = (
            dir.join(format!("s{number}")),
            dir.join(format!("k{number}")),
        );
        let standby = block_in_place(|| old.standby(&data, &socket));
        self.make_due(self.load).await;
        self.pause(50, 900).await;
        block_in_place(|| {
            old.kill();
            standby.promote();
        });
        self.world.move_to(standby);
        1
    }

    /// No file may grow for a while.
    async fn fill_disk(&mut self) -> u32 {
        let limit = self.dice.pick(&[64 * 1024, 4 << 20, 17 << 20]);
        self.make_due(self.load).await;
        self.pause(20, 300).await;
        let server = self.world.server.clone();
        block_in_place(|| server.limit_files(Some(limit)));
        tokio::time::sleep(Duration::from_secs(3)).await;
        block_in_place(|| {
            server.limit_files(None);
            // A server that could not write its log has ended; one whose log had room goes on.
            std::thread::sleep(Duration::from_millis(500));
            if !server.answers() {
                server.start();
            }
        });
        1
    }

    /// One keeper's clock is wrong by up to hours, for a while.
    async fn step_clock(&mut self) -> u32 {
        let by = self.dice.pick(&[-5400_i64, -600, -90, 90, 600, 5400]);
        let file = self.world.dir.join("faketime");
        let faked = self.world.faketime.is_some();
        let victim = if faked {
            std::fs::write(&file, "+0s\n").unwrap();
            self.world.start_keeper(true);
            self.world.keepers.len() - 1
        } else {
            self.skipped.insert(
                "libfaketime is not installed: clock steps move the keeper's own clock".into(),
            );
            self.dice.index(self.world.keepers.len())
        };
        self.make_due(self.load).await;
        self.pause(100, 400).await;
        if faked {
            std::fs::write(&file, format!("{by:+}s\n")).unwrap();
        } else {
            let offset = self.world.clock.offset_ms() + by * 1000;
            self.world.keepers[victim].set_clock(offset);
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        if faked {
            self.world.keepers[victim].signal(Signal::TERM);
            self.world.keepers[victim]
                .wait(Duration::from_secs(31))
                .await;
        } else {
            let offset = self.world.clock.offset_ms();
            self.world.keepers[victim].set_clock(offset);
        }
        1
    }

    /// One row that no statement can write: the others of its batch must be stored all the same.
    async fn poison(&mut self) -> u32 {
        let server = self.world.server.clone();
        self.make_due(self.load).await;
        let row: uuid::Uuid = sqlx::query_scalar(
            "select connection_id from refresh_schedule where next_refresh_at <= $1 order by connection_id limit 1",
        )
        .bind(self.world.now())
        .fetch_optional(&self.world.pool)
        .await
        .unwrap()
        .unwrap_or_default();
        block_in_place(|| {
            server.sql(&format!(
                "create function poison() returns trigger language plpgsql as
                   'begin if new.connection_id = ''{row}'' then raise exception ''poisoned''; end if; return new; end';
                 create trigger poison before update on connection_secrets for each row execute function poison()"
            ));
        });
        tokio::time::sleep(Duration::from_secs(3)).await;
        let others: i64 = sqlx::query_scalar("select count(*) from refresh_schedule where next_refresh_at <= $1 and connection_id <> $2")
            .bind(self.world.now())
            .bind(row)
            .fetch_one(&self.world.pool)
            .await
            .unwrap();
        block_in_place(|| {
            server.sql("drop trigger poison on connection_secrets; drop function poison()")
        });
        if others > 0 {
            println!("  {others} connections wait beside a poisoned row");
        }
        1
    }

    /// The database goes back to yesterday, tokens and all.
    async fn restore(&mut self) -> u32 {
        let server = self.world.server.clone();
        let copy = self.world.dir.join("postgres/backup");
        block_in_place(|| {
            server.stop("fast");
            server.copy_to(&copy);
            server.start();
        });
        // Where old tokens are dead, fewer than would be taken for mass trouble, in which nobody is accused.
        let load = if self.mode == "entra" { self.load } else { 15 };
        self.make_due(load).await;
        self.settle(self.hold(None)).await;
        // Whoever was refreshed since the backup has tokens that the backup does not know.
        let refreshed: Vec<uuid::Uuid> = sqlx::query_scalar(
            "select c.entra_tenant_id from connections c join refresh_schedule s on s.connection_id = c.id where s.last_ok_at >= $1",
        )
        .bind(self.world.now() - time::Duration::hours(2))
        .fetch_all(&self.world.pool)
        .await
        .unwrap();
        self.excused.extend(refreshed);
        for keeper in &self.world.keepers {
            keeper.signal(Signal::TERM);
        }
        for keeper in &mut self.world.keepers {
            keeper.wait(Duration::from_secs(31)).await;
        }
        block_in_place(|| {
            server.stop("fast");
            server.replace_by(&copy);
            let _ = std::fs::remove_dir_all(&copy);
            server.start();
        });
        // Each is tried before long, so that what was lost is seen.
        self.world.keep(self.keepers);
        sqlx::query("update refresh_schedule set next_refresh_at = $1 where next_refresh_at < 'infinity' and connection_id in
             (select id from connections where entra_tenant_id = any($2) and state = 'active')")
            .bind(self.world.now())
            .bind(self.excused.iter().copied().collect::<Vec<_>>())
            .execute(&self.world.pool)
            .await
            .unwrap();
        1
    }
}
