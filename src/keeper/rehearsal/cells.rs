//! Every sealed cell of a database with the place that it is bound to, and the question whether some bytes open at some
//! place: for tests that move and change ciphertext.

use sqlx::{PgPool, Row};
use uuid::Uuid;

use crate::clock::Clock;
use crate::keeper::seal::{Keyring, Place, Purpose, Rotation, Vault};

/// A sealed value where it stands.
#[derive(Clone, Debug)]
pub struct Cell {
    pub table: &'static str,
    /// The column as the database calls it.
    pub column: &'static str,
    /// The column as the seal calls it: a refresh token moves from current to previous without being opened.
    bound_column: &'static str,
    pub tenant_id: Uuid,
    pub row_id: String,
    pub row_version: i64,
    purpose: Purpose,
    pub bytes: Vec<u8>,
}

type Column = (
    &'static str,
    &'static str,
    &'static str,
    Purpose,
    &'static str,
);

/// Table, column, bound column, purpose, and the query for tenant, row, version and bytes.
const COLUMNS: [Column; 6] = [
    (
        "connection_secrets",
        "ct_current",
        "ct",
        Purpose::Connection,
        "select tenant_id, connection_id::text, version, ct_current from connection_secrets",
    ),
    (
        "connection_secrets",
        "ct_previous",
        "ct",
        Purpose::Connection,
        "select tenant_id, connection_id::text, previous_version, ct_previous from connection_secrets
         where ct_previous is not null",
    ),
    (
        "tokens",
        "ct",
        "ct",
        Purpose::AccessToken,
        "select tenant_id, connection_id::text || '/' || resource, (extract(epoch from acquired_at) * 1000000)::bigint, ct
         from tokens where ct is not null",
    ),
    (
        "flow_secrets",
        "ct",
        "ct",
        Purpose::Flow,
        "select tenant_id, flow_id::text || '/' || kind, 0::bigint, ct from flow_secrets",
    ),
    (
        "invitations",
        "token_sealed",
        "token_sealed",
        Purpose::Invitation,
        "select tenant_id, id::text, 0::bigint, token_sealed from invitations where token_sealed <> ''",
    ),
    (
        "app_credentials",
        "ct",
        "ct",
        Purpose::App,
        "select '00000000-0000-0000-0000-000000000000'::uuid, id::text, 0::bigint, ct from app_credentials",
    ),
];

/// All sealed cells. `pool` must be allowed to read every column.
pub async fn cells(pool: &PgPool) -> sqlx::Result<Vec<Cell>> {
    let mut cells = Vec::new();
    for (table, column, bound_column, purpose, query) in COLUMNS {
        for row in sqlx::query(query).fetch_all(pool).await? {
            cells.push(Cell {
                table,
                column,
                bound_column,
                purpose,
                tenant_id: row.try_get(0)?,
                row_id: row.try_get(1)?,
                row_version: row.try_get(2)?,
                bytes: row.try_get(3)?,
            });
        }
    }
    Ok(cells)
}

/// Opens cells as a keeper with these keys would.
pub struct Opener(Vault);

impl Opener {
    pub fn new(pool: &PgPool, keys: Keyring) -> Self {
        Self(Vault::new(
            pool.clone(),
            keys,
            Clock::system(),
            Rotation::default(),
        ))
    }

    /// Do `bytes` open at the place of `cell`?
    pub async fn opens(&self, cell: &Cell, bytes: &[u8]) -> bool {
        let place = Place {
            table: cell.table,
            column: cell.bound_column,
            tenant_id: cell.tenant_id,
            row_id: &cell.row_id,
            row_version: cell.row_version,
        };
        self.0.open(cell.purpose, &place, bytes).await.is_ok()
    }
}
