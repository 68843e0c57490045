//! One call of the API as data: method, address, scope, what it takes and what it gives.

use axum::handler::Handler;
use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::app::App;
use crate::domain::api_key::ApiScope;
use crate::web::kit::policy::Policy;
use crate::web::kit::routes::{Routes, Takes};

/// The schema of a type, put among the generator's definitions.
pub type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// One call. Everything that its document says is in here.
#[derive(Clone, Debug)]
pub struct Endpoint {
    pub method: &'static str,
    /// As axum and `OpenAPI` both write it, e.g. `/api/v1/tenants/{tenant}`.
    pub path: &'static str,
    /// What the key must have; none: any key may.
    pub scope: Option<ApiScope>,
    /// The operation's id, `list_tenants`.
    pub id: &'static str,
    /// A few words.
    pub summary: &'static str,
    /// More about it, in sentences; may be empty.
    pub about: &'static str,
    /// The first word under which documents group it: `Tenants`.
    pub group: &'static str,
    /// The parameters of the query, as one object.
    pub query: Option<SchemaOf>,
    pub body: Option<SchemaOf>,
    /// What a success gives; none: nothing (204).
    pub reply: Option<SchemaOf>,
    /// A success's status.
    pub status: u16,
    /// It takes an `Idempotency-Key`. Its answer is kept for a day, so it must have no secret in it.
    pub once: bool,
    /// Its answer has an `ETag`; asked with `If-None-Match` of the same it is 304.
    pub versioned: bool,
    /// Statuses and codes of its own, besides those that every call may answer (401, 403, 404, 429, 5xx): `(409, "tenant_archived")`.
    pub problems: &'static [(u16, &'static str)],
}

fn schema_of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

impl Endpoint {
    const fn new(method: &'static str, path: &'static str, scope: ApiScope) -> Self {
        Self {
            method,
            path,
            scope: Some(scope),
            id: "",
            summary: "",
            about: "",
            group: "",
            query: None,
            body: None,
            reply: None,
            status: 204,
            once: false,
            versioned: false,
            problems: &[],
        }
    }

    pub const fn get(path: &'static str, scope: ApiScope) -> Self {
        Self::new("GET", path, scope)
    }

    pub const fn post(path: &'static str, scope: ApiScope) -> Self {
        Self::new("POST", path, scope)
    }

    pub const fn put(path: &'static str, scope: ApiScope) -> Self {
        Self::new("PUT", path, scope)
    }

    pub const fn patch(path: &'static str, scope: ApiScope) -> Self {
        Self::new("PATCH", path, scope)
    }

    pub const fn delete(path: &'static str, scope: ApiScope) -> Self {
        Self::new("DELETE", path, scope)
    }

    /// Any key may call it.
    #[must_use]
    pub const fn for_any_key(mut self) -> Self {
        self.scope = None;
        self
    }

    /// Its id, its group and what it does.
    #[must_use]
    pub const fn named(
        mut self,
        id: &'static str,
        group: &'static str,
        summary: &'static str,
    ) -> Self {
        self.id = id;
        self.group = group;
        self.summary = summary;
        self
    }

    #[must_use]
    pub const fn about(mut self, sentences: &'static str) -> Self {
        self.about = sentences;
        self
    }

    #[must_use]
    pub fn query<T: JsonSchema>(mut self) -> Self {
        self.query = Some(schema_of::<T>);
        self
    }

    #[must_use]
    pub fn takes<T: JsonSchema>(mut self) -> Self {
        self.body = Some(schema_of::<T>);
        self
    }

    #[must_use]
    pub fn gives<T: JsonSchema>(mut self) -> Self {
        self.reply = Some(schema_of::<T>);
        self.status = 200;
        self
    }

    /// It creates what it gives (201), once per `Idempotency-Key`.
    #[must_use]
    pub fn creates<T: JsonSchema>(mut self) -> Self {
        self.reply = Some(schema_of::<T>);
        self.status = 201;
        self.once()
    }

    /// It is done once per `Idempotency-Key`.
    #[must_use]
    pub const fn once(mut self) -> Self {
        self.once = true;
        self
    }

    /// Its answer has a version to ask for changes by.
    #[must_use]
    pub const fn versioned(mut self) -> Self {
        self.versioned = true;
        self
    }

    #[must_use]
    pub const fn problems(mut self, problems: &'static [(u16, &'static str)]) -> Self {
        self.problems = problems;
        self
    }
}

/// Calls with their handlers.
#[derive(Debug, Default)]
pub struct Api {
    routes: Routes,
    endpoints: Vec<Endpoint>,
}

impl Api {
    pub fn new() -> Self {
        Self::default()
    }

    /// This call is answered by this handler.
    #[must_use]
    pub fn on<H, T>(mut self, endpoint: Endpoint, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        let policy = Policy::Key(endpoint.scope);
        let takes = Takes {
            once: endpoint.once,
            parameters: endpoint.query.is_some(),
            body: endpoint.body.is_some(),
        };
        self.routes = self
            .routes
            .call(endpoint.method, endpoint.path, policy, takes, handler);
        self.endpoints.push(endpoint);
        self
    }

    /// These and those.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.routes = self.routes.merge(other.routes);
        self.endpoints.extend(other.endpoints);
        self
    }

    /// The list, for documents.
    pub fn list(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// The same as routes, each with its policy.
    pub fn into_routes(self) -> Routes {
        self.routes
    }
}
