//! What each row of a file would do: add a tenant, change one, nothing, or be refused with the reason.

use std::collections::HashMap;

use super::super::change::changed_fields;
use super::super::{DEFAULT_SET, FieldError, NewTenant, Tenant, TenantInput, TenantState, store};
use super::column::Column;
use super::read::{Sheet, Typed};
use crate::domain::line;
use crate::domain::op::{Op, Scope};
use crate::keeper::Resource;

/// What a file would do, row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub rows: Vec<Fated>,
    /// Columns that an import does not know.
    pub left_aside: Vec<String>,
}

/// One row with its fate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fated {
    pub number: u64,
    /// As typed, or as stored.
    pub short_name: String,
    pub full_name: String,
    pub fate: Fate,
}

/// What becomes of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    New(Box<NewTenant>),
    Changed {
        before: Box<Tenant>,
        after: Box<NewTenant>,
        changes: Vec<Change>,
    },
    Unchanged,
    Refused(Vec<FieldError>),
}

/// One field of a tenant that a row changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub field: &'static str,
    pub from: String,
    pub to: String,
}

/// Rows by fate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub new: usize,
    pub changed: usize,
    pub unchanged: usize,
    pub refused: usize,
}

impl Fate {
    /// The word for it, in lists and addresses.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::New(_) => "new",
            Self::Changed { .. } => "changed",
            Self::Unchanged => "unchanged",
            Self::Refused(_) => "refused",
        }
    }
}

impl Plan {
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for row in &self.rows {
            match row.fate {
                Fate::New(_) => totals.new += 1,
                Fate::Changed { .. } => totals.changed += 1,
                Fate::Unchanged => totals.unchanged += 1,
                Fate::Refused(_) => totals.refused += 1,
            }
        }
        totals
    }
}

/// The fate of each row, as things are stored now. Writes nothing.
pub async fn plan(op: &mut Op, scope: Scope, sheet: &Sheet) -> Result<Plan, sqlx::Error> {
    let names: Vec<String> = sheet.rows.iter().map(short_name).collect();
    let stored = store::import::find_many(op, scope, &names).await?;
    let stored: HashMap<&str, &Tenant> = stored
        .iter()
        .map(|tenant| (tenant.short_name.as_str(), tenant))
        .collect();
    let mut first: HashMap<&str, u64> = HashMap::new();
    let mut rows = Vec::with_capacity(sheet.rows.len());
    for (row, name) in sheet.rows.iter().zip(&names) {
        let known = stored.get(name.as_str()).copied();
        let fate = match first.get(name.as_str()) {
            Some(earlier) if !name.is_empty() => Fate::Refused(vec![FieldError::new(
                Column::ShortName.as_str(),
                format!("Row {earlier} has the same short name. Remove one of them."),
            )]),
            _ => fate(row, known),
        };
        first.entry(name).or_insert(row.number);
        rows.push(Fated {
            number: row.number,
            short_name: name.clone(),
            full_name: match (row.get(Column::FullName), known) {
                (None, Some(known)) => known.full_name.clone(),
                (typed, _) => typed.unwrap_or_default().trim().to_owned(),
            },
            fate,
        });
    }
    Ok(Plan {
        rows,
        left_aside: sheet.left_aside.clone(),
    })
}

/// As tenants' short names are folded.
fn short_name(row: &Typed) -> String {
    let typed = row.get(Column::ShortName).unwrap_or_default();
    typed.trim().to_lowercase()
}

fn fate(row: &Typed, known: Option<&Tenant>) -> Fate {
    if let Some(problem) = &row.problem {
        return Fate::Refused(vec![problem.clone()]);
    }
    let is_archived = |tenant: &&Tenant| matches!(tenant.state, TenantState::Archived { .. });
    if known.is_some_and(|tenant| is_archived(&tenant)) {
        return Fate::Refused(vec![FieldError::new(
            Column::ShortName.as_str(),
            "This tenant is archived. Restore it first, or choose another short name.",
        )]);
    }
    let input = match merged(row, known) {
        Ok(input) => input,
        Err(error) => return Fate::Refused(vec![error]),
    };
    match (input.parse(), known) {
        (Err(errors), _) => Fate::Refused(errors),
        (Ok(tenant), None) => Fate::New(Box::new(tenant)),
        (Ok(after), Some(before)) => {
            let fields = changed_fields(before, &after);
            if fields.is_empty() {
                return Fate::Unchanged;
            }
            let changes = fields.iter().map(|field| change(field, before, &after));
            Fate::Changed {
                changes: changes.collect(),
                before: Box::new(before.clone()),
                after: Box::new(after),
            }
        }
    }
}

