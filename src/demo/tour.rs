//! What the demo prints once it is up: addresses, login, and what to click; or one JSON object for programs.

use std::net::SocketAddr;

use serde_json::json;
use url::Url;

use super::{Options, Remembered, second_factor, world};
use crate::simulator::Simulator;

/// Where everything is.
pub struct Addresses<'a> {
    pub portal: Url,
    pub ops: SocketAddr,
    pub simulator: &'a Simulator,
    pub post: SocketAddr,
}

/// Print to standard output; with `--json` the first line is the object that `docs` and tests rely on.
pub fn print(options: &Options, at: &Addresses<'_>, remembered: &Remembered) {
    let portal = at.portal.as_str().trim_end_matches('/');
    let simulator = at.simulator.url().as_str().trim_end_matches('/');
    let (email, _) = world::TECHNICIAN;
    if options.json {
        let line = json!({
            "portal": portal,
            "ops": format!("http://{}", at.ops),
            "simulator": simulator,
            "simulator_control": format!("{simulator}/control"),
            "simulator_ca": at.simulator.ca_file(),
            "post": format!("http://{}", at.post),
            "api_key_file": remembered.key_file(),
            "client_id": remembered.client_id,
            "email": email,
            "password": remembered.password,
            "totp_secret": remembered.totp_secret,
            "data_dir": options.data_dir,
        });
        println!("{line}");
        return;
    }
    let program = std::env::current_exe().unwrap_or_else(|_| "tenantry".into());
    println!(
        "
Tenantry demo of {msp}
  Portal      {portal}
  Login       {email}
  Password    {password}
  Second factor: the six digits of an authenticator app with the key {totp}
              ({otpauth})
  Microsoft   {simulator}/control   (simulated: every account, every way to die, the clock)
  Post        http://{post}   (every mail and alert of the demo arrives here)
  Accounts    admin@<short name>.example, password {account}
  Data        {data}   (kept; start over with --fresh)

Live through a renewal:
  1. Log in (password, then the six digits), filter \"Expired\", press Renew on a row, then OK, and copy the Auth URL into another browser.
  2. There: Continue, Start authentication, copy the code, follow \"Microsoft\", sign in as the account above, accept.
  3. Back in the console: SysAdmin, Configuration, M365 Configuration, Validate Authentication.

See an alert arrive: on the Microsoft page end an authorisation (\"Password changed\"), move the clock by a day, and look at the Post
page. Who gets what is set under Configuration, Alerts.

Mail many customers: Monitoring, Campaigns, \"Renew what has expired\", Start; their mails are on the Post page.

Ask for a token as a script does:
  TENANTRY_URL={portal} TENANTRY_API_KEY_FILE={key} {program} token --tenant alderbrook --resource graph

Ctrl-C stops everything.",
        msp = world::MSP,
        password = remembered.password,
        totp = remembered.totp_secret.as_deref().unwrap_or("that you set up"),
        otpauth = remembered.totp_secret.as_deref().map(second_factor::address).unwrap_or_default(),
        account = world::ACCOUNT_PASSWORD,
        data = options.data_dir.display(),
        post = at.post,
        key = remembered.key_file().display(),
        program = program.display(),
    );
}
