//! Families of the fleet: how its tenants stand, and what Microsoft answers.

use std::fmt;

use prometheus_client::registry::Unit;

use super::Families;
use super::writer::{Writer, number, of_call, whole};

impl Families {
    pub(super) fn fleet(&self, to: &mut Writer<'_>) -> fmt::Result {
        let figures = &self.figures;
        let present = &figures.present;
        to.gauge(
            "tenantry_tenants",
            "Tenants by state, as of the newest sample",
            None,
            figures
                .states
                .iter()
                .map(|(state, n)| ([("state", state.as_str())], f64::from(*n))),
        )?;
        to.single(
            "tenantry_connections",
            "Connections that are renewed by schedule",
            None,
            Some(f64::from(present.connections)),
        )?;
        to.single(
            "tenantry_refreshes_due",
            "Connections whose renewal is due",
            None,
            Some(f64::from(present.due)),
        )?;
        to.single(
            "tenantry_refreshes_overdue",
            "Connections whose renewal has been due for more than ten minutes",
            None,
            Some(f64::from(present.overdue)),
        )?;
        to.single(
            "tenantry_sample_age",
            "Time since the newest sample of the fleet",
            Some(&Unit::Seconds),
            present.sampled_at.map(|at| self.age(at)),
        )?;
        to.single(
            "tenantry_oldest_token_age",
            "Time since the valid token that was renewed longest ago was renewed",
            Some(&Unit::Seconds),
            present.oldest.as_ref().map(|oldest| self.age(oldest.at)),
        )?;
        to.gauge(
            "tenantry_open_incidents",
            "Incidents that are open, by kind",
            None,
            figures
                .incidents
                .iter()
                .map(|(kind, n)| ([("kind", kind.as_str())], number(*n))),
        )?;
        to.single(
            "tenantry_open_invitations",
            "Invitations that are open",
            None,
            Some(number(figures.open_invitations)),
        )?;
        to.counter(
            "tenantry_sign_ons",
            "Single sign-ons, and owners' emergency logins by password, by how they ended",
            figures.sign_ons.iter().map(|one| {
                let labels = [("way", one.way.as_str()), ("result", one.result.as_str())];
                (labels, whole(one.total))
            }),
        )
    }

    pub(super) fn calls(&self, to: &mut Writer<'_>) -> fmt::Result {
        let figures = &self.figures;
        to.counter(
            "tenantry_entra_requests",
            "Requests to Microsoft by operation and how they ended",
            figures
                .calls
                .iter()
                .map(|call| (of_call(call), whole(call.calls))),
        )?;
        to.latency(
            "tenantry_entra_request_duration",
            "How long Microsoft took to answer, by operation and how it ended",
            &figures.calls,
        )?;
        to.counter(
            "tenantry_msal_errors",
            "Failure answers recorded, by cause",
            figures
                .errors
                .iter()
                .map(|(cause, n)| ([("cause", cause.as_str())], whole(*n))),
        )?;
        to.counter(
            "tenantry_csp_reports",
            "Things that browsers refused on our pages, by directive of the content policy",
            figures
                .csp_reports
                .iter()
                .map(|(directive, n)| ([("directive", directive.as_str())], whole(*n))),
        )
    }
}
