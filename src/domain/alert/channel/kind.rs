//! What kind of place a channel leads to.

/// What kind of place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelKind {
    /// Mail to whoever is an owner when it is sent.
    Owners,
    Mail,
    /// Standard Webhooks.
    Webhook,
    /// A "Workflows" webhook of Microsoft Teams.
    Teams,
    Slack,
    /// A PSA that makes tickets of mails.
    TicketMail,
    /// A PSA that takes webhooks.
    TicketWebhook,
    /// A dead man's switch: called every few minutes while the workers live.
    Heartbeat,
}

impl ChannelKind {
    pub const ALL: [Self; 8] = [
        Self::Owners,
        Self::Mail,
        Self::Webhook,
        Self::Teams,
        Self::Slack,
        Self::TicketMail,
        Self::TicketWebhook,
        Self::Heartbeat,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owners => "owners",
            Self::Mail => "mail",
            Self::Webhook => "webhook",
            Self::Teams => "teams",
            Self::Slack => "slack",
            Self::TicketMail => "ticket_mail",
            Self::TicketWebhook => "ticket_webhook",
            Self::Heartbeat => "heartbeat",
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Self::Owners => "E-mail to the owners",
            Self::Mail => "E-mail",
            Self::Webhook => "Webhook",
            Self::Teams => "Microsoft Teams",
            Self::Slack => "Slack",
            Self::TicketMail => "Tickets by e-mail",
            Self::TicketWebhook => "Tickets by webhook",
            Self::Heartbeat => "Heartbeat",
        }
    }

    /// What it is, for whoever chooses.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Owners => "To everybody with the role owner. It is always there.",
            Self::Mail => "To one or more addresses.",
            Self::Webhook => "A signed JSON message (Standard Webhooks) to a program of yours.",
            Self::Teams => "The address that Teams' “Workflows” gives for a channel or chat.",
            Self::Slack => "The address of an incoming webhook of Slack.",
            Self::TicketMail => "One ticket for each tenant and cause in a PSA that reads mail.",
            Self::TicketWebhook => "The same by signed JSON messages.",
            Self::Heartbeat => {
                "Called every few minutes; the other side raises the alarm when we fall silent."
            }
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }

    pub const fn is_mail(self) -> bool {
        matches!(self, Self::Owners | Self::Mail | Self::TicketMail)
    }

    /// Its messages go to addresses that were typed.
    pub const fn has_recipients(self) -> bool {
        matches!(self, Self::Mail | Self::TicketMail)
    }

    pub const fn is_ticket(self) -> bool {
        matches!(self, Self::TicketMail | Self::TicketWebhook)
    }

    /// Its messages are signed.
    pub const fn is_signed(self) -> bool {
        matches!(self, Self::Webhook | Self::TicketWebhook | Self::Heartbeat)
    }

    /// A rule may choose it.
    pub const fn takes_alerts(self) -> bool {
        !matches!(self, Self::Heartbeat)
    }
}
