//! SQL of the sums: `keep` writes them, `read` shows them.

mod keep;
mod read;

use uuid::Uuid;

use crate::domain::diagnosis::Category;
use crate::storage::Inconsistent;

pub use keep::{
    Counted, count, count_errors, keep_causes, keep_counted_until, keep_days, open_days,
    sum_up_month, tenants_after,
};
pub use read::{
    counted_until, fleet_causes, fleet_month, lines, months, tenant_causes, tenant_days,
    tenant_month,
};

fn category(word: &str, table: &'static str, tenant: Uuid) -> Result<Category, Inconsistent> {
    word.parse()
        .map_err(|_| Inconsistent::new(table, "cause", tenant))
}
