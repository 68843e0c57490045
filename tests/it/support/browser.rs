//! A browser of a few lines: keeps cookies, sends the headers by which a browser tells where a request comes from, follows
//! redirects only when told. For scripts and looks there is the real one in `chrome`.

use std::collections::BTreeMap;
use std::sync::Mutex;

use axum_extra::extract::cookie::Cookie;
use reqwest::header::{COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Method, RequestBuilder, Response};
use url::Url;

use super::page::Page;

/// One person's browser.
pub struct Browser {
    base: Url,
    client: reqwest::Client,
    cookies: Mutex<BTreeMap<String, String>>,
}

impl Browser {
    pub fn new(base: &Url) -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "a browser of the tests, not the product's caller of Microsoft"
        )]
        let client = reqwest::Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        Self {
            base: base.clone(),
            client,
            cookies: Mutex::default(),
        }
    }

    /// The same browser, now that the site moved to another address.
    pub fn at(&self, base: &Url) -> Self {
        Self {
            base: base.clone(),
            client: self.client.clone(),
            cookies: Mutex::new(self.cookies.lock().unwrap().clone()),
        }
    }

    /// Ask for a page as by typing its address; redirects are not followed.
    pub async fn get(&self, path: &str) -> Page {
        let request = self
            .request(Method::GET, path)
            .header("sec-fetch-site", "none")
            .header("sec-fetch-mode", "navigate")
            .header("sec-fetch-user", "?1");
        self.send(request).await
    }

    /// Ask for a page and follow redirects within the site, at most ten.
    pub async fn open(&self, path: &str) -> Page {
        let page = self.get(path).await;
        self.follow(page).await
    }

    /// Go where a redirect points, to the end; a page that is no redirect stays as it is.
    pub async fn follow(&self, mut page: Page) -> Page {
        for _ in 0..10 {
            let Some(next) = page.location.clone() else {
                return page;
            };
            page = self.get(&next).await;
        }
        panic!("ten redirects, the last to {:?}", page.location)
    }

    /// Send a form as one of our own pages does; the redirect is not followed.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let request = self
            .request(Method::POST, path)
            .header("sec-fetch-site", "same-origin")
            .header("sec-fetch-mode", "navigate")
            .header("sec-fetch-user", "?1")
            .header(ORIGIN, self.base.origin().ascii_serialization())
            .form(fields);
        self.send(request).await
    }

    /// Fill in the page's form that `selector` names and send it: what the page prefilled goes along, `fields` replace it.
    pub async fn submit(&self, page: &Page, selector: &str, fields: &[(&str, &str)]) -> Page {
        let form = page.form(selector);
        let mut values = form.values;
        for (name, value) in fields {
            values.retain(|(known, _)| known != name);
            values.push(((*name).to_owned(), (*value).to_owned()));
        }
        let fields: Vec<_> = values
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        let action = if form.action.is_empty() {
            page.path.clone()
        } else {
            form.action
        };
        self.post(&action, &fields).await
    }

    /// A request with this browser's cookies and nothing else, for tests that forge one.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = self.base.join(path).unwrap();
        assert_eq!(
            url.origin(),
            self.base.origin(),
            "the test would leave the site"
        );
        let cookies: Vec<_> = self
            .cookies
            .lock()
            .unwrap()
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let request = self.client.request(method, url);
        if cookies.is_empty() {
            request
        } else {
            request.header(COOKIE, cookies.join("; "))
        }
    }

    /// Send what [`Browser::request`] began; cookies are kept.
    pub async fn send(&self, request: RequestBuilder) -> Page {
        let response = request.send().await.unwrap();
        self.keep_cookies(&response);
        let path = response.url().path().to_owned();
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let location = headers
            .get(LOCATION)
            .map(|to| to.to_str().unwrap().to_owned());
        Page {
            path,
            status,
            headers,
            location,
            body: response.text().await.unwrap(),
        }
    }

    fn keep_cookies(&self, response: &Response) {
        let mut cookies = self.cookies.lock().unwrap();
        for header in response.headers().get_all(SET_COOKIE) {
            let cookie = Cookie::parse(header.to_str().unwrap()).unwrap();
            let gone = cookie.max_age() == Some(time::Duration::ZERO);
            if gone {
                cookies.remove(cookie.name());
            } else {
                cookies.insert(cookie.name().to_owned(), cookie.value().to_owned());
            }
        }
    }

    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().unwrap().get(name).cloned()
    }

    pub fn set_cookie(&self, name: &str, value: &str) {
        self.cookies
            .lock()
            .unwrap()
            .insert(name.to_owned(), value.to_owned());
    }
}
