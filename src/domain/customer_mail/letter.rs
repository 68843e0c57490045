//! What goes into a mail: its text, and the values of its placeholders as they are when it goes out.

use crate::domain::connection::{self, ShownState};
use crate::domain::invitation::Invitation;
use crate::domain::op::{Op, Scope};
use crate::domain::tenant::{self, Tenant, TenantState};
use crate::language::{Language, day, exact};
use crate::mail::{ACCENT, CustomerLetter};

use super::send::{NotSent, Sender};
use super::{Kind, MailTemplate, Taken, settings};
use crate::domain::branding::{self, Brand};
use crate::domain::invitation;
use crate::storage::TenantId;
use time::{Duration, OffsetDateTime};

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
        None => usual_language(op, scope, mail.tenant).await?,
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

/// The tenant's language, or the installation's.
async fn usual_language(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
) -> Result<Language, sqlx::Error> {
    let own = settings::mailing(op, scope, tenant).await?.language;
    Ok(match own {
        Some(language) => language,
        None => settings::settings(op).await?.language,
    })
}

/// A letter of the MSP to nobody yet.
fn blank(
    sender: &Sender,
    brand: &Brand,
    language: Language,
    template: MailTemplate,
) -> CustomerLetter {
    let msp_name = brand.name(&sender.msp_name).to_owned();
    let base = sender.base_url.as_str().trim_end_matches('/');
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
        accent: if brand.accent.is_empty() {
            ACCENT.to_owned()
        } else {
            brand.accent.clone()
        },
        logo: brand.logo.map(|id| format!("{base}/brand/logo/{id}")),
    }
}

/// What a text looks like, with values that nobody owns.
pub fn sample(
    sender: &Sender,
    brand: &Brand,
    kind: Kind,
    language: Language,
    template: MailTemplate,
    now: OffsetDateTime,
) -> CustomerLetter {
    let words = &language.book().mail;
    let until = exact(language, now + Duration::days(7));
    let mut letter = blank(sender, brand, language, template);
    "it@contoso.example".clone_into(&mut letter.to);
    let expires = match kind {
        Kind::AboutToExpire => {
            let last = day(language, now + Duration::days(14));
            words.ends_on.with("day", last).text()
        }
        _ => until,
    };
    let app = [&sender.app_name, &letter.msp_name]
        .into_iter()
        .find(|name| !name.is_empty());
    let app = app.cloned().unwrap_or_default();
    letter.values.extend([
        ("tenant", "Contoso".to_owned()),
        ("reference", "R-7KQ2".to_owned()),
        ("technician", "Kim Berg".to_owned()),
        ("expires", expires),
        ("by", "admin@contoso.example".to_owned()),
        ("when", exact(language, now)),
        ("app", app),
        ("resources", "Microsoft Graph\nExchange Online".to_owned()),
        ("reason", String::new()),
        ("deadline", String::new()),
    ]);
    if kind.has_link() {
        let base = sender.base_url.as_str().trim_end_matches('/');
        letter.link = Some(format!("{base}/onboarding/inv_EXAMPLE"));
        let reference = words.reference.with("reference", "R-7KQ2");
        letter.facts.push(reference.text());
    }
    letter
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
    let by = [
        &standing.admin_username,
        &tenant.admin_username,
        &tenant.full_name,
    ]
    .into_iter()
    .find(|name| !name.is_empty());
    let app = [&sender.app_name, &letter.msp_name]
        .into_iter()
        .find(|name| !name.is_empty())
        .cloned();
    letter.values.retain(|(name, _)| *name != "resources");
    letter.values.extend([
        ("resources", granted),
        ("by", by.cloned().unwrap_or_default()),
        ("when", exact(letter.language, standing.obtained_at)),
        ("app", app.unwrap_or_default()),
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
