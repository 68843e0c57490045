//! The route inventory. A page is mounted through [`Routes`] and in no other way, so every route has its [`Policy`]; the list
//! guards the requests (`policy::enforce`), feeds the tests that try every route as everybody, and is printed by
//! `tenantry routes`.

use std::collections::HashMap;

use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{MethodRouter, delete, get, patch, post, put};
use axum::{Extension, Router};
use serde::Serialize;

use super::policy::Policy;
use crate::app::App;

/// One route as the inventory lists it.
#[derive(Clone, Debug, Serialize)]
pub struct Route {
    /// `GET` (which answers HEAD too) or `POST`; of the API also `PATCH`, `PUT` or `DELETE`.
    pub method: &'static str,
    /// The template that axum matches, e.g. `/tenants/{short}/edit`.
    pub path: String,
    pub policy: Policy,
    /// It asks for a proof of the second factor that is minutes old at most.
    pub fresh: bool,
    /// Of a call of the API.
    #[serde(skip)]
    pub takes: Takes,
}

/// What a call of the API takes. Whatever else is sent is refused rather than ignored.
#[derive(Clone, Copy, Debug, Default)]
pub struct Takes {
    /// Its answer is kept under the caller's `Idempotency-Key`: sent again, it does nothing.
    pub once: bool,
    /// Parameters in its address.
    pub parameters: bool,
    pub body: bool,
}

impl Route {
    /// Who may pass, in words.
    pub fn who(&self) -> String {
        let policy = self.policy.name();
        if self.fresh {
            format!("{policy}, fresh proof")
        } else {
            policy
        }
    }

    /// Whether this route may change something.
    pub fn changes(&self) -> bool {
        self.method != "GET"
    }
}

/// Routes with their policies, on the way to a router.
#[derive(Debug, Default)]
pub struct Routes {
    router: Router<App>,
    inventory: Vec<Route>,
}

impl Routes {
    pub fn new() -> Self {
        Self::default()
    }

    /// A page to look at. GET changes nothing.
    #[must_use]
    pub fn get<H, T>(self, path: &str, policy: Policy, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        self.mount("GET", path, policy, get(handler))
    }

    /// A change.
    #[must_use]
    pub fn post<H, T>(self, path: &str, policy: Policy, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        self.mount("POST", path, policy, post(handler))
    }

    fn mount(
        mut self,
        method: &'static str,
        path: &str,
        policy: Policy,
        handler: MethodRouter<App>,
    ) -> Self {
        self.router = self.router.route(path, handler);
        let path = path.to_owned();
        self.inventory.push(Route {
            method,
            path,
            policy,
            fresh: false,
            takes: Takes::default(),
        });
        self
    }

    /// A route of the API, by any of its methods.
    #[must_use]
    pub fn call<H, T>(
        self,
        method: &'static str,
        path: &str,
        policy: Policy,
        takes: Takes,
        handler: H,
    ) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        let handler = match method {
            "POST" => post(handler),
            "PATCH" => patch(handler),
            "PUT" => put(handler),
            "DELETE" => delete(handler),
            _ => get(handler),
        };
        let mut routes = self.mount(method, path, policy, handler);
        if let Some(last) = routes.inventory.last_mut() {
            last.takes = takes;
        }
        routes
    }

    /// The route mounted last is dangerous: whoever proved the second factor a while ago proves it again first.
    #[must_use]
    pub fn fresh(mut self) -> Self {
        if let Some(last) = self.inventory.last_mut() {
            last.fresh = true;
        }
        self
    }

    /// Something that every page mounted so far finds as an `Extension`.
    #[must_use]
    pub fn with<E>(mut self, shared: E) -> Self
    where
        E: Clone + Send + Sync + 'static,
    {
        self.router = self.router.layer(Extension(shared));
        self
    }

    /// These and those.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        self.inventory.extend(other.inventory);
        self
    }

    /// What is mounted, in the order in which it was.
    pub fn inventory(&self) -> &[Route] {
        &self.inventory
    }

    /// The router, and the policies by which its requests are let in.
    pub(in crate::web) fn into_parts(self) -> (Router<App>, Policies) {
        let known = self
            .inventory
            .into_iter()
            .map(|route| {
                let rule = Rule {
                    policy: route.policy,
                    fresh: route.fresh,
                    takes: route.takes,
                };
                ((route.method, route.path), rule)
            })
            .collect();
        (self.router, Policies(known))
    }
}

/// What is asked of a request before its page runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    pub policy: Policy,
    pub fresh: bool,
    pub takes: Takes,
}

/// The rule of each method and path template.
#[derive(Debug)]
pub struct Policies(HashMap<(&'static str, String), Rule>);

impl Policies {
    /// The methods that are mounted at this path, as the header `Allow` names them.
    pub(super) fn allow(&self, template: &str) -> String {
        let mounted = |method: &&str| self.0.contains_key(&(*method, template.to_owned()));
        let methods = [
            ("GET", "GET, HEAD"),
            ("POST", "POST"),
            ("PUT", "PUT"),
            ("PATCH", "PATCH"),
            ("DELETE", "DELETE"),
        ];
        let found = methods.iter().filter(|(method, _)| mounted(method));
        found
            .map(|(_, words)| *words)
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// The rule of this route; none when nothing is mounted there for this method.
    pub(super) fn of(&self, method: &Method, template: &str) -> Option<Rule> {
        let method = match *method {
            Method::GET | Method::HEAD => "GET",
            Method::POST => "POST",
            Method::PUT => "PUT",
            Method::PATCH => "PATCH",
            Method::DELETE => "DELETE",
            _ => return None,
        };
        self.0.get(&(method, template.to_owned())).copied()
    }
}
