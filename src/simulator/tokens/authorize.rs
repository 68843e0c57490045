//! Authorization requests: what the browser brings, and where it is sent back to.

use std::collections::HashMap;

use time::OffsetDateTime;
use url::Url;
use uuid::Uuid;

use super::code::AuthorizationCode;
use super::interactive::SignedIn;
use super::scope::Scopes;
use crate::simulator::aadsts::{self, Aadsts};
use crate::simulator::directory::{App, Segment, State};

/// A request at the authorize endpoint that is in order.
#[derive(Clone, Debug)]
pub struct AuthorizeRequest {
    pub client: Uuid,
    /// Absent: `organizations` or `common`.
    pub tenant: Option<Uuid>,
    pub scopes: Scopes,
    pub back: Return,
    pub nonce: Option<String>,
    pub challenge: Option<(String, bool)>,
    pub prompt: Prompt,
    pub login_hint: Option<String>,
}

/// Where the browser goes afterwards.
#[derive(Clone, Debug)]
pub struct Return {
    pub redirect_uri: String,
    pub state: Option<String>,
    pub mode: ResponseMode,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseMode {
    Query,
    Fragment,
    FormPost,
}

/// `prompt`, of which Entra takes exactly one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Prompt {
    #[default]
    Unset,
    None,
    Login,
    Consent,
    SelectAccount,
}

/// A request that is not in order; with an address to go back to, the client is told, else the person.
#[derive(Debug)]
pub struct BadRequest {
    pub failure: Box<Aadsts>,
    pub back: Option<Box<Return>>,
}

impl From<Aadsts> for BadRequest {
    fn from(failure: Aadsts) -> Self {
        Self {
            failure: Box::new(failure),
            back: None,
        }
    }
}

impl AuthorizeRequest {
    /// Read the query of an authorization request to `segment`; `base` is the simulator's own address.
    pub fn parse(
        state: &State,
        base: &str,
        segment: &str,
        query: &HashMap<String, String>,
    ) -> Result<Self, BadRequest> {
        let get = |name: &str| query.get(name).filter(|v| !v.is_empty());
        let need = |name: &str| get(name).ok_or_else(|| aadsts::missing_parameter(name));
        let tenant = state.segment(segment)?.tenant();
        let app = state.app(need("client_id")?, segment)?;
        if !app.multi_tenant && app.home_tenant != tenant {
            return Err(aadsts::not_multi_tenant(app.client_id, &app.name).into());
        }
        let redirect_uri = redirect_uri(app, need("redirect_uri")?)?;
        let prompt = prompt(get("prompt").map(String::as_str))?;
        let mode = match get("response_mode").map(String::as_str) {
            None | Some("query") => ResponseMode::Query,
            Some("fragment") => ResponseMode::Fragment,
            Some("form_post") => ResponseMode::FormPost,
            Some(_) => return Err(aadsts::unsupported_response_mode().into()),
        };
        let back = Return {
            redirect_uri,
            state: get("state").cloned(),
            mode,
        };
        let to_client = |failure| BadRequest {
            failure: Box::new(failure),
            back: Some(Box::new(back.clone())),
        };
        if need("response_type")? != "code" {
            return Err(to_client(aadsts::unsupported_response_type()));
        }
        let scopes = Scopes::parse(need("scope")?, base, segment).map_err(to_client)?;
        let hashed = get("code_challenge_method").is_some_and(|m| m == "S256");
        Ok(Self {
            client: app.client_id,
            tenant,
            scopes,
            back,
            nonce: get("nonce").cloned(),
            challenge: get("code_challenge").map(|c| (c.clone(), hashed)),
            prompt,
            login_hint: get("login_hint").cloned(),
        })
    }

    /// Issue the code for a person who went through, and say where the browser goes.
    pub fn finish(
        &self,
        state: &mut State,
        signed_in: SignedIn,
        now: OffsetDateTime,
    ) -> Vec<(&'static str, String)> {
        let code = state.issue_code(AuthorizationCode {
            client: self.client,
            redirect_uri: self.back.redirect_uri.clone(),
            challenge: self.challenge.clone(),
            scopes: self.scopes.clone(),
            nonce: self.nonce.clone(),
            signed_in,
            issued_at: now,
            redeemed: false,
        });
        let session = crate::clock::random_uuid().to_string();
        let mut fields = vec![("code", code)];
        if let Some(state) = &self.back.state {
            fields.push(("state", state.clone()));
        }
        fields.push(("session_state", session));
        fields
    }
}

