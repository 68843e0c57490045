//! Whether somebody whom the provider vouched for comes in, and as whom: by an identity that is linked, by a one-time link, or,
//! where the settings allow it, as a stranger with a role.

use super::arrive::{Came, Outcomes, Returned};
use super::trip::Trip;
use super::{Evidence, Identity, Refused, Rules, link, store};
use crate::domain::audit::Entry;
use crate::domain::line::plain;
use crate::domain::op::Op;
use crate::domain::technician::factor::FactorKind;
use crate::domain::technician::{
    self, AddError, ChangeError, LinkError, LoginName, NewTechnician, Role, Technician,
};
use crate::oidc::{LEEWAY, Person};
use crate::storage::TechnicianId;

/// The technician, and what they came for.
pub(super) async fn admit(
    op: &mut Op,
    rules: &Rules,
    person: &Person,
    trip: &Trip,
    back: &Returned<'_>,
) -> Outcomes<(Technician, Came)> {
    let identity = Identity {
        issuer: person.issuer.clone(),
        subject: person.subject.clone(),
    };
    if let Some(own) = trip.technician {
        return if trip.again {
            prove_own(op, rules, own, (person, &identity), trip, back).await
        } else {
            let tied = tie_own(op, own, back, &identity).await?;
            Ok(tied.map(|technician| (technician, Came::Tied)))
        };
    }
    let (role, evidence) = match (rules.role(person), rules.evidence(person)) {
        (Ok(role), Ok(evidence)) => (role, evidence),
        (Err(refused), _) | (_, Err(refused)) => return Ok(Err(refused)),
    };
    let found = match &trip.link_hash {
        Some(hash) => invited(op, hash, &identity, back).await?,
        None => known(op, &identity, back).await?,
    };
    let technician = match (found, role) {
        (Err(Refused::NotLinked), Some(role)) if rules.create => {
            created(op, person, role, &identity, back).await?
        }
        (Ok(technician), Some(role)) if technician.role != role => {
            with_role(op, &technician, role).await?
        }
        (found, _) => found,
    };
    let technician = match technician {
        Ok(technician) => technician,
        Err(refused) => return Ok(Err(refused)),
    };
    store::note_use(op, technician.id).await?;
    Entry::new("technician.sign_on_proved")
        .object("technician", technician.id)
        .write(op)
        .await?;
    let came = Came::In {
        evidence,
        proved_at: person.authenticated_at,
    };
    Ok(Ok((technician, came)))
}

/// Who is signed in here.
async fn signed_in(op: &mut Op, own: TechnicianId, back: &Returned<'_>) -> Outcomes<Technician> {
    let technician = technician::find(op, own).await?;
    let Some(technician) = technician.filter(|one| back.signed_in == Some(one.id)) else {
        return Ok(Err(Refused::OtherTechnician));
    };
    op.continue_as(technician.acting_from(back.ip.to_owned()));
    Ok(Ok(technician))
}

/// Somebody who is signed in proves again who they are: with their own account, with both factors, and just now by the
/// provider's own word (`auth_time`): our asking for it went through the browser, which could have left it out.
async fn prove_own(
    op: &mut Op,
    rules: &Rules,
    own: TechnicianId,
    (person, identity): (&Person, &Identity),
    trip: &Trip,
    back: &Returned<'_>,
) -> Outcomes<(Technician, Came)> {
    let technician = match signed_in(op, own, back).await? {
        Ok(technician) => technician,
        Err(refused) => return Ok(Err(refused)),
    };
    if store::technician_of(op, identity).await? != Some(own) {
        return Ok(Err(Refused::OtherAccount));
    }
    match rules.evidence(person) {
        Ok(Evidence::Mfa) => {}
        Ok(Evidence::PasswordOnly) => return Ok(Err(Refused::NoSecondFactor)),
        Err(refused) => return Ok(Err(refused)),
    }
    let at = person.authenticated_at;
    let Some(at) = at.filter(|at| trip.begun_at - *at <= LEEWAY) else {
        return Ok(Err(Refused::NotAgain));
    };
    store::note_use(op, own).await?;
    Entry::new("technician.factor_proved")
        .object("technician", own)
        .detail("factor", FactorKind::SignOn.as_str())
        .detail("for", "step_up")
        .write(op)
        .await?;
    let proved_at = at.max(trip.begun_at);
    Ok(Ok((technician, Came::Again { proved_at })))
}

