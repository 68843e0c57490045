//! What a campaign says: its name, why customers are asked, how they sign in, and the mail's text.

use super::{CampaignInput, Checked};
use crate::domain::campaign::Reason;
use crate::domain::customer_mail::{Kind, MailTemplate, check_template};
use crate::domain::invitation::Method;
use crate::domain::line::plain;
use crate::domain::tenant::FieldError;

const LONGEST_NAME: usize = 100;
const LONGEST_SENTENCE: usize = 500;

impl CampaignInput {
    pub(super) fn name(&self) -> Checked<String> {
        let name = plain(&self.name);
        match name.chars().count() {
            0 => Err(FieldError::new("name", "Give the campaign a name.")),
            n if n > LONGEST_NAME => {
                let why = "Give it a name of at most 100 characters.";
                Err(FieldError::new("name", why))
            }
            _ => Ok(name),
        }
    }

    pub(super) fn reason(&self) -> Checked<Reason> {
        self.reason
            .parse()
            .map_err(|_| FieldError::new("reason", "Choose why customers are asked."))
    }

    pub(super) fn method(&self, reason: Option<Reason>) -> Checked<Option<Method>> {
        let wrong = |why| FieldError::new("method", why);
        let method = match self.method.as_str() {
            "" => None,
            word => Some(
                word.parse()
                    .map_err(|_| wrong("Choose how the administrator signs in."))?,
            ),
        };
        if reason == Some(Reason::Move) && matches!(method, None | Some(Method::DeviceCode)) {
            return Err(wrong("Choose the way that customers are to move to."));
        }
        Ok(method)
    }

    pub(super) fn sentence(&self) -> Checked<String> {
        let sentence = plain(&self.sentence);
        if sentence.chars().count() > LONGEST_SENTENCE {
            let why = "Say why in at most 500 characters.";
            return Err(FieldError::new("sentence", why));
        }
        Ok(sentence)
    }

    /// Both empty: the text of its kind.
    pub(super) fn template(&self) -> Result<Option<MailTemplate>, Vec<FieldError>> {
        if self.subject.trim().is_empty() && self.body.trim().is_empty() {
            return Ok(None);
        }
        let typed = MailTemplate {
            subject: plain(&self.subject),
            body: self.body.clone(),
        };
        let checked = check_template(Kind::Campaign, &typed);
        checked.map(Some).map_err(|wrong| {
            [("subject", wrong.subject), ("body", wrong.body)]
                .into_iter()
                .filter_map(|(field, why)| Some(FieldError::new(field, why?)))
                .collect()
        })
    }
}
