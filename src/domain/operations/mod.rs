//! How the installation itself fares: the fleet over time, renewals, failures, breakers, mail, workers, keepers, database.
//! Everything here is about all tenants together; one tenant's affairs are the other aggregates'.

mod csp;
mod history;
mod latency;
mod mail;
mod metrics;
mod present;
mod runs;
mod sample;
mod store;

pub use csp::{Directive, count_csp_reports};
pub use history::{History, Range, RefreshPoint, StatePoint, history};
pub use latency::Latency;
pub use mail::{Letter, Mails, mails, record_mail};
pub use metrics::{Calls, Figures, figures};
pub use present::{Breaker, BreakerKind, Database, KeeperLife, Oldest, Present, database, present};
pub use runs::{Run, WorkerRun, record_run, worker_runs};
pub use sample::{delete_old, take_sample};
