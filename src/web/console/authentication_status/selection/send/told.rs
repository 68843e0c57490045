//! How it ended for each tenant, in sentences that say what is left to do.

use super::super::tenants;
use crate::domain::customer_mail::brake;
use crate::web::kit::notice::Tone;

/// How it ended for one tenant; with its short name where it has to be named.
pub enum Made {
    Mailed,
    LinkOnly,
    NotMailed(String),
    /// So many mails went there that this one has to wait.
    Braked(String),
    Failed(String),
    /// The same form came before, and its mail went out if there was one to send.
    Before,
    /// The same, and its mail is on its way or did not go out.
    BeforeUnsent(String),
}

pub fn words(made: &[Made]) -> (Tone, String) {
    const COPY: &str = "copy the Auth URL under Pending Invitations";
    let count = |is: fn(&Made) -> bool| made.iter().filter(|one| is(one)).count();
    let mailed = count(|one| matches!(one, Made::Mailed));
    let link_only = count(|one| matches!(one, Made::LinkOnly));
    let before = count(|one| matches!(one, Made::Before));
    let unsent = names(made, |one| match one {
        Made::BeforeUnsent(name) => Some(name),
        _ => None,
    });
    let mut said = Vec::new();
    if mailed > 0 || before == 0 && unsent.is_none() {
        said.push(format!("Invitations mailed to {}.", tenants(mailed)));
    }
    if link_only > 0 {
        said.push(format!("{} without mail: {COPY}.", tenants(link_only)));
    }
    if before > 0 {
        let who = tenants(before);
        said.push(format!(
            "{who} had theirs from this very page before: nothing was sent again."
        ));
    }
    let asks_a_look = link_only > 0 || before > 0 || unsent.is_some();
    if let Some(names) = unsent {
        said.push(format!("{names}: this very page made a link before, and nothing was sent again. Pending Invitations tells whether its mail went out."));
    }
    let fine = said.len();
    if let Some(names) = names(made, |one| match one {
        Made::NotMailed(name) => Some(name),
        _ => None,
    }) {
        said.push(format!("The mail did not go out to {names}: {COPY}."));
    }
    if let Some(names) = names(made, |one| match one {
        Made::Braked(name) => Some(name),
        _ => None,
    }) {
        let most = brake::MOST;
        said.push(format!(
            "No mail went to {names}, because each has had {most} invitation mails within an hour: {COPY}."
        ));
    }
    if let Some(names) = names(made, |one| match one {
        Made::Failed(name) => Some(name),
        _ => None,
    }) {
        said.push(format!("It did not work for: {names}."));
    }
    let tone = match (said.len() > fine, asks_a_look) {
        (true, _) => Tone::Bad,
        (false, true) => Tone::Warn,
        (false, false) => Tone::Ok,
    };
    (tone, said.join(" "))
}

/// Those of one kind, by name; none when there are none.
fn names(made: &[Made], of: fn(&Made) -> Option<&String>) -> Option<String> {
    let mut names: Vec<&str> = made.iter().filter_map(of).map(String::as_str).collect();
    names.sort_unstable();
    (!names.is_empty()).then(|| names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_before_is_told_alone() {
        let (tone, text) = words(&[Made::Before, Made::Before]);
        assert_eq!(tone, Tone::Warn);
        assert_eq!(
            text,
            "2 tenants had theirs from this very page before: nothing was sent again."
        );
    }

    #[test]
    fn the_notice_tells_what_is_left_to_do() {
        let made = [
            Made::Mailed,
            Made::LinkOnly,
            Made::Before,
            Made::BeforeUnsent("ash".into()),
            Made::NotMailed("fir".into()),
            Made::Braked("oak".into()),
            Made::Failed("elm".into()),
        ];
        let (tone, text) = words(&made);
        assert_eq!(tone, Tone::Bad);
        assert_eq!(
            text,
            "Invitations mailed to 1 tenant. 1 tenant without mail: copy the Auth URL under Pending Invitations. 1 tenant had theirs from this very page before: nothing was sent again. ash: this very page made a link before, and nothing was sent again. Pending Invitations tells whether its mail went out. The mail did not go out to fir: copy the Auth URL under Pending Invitations. No mail went to oak, because each has had 10 invitation mails within an hour: copy the Auth URL under Pending Invitations. It did not work for: elm."
        );
    }
}
