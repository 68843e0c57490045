//! What axe-core (Deque) finds wrong with a page for people who see, hear or move otherwise: in both themes, wide and narrow.

use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::json;
use thirtyfour::prelude::*;

use super::packages;

static AXE: LazyLock<String> = LazyLock::new(|| {
    std::fs::read_to_string(packages::npm("axe").join("axe-core/axe.min.js")).unwrap()
});

/// A colour scheme as the browser's person prefers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    Light,
    Dark,
}

impl Theme {
    pub const BOTH: [Self; 2] = [Self::Light, Self::Dark];

    pub const fn word(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// From now on the browser prefers this theme.
pub async fn prefer(web: &WebDriver, theme: Theme) -> WebDriverResult<()> {
    let features = json!([{"name": "prefers-color-scheme", "value": theme.word()}]);
    web.cdp()
        .send_raw("Emulation.setEmulatedMedia", json!({"features": features}))
        .await?;
    Ok(())
}

/// From now on the page is seen through a window of this size, whatever the real one is.
pub async fn resize(web: &WebDriver, width: u32, height: u32) -> WebDriverResult<()> {
    let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
    web.cdp()
        .send_raw("Emulation.setDeviceMetricsOverride", size)
        .await?;
    Ok(())
}

#[derive(Debug, Deserialize)]
struct Finding {
    id: String,
    help: String,
    nodes: Vec<String>,
}

/// What axe finds on the page that is open, a line each; empty when all is well. Every rule counts, best practices too.
pub async fn findings(web: &WebDriver) -> WebDriverResult<Vec<String>> {
    web.execute(AXE.as_str(), vec![]).await?;
    let found = web
        .execute_async(
            "const done = arguments[0];
             axe.run(document, { resultTypes: ['violations'] }).then(
               (result) => done(result.violations.map((v) => ({ id: v.id, help: v.help,
                 nodes: v.nodes.slice(0, 3).map((n) => n.html.slice(0, 200) + ' ' + (n.any[0]?.message ?? '')) }))),
               (error) => done([{ id: 'axe', help: String(error), nodes: [] }]));",
            vec![],
        )
        .await?;
    let found: Vec<Finding> = found.convert()?;
    Ok(found
        .into_iter()
        .map(|one| format!("{}: {} {:?}", one.id, one.help, one.nodes))
        .collect())
}

/// The page is not wider than its window, also when everything that folds is opened; it stays open.
pub async fn fits(web: &WebDriver) -> WebDriverResult<bool> {
    let wider = web
        .execute(
            "for (const part of document.querySelectorAll('details')) part.open = true;
             return document.documentElement.scrollWidth > document.documentElement.clientWidth;",
            vec![],
        )
        .await?;
    Ok(!wider.convert::<bool>()?)
}
