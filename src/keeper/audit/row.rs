//! A row of `audit_events` as it is sealed: every column, none left out.

use aws_lc_rs::hmac;
use time::OffsetDateTime;
use uuid::Uuid;

use super::bytes::Bytes;

/// A row, as stored. A column more in the table is a field more here, and another label in `Row::digest`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub id: i64,
    pub at: OffsetDateTime,
    pub tenant_id: Option<Uuid>,
    pub actor_type: String,
    pub actor_id: Option<Uuid>,
    pub actor_name: String,
    pub ip: String,
    pub action: String,
    pub object_type: String,
    pub object_id: String,
    pub result: String,
    pub request_id: String,
    /// As Postgres writes it: one text for one stored value, to the last digit of a number.
    pub details: String,
    pub key_id: Option<Uuid>,
}

impl Row {
    /// The columns that are sealed, as the table names them.
    pub const COLUMNS: [&'static str; 14] = [
        "id",
        "at",
        "tenant_id",
        "actor_type",
        "actor_id",
        "actor_name",
        "ip",
        "action",
        "object_type",
        "object_id",
        "result",
        "request_id",
        "details",
        "key_id",
    ];

    /// HMAC-SHA-256 of the whole row.
    pub(super) fn digest(&self, key: &hmac::Key) -> [u8; 32] {
        super::seal::mac(key, &self.bytes())
    }

    fn bytes(&self) -> Bytes {
        Bytes::new("tenantry audit row 1")
            .number(self.id)
            .instant(Some(self.at))
            .uuid(self.tenant_id)
            .text(&self.actor_type)
            .uuid(self.actor_id)
            .text(&self.actor_name)
            .text(&self.ip)
            .text(&self.action)
            .text(&self.object_type)
            .text(&self.object_id)
            .text(&self.result)
            .text(&self.request_id)
            .text(&self.details)
            .uuid(self.key_id)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows() -> impl Strategy<Value = Row> {
        let words = || "[a-c]{0,3}";
        (
            (0..3_i64, 0..3_i64, 0..3_u128),
            (words(), words(), words(), words()),
            (words(), words(), words(), words()),
        )
            .prop_map(|((id, at, tenant), a, b)| Row {
                id,
                at: OffsetDateTime::UNIX_EPOCH + time::Duration::microseconds(at),
                tenant_id: (tenant > 0).then(|| Uuid::from_u128(tenant)),
                actor_type: a.0,
                actor_id: None,
                actor_name: a.1,
                ip: a.2,
                action: a.3,
                object_type: b.0,
                object_id: b.1,
                result: b.2,
                request_id: b.3,
                details: "{}".into(),
                key_id: None,
            })
    }

    proptest! {
        /// Whatever moves from one field into its neighbour is another row.
        #[test]
        fn two_rows_have_the_same_bytes_only_when_they_are_the_same(one in rows(), other in rows()) {
            prop_assert_eq!(one == other, one.bytes().as_slice() == other.bytes().as_slice());
        }
    }

    #[test]
    fn an_absent_id_is_not_an_empty_one() {
        let absent = Bytes::new("x").uuid(None);
        let nil = Bytes::new("x").uuid(Some(Uuid::nil()));
        assert_ne!(absent.as_slice(), nil.as_slice());
    }
}
