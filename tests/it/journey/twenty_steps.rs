//! The renewal as the manuals of such consoles describe it, and the short way.

use anyhow::ensure;

use super::acts::Cast;

/// Bayliss' password was changed; its enterprise application is still there, so no consent is asked.
pub async fn a_dead_authorisation_is_renewed_in_twenty_steps(
    cast: &mut Cast,
) -> anyhow::Result<()> {
    let technician = cast.technician().await?;
    ensure!(
        cast.status(&technician, "bayliss")
            .await?
            .contains("Expired"),
        "the status shows the expired tenant"
    );
    technician.press("SysAdmin of bayliss").await?;
    technician
        .see("You are in the Customer portal of Bayliss Architects")
        .await?;
    technician.press("M365 Configuration").await?;
    technician.see("Microsoft 365 Settings").await?;
    technician.press("Switch to auth token").await?;
    technician
        .see("E-mail address for the token invitation")
        .await?;
    technician
        .fill("invitation_email", "nobody@bayliss.example")
        .await?;
    technician.press("OK").await?;
    let shown = technician.read("auth-url").await?;
    technician.press("Done").await?;

    technician.press("Leave").await?;
    technician.press("Pending Invitations").await?;
    technician.see("nobody@bayliss.example").await?;
    technician.press("Auth URL").await?;
    let copied = technician.read("auth-dialog-url").await?;
    ensure!(copied == shown, "both screens show the same link");
    technician.press("Copy").await?;

    let administrator = cast.start(&copied).await?;
    cast.sign_in_with_code(&administrator, "admin@bayliss.example")
        .await?;
    administrator.press_id("continue").await?;
    administrator.see("You have signed in").await?;
    administrator.first_tab().await?;
    administrator
        .see("All tokens acquired! You can close this page now.")
        .await?;
    administrator.leave().await?;

    cast.validate(&technician, "bayliss").await?;
    ensure!(
        cast.status(&technician, "bayliss").await?.contains("Valid"),
        "the status shows it as Valid"
    );
    technician.leave().await
}

/// Blackthorn was idle for 90 days.
pub async fn renew_on_the_row_is_three_clicks_and_the_administrator_needs_five_actions(
    cast: &mut Cast,
) -> anyhow::Result<()> {
    let technician = cast.technician().await?;
    technician
        .open(&format!(
            "{}/security/authentication-status?state=expired",
            cast.demo.portal()
        ))
        .await?;
    technician.actions.set(0);
    technician.press("Renew blackthorn").await?;
    technician.press("OK").await?;
    let link = technician.read("auth-url").await?;
    technician.press("Copy").await?;
    ensure!(
        technician.actions.get() <= 3,
        "{} clicks to a copied link",
        technician.actions.get()
    );

    let administrator = cast.start(&link).await?;
    cast.sign_in_with_code(&administrator, "admin@blackthorn.example")
        .await?;
    administrator.press_id("continue").await?;
    administrator.first_tab().await?;
    administrator
        .see("All tokens acquired! You can close this page now.")
        .await?;
    ensure!(
        administrator.actions.get() <= 5,
        "{} actions on our page",
        administrator.actions.get()
    );
    administrator.leave().await?;
    ensure!(
        cast.status(&technician, "blackthorn")
            .await?
            .contains("Valid"),
        "the status shows it as Valid"
    );
    technician.leave().await
}