/// Somebody who is signed in ties their own login to this identity.
async fn tie_own(
    op: &mut Op,
    own: TechnicianId,
    back: &Returned<'_>,
    identity: &Identity,
) -> Outcomes<Technician> {
    let technician = match signed_in(op, own, back).await? {
        Ok(technician) => technician,
        Err(refused) => return Ok(Err(refused)),
    };
    Ok(link::link(op, own, identity).await?.map(|()| technician))
}

/// The bearer of a one-time link: the identity becomes theirs, and the link is used up.
async fn invited(
    op: &mut Op,
    hash: &[u8],
    identity: &Identity,
    back: &Returned<'_>,
) -> Outcomes<Technician> {
    let technician = match technician::accept_by_sign_on(op, hash).await {
        Ok(technician) => technician,
        Err(LinkError::Gone) => return Ok(Err(Refused::LinkGone)),
        Err(LinkError::Database(error)) => return Err(error),
    };
    op.continue_as(technician.acting_from(back.ip.to_owned()));
    let tied = link::link(op, technician.id, identity).await?;
    Ok(tied.map(|()| technician))
}

/// Whose identity it is.
async fn known(op: &mut Op, identity: &Identity, back: &Returned<'_>) -> Outcomes<Technician> {
    let Some(id) = store::technician_of(op, identity).await? else {
        return Ok(Err(Refused::NotLinked));
    };
    let Some(technician) = technician::find(op, id).await? else {
        return Ok(Err(Refused::NotLinked));
    };
    if !technician.is_active() {
        return Ok(Err(Refused::Disabled));
    }
    op.continue_as(technician.acting_from(back.ip.to_owned()));
    Ok(Ok(technician))
}

/// A stranger whose groups give a role. The address becomes the login name; one that somebody has already is no proof that
/// it is the same person.
async fn created(
    op: &mut Op,
    person: &Person,
    role: Role,
    identity: &Identity,
    back: &Returned<'_>,
) -> Outcomes<Technician> {
    let mut addresses = person.addresses.iter();
    let Some(email) = addresses.find_map(|text| LoginName::parse(text).ok()) else {
        return Ok(Err(Refused::NoAddress));
    };
    let name = person.name.as_deref().map(plain);
    let display_name = name
        .and_then(|name| technician::display_name(&name).ok())
        .unwrap_or_else(|| email.as_str().chars().take(100).collect());
    let new = NewTechnician {
        email,
        display_name,
        role,
    };
    let technician = match technician::create_for_sign_on(op, &new).await {
        Ok(technician) => technician,
        Err(AddError::Exists) => return Ok(Err(Refused::TakenAddress)),
        Err(AddError::Database(error)) => return Err(error),
    };
    op.continue_as(technician.acting_from(back.ip.to_owned()));
    let tied = link::link(op, technician.id, identity).await?;
    Ok(tied.map(|()| technician))
}

/// The provider's groups say otherwise than what is stored: they count, up and down.
async fn with_role(op: &mut Op, technician: &Technician, role: Role) -> Outcomes<Technician> {
    match technician::change_role(op, technician.id, role).await {
        Ok(changed) => Ok(Ok(changed.technician)),
        Err(ChangeError::LastOwner) => Ok(Err(Refused::LastOwner)),
        Err(ChangeError::NotFound | ChangeError::Disabled) => Ok(Err(Refused::Disabled)),
        Err(ChangeError::Database(error)) => Err(error),
    }
}
