//! What goes out to people and machines when something happens: the channels of alerts, by kind.

use time::OffsetDateTime;

use crate::domain::alert::Traffic;
use crate::web::kit::when::When;

/// The channels of one kind.
#[derive(Clone, Debug)]
pub struct ChannelLine {
    pub kind: &'static str,
    pub channels: i64,
    /// What is wrong with them; empty when nothing is.
    pub trouble: String,
    pub last_ok: Option<When>,
    pub waiting: i64,
    pub refused: i64,
}

impl ChannelLine {
    pub fn of(traffic: &Traffic, now: OffsetDateTime) -> Self {
        let trouble = match (traffic.troubled, traffic.channels) {
            (0, _) => String::new(),
            (some, all) if some == all => "Trouble".to_owned(),
            (some, all) => format!("Trouble with {some} of {all}"),
        };
        Self {
            kind: traffic.kind.label(),
            channels: traffic.channels,
            trouble,
            last_ok: When::maybe(traffic.last_ok_at, now),
            waiting: traffic.waiting,
            refused: traffic.refused,
        }
    }
}
