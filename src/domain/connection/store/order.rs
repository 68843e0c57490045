//! What each column is ordered by, as the indexes of `tenant_status` have it. Absent values come last in either direction.

use crate::domain::connection::status_order::{Column, KeyType, Sort};

/// The expression of an order over `tenant_status k`, and how its value is read back from an address.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    pub expression: &'static str,
    pub kind: KeyType,
    /// The type for a cast from text.
    pub cast: &'static str,
}

const fn text(expression: &'static str) -> Key {
    Key {
        expression,
        kind: KeyType::Text,
        cast: "text",
    }
}

const fn integer(expression: &'static str) -> Key {
    Key {
        expression,
        kind: KeyType::Integer,
        cast: "bigint",
    }
}

const fn instant(expression: &'static str) -> Key {
    Key {
        expression,
        kind: KeyType::Instant,
        cast: "timestamptz",
    }
}

pub(super) const fn key(sort: Sort) -> Key {
    match (sort.column, sort.descending) {
        (Column::ShortName, _) => text("k.short_name"),
        (Column::FullName, _) => text("lower(k.full_name)"),
        (Column::Mode, _) => text("coalesce(k.mode, 'none')"),
        (Column::Admin, false) => {
            text(r#"coalesce(nullif(lower(k.admin), ''), U&'\+10FFFF') collate "C""#)
        }
        (Column::Admin, true) => text(r#"lower(k.admin) collate "C""#),
        (Column::State, _) => integer("k.urgency"),
        (Column::Cause, false) => text(r#"coalesce(k.cause, '~') collate "C""#),
        (Column::Cause, true) => text(r#"coalesce(k.cause, '') collate "C""#),
        (Column::Since, _) => instant("k.since"),
        (Column::Tokens, _) => integer("k.tokens_valid * 1000 - k.tokens_total"),
        (Column::NextExpiry, false) => instant("coalesce(k.expires_at, 'infinity')"),
        (Column::NextExpiry, true) => instant("coalesce(k.expires_at, '-infinity')"),
        (Column::LastSuccess, false) => instant("coalesce(k.last_ok_at, 'infinity')"),
        (Column::LastSuccess, true) => instant("coalesce(k.last_ok_at, '-infinity')"),
        (Column::LastError, false) => integer("coalesce(k.last_error_code, 2147483647)"),
        (Column::LastError, true) => integer("coalesce(k.last_error_code, -1)"),
    }
}