impl Return {
    /// The redirect URI with `fields` in its query or fragment.
    pub fn url(&self, fields: &[(&str, String)]) -> Option<Url> {
        let mut url = Url::parse(&self.redirect_uri).ok()?;
        if self.mode == ResponseMode::Fragment {
            let mut encoded = url::form_urlencoded::Serializer::new(String::new());
            encoded.extend_pairs(fields);
            url.set_fragment(Some(&encoded.finish()));
        } else {
            url.query_pairs_mut().extend_pairs(fields);
        }
        Some(url)
    }
}

/// A redirect URI that the registration lists. For `http://localhost` and `http://127.0.0.1` the port is free
/// (RFC 8252, section 7.3).
pub fn redirect_uri(app: &App, sent: &str) -> Result<String, Aadsts> {
    let listed = app.redirect_uris.iter().any(|r| r == sent)
        || loopback(sent).is_some_and(|plain| {
            app.redirect_uris
                .iter()
                .any(|r| loopback(r).is_some_and(|r| r == plain))
        });
    if listed {
        Ok(sent.to_owned())
    } else {
        Err(aadsts::redirect_not_registered(sent, app.client_id))
    }
}

fn loopback(uri: &str) -> Option<Url> {
    let mut url = Url::parse(uri).ok()?;
    let host = url.host_str()?;
    let is_loopback = url.scheme() == "http" && (host == "localhost" || host == "127.0.0.1");
    url.set_port(None).ok()?;
    is_loopback.then_some(url)
}

fn prompt(word: Option<&str>) -> Result<Prompt, Aadsts> {
    Ok(match word {
        None => Prompt::Unset,
        Some("none") => Prompt::None,
        Some("login") => Prompt::Login,
        Some("consent") => Prompt::Consent,
        Some("select_account") => Prompt::SelectAccount,
        Some("admin_consent") => return Err(aadsts::admin_consent_prompt()),
        Some(_) => return Err(aadsts::unsupported_prompt()),
    })
}

/// A request at the admin consent endpoint that is in order.
#[derive(Clone, Debug)]
pub struct AdminConsentRequest {
    pub client: Uuid,
    pub tenant: Option<Uuid>,
    /// As sent, for the answer; absent on the older address.
    pub scope: Option<String>,
    pub scopes: Scopes,
    pub back: Return,
}

impl AdminConsentRequest {
    /// Read the query of an admin consent request. The older address (`v1`) has no `scope` and means all that is declared.
    pub fn parse(
        state: &State,
        base: &str,
        segment: &str,
        query: &HashMap<String, String>,
        v1: bool,
    ) -> Result<Self, BadRequest> {
        let get = |name: &str| query.get(name).filter(|v| !v.is_empty());
        let need = |name: &str| get(name).ok_or_else(|| aadsts::missing_parameter(name));
        let found = state.segment(segment)?;
        if !v1 && matches!(found, Segment::Common | Segment::Consumers) {
            return Err(aadsts::no_tenant_information().into());
        }
        let app = state.app(need("client_id")?, segment)?;
        let back = Return {
            redirect_uri: redirect_uri(app, need("redirect_uri")?)?,
            state: get("state").cloned(),
            mode: ResponseMode::Query,
        };
        let scope = if v1 {
            None
        } else {
            Some(need("scope")?.clone())
        };
        let all = format!("{base}/.default");
        let scopes =
            Scopes::parse(scope.as_deref().unwrap_or(&all), base, segment).map_err(|failure| {
                BadRequest {
                    failure: Box::new(failure),
                    back: Some(Box::new(back.clone())),
                }
            })?;
        Ok(Self {
            client: app.client_id,
            tenant: found.tenant(),
            scope,
            scopes,
            back,
        })
    }

    /// The fields of the answer once consent was given for `tenant`.
    pub fn granted(&self, tenant: Uuid) -> Vec<(&'static str, String)> {
        let mut fields = vec![
            ("admin_consent", "True".to_owned()),
            ("tenant", tenant.to_string()),
        ];
        fields.extend(self.scope.clone().map(|s| ("scope", s)));
        fields.extend(self.back.state.clone().map(|s| ("state", s)));
        fields
    }

    /// The fields of a refusal; `description` is the wording with its ids. The newer address says `admin_consent=True`
    /// here as well.
    pub fn refused(&self, description: String) -> Vec<(&'static str, String)> {
        let mut fields = if self.scope.is_some() {
            vec![
                ("admin_consent", "True".to_owned()),
                ("error", "consent_required".to_owned()),
                ("error_description", description),
            ]
        } else {
            vec![
                ("error", "permission_denied".to_owned()),
                (
                    "error_description",
                    "The admin canceled the request".to_owned(),
                ),
            ]
        };
        fields.extend(self.back.state.clone().map(|s| ("state", s)));
        fields
    }
}
