//! Each row's fate as the page shows it.

use super::sent::Sent;
use crate::domain::tenant::import::{Change, Fate, Fated, Plan, Totals};
use crate::domain::tenant::{FieldError, NewTenant};

/// Rows on a page.
const ROWS: usize = 100;

/// What the file would do.
#[derive(Debug)]
pub(super) struct Preview {
    pub chips: Vec<Chip>,
    pub rows: Vec<RowView>,
    /// `1–100 of 320`.
    pub summary: String,
    pub previous: Option<usize>,
    pub next: Option<usize>,
    /// The filter that is on; empty for all.
    pub shown: String,
    pub totals: Totals,
    /// How many tenants the button would write.
    pub writes: usize,
    pub leave: bool,
    /// Columns that are not imported, one after another; empty when all are.
    pub left_aside: String,
    pub seen: String,
}

/// A filter with its count.
#[derive(Debug)]
pub(super) struct Chip {
    pub word: &'static str,
    pub label: &'static str,
    pub count: usize,
    pub chosen: bool,
}

/// One row.
#[derive(Debug)]
pub(super) struct RowView {
    pub number: u64,
    pub short_name: String,
    pub full_name: String,
    pub label: &'static str,
    pub class: &'static str,
    /// Field and what becomes of it or is wrong with it.
    pub lines: Vec<(&'static str, String)>,
}

impl Preview {
    pub(super) fn new(plan: &Plan, sent: &Sent) -> Self {
        let totals = plan.totals();
        let chips = [
            ("all", "All", plan.rows.len()),
            ("new", "New", totals.new),
            ("changed", "Changed", totals.changed),
            ("unchanged", "Unchanged", totals.unchanged),
            ("refused", "Refused", totals.refused),
        ];
        let is_known = chips.iter().any(|(word, ..)| *word == sent.show);
        let show = if is_known { sent.show.as_str() } else { "" };
        let matching: Vec<&Fated> = plan
            .rows
            .iter()
            .filter(|row| show.is_empty() || row.fate.as_str() == show)
            .collect();
        let pages = matching.len().div_ceil(ROWS).max(1);
        let page = sent.page.clamp(1, pages);
        let first = (page - 1) * ROWS;
        let rows: Vec<RowView> = matching
            .iter()
            .skip(first)
            .take(ROWS)
            .map(|row| RowView::new(row))
            .collect();
        Self {
            chips: chips
                .map(|(word, label, count)| Chip {
                    word,
                    label,
                    count,
                    chosen: show == word || (show.is_empty() && word == "all"),
                })
                .into(),
            summary: match rows.len() {
                0 => "No rows".to_owned(),
                shown => format!("{}–{} of {}", first + 1, first + shown, matching.len()),
            },
            rows,
            previous: (page > 1).then(|| page - 1),
            next: (page < pages).then(|| page + 1),
            shown: show.to_owned(),
            totals,
            writes: totals.new + totals.changed,
            leave: sent.leave_refused_out,
            left_aside: plan.left_aside.join(", "),
            seen: seen(totals),
        }
    }
}

/// What the page tells of the file; when it reads otherwise at the import, somebody changed something.
pub(super) fn seen(totals: Totals) -> String {
    let Totals {
        new,
        changed,
        unchanged,
        refused,
    } = totals;
    format!("{new}-{changed}-{unchanged}-{refused}")
}

impl RowView {
    fn new(row: &Fated) -> Self {
        let (label, class) = match row.fate {
            Fate::New(_) => ("New", "badge-valid"),
            Fate::Changed { .. } => ("Changed", "badge-expiring"),
            Fate::Unchanged => ("Unchanged", "plain"),
            Fate::Refused(_) => ("Refused", "badge-expired"),
        };
        let lines = match &row.fate {
            Fate::New(tenant) => told(tenant),
            Fate::Changed { changes, .. } => changes.iter().map(change).collect(),
            Fate::Unchanged => Vec::new(),
            Fate::Refused(errors) => errors.iter().map(refusal).collect(),
        };
        Self {
            number: row.number,
            short_name: shortened(&row.short_name),
            full_name: shortened(&row.full_name),
            label,
            class,
            lines,
        }
    }
}

fn told(tenant: &NewTenant) -> Vec<(&'static str, String)> {
    let tags = tenant.tags.join(", ");
    let all = [
        ("domain", &tenant.domain),
        ("invitation_email", &tenant.invitation_email),
        ("admin_username", &tenant.admin_username),
        ("tags", &tags),
    ];
    all.into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(field, value)| (label_of(field), value.clone()))
        .collect()
}

fn change(change: &Change) -> (&'static str, String) {
    let shown = |value: &str| {
        if value.is_empty() {
            "nothing".to_owned()
        } else {
            value.to_owned()
        }
    };
    let text = format!("{} → {}", shown(&change.from), shown(&change.to));
    (label_of(change.field), text)
}

fn refusal(error: &FieldError) -> (&'static str, String) {
    (label_of(error.field), error.message.clone())
}

/// As the form of a tenant calls the field.
fn label_of(field: &str) -> &'static str {
    match field {
        "short_name" => "Short name",
        "full_name" => "Full name",
        "domain" => "Domain",
        "invitation_email" => "Invitation e-mail",
        "admin_username" => "M365 admin username",
        "tags" => "Tags",
        "resources" => "Resource set",
        "required_resources" => "Required resources",
        "optional_resources" => "Optional resources",
        _ => "Row",
    }
}

/// What was typed may be anything.
fn shortened(text: &str) -> String {
    let plain = crate::domain::line::plain(text);
    if plain.chars().count() <= 80 {
        return plain;
    }
    plain.chars().take(79).chain(['…']).collect()
}
