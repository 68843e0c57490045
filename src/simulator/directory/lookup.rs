//! Finding tenants, users and applications by what requests call them.

use uuid::Uuid;

use super::{App, State, Tenant, User};
use crate::simulator::aadsts::{self, Aadsts};

/// The first path segment of an Entra address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segment {
    Tenant(Uuid),
    Organizations,
    Common,
    Consumers,
}

impl Segment {
    pub fn tenant(self) -> Option<Uuid> {
        match self {
            Self::Tenant(id) => Some(id),
            Self::Organizations | Self::Common | Self::Consumers => None,
        }
    }
}

impl State {
    /// What `text` means as a tenant path segment: a GUID, a verified domain, or one of Microsoft's three words.
    pub fn segment(&self, text: &str) -> Result<Segment, Aadsts> {
        match text {
            "organizations" => return Ok(Segment::Organizations),
            "common" => return Ok(Segment::Common),
            "consumers" => return Ok(Segment::Consumers),
            _ => {}
        }
        if text.parse::<Uuid>().is_err() && !text.contains('.') {
            return Err(aadsts::not_a_domain(text));
        }
        self.tenant_named(text)
            .filter(|t| !t.deleted)
            .map(|t| Segment::Tenant(t.id))
            .ok_or_else(|| aadsts::tenant_not_found(text))
    }

    /// A tenant by GUID or domain, deleted ones included.
    pub fn tenant_named(&self, text: &str) -> Option<&Tenant> {
        match text.parse::<Uuid>() {
            Ok(id) => self.tenants.get(&id),
            Err(_) => self.tenants.values().find(|t| t.has_domain(text)),
        }
    }

    /// A tenant that answers.
    pub fn live_tenant(&self, id: Uuid) -> Result<&Tenant, Aadsts> {
        self.tenants
            .get(&id)
            .filter(|t| !t.deleted)
            .ok_or_else(|| aadsts::tenant_not_found(&id.to_string()))
    }

    /// A user by UPN, without regard to case; deleted ones are not found.
    pub fn user_by_upn(&self, upn: &str) -> Option<&User> {
        let upn = upn.trim();
        self.users
            .values()
            .find(|u| !u.deleted && u.upn.eq_ignore_ascii_case(upn))
    }

    /// A user by UPN or object id, deleted ones included, for the control page.
    pub fn user_named(&self, text: &str) -> Option<&User> {
        match text.parse::<Uuid>() {
            Ok(oid) => self.users.get(&oid),
            Err(_) => self.user_by_upn(text).or_else(|| {
                self.users
                    .values()
                    .find(|u| u.upn.eq_ignore_ascii_case(text.trim()))
            }),
        }
    }

    /// A registration by client id, `tenant` being how the error names the directory.
    pub fn app(&self, client: &str, tenant: &str) -> Result<&App, Aadsts> {
        client
            .parse::<Uuid>()
            .ok()
            .and_then(|id| self.apps.get(&id))
            .ok_or_else(|| aadsts::app_unknown(client, tenant))
    }
}
