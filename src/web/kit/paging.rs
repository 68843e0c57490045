//! Pages of a list: which one is shown, and the links to its neighbours with every filter kept.

use url::form_urlencoded::Serializer;

use crate::domain::place::{Cursor, Place, Slice};

/// Rows on a page unless asked otherwise, and the most that may be asked.
pub const DEFAULT_SIZE: i64 = 50;
pub const MAX_SIZE: i64 = 200;

/// A page of a list, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paging {
    pub page: i64,
    pub size: i64,
}

impl Paging {
    /// The page asked for, forced into what exists: at least 1, at most [`MAX_SIZE`] rows.
    pub fn new(page: Option<i64>, size: Option<i64>) -> Self {
        Self {
            page: page.unwrap_or(1).clamp(1, 100_000),
            size: size.unwrap_or(DEFAULT_SIZE).clamp(1, MAX_SIZE),
        }
    }

    pub fn offset(self) -> i64 {
        (self.page - 1) * self.size
    }
}

/// What the pager part shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pager {
    /// `51–100 of 320`; `No rows` when there are none.
    pub summary: String,
    pub previous: Option<String>,
    pub next: Option<String>,
}

impl Pager {
    /// Links keep `filters` (name, value), leaving empty ones out.
    pub fn new(base: &str, filters: &[(&str, &str)], paging: Paging, total: i64) -> Self {
        let first = paging.offset() + 1;
        let last = (paging.offset() + paging.size).min(total);
        let summary = if total == 0 {
            "No rows".to_owned()
        } else if first > total {
            format!("Past the last of {total}")
        } else {
            format!("{first}–{last} of {total}")
        };
        let link = |page: i64| with_query(base, filters, &[("page", &page.to_string())]);
        Self {
            summary,
            previous: (paging.page > 1).then(|| link(paging.page - 1)),
            next: (last < total && first <= total).then(|| link(paging.page + 1)),
        }
    }
}

/// A page that is found by the row it begins after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyset {
    pub place: Place,
    /// Which number the page's first row has, as the link before counted it; for the eye only.
    pub first: i64,
}

impl Keyset {
    /// From the words of an address.
    pub fn read(after: &str, before: &str, first: Option<i64>) -> Self {
        let place = match (cursor(after), cursor(before)) {
            (Some(cursor), _) => Place::After(cursor),
            (None, Some(cursor)) => Place::Before(cursor),
            (None, None) => Place::First,
        };
        let first = match place {
            Place::First => 1,
            _ => first.unwrap_or(1).clamp(1, 10_000_000),
        };
        Self { place, first }
    }

    /// The pager under `slice`, a page of at most `size` rows out of `total`; `more` when not all were counted.
    pub fn pager<T>(
        &self,
        base: &str,
        filters: &[(&str, &str)],
        slice: &Slice<T>,
        size: i64,
        (total, more): (i64, bool),
    ) -> Pager {
        let shown = i64::try_from(slice.rows.len()).unwrap_or(i64::MAX);
        let plus = if more { "+" } else { "" };
        let link = |word, cursor: &Cursor, first: i64| {
            let place = format!("{}~{}", cursor.short_name, cursor.key);
            with_query(base, filters, &[(word, &place), ("n", &first.to_string())])
        };
        Pager {
            summary: match (shown, total) {
                (_, 0) => "No rows".to_owned(),
                (0, _) => format!("Past the last of {total}{plus}"),
                _ => format!("{}–{} of {total}{plus}", self.first, self.first + shown - 1),
            },
            previous: slice
                .before
                .as_ref()
                .map(|cursor| link("before", cursor, (self.first - size).max(1))),
            next: slice
                .after
                .as_ref()
                .map(|cursor| link("after", cursor, self.first + shown)),
        }
    }
}

/// `short-name~key`; a short name has no tilde.
fn cursor(word: &str) -> Option<Cursor> {
    let (short_name, key) = word.split_once('~')?;
    Some(Cursor {
        short_name: short_name.to_owned(),
        key: key.to_owned(),
    })
}

/// `base` with the filters that have a value, then `more`.
pub fn with_query(base: &str, filters: &[(&str, &str)], more: &[(&str, &str)]) -> String {
    let mut query = Serializer::new(String::new());
    for (name, value) in filters
        .iter()
        .chain(more)
        .filter(|(_, value)| !value.is_empty())
    {
        query.append_pair(name, value);
    }
    let query = query.finish();
    if query.is_empty() {
        base.to_owned()
    } else {
        format!("{base}?{query}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_keep_filters_and_escape_them() {
        let pager = Pager::new(
            "/tenants",
            &[("q", "a&b"), ("tag", "")],
            Paging::new(Some(2), Some(10)),
            35,
        );
        assert_eq!(pager.summary, "11–20 of 35");
        assert_eq!(pager.previous.as_deref(), Some("/tenants?q=a%26b&page=1"));
        assert_eq!(pager.next.as_deref(), Some("/tenants?q=a%26b&page=3"));
    }

    #[test]
    fn a_page_found_by_its_row_leads_both_ways() {
        let at = |name: &str| Cursor {
            short_name: name.into(),
            key: "a~b&c".into(),
        };
        let slice = Slice {
            rows: vec![(); 2],
            before: Some(at("m")),
            after: Some(at("n")),
        };
        let keyset = Keyset::read("l~x", "", Some(51));
        let pager = keyset.pager("/t", &[("q", "z")], &slice, 50, (320, false));
        assert_eq!(pager.summary, "51–52 of 320");
        assert_eq!(
            pager.previous.as_deref(),
            Some("/t?q=z&before=m%7Ea%7Eb%26c&n=1")
        );
        assert_eq!(
            pager.next.as_deref(),
            Some("/t?q=z&after=n%7Ea%7Eb%26c&n=53")
        );
        assert_eq!(
            Keyset::read("n~a~b&c", "", None).place,
            Place::After(at("n"))
        );
        assert_eq!(Keyset::read("nonsense", "", Some(7)).first, 1);
    }

    #[test]
    fn a_hostile_page_number_is_forced_into_range() {
        assert_eq!(
            Paging::new(Some(-5), Some(1_000_000)),
            Paging {
                page: 1,
                size: MAX_SIZE
            }
        );
        assert_eq!(
            Pager::new("/t", &[], Paging::new(Some(9), None), 3).next,
            None
        );
    }
}
