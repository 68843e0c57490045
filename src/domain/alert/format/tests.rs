use serde_json::json;
use time::macros::datetime;
use uuid::Uuid;

use super::*;
use crate::domain::alert::{Message, Named, Severity, Step};

fn message(step: Step) -> Message {
    Message {
        event: "expired".into(),
        step,
        severity: Severity::Urgent,
        title: "contoso: authorisation expired".into(),
        text: "Access to Contoso <Ltd> & Sons no longer works.".into(),
        facts: vec![("Tenant".into(), "Contoso [x](https://evil.example)".into())],
        link: "https://portal.example/tenants/contoso/configuration/m365".into(),
        ticket: "TNY-0123456789AB".into(),
        tenant: Some(Named {
            id: Uuid::nil(),
            short_name: "contoso".into(),
            full_name: "Contoso".into(),
        }),
        cause: "Consent withdrawn or missing".into(),
        who: "The customer".into(),
        alert_id: Some(Uuid::nil()),
        sequence: 3,
        at: datetime!(2026-03-02 08:00 UTC),
    }
}

#[test]
fn a_webhook_says_what_happened_and_which_message_of_the_alert_it_is() {
    let sent = webhook(&message(Step::Opened));
    assert_eq!(sent["type"], "alert.opened");
    assert_eq!(sent["timestamp"], "2026-03-02T08:00:00Z");
    assert_eq!(sent["data"]["sequence"], 3);
    assert_eq!(sent["data"]["tenant"]["short_name"], "contoso");
}

#[test]
fn a_ticket_is_opened_appended_to_and_closed_under_one_key() {
    for (step, act) in [
        (Step::Opened, "ticket.open"),
        (Step::Reminder, "ticket.append"),
        (Step::Closed, "ticket.close"),
    ] {
        let sent = ticket(&message(step));
        assert_eq!(sent["type"], act);
        assert_eq!(sent["data"]["key"], "TNY-0123456789AB");
    }
}

#[test]
fn names_stay_text_in_chats() {
    let card = teams(&message(Step::Opened));
    let content = &card["attachments"][0]["content"];
    assert_eq!(content["type"], "AdaptiveCard");
    assert_eq!(
        content["body"][2]["facts"][0]["value"],
        json!("Contoso \\[x\\](https://evil.example)")
    );
    let blocks = slack(&message(Step::Opened)).to_string();
    assert!(
        blocks.contains("Contoso &lt;Ltd&gt; &amp; Sons"),
        "{blocks}"
    );
}