/// What is stored, with what the row says put over it.
fn merged(row: &Typed, known: Option<&Tenant>) -> Result<TenantInput, FieldError> {
    let mut input = known.map_or_else(TenantInput::blank, TenantInput::of);
    let places: [(Column, &mut String); 6] = [
        (Column::ShortName, &mut input.short_name),
        (Column::FullName, &mut input.full_name),
        (Column::Domain, &mut input.domain),
        (Column::InvitationEmail, &mut input.invitation_email),
        (Column::AdminUsername, &mut input.admin_username),
        (Column::Tags, &mut input.tags),
    ];
    for (column, place) in places {
        if let Some(typed) = row.get(column) {
            typed.clone_into(place);
        }
    }
    input.resources = resources(row, input.resources)?;
    Ok(input)
}

/// Empty cells leave the set as it is; a list of required ones alone with an empty one of the others is the whole set.
fn resources(
    row: &Typed,
    mut set: Vec<(String, String)>,
) -> Result<Vec<(String, String)>, FieldError> {
    let required = words(row, Column::RequiredResources)?.filter(|words| !words.is_empty());
    let optional = words(row, Column::OptionalResources)?
        .filter(|words| !words.is_empty() || required.is_some());
    for (choice, words) in [("required", required), ("optional", optional)] {
        let Some(words) = words else { continue };
        set.retain(|(word, known)| known != choice && !words.contains(word));
        set.extend(words.into_iter().map(|word| (word, choice.to_owned())));
    }
    Ok(set)
}

fn words(row: &Typed, column: Column) -> Result<Option<Vec<String>>, FieldError> {
    let Some(typed) = row.get(column) else {
        return Ok(None);
    };
    let words: Vec<String> = line::words(typed).map(str::to_lowercase).collect();
    match words.iter().find(|word| word.parse::<Resource>().is_err()) {
        None => Ok(Some(words)),
        Some(_) => Err(FieldError::new(
            column.as_str(),
            format!("Use these words only: {}.", resource_words()),
        )),
    }
}

fn resource_words() -> String {
    Resource::ALL.map(Resource::as_str).join(", ")
}

fn change(field: &'static str, before: &Tenant, after: &NewTenant) -> Change {
    let set = |set: &[super::super::ResourceSetEntry]| {
        let words = set.iter().map(|entry| {
            let word = entry.resource.as_str();
            if entry.required {
                word.to_owned()
            } else {
                format!("{word} (optional)")
            }
        });
        words.collect::<Vec<_>>().join(", ")
    };
    let (from, to) = match field {
        "full_name" => (before.full_name.clone(), after.full_name.clone()),
        "domain" => (before.domain.clone(), after.domain.clone()),
        "invitation_email" => (
            before.invitation_email.clone(),
            after.invitation_email.clone(),
        ),
        "admin_username" => (before.admin_username.clone(), after.admin_username.clone()),
        "tags" => (before.tags.join(", "), after.tags.join(", ")),
        "resources" => (set(&before.resources), set(&after.resources)),
        // Tenants are found by it, so it never changes.
        _ => (before.short_name.to_string(), after.short_name.to_string()),
    };
    Change { field, from, to }
}

impl TenantInput {
    /// What a new tenant starts with.
    pub fn blank() -> Self {
        Self {
            resources: typed_set(&DEFAULT_SET),
            ..Self::default()
        }
    }

    /// A tenant as its form shows it.
    pub fn of(tenant: &Tenant) -> Self {
        Self {
            short_name: tenant.short_name.to_string(),
            full_name: tenant.full_name.clone(),
            domain: tenant.domain.clone(),
            invitation_email: tenant.invitation_email.clone(),
            admin_username: tenant.admin_username.clone(),
            tags: tenant.tags.join(", "),
            resources: typed_set(&tenant.resources),
        }
    }
}

fn typed_set(set: &[super::super::ResourceSetEntry]) -> Vec<(String, String)> {
    set.iter()
        .map(|entry| {
            let choice = if entry.required {
                "required"
            } else {
                "optional"
            };
            (entry.resource.as_str().to_owned(), choice.to_owned())
        })
        .collect()
}
