//! What the portal knows and decides, cut by aggregate. No HTTP in here, no sealed secret, no call to Microsoft: those are
//! asked of the keeper.

/// What happened, told to people and machines by the MSP's rules.
pub mod alert;
/// A key by which scripts ask the API.
pub mod api_key;
/// The MSP's own app registration at Microsoft and its credentials, as shown and changed.
pub mod app_registration;
/// What was done, by whom; append only.
pub mod audit;
/// How customers see the MSP.
pub mod branding;
/// Many tenants are asked for one reason, each once.
pub mod campaign;
/// Cells of CSV, safe to open in a spreadsheet.
pub mod cells;
/// Our standing with a tenant's Entra, as shown.
pub mod connection;
/// Mails to customers, from their queueing to their arrival.
pub mod customer_mail;
/// From an error to its cause, who acts and the remedy; pure rules and a catalogue.
pub mod diagnosis;
/// Disconnecting one customer, or all of them.
pub mod disconnection;
/// A tenant's life as kept: states, uptime, calls, acts and errors.
pub mod history;
/// One trouble that many customers feel.
pub mod incident;
/// A link that lets a tenant's administrator authorise the MSP.
pub mod invitation;
/// A line as typed.
pub mod line;
/// A failure answer as recorded.
pub mod msal_error;
/// One attempt, in one browser, to use an invitation.
pub mod onboarding;
/// Who acts, at what instant, in which transaction; within which tenants.
pub mod op;
/// How the installation itself fares, over time and now.
pub mod operations;
/// Whole addresses of our pages.
pub mod page_url;
/// What an authorisation must cover, version by version.
pub mod permission_set;
/// Where a page of a long list begins.
pub mod place;
/// A fleet of any size, for tests and benchmarks.
#[cfg(feature = "faults")]
pub mod rehearsal;
/// A month at a glance, of one tenant and of all.
pub mod report;
/// So many requests through a costly door in so long.
pub mod request_limit;
/// What a restored database goes through before it serves.
pub mod restoration;
/// What was revoked, as it is written outside the database.
pub mod revocation;
/// Single sign-on: a technician comes in on a provider's word.
pub mod sign_on;
/// A person of the MSP with a login.
pub mod technician;
/// A customer organisation.
pub mod tenant;
/// A technician's stay in a tenant's portal.
pub mod visit;
/// A time zone, and what the clock on a wall there says.
pub mod zone;
