//! Who of the MSP was in this Customer portal, when and for how long.

use time::Duration;

use crate::domain::op::Op;
use crate::domain::visit::{self, End, Told};
use crate::web::kit::when::When;
use crate::web::portal::Visit;

/// The newest; older ones are in the audit log.
const SHOWN: i64 = 20;

/// A line of the table.
#[derive(Clone, Debug)]
pub struct VisitView {
    pub who: String,
    pub at: When,
    pub stayed: String,
}

pub async fn newest(op: &mut Op, visit: &Visit) -> Result<Vec<VisitView>, sqlx::Error> {
    let now = op.now();
    let told = visit::newest(op, visit.scope(), visit.id, SHOWN).await?;
    Ok(told
        .iter()
        .map(|told| VisitView {
            who: told.who.clone(),
            at: When::new(told.began_at, now),
            stayed: stayed(told),
        })
        .collect())
}

fn stayed(told: &Told) -> String {
    let long = match told.stayed {
        short if short < Duration::minutes(1) => "less than a minute".to_owned(),
        one if one < Duration::minutes(2) => "1 minute".to_owned(),
        more => format!("{} minutes", more.whole_minutes()),
    };
    match told.end {
        End::Left => long,
        End::Open => format!("{long} so far"),
        End::Over => format!("{long}, then the time ran out"),
    }
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;

    #[test]
    fn a_stay_reads_as_what_happened() {
        let told = |seconds, end| Told {
            who: "Robin Marlow".into(),
            began_at: OffsetDateTime::UNIX_EPOCH,
            stayed: Duration::seconds(seconds),
            end,
        };
        assert_eq!(stayed(&told(20, End::Left)), "less than a minute");
        assert_eq!(stayed(&told(60, End::Open)), "1 minute so far");
        assert_eq!(
            stayed(&told(3500, End::Over)),
            "58 minutes, then the time ran out"
        );
    }
}
