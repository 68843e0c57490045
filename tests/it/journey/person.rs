//! A person in front of a browser: opens, presses what is written on a control, types, and waits to read something.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use thirtyfour::prelude::*;

/// Longest wait for something to appear, on a machine that does much else besides.
const PATIENCE: Duration = Duration::from_secs(90);
const LOOK: Duration = Duration::from_millis(100);

pub struct Person {
    pub web: WebDriver,
    /// Presses and choices on pages of ours, to be counted.
    pub actions: std::cell::Cell<u32>,
}

impl Person {
    pub fn new(web: WebDriver) -> Self {
        Self {
            web,
            actions: std::cell::Cell::new(0),
        }
    }

    pub async fn open(&self, address: &str) -> anyhow::Result<()> {
        Ok(self.web.goto(address).await?)
    }

    /// Press the button, link or summary that reads `label`.
    pub async fn press(&self, label: &str) -> anyhow::Result<()> {
        self.actions.set(self.actions.get() + 1);
        let path = format!(
            "//*[self::button or self::a or self::summary][normalize-space(.)='{label}' or @aria-label='{label}']"
        );
        self.click(By::XPath(&path))
            .await
            .with_context(|| format!("pressing {label:?}"))
    }

    /// Press the control with this id.
    pub async fn press_id(&self, id: &str) -> anyhow::Result<()> {
        self.click(By::Id(id))
            .await
            .with_context(|| format!("pressing #{id}"))
    }

    async fn click(&self, by: By) -> anyhow::Result<()> {
        let end = Instant::now() + PATIENCE;
        loop {
            for element in self.web.find_all(by.clone()).await? {
                // The page may be replaced between finding and clicking; then it is looked for again.
                if element.is_clickable().await.unwrap_or(false) && element.click().await.is_ok() {
                    return Ok(());
                }
            }
            if Instant::now() > end {
                bail!("it is not on the page, which reads: {}", self.text().await?);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Replace what is in the field with this id.
    pub async fn fill(&self, id: &str, text: &str) -> anyhow::Result<()> {
        let field = self.find(id).await?;
        field.clear().await?;
        field.send_keys(text).await?;
        Ok(())
    }

    /// What the element with this id reads or holds.
    pub async fn read(&self, id: &str) -> anyhow::Result<String> {
        let end = Instant::now() + PATIENCE;
        loop {
            let element = self.find(id).await?;
            let text = match element.prop("value").await.unwrap_or_default() {
                Some(value) if !value.is_empty() => value,
                _ => element.text().await.unwrap_or_default(),
            };
            if !text.is_empty() || Instant::now() > end {
                return Ok(text);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn find(&self, id: &str) -> anyhow::Result<WebElement> {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Ok(element) = self.web.find(By::Id(id)).await {
                return Ok(element);
            }
            if Instant::now() > end {
                bail!(
                    "#{id} is not on the page, which reads: {}",
                    self.text().await?
                );
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Whether the page has an element with this id right now.
    pub async fn has(&self, id: &str) -> bool {
        self.web.find(By::Id(id)).await.is_ok()
    }

    /// Wait until an element with one of these ids is there, and say which.
    pub async fn one_of(&self, ids: &[&'static str]) -> anyhow::Result<&'static str> {
        let end = Instant::now() + PATIENCE;
        loop {
            for id in ids {
                if self.has(id).await {
                    return Ok(id);
                }
            }
            if Instant::now() > end {
                bail!(
                    "none of {ids:?} is on the page, which reads: {}",
                    self.text().await?
                );
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Everything that can be read on the page.
    pub async fn text(&self) -> anyhow::Result<String> {
        match self.web.find(By::Css("body")).await {
            Ok(body) => Ok(body.text().await.unwrap_or_default()),
            Err(_) => Ok(String::new()),
        }
    }

    /// Wait until the page reads `text`.
    pub async fn see(&self, text: &str) -> anyhow::Result<()> {
        let end = Instant::now() + PATIENCE;
        while !self.text().await?.contains(text) {
            if Instant::now() > end {
                bail!(
                    "waited for {text:?} at {}; the page reads: {}",
                    self.web.current_url().await?,
                    self.text().await?
                );
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    /// Go to the tab that was opened last.
    pub async fn newest_tab(&self) -> anyhow::Result<()> {
        let end = Instant::now() + PATIENCE;
        loop {
            let tabs = self.web.windows().await?;
            if tabs.len() > 1 {
                let newest = tabs.last().context("no tab")?;
                return Ok(self.web.switch_to_window(newest.clone()).await?);
            }
            if Instant::now() > end {
                bail!("no new tab was opened");
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Go back to the tab that was there first.
    pub async fn first_tab(&self) -> anyhow::Result<()> {
        let tabs = self.web.windows().await?;
        let first = tabs.first().context("no tab")?;
        Ok(self.web.switch_to_window(first.clone()).await?)
    }

    pub async fn leave(self) -> anyhow::Result<()> {
        Ok(self.web.quit().await?)
    }
}
