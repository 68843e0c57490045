//! Real browsers: headless Chromium driven through chromedriver, one driver per test, one window with a profile of its own
//! per person.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use thirtyfour::prelude::*;

/// A chromedriver of this test's own; its browsers end with it.
pub struct Chrome {
    driver: Child,
    port: u16,
}

impl Chrome {
    /// Start a driver. Chromium and chromedriver are installed by `make test`.
    pub async fn start() -> anyhow::Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .arg("--log-level=OFF")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("chromedriver is missing: `make test` installs it")?;
        let mut chrome = Self { driver, port };
        for _ in 0..100 {
            if tokio::net::TcpStream::connect(("127.0.0.1", port))
                .await
                .is_ok()
            {
                return Ok(chrome);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let _ = chrome.driver.kill();
        bail!("chromedriver did not open its port within 5 s")
    }

    /// A clean browser: no cookies, no history, nothing shared with any other.
    pub async fn browser(&self) -> anyhow::Result<WebDriver> {
        self.browser_with(&[]).await
    }

    /// The same with more arguments.
    pub async fn browser_with(&self, more: &[&str]) -> anyhow::Result<WebDriver> {
        let mut caps = DesiredCapabilities::chrome();
        for argument in [
            "--headless=new",
            "--no-sandbox", // needed as root, as in containers
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-extensions",
            "--no-first-run",
            "--no-default-browser-check",
            "--window-size=1280,1000",
            "--force-device-scale-factor=1",
            "--lang=en-US",
        ]
        .iter()
        .chain(more)
        {
            caps.add_arg(argument)?;
        }
        let browser = WebDriver::new(format!("http://127.0.0.1:{}", self.port), caps).await?;
        browser.set_implicit_wait_timeout(Duration::ZERO).await?;
        Ok(browser)
    }
}

impl Drop for Chrome {
    fn drop(&mut self) {
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// Let `web` be signed in to the portal at `base` as this browser of a few lines is, and open `path`.
pub async fn open_as(
    web: &WebDriver,
    base: &url::Url,
    cookies: &super::browser::Browser,
    path: &str,
) -> WebDriverResult<()> {
    let at = |path: &str| base.join(path).expect("a path of ours").to_string();
    web.goto(at("/favicon.ico")).await?;
    for name in ["sid", "inv", "flow"] {
        if let Some(value) = cookies.cookie(name) {
            let mut cookie = Cookie::new(name, value);
            cookie.set_path("/");
            web.add_cookie(cookie).await?;
        }
    }
    web.goto(at(path)).await
}
