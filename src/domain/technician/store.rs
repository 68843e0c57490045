//! SQL of technicians.

use uuid::Uuid;

use super::{Role, Technician};
use crate::domain::op::Op;
use crate::storage::{Inconsistent, TechnicianId};

struct Row {
    id: Uuid,
    email: String,
    display_name: String,
    role: String,
    state: String,
}

impl TryFrom<Row> for Technician {
    type Error = Inconsistent;

    fn try_from(row: Row) -> Result<Self, Inconsistent> {
        let role: Role = row
            .role
            .parse()
            .map_err(|_| Inconsistent::new("technicians", "role", row.id))?;
        Ok(Self {
            id: row.id.into(),
            email: row.email,
            display_name: row.display_name,
            role,
            disabled: row.state == "disabled",
        })
    }
}

pub(super) async fn find(op: &mut Op, id: TechnicianId) -> Result<Option<Technician>, sqlx::Error> {
    let row = sqlx::query_as!(
        Row,
        "select id, email, display_name, role, state from technicians where id = $1",
        id.as_uuid(),
    )
    .fetch_optional(op.db())
    .await?;
    Ok(row.map(Technician::try_from).transpose()?)
}
