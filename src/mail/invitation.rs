//! The letter that carries an invitation's link: who invites, for what, how long, and how to tell that it is genuine.

use askama::Template;

use super::{Letter, SendError};

/// What the invitation letter says.
#[derive(Debug, Clone)]
pub struct InvitationLetter {
    pub to: String,
    pub msp_name: String,
    /// The customer's full name.
    pub tenant_name: String,
    /// Who of the MSP sends it; empty when nobody in particular.
    pub technician: String,
    /// What both sides can name on the phone.
    pub reference: String,
    /// The link, under the configured base address.
    pub auth_url: String,
    /// The page will ask for a PIN, which no letter carries.
    pub asks_pin: bool,
    /// When the link ends, in words with the zone.
    pub good_until: String,
    /// Where to report a suspicious letter; empty: not said.
    pub report_to: String,
}

#[derive(Template)]
#[template(path = "mail/invitation.txt")]
struct Text<'a> {
    letter: &'a InvitationLetter,
}

#[derive(Template)]
#[template(path = "mail/invitation.html")]
struct Html<'a> {
    letter: &'a InvitationLetter,
}

impl InvitationLetter {
    /// The letter as it goes out.
    pub fn compose(&self) -> Result<Letter, SendError> {
        let failed = |error: askama::Error| SendError::Composition(Box::new(error));
        Ok(Letter {
            to: self.to.clone(),
            subject: format!(
                "{} asks you to authorise its access to Microsoft 365 ({})",
                self.msp_name, self.reference
            ),
            text: Text { letter: self }.render().map_err(failed)?,
            html: Html { letter: self }.render().map_err(failed)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter() -> InvitationLetter {
        InvitationLetter {
            to: "it@contoso.example".into(),
            msp_name: "Nordwind IT".into(),
            tenant_name: "Contoso & Sons <Ltd>".into(),
            technician: "Kim Berg".into(),
            reference: "R-7KQ2".into(),
            auth_url: "https://portal.example/onboarding/inv_abc".into(),
            asks_pin: false,
            good_until: "2026-11-28 02:15 UTC".into(),
            report_to: "security@nordwind.example".into(),
        }
    }

    #[test]
    fn both_forms_carry_the_link_the_reference_and_the_warning() {
        let composed = letter().compose().unwrap();
        for body in [&composed.text, &composed.html] {
            for part in [
                "https://portal.example/onboarding/inv_abc",
                "R-7KQ2",
                "2026-11-28 02:15 UTC",
                "Kim Berg",
                "never send codes",
                "security@nordwind.example",
            ] {
                assert!(body.contains(part), "{part} is missing in {body}");
            }
        }
        assert!(composed.subject.contains("Nordwind IT"));
    }

    #[test]
    fn a_letter_says_that_a_pin_comes_by_telephone() {
        let mut letter = letter();
        letter.asks_pin = true;
        let composed = letter.compose().unwrap();
        for body in [&composed.text, &composed.html] {
            assert!(body.contains("tells you by telephone"), "{body}");
        }
    }

    #[test]
    fn names_are_text_in_both_forms() {
        let composed = letter().compose().unwrap();
        assert!(composed.text.contains("Contoso & Sons <Ltd>"));
        assert!(!composed.html.contains("<Ltd>"));
    }

    #[test]
    fn a_letter_without_technician_and_reporting_place_says_nothing_of_them() {
        let mut letter = letter();
        letter.technician.clear();
        letter.report_to.clear();
        let composed = letter.compose().unwrap();
        assert!(!composed.text.contains("Report"));
        assert!(!composed.html.contains("Report"));
    }
}
