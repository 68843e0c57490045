//! Errors of one tenant around one of them, on a line of time: a picture, whose words are its title and the table below it.

use time::{Duration, OffsetDateTime};

use crate::domain::msal_error::Row;
use crate::web::kit::paths::{self, TenantPaths};
use crate::web::kit::when;

/// Half of the widest span that is drawn; narrower when all lie closer.
const WIDEST: Duration = Duration::days(7);
const NARROWEST: Duration = Duration::minutes(10);
/// Width of the line in units of the drawing.
const WIDTH: f64 = 1000.0;

/// One error on the line.
#[derive(Clone, Debug)]
pub struct Moment {
    /// Units from the left.
    pub x: String,
    pub href: String,
    /// `2026-11-21 02:15 UTC: Password changed or sessions revoked`
    pub words: String,
    /// The one that the page is about.
    pub is_this: bool,
    /// Of the same cause.
    pub is_same: bool,
}

/// The line.
#[derive(Clone, Debug)]
pub struct Moments {
    pub all: Vec<Moment>,
    /// `3 errors from … to …`
    pub summary: String,
    /// What stands below its ends.
    pub from: String,
    pub to: String,
}

impl Moments {
    pub(super) fn of(this: &Row, around: &[Row], of_all: bool) -> Self {
        let away = |row: &Row| (row.at - this.at).abs();
        let half = around
            .iter()
            .map(away)
            .filter(|away| *away <= WIDEST)
            .max()
            .unwrap_or(NARROWEST)
            .max(NARROWEST);
        let from = this.at - half;
        let mut shown: Vec<&Row> = around.iter().filter(|row| away(row) <= half).collect();
        shown.push(this);
        shown.sort_by_key(|row| row.id.0);
        let many = if shown.len() == 1 { "error" } else { "errors" };
        Self {
            summary: format!(
                "{} {many} of this tenant from {} to {}",
                shown.len(),
                when::exact(from),
                when::exact(this.at + half)
            ),
            all: shown
                .into_iter()
                .map(|row| Moment::of(row, this, from, half * 2, of_all))
                .collect(),
            from: when::exact(from),
            to: when::exact(this.at + half),
        }
    }

    /// Whether there is more than the one error itself.
    pub fn any(&self) -> bool {
        self.all.len() > 1
    }
}

impl Moment {
    fn of(row: &Row, this: &Row, from: OffsetDateTime, span: Duration, of_all: bool) -> Self {
        let share = (row.at - from).as_seconds_f64() / span.as_seconds_f64();
        Self {
            x: format!("{:.1}", share.clamp(0.0, 1.0) * WIDTH),
            href: if of_all {
                paths::msal_error(row.id)
            } else {
                TenantPaths(&row.short_name).msal_error(row.id)
            },
            words: format!("{}: {}", when::exact(row.at), row.cause.label()),
            is_this: row.id == this.id,
            is_same: row.cause == this.cause,
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::domain::diagnosis::Category;
    use crate::storage::{MsalErrorId, TenantId};

    fn row(id: i64, at: OffsetDateTime) -> Row {
        Row {
            id: MsalErrorId(id),
            at,
            tenant_id: TenantId::new(),
            short_name: "alder".into(),
            full_name: "Alder".into(),
            resource: "graph".into(),
            operation: "refresh".into(),
            code: None,
            cause: Category::Unknown,
            message: String::new(),
            correlation_id: String::new(),
        }
    }

    #[test]
    fn the_error_stands_in_the_middle_and_the_furthest_at_an_end() {
        let at = datetime!(2026-11-21 12:00 UTC);
        let around = [
            row(9, at + Duration::hours(1)),
            row(7, at - Duration::hours(4)),
        ];
        let line = Moments::of(&row(8, at), &around, true);
        let xs: Vec<_> = line.all.iter().map(|moment| moment.x.as_str()).collect();
        assert_eq!(xs, ["0.0", "500.0", "625.0"]);
        assert_eq!(
            line.summary,
            "3 errors of this tenant from 2026-11-21 08:00 UTC to 2026-11-21 16:00 UTC"
        );
        assert!(line.any() && line.all[1].is_this);
    }

    #[test]
    fn what_is_weeks_away_is_not_drawn() {
        let at = datetime!(2026-11-21 12:00 UTC);
        let line = Moments::of(&row(8, at), &[row(7, at - Duration::days(30))], false);
        assert!(!line.any());
        assert_eq!(line.from, "2026-11-21 11:50 UTC");
    }
}
