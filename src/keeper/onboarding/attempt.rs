//! An attempt: flow, invitation, tenant and app together, as every step needs them; and which Entra tenant is expected.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use crate::entra::{Certainty, Failure, Meaning, TenantSegment};
use crate::keeper::app::AppInUse;
use crate::keeper::core::Core;
use crate::keeper::message::Refusal;
use crate::keeper::record;
use crate::keeper::store::flows::{self, Flow};
use crate::keeper::store::records::Subject;
use crate::keeper::store::tenants::{self, Invitation, Tenant};
use crate::keeper::trouble::Trouble;
use crate::storage::{FlowId, TenantId};

/// A domain's tenant hardly ever changes; within one onboarding it is asked for once.
const FRESH_FOR: Duration = Duration::from_mins(30);

/// See the module.
pub(super) struct Attempt {
    pub tenant: Tenant,
    pub invitation: Invitation,
    pub flow: Flow,
    pub app: AppInUse,
}

/// Which Entra tenant has to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ExpectedTenant {
    Known(Uuid),
    /// Nothing was told.
    Any,
    /// A domain was told that Microsoft does not know: somebody must look at who signed in.
    Unresolved,
}

impl ExpectedTenant {
    /// Where to send the person.
    pub const fn segment(self) -> TenantSegment {
        match self {
            Self::Known(id) => TenantSegment::Tenant(id),
            Self::Any | Self::Unresolved => TenantSegment::Organizations,
        }
    }
}

/// Domains resolved lately; `None`: Microsoft does not know it.
#[derive(Default)]
pub(in crate::keeper) struct DomainCache {
    known: Mutex<HashMap<String, (Instant, Option<Uuid>)>>,
}

impl Attempt {
    /// Load an attempt that may still go on.
    pub async fn load(core: &Core, tenant_id: TenantId, flow_id: FlowId) -> Result<Self, Trouble> {
        let flow = flows::load(&core.pool, tenant_id, flow_id).await?;
        let flow = flow
            .filter(|flow| !flow.state.is_over())
            .ok_or(Refusal::NotThere)?;
        let tenant = tenants::find(&core.pool, tenant_id).await?;
        let tenant = tenant.ok_or(Refusal::NotThere)?;
        if tenant.state != "active" {
            return Err(Refusal::Suspended.into());
        }
        let invitation = tenants::invitation(&core.pool, tenant_id, flow.invitation_id).await?;
        let invitation = invitation
            .filter(|invitation| invitation.is_open(core.clock.now()))
            .ok_or(Refusal::NotThere)?;
        let app = core.app.msp(core).await?;
        Ok(Self {
            tenant,
            invitation,
            flow,
            app: app.ok_or(Refusal::NoApp)?,
        })
    }

    /// The browser took too long.
    pub fn is_over(&self, core: &Core) -> bool {
        self.flow.expires_at <= core.clock.now()
    }

    pub const fn subject(&self) -> Subject {
        Subject {
            tenant_id: self.flow.tenant_id,
            connection_id: self.flow.connection_id,
            flow_id: Some(self.flow.id),
            resource: None,
        }
    }

    /// The tenant bound, named by the invitation, or that the domain belongs to; the failure when Microsoft cannot say.
    pub async fn expected_tenant(
        &self,
        core: &Core,
    ) -> Result<Result<ExpectedTenant, Box<Failure>>, Trouble> {
        let known = self
            .invitation
            .expected_entra_tenant_id
            .or(self.tenant.entra_tenant_id);
        if let Some(id) = known {
            return Ok(Ok(ExpectedTenant::Known(id)));
        }
        if self.tenant.domain.is_empty() {
            return Ok(Ok(ExpectedTenant::Any));
        }
        let found = self.resolve(core).await?;
        Ok(found.map(|id| id.map_or(ExpectedTenant::Unresolved, ExpectedTenant::Known)))
    }

    async fn resolve(&self, core: &Core) -> Result<Result<Option<Uuid>, Box<Failure>>, Trouble> {
        let domain = &self.tenant.domain;
        if let Some((at, found)) = core.domains.known().get(domain)
            && at.elapsed() < FRESH_FOR
        {
            return Ok(Ok(*found));
        }
        let exchange = core.entra.resolve_tenant(domain).await;
        record::note(core, &self.subject(), &exchange).await?;
        let found = match exchange.outcome {
            Ok(resolved) => Some(resolved.tenant_id),
            Err(failure) if failure.meaning == Meaning::Rejected(Certainty::Ambiguous) => None,
            Err(failure) => return Ok(Err(failure)),
        };
        let entry = (Instant::now(), found);
        core.domains.known().insert(domain.clone(), entry);
        Ok(Ok(found))
    }
}

impl DomainCache {
    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<String, (Instant, Option<Uuid>)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
