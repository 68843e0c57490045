//! What technician and administrator do again and again, and the judge at the end.

use anyhow::{Context, ensure};
use serde_json::Value;
use thirtyfour::WebDriver;

use super::demo::{ACCOUNT_PASSWORD, Demo};
use super::person::Person;
use crate::support::chrome::Chrome;

/// The stage of all journeys.
pub struct Cast {
    pub chrome: Chrome,
    pub demo: Demo,
    /// Browsers of the present journey; sent home after it, also when it failed.
    pub browsers: Vec<WebDriver>,
}

impl Cast {
    /// Somebody with a clean browser.
    pub async fn person(&mut self) -> anyhow::Result<Person> {
        let browser = self.chrome.browser().await?;
        self.browsers.push(browser.clone());
        Ok(Person::new(browser))
    }

    /// Close every browser of the journey.
    pub async fn send_home(&mut self) {
        for browser in self.browsers.drain(..) {
            // One that was closed by its journey cannot be closed again.
            let _ = browser.quit().await;
        }
    }

    /// A technician who has logged in and sees the Authentication Status.
    pub async fn technician(&mut self) -> anyhow::Result<Person> {
        let person = self.person().await?;
        person.open(self.demo.portal()).await?;
        person.fill("email", self.demo.email()).await?;
        person.fill("password", self.demo.password()).await?;
        person.press("Sign in").await?;
        person.see("Second factor").await?;
        let code = self.demo.code().await?;
        person.fill("code", &code).await?;
        person.press("Continue").await?;
        person.see("Authentication Status").await?;
        Ok(person)
    }

    /// "Renew" on the tenant's row, as it stands; the Auth URL.
    pub async fn renew(&self, technician: &Person, tenant: &str) -> anyhow::Result<String> {
        technician
            .open(&format!(
                "{}/security/authentication-status?q={tenant}",
                self.demo.portal()
            ))
            .await?;
        technician.press(&format!("Renew {tenant}")).await?;
        technician.press("OK").await?;
        technician.see("Auth URL").await?;
        technician.read("auth-url").await
    }

    /// Open the link and go on to the code; the administrator is on the page that shows it.
    pub async fn start(&mut self, link: &str) -> anyhow::Result<Person> {
        let administrator = self.person().await?;
        administrator.open(link).await?;
        administrator.press("Continue").await?;
        administrator.press("Start authentication").await?;
        Ok(administrator)
    }

    /// Copy the code, follow "Microsoft", type the code and sign in there; ends on Microsoft's "Continue?" page.
    pub async fn sign_in_with_code(&self, administrator: &Person, upn: &str) -> anyhow::Result<()> {
        let code = administrator.read("user-code").await?;
        administrator.press("Copy code").await?;
        administrator.press("Microsoft").await?;
        administrator.newest_tab().await?;
        administrator.fill("otc", &code).await?;
        administrator.press_id("next").await?;
        self.sign_in(administrator, upn).await
    }

    /// The same once more in a browser in which Microsoft's tab of the first try is still open.
    pub async fn sign_in_with_code_again(
        &self,
        administrator: &Person,
        upn: &str,
    ) -> anyhow::Result<()> {
        let code = administrator.read("user-code").await?;
        administrator.newest_tab().await?;
        administrator
            .open(&format!("{}/devicelogin", self.demo.simulator()))
            .await?;
        administrator.fill("otc", &code).await?;
        administrator.press_id("next").await?;
        let asked = ["pick_account", "username", "password"];
        if administrator.one_of(&asked).await? == "pick_account" {
            administrator.press_id("pick_account").await?;
            return Ok(());
        }
        self.sign_in(administrator, upn).await
    }

    /// User name, password and second factor at Microsoft.
    pub async fn sign_in(&self, person: &Person, upn: &str) -> anyhow::Result<()> {
        if person.one_of(&["username", "password"]).await? == "username" {
            person.fill("username", upn).await?;
            person.press_id("next").await?;
        }
        person.fill("password", ACCOUNT_PASSWORD).await?;
        person.press_id("sign_in").await?;
        if upn.starts_with("admin@") {
            let code = person.read("phone_code").await?;
            person.fill("mfa_code", &code).await?;
            person.press_id("verify").await?;
        }
        Ok(())
    }

    /// The whole way by code for an administrator whose organisation consented before.
    pub async fn complete_by_code(&mut self, link: &str, upn: &str) -> anyhow::Result<()> {
        let administrator = self.start(link).await?;
        self.sign_in_with_code(&administrator, upn).await?;
        administrator.press_id("continue").await?;
        administrator.first_tab().await?;
        administrator
            .see("All tokens acquired! You can close this page now.")
            .await?;
        administrator.leave().await
    }

    /// The state of the tenant on the Authentication Status.
    pub async fn status(&self, technician: &Person, tenant: &str) -> anyhow::Result<String> {
        technician
            .open(&format!(
                "{}/security/authentication-status?q={tenant}",
                self.demo.portal()
            ))
            .await?;
        technician.see(tenant).await?;
        let row = technician
            .web
            .find(thirtyfour::By::Css("td[data-label=State]"))
            .await?;
        Ok(row.text().await?)
    }

    /// "Validate Authentication" in the tenant's settings, which must end in the green banner.
    pub async fn validate(&self, technician: &Person, tenant: &str) -> anyhow::Result<()> {
        technician
            .open(&format!(
                "{}/tenants/{tenant}/configuration/m365",
                self.demo.portal()
            ))
            .await?;
        technician.press("Validate Authentication").await?;
        technician.see("Authentication validated").await
    }

    /// Every connection that the portal shows as working holds a token that Microsoft still honours.
    pub async fn judge(&mut self) -> anyhow::Result<()> {
        let technician = self.technician().await?;
        technician
            .open(&format!(
                "{}/security/authentication-status?state=valid",
                self.demo.portal()
            ))
            .await?;
        technician.see("Authentication Status").await?;
        let mut valid = Vec::new();
        for cell in technician
            .web
            .find_all(thirtyfour::By::Css("td[data-label=Tenant] a.strong"))
            .await?
        {
            valid.push(cell.text().await?);
        }
        technician.leave().await?;
        let ledger = self.demo.get("ledger").await?;
        let working: Vec<&str> = ledger
            .as_array()
            .context("the ledger is a list")?
            .iter()
            .filter(|entry| entry["works"] == Value::Bool(true))
            .filter_map(|entry| entry["upn"].as_str())
            .collect();
        for tenant in &valid {
            let domain = format!("@{tenant}.example");
            ensure!(
                working.iter().any(|user| user.ends_with(&domain)),
                "{tenant} is shown as Valid and holds no working token"
            );
        }
        ensure!(!valid.is_empty(), "no tenant is shown as Valid");
        Ok(())
    }
}
