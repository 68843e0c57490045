//! Many open pages while the fleet changes: how late each of them is right, and what that costs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use uuid::Uuid;

use super::http::Connection;
use super::report::Report;
use super::serving::Serving;
use super::world::Fleet;

/// Rows that a page shows.
const ROWS: usize = 50;
/// A page must be right within so many seconds.
const LATEST: f64 = 2.0;
/// Resident memory that so many pages may take, MiB.
const MOST_MEMORY: f64 = 200.0;

/// When which change was made durable, by the error number that it left on its row.
type Changes = Arc<Mutex<HashMap<String, Instant>>>;

/// What a page saw: how late each change came, and its last counts.
#[derive(Default)]
struct Seen {
    late: Vec<Duration>,
    valid: i64,
    last: Option<Instant>,
}

pub async fn run(fleet: &Fleet, pages: i32, changes: i32, seconds: i32, report: &mut Report) {
    let portal = Serving::start(&["portal", &fleet.web_url, &fleet.keeper_url]);
    let ids: Vec<Uuid> = sqlx::query_scalar(
        "select tenant_id from tenant_status where state = 'valid' order by short_name",
    )
    .fetch_all(&fleet.pool)
    .await
    .unwrap();
    let made: Changes = Arc::default();
    let seen: Vec<Arc<Mutex<Seen>>> = (0..pages).map(|_| Arc::default()).collect();
    let mut watchers = tokio::task::JoinSet::new();
    for (n, seen) in seen.iter().enumerate() {
        let rows: Vec<Uuid> = (0..ROWS)
            .map(|row| ids[(n * ROWS + row) % ids.len()])
            .collect();
        let (address, session) = (portal.address, fleet.session.clone());
        watchers.spawn(watch(
            address,
            session,
            rows,
            Arc::clone(&made),
            Arc::clone(seen),
        ));
    }
    tokio::time::sleep(Duration::from_secs(15)).await;
    let before = cost(portal.child.id());
    let begun = Instant::now();
    for n in 0..changes {
        let due = begun
            + Duration::from_secs(seconds.unsigned_abs().into()) * n.unsigned_abs()
                / changes.unsigned_abs();
        tokio::time::sleep_until(due.into()).await;
        let code = 1_000_000 + n;
        let id = ids[(usize::try_from(n).unwrap() * 17) % ids.len()];
        sqlx::query(
            "update connections set last_error_code = $2, last_error_id = $2, last_error_at = now(), cause = 'throttled',
               trouble_since = now() where tenant_id = $1",
        )
        .bind(id)
        .bind(code)
        .execute(&fleet.pool)
        .await
        .unwrap();
        made.lock()
            .unwrap()
            .insert(code.to_string(), Instant::now());
    }
    let ended = Instant::now();
    tokio::time::sleep(Duration::from_secs(4)).await;
    let after = cost(portal.child.id());
    let valid: i64 = sqlx::query_scalar("select count(*) from tenant_status where state = 'valid'")
        .fetch_one(&fleet.pool)
        .await
        .unwrap();
    watchers.abort_all();
    let mut late: Vec<f64> = Vec::new();
    let mut wrong = 0;
    for seen in &seen {
        let seen = seen.lock().unwrap();
        late.extend(seen.late.iter().map(Duration::as_secs_f64));
        late.extend(
            seen.last
                .map(|last| last.saturating_duration_since(ended).as_secs_f64()),
        );
        wrong += usize::from(seen.valid != valid);
    }
    late.sort_by(f64::total_cmp);
    let cpu = (after.0 - before.0) / begun.elapsed().as_secs_f64();
    println!(
        "live: {pages} pages, {changes} changes in {seconds} s, {} rows told, median {:.2} s, cpu {:.1} % of a core, {:.0} MiB",
        late.len(),
        late[late.len() / 2],
        cpu * 100.0,
        after.1
    );
    report.at_most("live_latest_s", *late.last().unwrap(), LATEST);
    report.at_most(
        "live_pages_with_wrong_counts_plus_one",
        wrong as f64 + 1.0,
        1.0,
    );
    report.at_most("live_memory_mib", after.1, MOST_MEMORY);
}

/// One page: listens, and listens again whenever the stream ends.
async fn watch(
    address: std::net::SocketAddr,
    session: String,
    rows: Vec<Uuid>,
    made: Changes,
    seen: Arc<Mutex<Seen>>,
) {
    let query: Vec<String> = rows.iter().map(|id| format!("tenant={id}")).collect();
    let path = format!("/security/authentication-status/events?{}", query.join("&"));
    let mut known: HashMap<String, String> = HashMap::new();
    loop {
        let mut stream = Connection::open(address, &session).await;
        stream.send(&path, "accept: text/event-stream\r\n").await;
        let (status, _) = stream.head().await;
        if status == 503 {
            // All pages at the same instant are more than are let in at once: come again, as the page's script does.
            let spread = u64::from(rows.first().map_or(0, |id| id.as_bytes()[15]));
            tokio::time::sleep(Duration::from_millis(2500 + 20 * spread)).await;
            continue;
        }
        assert_eq!(status, 200);
        let mut event = String::new();
        while let Some(line) = stream.next_line().await {
            if let Some(name) = line.strip_prefix("event: ") {
                name.clone_into(&mut event);
            } else if let Some(data) = line.strip_prefix("data: ") {
                take(&event, data, &mut known, &made, &seen);
            }
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

fn take(
    event: &str,
    data: &str,
    known: &mut HashMap<String, String>,
    made: &Changes,
    seen: &Mutex<Seen>,
) {
    let now = Instant::now();
    let told: Value = match event {
        "rows" | "counts" => serde_json::from_str(data).unwrap(),
        _ => return,
    };
    let mut seen = seen.lock().unwrap();
    for one in told.as_array().unwrap() {
        if event == "counts" {
            if one["class"] == "valid" && seen.valid != one["count"].as_i64().unwrap() {
                seen.valid = one["count"].as_i64().unwrap();
                seen.last = Some(now);
            }
            continue;
        }
        let (id, error) = (one["id"].as_str().unwrap(), one["error"].as_str().unwrap());
        if known.get(id).is_some_and(|before| before == error) {
            continue;
        }
        known.insert(id.to_owned(), error.to_owned());
        if let Some(at) = made.lock().unwrap().get(error) {
            seen.late.push(now.saturating_duration_since(*at));
        }
    }
}

/// CPU seconds so far and resident memory in MiB of a process.
fn cost(pid: u32) -> (f64, f64) {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let rss = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    let kib: f64 = rss.trim().trim_end_matches(" kB").trim().parse().unwrap();
    // Linux counts in hundredths of a second for every program that asks.
    (ticks / 100.0, kib / 1024.0)
}
