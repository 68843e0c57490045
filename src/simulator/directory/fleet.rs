//! A whole fleet at once: organisations with one administrator each who has signed in and consented. For load tests and
//! fault campaigns, which need thousands of them before they begin.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Consent, Directory, EditError, NewTenant, NewUser, State, Wanted};
use crate::simulator::tokens::{Class, Origin};

/// What to make.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FleetOrder {
    /// Organisations `{prefix}00001.example` and so on.
    pub prefix: String,
    pub count: u32,
    /// The registration that they consented to.
    pub client_id: Uuid,
    pub class: Class,
}

/// An organisation of the fleet, with the refresh token of its administrator.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Member {
    pub tenant: Uuid,
    pub oid: Uuid,
    pub upn: String,
    #[serde(serialize_with = "in_the_clear")]
    pub refresh_token: SecretString,
}

fn in_the_clear<S: serde::Serializer>(secret: &SecretString, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(secrecy::ExposeSecret::expose_secret(secret))
}

impl Directory {
    /// Make the fleet. Names are not compared with those that exist: choose another prefix each time.
    pub fn plant_fleet(&self, order: &FleetOrder) -> Result<Vec<Member>, EditError> {
        self.change(|state, now| {
            let app = state
                .apps
                .get(&order.client_id)
                .ok_or_else(|| EditError::unknown("app", order.client_id.to_string()))?;
            let wanted: Vec<Wanted> = app.required.iter().map(Wanted::from).collect();
            Ok((1..=order.count)
                .map(|number| member(state, order, &wanted, number, now))
                .collect())
        })
    }
}

fn member(
    state: &mut State,
    order: &FleetOrder,
    wanted: &[Wanted],
    number: u32,
    now: time::OffsetDateTime,
) -> Member {
    let name = format!("{}{number:05}", order.prefix);
    let upn = format!("admin@{name}.example");
    let mut tenant = NewTenant {
        domains: vec![format!("{name}.example")],
        ..NewTenant::named(&name, &format!("{name}.onmicrosoft.example"))
    }
    .into_tenant();
    let user = NewUser::admin(&upn, "Administrator").into_user(tenant.id, now);
    let (id, oid) = (tenant.id, user.oid);
    tenant.consent(order.client_id, oid, wanted, Consent::Organization, now);
    state.tenants.insert(id, tenant);
    state.users.insert(oid, user);
    let refresh_token = state.ledger.issue(
        Origin {
            family: crate::clock::random_uuid(),
            user: oid,
            tenant: id,
            client: order.client_id,
            class: order.class,
            signed_in_at: now,
            mfa_at: Some(now),
            device_code: order.class == Class::Public,
        },
        now,
    );
    Member {
        tenant: id,
        oid,
        upn,
        refresh_token: refresh_token.into(),
    }
}
