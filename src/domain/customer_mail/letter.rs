//! What goes into a mail: its text, and the values of its placeholders as they are when it goes out.

use super::send::{NotSent, Sender};
use super::{Kind, MailTemplate, Taken, settings};
use crate::domain::branding::{self, Brand};
use crate::domain::connection::{self, ShownState};
use crate::domain::invitation::{self, Invitation};
use crate::domain::op::{Op, Scope};
use crate::domain::page_url::page_url;
use crate::domain::tenant::{self, Tenant, TenantState};
use crate::language::{Language, day, exact};
use crate::mail::{ACCENT, CustomerLetter};

/// Everything but the link, which only the keeper knows.
pub(super) struct Prepared {
    pub letter: CustomerLetter,
    pub invitation: Option<Invitation>,
}

/// Read what the mail says. A mail whose subject has gone meanwhile is not sent.
pub(super) async fn prepare(
    op: &mut Op,
    sender: &Sender,
    mail: &Taken,
) -> Result<Prepared, NotSent> {
    let scope = Scope::one(mail.tenant);
    let tenant = tenant::find(op, scope, mail.tenant).await?;
    let Some(tenant) = tenant.filter(|one| one.state == TenantState::Active) else {
        return Err(NotSent::Moot("the tenant is not active"));
    };
    let invitation = match mail.invitation {
        Some(id) => {
            let found = invitation::find(op, scope, id).await?;
            let good = found.filter(|one| one.state.is_good());
            Some(good.ok_or(NotSent::Moot("the link is no longer good"))?)
        }
        None => None,
    };
    if mail.kind.has_link() && invitation.is_none() {
        return Err(NotSent::Moot("it belongs to no invitation"));
    }
    let language = match mail.language {
        Some(language) => language,
        None => settings::language(op, scope, mail.tenant).await?,
    };
    let template = match &mail.template {
        Some(own) => own.clone(),
        None => settings::text(op, mail.kind, language).await?.0,
    };
    let brand = branding::read(op).await?;
    let mut letter = blank(sender, &brand, language, template);
    letter.to.clone_from(&mail.to);
    letter.values.extend([
        ("tenant", tenant.full_name.clone()),
        ("resources", resources(&tenant)),
    ]);
    if let Some(invitation) = &invitation {
        say_invitation(&mut letter, mail, invitation);
    }
    match mail.kind {
        Kind::Completed => say_granted(op, &mut letter, sender, &tenant).await?,
        Kind::AboutToExpire => say_expiry(op, &mut letter, &tenant).await?,
        Kind::Invitation | Kind::Reminder | Kind::Campaign | Kind::CampaignReminder => {}
    }
    for name in ["reason", "deadline"] {
        let said = mail.named.get(name).cloned().unwrap_or_default();
        letter.values.push((name, said));
    }
    Ok(Prepared { letter, invitation })
}

/// A letter of the MSP to nobody yet.
pub(super) fn blank(
    sender: &Sender,
    brand: &Brand,
    language: Language,
    template: MailTemplate,
) -> CustomerLetter {
    let msp_name = brand.name(&sender.msp_name).to_owned();
    CustomerLetter {
        to: String::new(),
        language,
        subject: template.subject,
        body: template.body,
        values: vec![("msp", msp_name.clone())],
        link: None,
        msp_name,
        facts: Vec::new(),
        report_to: sender.report_to.clone(),
        contact: brand.contact.clone(),
        accent: first_named([&brand.accent, ACCENT]),
        logo: brand
            .logo
            .map(|id| page_url(&sender.base_url, &format!("/brand/logo/{id}"))),
    }
}

/// The first of these that is not empty.
pub(super) fn first_named<const N: usize>(names: [&str; N]) -> String {
    let found = names.into_iter().find(|name| !name.is_empty());
    found.unwrap_or_default().to_owned()
}

fn resources(tenant: &Tenant) -> String {
    let names = tenant.resources.iter().map(|one| one.resource.name());
    names.collect::<Vec<_>>().join("\n")
}

fn say_invitation(letter: &mut CustomerLetter, mail: &Taken, invitation: &Invitation) {
    let words = &letter.language.book().mail;
    let technician = if mail.technician.is_empty() {
        &letter.msp_name
    } else {
        &mail.technician
    };
    let until = exact(letter.language, invitation.expires_at);
    let values = [
        ("reference", invitation.reference.clone()),
        ("expires", until),
        ("technician", technician.clone()),
    ];
    if invitation.pin.asked {
        let pin = words.pin.with("msp", &letter.msp_name);
        letter.facts.push(pin.text());
    }
    if !mail.technician.is_empty() {
        let sent_by = words.sent_by.with("technician", &mail.technician);
        letter
            .facts
            .push(sent_by.with("msp", &letter.msp_name).text());
    }
    let reference = words.reference.with("reference", &invitation.reference);
    letter.facts.push(reference.text());
    letter.values.extend(values);
}

/// The receipt's values: what the connection in use was granted.
async fn say_granted(
    op: &mut Op,
    letter: &mut CustomerLetter,
    sender: &Sender,
    tenant: &Tenant,
) -> Result<(), NotSent> {
    let detail = connection::detail(op, Scope::one(tenant.id), tenant.id).await?;
    let Some((standing, detail)) = detail.and_then(|one| Some((one.standing.clone()?, one))) else {
        return Err(NotSent::Moot("the access has ended meanwhile"));
    };
    let lines = detail
        .resources
        .iter()
        .filter(|one| one.last_ok_at.is_some());
    let granted = lines.map(|one| {
        let scopes: Vec<&str> = one
            .scopes
            .iter()
            .filter_map(|scope| scope.rsplit('/').next())
            .filter(|scope| !["openid", "profile", "email", "offline_access"].contains(scope))
            .collect();
        if scopes.is_empty() {
            one.resource.name().to_owned()
        } else {
            format!("{}: {}", one.resource.name(), scopes.join(", "))
        }
    });
    let granted = granted.collect::<Vec<_>>().join("\n");
    let by = first_named([
        &standing.admin_username,
        &tenant.admin_username,
        &tenant.full_name,
    ]);
    let app = first_named([&sender.app_name, &letter.msp_name]);
    letter.values.retain(|(name, _)| *name != "resources");
    letter.values.extend([
        ("resources", granted),
        ("by", by),
        ("when", exact(letter.language, standing.obtained_at)),
        ("app", app),
    ]);
    Ok(())
}

/// When the access ends: `ends on 28 November 2026`, or that it has.
async fn say_expiry(
    op: &mut Op,
    letter: &mut CustomerLetter,
    tenant: &Tenant,
) -> Result<(), NotSent> {
    let now = op.now();
    let row = connection::one(op, Scope::one(tenant.id), tenant.id).await?;
    let until = match row.map(|row| (row.state, row.expires)) {
        Some((ShownState::Expired, _)) => None,
        Some((_, Some((at, _)))) => Some(at).filter(|at| *at > now),
        _ => return Err(NotSent::Moot("the access does not run out any more")),
    };
    let words = &letter.language.book().mail;
    let said = match until {
        Some(at) => words.ends_on.with("day", day(letter.language, at)).text(),
        None => words.has_ended.text(),
    };
    letter.values.push(("expires", said));
    Ok(())
}
