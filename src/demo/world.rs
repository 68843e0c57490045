//! The invented MSP of the demo and its customers: who they are and what happened to each. No name here belongs to anyone;
//! every domain ends in `.example`.

/// The MSP that runs the demo's installation.
pub const MSP: &str = "Harbourline IT";
/// Its name in contracts, as the onboarding page shows it.
pub const MSP_LEGAL: &str = "Harbourline IT Services Ltd";
/// Where the onboarding page tells customers to report a suspicious link.
pub const REPORT_TO: &str = "security@harbourline.example";
/// From whom its mails come.
pub const MAIL_FROM: &str = "Harbourline IT <desk@harbourline.example>";
/// The demo's technician.
pub const TECHNICIAN: (&str, &str) = ("owner@harbourline.example", "Robin Marlow");
/// The name of the demo's app registration, as Microsoft's pages show it.
pub const APP_NAME: &str = "Harbourline Tenantry";
/// Every sample account's password at the simulated Microsoft.
pub const ACCOUNT_PASSWORD: &str = "Simulated-Pass-1";

/// What happened to a sample tenant before the visitor arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Story {
    /// Onboarded by device code, renewed daily.
    Healthy,
    /// Onboarded by "Sign in with Microsoft", renewed daily.
    HealthyBrowser,
    /// Moved from a sign-in to the application itself by consent: nothing of a person's is needed any more.
    AppOnly,
    /// Runs by an app registration of the customer's own, whose secret ends within days.
    OwnAppEnding,
    /// Had an outage some days ago and recovered.
    Recovered,
    /// A Conditional Access sign-in frequency ended it once; it lapses again in a few days.
    SignInFrequencyAgain,
    /// Microsoft throttles at the moment.
    Throttled,
    /// Microsoft answers with server errors at the moment.
    Outage,
    PasswordChanged,
    SessionsRevoked,
    MfaRequired,
    ConditionalAccess,
    /// The customer began to block device code after the onboarding.
    DeviceCodeBlocked,
    /// Nobody renewed for 90 days.
    Idle,
    /// Federated without a synchronised password timestamp: tokens live twelve hours.
    FederatedTwelveHours,
    SignInFrequency,
    ConsentWithdrawn,
    EnterpriseAppDeleted,
    EnterpriseAppDisabled,
    UserDisabled,
    UserDeleted,
    TenantGone,
    /// Added, nothing else.
    NeverInvited,
    /// Invited, link not opened.
    Invited,
    /// Invited, sign-in begun and left.
    Started,
    /// Signed in as someone else than expected; waits for a technician's confirmation.
    Held,
    /// An invitation that lapsed unused.
    InvitationExpired,
    Suspended,
    Archived,
}

/// One customer of the invented MSP.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    pub short_name: &'static str,
    pub full_name: &'static str,
    /// Tags, separated by spaces.
    pub tags: &'static str,
    pub story: Story,
}

impl Sample {
    /// The customer's mail domain.
    pub fn domain(&self) -> String {
        format!("{}.example", self.short_name)
    }

    /// The administrator who signs in.
    pub fn admin(&self) -> String {
        format!("admin@{}", self.domain())
    }
}

const fn sample(
    short_name: &'static str,
    full_name: &'static str,
    tags: &'static str,
    story: Story,
) -> Sample {
    Sample {
        short_name,
        full_name,
        tags,
        story,
    }
}

