//! Create an invitation, and replace one by a new link on the same terms.

use super::end::{self, EndError};
use super::input::Terms;
use super::link::{LinkToken, SealedLink};
use super::store::{self, NewRow};
use super::{Invitation, Pin, Validity};
use crate::clock;
use crate::domain::audit;
use crate::domain::op::{Op, Scope};
use crate::domain::tenant::{self, TenantState};
use crate::storage::{FlowId, InvitationId, TenantId};

/// What a technician asks for.
#[derive(Clone, Debug)]
pub struct NewInvitation {
    pub tenant: TenantId,
    pub terms: Terms,
}

/// The invitation made, with its link: the one moment at which the portal has it in the clear without asking the keeper.
/// And the one moment at which anybody has its PIN.
#[derive(Debug)]
pub struct Created {
    pub id: InvitationId,
    pub token: LinkToken,
    pub pin: Option<Pin>,
}

/// What came of a form.
#[derive(Debug)]
pub enum FromForm {
    Made(Created),
    /// The same form came before and made this one; nothing was changed.
    Before(InvitationId),
}

/// Why no invitation was made.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    #[error("no such tenant")]
    NoTenant,
    /// The tenant is suspended or archived: what would be stored could not be used.
    #[error("the tenant is not active")]
    NotActive,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Store an invitation. `sealed` comes from [`super::seal`] for the same tenant, asked for before this transaction began.
pub async fn create(
    op: &mut Op,
    scope: Scope,
    sealed: SealedLink,
    new: NewInvitation,
) -> Result<Created, CreateError> {
    insert(op, scope, sealed, new, None).await
}

/// The same for a form (SHA-256 of what tells it from every other), which makes one invitation for a tenant, however often
/// it is sent.
pub async fn create_from_form(
    op: &mut Op,
    scope: Scope,
    sealed: SealedLink,
    new: NewInvitation,
    form: [u8; 32],
) -> Result<FromForm, CreateError> {
    if let Some(id) = made_before(op, scope, new.tenant, &form).await? {
        return Ok(FromForm::Before(id));
    }
    let made = insert(op, scope, sealed, new, Some(form.to_vec())).await?;
    Ok(FromForm::Made(made))
}

/// Which invitation this form made. Nobody need be asked for a new link then.
pub async fn made_by_form(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
    form: &[u8; 32],
) -> Result<Option<InvitationId>, sqlx::Error> {
    match tenant::find(op, scope, tenant).await? {
        Some(known) => store::made_by_form(op, known.id, form).await,
        None => Ok(None),
    }
}

/// The same, held until the transaction ends, so that the same form waits for its first sending.
async fn made_before(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
    form: &[u8],
) -> Result<Option<InvitationId>, CreateError> {
    let known = tenant::find(op, scope, tenant).await?;
    let tenant = known.ok_or(CreateError::NoTenant)?.id;
    op.hold(&format!("form of {tenant}: {}", hex::encode(form)))
        .await?;
    Ok(store::made_by_form(op, tenant, form).await?)
}

async fn insert(
    op: &mut Op,
    scope: Scope,
    sealed: SealedLink,
    new: NewInvitation,
    form_hash: Option<Vec<u8>>,
) -> Result<Created, CreateError> {
    let tenant = tenant::find(op, scope, new.tenant)
        .await?
        .filter(|tenant| tenant.id == sealed.tenant)
        .ok_or(CreateError::NoTenant)?;
    if tenant.state != TenantState::Active {
        return Err(CreateError::NotActive);
    }
    let (pin, pin_hash) = sealed.pin.unzip();
    let row = NewRow {
        tenant: tenant.id,
        id: sealed.id,
        token_hash: sealed.token.hash(),
        token_hint: sealed.token.hint(),
        token_sealed: sealed.ciphertext,
        reference: reference(clock::random_bytes()),
        expected_entra_tenant_id: tenant.entra_tenant_id,
        expires_at: op.now() + new.terms.validity.duration(),
        pin_hash: pin_hash.map(|hash| hash.as_phc().to_owned()),
        form_hash,
        terms: new.terms,
    };
    store::insert(op, &row).await?;
    audit::Entry::new("invitation.created")
        .tenant(tenant.id)
        .object("invitation", sealed.id)
        .detail("reference", row.reference)
        .detail("method", row.terms.method.as_str())
        .detail("lasting", row.terms.lasting)
        .detail("link_only", row.terms.invitation_email.is_empty())
        .detail("expected_admin", row.terms.expected_admin)
        .detail("asks_pin", pin.is_some())
        .write(op)
        .await?;
    Ok(Created {
        id: sealed.id,
        token: sealed.token,
        pin,
    })
}

/// "New link": withdraw `old` if it is still good, and create the same again for as long as the old one was given.
/// Also gives the flows that ended with it, whose secrets the keeper should forget. As often as the same form asks for it,
/// it is done once.
pub async fn replace(
    op: &mut Op,
    scope: Scope,
    sealed: SealedLink,
    old: &Invitation,
    form: [u8; 32],
) -> Result<(FromForm, Vec<FlowId>), CreateError> {
    if let Some(id) = made_before(op, scope, old.tenant_id, &form).await? {
        return Ok((FromForm::Before(id), Vec::new()));
    }
    let ended = match end::revoke(op, scope, old.id).await {
        Ok(flows) => flows,
        Err(EndError::NotGood) => Vec::new(),
        Err(EndError::NotThere) => return Err(CreateError::NoTenant),
        Err(EndError::Database(error)) => return Err(error.into()),
    };
    let hours = (old.expires_at - old.created_at).whole_hours();
    let validity = u16::try_from(hours)
        .ok()
        .and_then(Validity::hours)
        .unwrap_or(Validity::DEFAULT);
    let new = NewInvitation {
        tenant: old.tenant_id,
        terms: Terms {
            invitation_email: old.invitation_email.clone(),
            expected_admin: old.expected_admin.clone(),
            method: old.method,
            lasting: old.lasting,
            validity,
        },
    };
    let made = insert(op, scope, sealed, new, Some(form.to_vec())).await?;
    Ok((FromForm::Made(made), ended))
}

/// Four letters and digits that cannot be misheard or misread for one another, like `R-7KQ2`.
fn reference(chance: [u8; 4]) -> String {
    const CLEAR: [char; 32] = [
        '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'J', 'K',
        'L', 'M', 'N', 'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z',
    ];
    let letters = chance
        .iter()
        .filter_map(|byte| CLEAR.get(usize::from(byte % 32)));
    std::iter::once("R-".to_owned())
        .chain(letters.map(char::to_string))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_avoid_what_looks_alike() {
        let all: String = (0..=255).map(|b| reference([b, b, b, b])).collect();
        assert_eq!(reference([0, 31, 32, 255]), "R-2Z2Z");
        assert!(!all.contains(['0', 'O', '1', 'I']));
    }
}
