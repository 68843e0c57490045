//! What a text looks like before anybody gets it.

use time::{Duration, OffsetDateTime};

use super::letter::{blank, first_named};
use super::{Kind, MailTemplate, Sender};
use crate::domain::branding::Brand;
use crate::domain::page_url::page_url;
use crate::language::{Language, day, exact};
use crate::mail::CustomerLetter;

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
    let mut letter = blank(sender, brand, language, template);
    "it@contoso.example".clone_into(&mut letter.to);
    let expires = match kind {
        Kind::AboutToExpire => {
            let last = day(language, now + Duration::days(14));
            words.ends_on.with("day", last).text()
        }
        _ => exact(language, now + Duration::days(7)),
    };
    let app = first_named([&sender.app_name, &letter.msp_name]);
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
        letter.link = Some(page_url(&sender.base_url, "/onboarding/inv_EXAMPLE"));
        let reference = words.reference.with("reference", "R-7KQ2");
        letter.facts.push(reference.text());
    }
    letter
}
