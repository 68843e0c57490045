//! A browser without scripts: it keeps cookies, follows redirects on the simulator's own site, and fills in forms.

use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use url::Url;

use super::support::World;

pub struct Browser<'a> {
    world: &'a World,
    cookie: Option<String>,
    pub page: Page,
}

/// What the browser shows.
#[derive(Debug)]
pub struct Page {
    pub url: Url,
    pub status: u16,
    pub html: String,
}

impl<'a> Browser<'a> {
    /// A clean browser that opens `address`.
    pub async fn open(world: &'a World, address: &str) -> Self {
        let url = world.simulator.url().join(address).unwrap();
        let mut browser = Self {
            world,
            cookie: None,
            page: Page {
                url: url.clone(),
                status: 0,
                html: String::new(),
            },
        };
        browser.visit(url).await;
        browser
    }

    /// The same browser at another address.
    pub async fn goto(&mut self, address: &str) {
        let url = self.world.simulator.url().join(address).unwrap();
        self.visit(url).await;
    }

    /// Fill in the page's first form and send it.
    pub async fn submit(&mut self, fields: &[(&str, &str)]) {
        let action = between(&self.page.html, "action=\"", "\"").to_owned();
        let url = self.page.url.join(&action).unwrap();
        let request = self.world.http.post(url.clone()).form(fields);
        self.send(url, request).await;
    }

    async fn visit(&mut self, url: Url) {
        let request = self.world.http.get(url.clone());
        self.send(url, request).await;
    }

    /// Send, and follow redirects until a page comes or another site is named.
    async fn send(&mut self, mut url: Url, mut request: reqwest::RequestBuilder) {
        loop {
            if let Some(cookie) = &self.cookie {
                request = request.header(COOKIE, cookie);
            }
            let response = request.send().await.unwrap();
            if let Some(cookie) = response.headers().get(SET_COOKIE) {
                let pair = cookie.to_str().unwrap().split(';').next().unwrap();
                self.cookie = Some(pair.to_owned());
            }
            let target = response.headers().get(LOCATION);
            let Some(target) = target.map(|t| url.join(t.to_str().unwrap()).unwrap()) else {
                self.page = Page {
                    url,
                    status: response.status().as_u16(),
                    html: response.text().await.unwrap(),
                };
                return;
            };
            let elsewhere = target.authority() != url.authority();
            url = target;
            if elsewhere {
                self.page = Page {
                    url,
                    status: 0,
                    html: String::new(),
                };
                return;
            }
            request = self.world.http.get(url.clone());
        }
    }

    /// Sign in from the page that asks for the user name, with a second factor where it is asked for.
    pub async fn sign_in(&mut self, upn: &str, password: &str) {
        self.submit(&[("username", upn)]).await;
        self.submit(&[("password", password)]).await;
        if self.page.has("mfa_code") {
            let code = self.page.text_of("phone_code").to_owned();
            self.submit(&[("mfa_code", &code)]).await;
        }
    }
}

impl Page {
    pub fn has(&self, id: &str) -> bool {
        self.html.contains(&format!("id=\"{id}\""))
    }

    /// The text right inside the element with this id.
    pub fn text_of(&self, id: &str) -> &str {
        let mark = format!("id=\"{id}\"");
        assert!(self.has(id), "no {id} on {self:?}");
        between(between(&self.html, &mark, "</"), ">", "<").trim()
    }
}

/// What stands after `start` and before `end`, or all to the end of the text.
fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    let (_, after) = text.split_once(start).unwrap();
    after.split_once(end).map_or(after, |(found, _)| found)
}
