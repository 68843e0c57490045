//! Hostile text, and a real browser that tells whether a page took any of it for markup.

use serde::Deserialize;
use serde_json::json;
use thirtyfour::prelude::*;

/// The corpus: a text a line.
const PAYLOADS: &str = include_str!("payloads.txt");

/// Every text of the corpus.
pub fn payloads() -> Vec<&'static str> {
    let lines = PAYLOADS.lines();
    lines.filter(|line| !line.starts_with("# ")).collect()
}

/// The whole corpus in pieces of at most so many bytes, for fields of which a page shows one.
pub fn chunks(bytes: usize) -> Vec<String> {
    let mut all = vec![String::new()];
    for payload in payloads() {
        let last = all.last_mut().unwrap();
        if !last.is_empty() && last.len() + payload.len() > bytes {
            all.push(payload.to_owned());
        } else {
            last.push(' ');
            last.push_str(payload);
        }
    }
    all
}

/// In every document, before anything of the page: what payloads call, and an ear for what the policy refused.
const PROBE: &str = "
    window.__pwned = [];
    window.__csp = [];
    window.__pwn = () => { window.__pwned.push('ran'); };
    for (const name of ['alert', 'confirm', 'prompt', 'open', 'print'])
      window[name] = () => { window.__pwned.push(name); };
    document.addEventListener('securitypolicyviolation', (one) =>
      window.__csp.push(one.effectiveDirective + ' ' + one.blockedURI + ' ' + one.sample));";

/// What the page shows of it.
const LOOK: &str = "
    const hostile = (text) => /^[\\s\\u0000-\\u001f]*(javascript|data|vbscript|blob|filesystem|feed|jar|view-source):/i.test(text)
      || (() => { try { return new URL(text, document.baseURI).hostname.endsWith('evil.example'); } catch { return false; } })();
    const drawn = [...document.querySelectorAll('[data-pwn]')].map((one) => one.outerHTML.slice(0, 120));
    for (const one of document.querySelectorAll('[href], [src], [action], [formaction], [data], [srcdoc]'))
      for (const name of ['href', 'src', 'action', 'formaction', 'data', 'srcdoc'])
        if (hostile(one.getAttribute(name) ?? '')) drawn.push(name + '=' + one.getAttribute(name));
    return { ran: window.__pwned, refused: window.__csp, drawn, length: document.body.innerText.length,
      status: performance.getEntriesByType('navigation')[0].responseStatus };";

/// What became of a page.
#[derive(Clone, Debug, Deserialize)]
pub struct Look {
    pub ran: Vec<String>,
    /// Reports of the content security policy.
    pub refused: Vec<String>,
    /// Elements and addresses that are the payloads' and not ours.
    pub drawn: Vec<String>,
    /// Characters that a person reads.
    pub length: usize,
    /// Of HTTP.
    pub status: u16,
}

impl Look {
    pub fn is_clean(&self) -> bool {
        self.ran.is_empty() && self.refused.is_empty() && self.drawn.is_empty()
    }
}

/// From now on every page is listened to.
pub async fn listen(web: &WebDriver) -> WebDriverResult<()> {
    let source = json!({ "source": PROBE });
    web.cdp()
        .send_raw("Page.addScriptToEvaluateOnNewDocument", source)
        .await?;
    Ok(())
}

/// What became of the page that is open.
pub async fn look(web: &WebDriver) -> WebDriverResult<Look> {
    web.execute(LOOK, vec![]).await?.convert()
}