/// The customers, in no order that matters.
pub const SAMPLES: [Sample; 43] = [
    sample(
        "alderbrook",
        "Alderbrook Dental Group",
        "gold health",
        Story::Healthy,
    ),
    sample(
        "amberley",
        "Amberley & Finch Solicitors",
        "gold legal",
        Story::Healthy,
    ),
    sample(
        "arden-mills",
        "Arden Mills Textiles",
        "silver",
        Story::HealthyBrowser,
    ),
    sample(
        "ashdown",
        "Ashdown Veterinary Clinics",
        "silver health",
        Story::Healthy,
    ),
    sample(
        "bayliss",
        "Bayliss Architects",
        "gold",
        Story::PasswordChanged,
    ),
    sample(
        "beacon-hill",
        "Beacon Hill Primary School",
        "education",
        Story::FederatedTwelveHours,
    ),
    sample("birchwood", "Birchwood Logistics", "silver", Story::Healthy),
    sample("blackthorn", "Blackthorn Brewery", "bronze", Story::Idle),
    sample(
        "brightwater",
        "Brightwater Utilities",
        "gold",
        Story::ConditionalAccess,
    ),
    sample("calder", "Calder Engineering", "silver", Story::Healthy),
    sample(
        "carrow",
        "Carrow Estate Agents",
        "bronze",
        Story::MfaRequired,
    ),
    sample(
        "castleford",
        "Castleford Housing Trust",
        "gold",
        Story::HealthyBrowser,
    ),
    sample("cobalt", "Cobalt Robotics", "gold", Story::SignInFrequency),
    sample(
        "copperfield",
        "Copperfield Insurance Brokers",
        "gold finance",
        Story::SignInFrequencyAgain,
    ),
    sample("cranmore", "Cranmore College", "education", Story::Healthy),
    sample(
        "dalton-price",
        "Dalton Price Accountants",
        "silver finance",
        Story::EnterpriseAppDeleted,
    ),
    sample(
        "eastgate",
        "Eastgate Medical Centre",
        "health",
        Story::ConsentWithdrawn,
    ),
    sample(
        "elmstead",
        "Elmstead Nurseries",
        "bronze",
        Story::NeverInvited,
    ),
    sample(
        "fairhaven",
        "Fairhaven Care Homes",
        "health gold",
        Story::Recovered,
    ),
    sample(
        "fenwick",
        "Fenwick & Daughters Catering",
        "bronze",
        Story::Invited,
    ),
    sample("foxglove", "Foxglove Publishing", "silver", Story::Healthy),
    sample(
        "glenmore",
        "Glenmore Distillers",
        "silver",
        Story::DeviceCodeBlocked,
    ),
    sample(
        "greystone",
        "Greystone Quarries",
        "bronze",
        Story::Throttled,
    ),
    sample("halcyon", "Halcyon Travel", "silver", Story::Started),
    sample("hartwell", "Hartwell Foundation", "charity", Story::Healthy),
    sample(
        "ironbridge",
        "Ironbridge Fabrication",
        "silver",
        Story::UserDisabled,
    ),
    sample("juniper", "Juniper Interiors", "bronze", Story::Held),
    sample(
        "kestrel",
        "Kestrel Aviation Services",
        "gold",
        Story::HealthyBrowser,
    ),
    sample(
        "kingsway",
        "Kingsway Motors",
        "silver",
        Story::SessionsRevoked,
    ),
    sample("larkspur", "Larkspur Opticians", "health", Story::Healthy),
    sample("linden", "Linden Court Hotels", "silver", Story::Outage),
    sample("lockhart", "Lockhart Freight", "gold", Story::AppOnly),
    sample(
        "marchmont",
        "Marchmont Galleries",
        "bronze",
        Story::UserDeleted,
    ),
    sample(
        "northcote",
        "Northcote Packaging",
        "silver",
        Story::EnterpriseAppDisabled,
    ),
    sample(
        "oakhurst",
        "Oakhurst Joinery",
        "bronze",
        Story::InvitationExpired,
    ),
    sample(
        "pemberton",
        "Pemberton Wealth",
        "gold finance",
        Story::Healthy,
    ),
    sample(
        "pinewood",
        "Pinewood Veterinary",
        "silver health",
        Story::OwnAppEnding,
    ),
    sample("quayside", "Quayside Seafoods", "bronze", Story::Suspended),
    sample("redfern", "Redfern Studios", "silver", Story::Healthy),
    sample(
        "silverdale",
        "Silverdale Pharmacy",
        "health",
        Story::SignInFrequencyAgain,
    ),
    sample(
        "stonecroft",
        "Stonecroft Builders",
        "bronze",
        Story::TenantGone,
    ),
    sample("thornbury", "Thornbury Press", "silver", Story::Healthy),
    sample("westmere", "Westmere Outdoor", "bronze", Story::Archived),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_customers_share_a_name() {
        let mut names: Vec<_> = SAMPLES.iter().map(|s| s.short_name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), SAMPLES.len());
    }
}
