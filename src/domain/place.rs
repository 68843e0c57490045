//! Where a page of a long list begins. Pages are found by the row they begin after, not by how many rows come before: the
//! thousandth page costs what the first one does.

/// The row that a page begins after or ends before: its place in the order, and its short name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub short_name: String,
    /// The value it is ordered by, as Postgres writes it.
    pub key: String,
}

/// Which page of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Place {
    #[default]
    First,
    After(Cursor),
    Before(Cursor),
}

/// One page of rows with its neighbours.
#[derive(Clone, Debug)]
pub struct Slice<T> {
    pub rows: Vec<T>,
    /// Where the page before this one ends and the one after it begins; none at the ends.
    pub before: Option<Cursor>,
    pub after: Option<Cursor>,
}

impl<T> Slice<T> {
    /// Of `found`, read in the direction of `place` with one row more than `limit`, if there are so many.
    pub fn new(mut found: Vec<T>, place: &Place, limit: i64, at: impl Fn(&T) -> Cursor) -> Self {
        let size = usize::try_from(limit).unwrap_or(usize::MAX);
        let is_more = found.len() > size;
        found.truncate(size);
        if matches!(place, Place::Before(_)) {
            found.reverse();
        }
        let (first, last) = (found.first().map(&at), found.last().map(&at));
        let (before, after) = match place {
            Place::First => (None, last.filter(|_| is_more)),
            Place::After(_) => (first, last.filter(|_| is_more)),
            Place::Before(_) => (first.filter(|_| is_more), last),
        };
        Self {
            rows: found,
            before,
            after,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "as a slice asks for it")]
    fn at(n: &i32) -> Cursor {
        Cursor {
            short_name: n.to_string(),
            key: String::new(),
        }
    }

    #[test]
    fn a_page_knows_its_neighbours() {
        let names = |cursor: Option<Cursor>| cursor.map(|cursor| cursor.short_name);
        let first = Slice::new(vec![1, 2, 3], &Place::First, 2, at);
        assert_eq!(
            (first.rows, names(first.before), names(first.after)),
            (vec![1, 2], None, Some("2".into()))
        );
        let last = Slice::new(vec![3], &Place::After(at(&2)), 2, at);
        assert_eq!(
            (last.rows, names(last.before), names(last.after)),
            (vec![3], Some("3".into()), None)
        );
        // Read backwards from the third row.
        let back = Slice::new(vec![2, 1], &Place::Before(at(&3)), 2, at);
        assert_eq!(
            (back.rows, names(back.before), names(back.after)),
            (vec![1, 2], None, Some("2".into()))
        );
    }
}
