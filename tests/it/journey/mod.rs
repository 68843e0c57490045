//! The main job in two real browsers: a technician and a customer's administrator, on a running `tenantry demo`. Each
//! journey has browsers of its own; they share one demo and follow each other, so that moving the clock harms nobody.

mod acts;
mod demo;
mod person;
mod twenty_steps;
mod variants;

use anyhow::Context;

use crate::support::chrome::Chrome;
use acts::Cast;
use demo::Demo;

macro_rules! journeys {
    ($cast:ident: $($journey:path),+ $(,)?) => {{
        let mut failed = Vec::new();
        $(
            let begun = std::time::Instant::now();
            let outcome = $journey(&mut $cast).await.context(stringify!($journey));
            $cast.send_home().await;
            println!("journey {}: {} in {} s", stringify!($journey), if let Err(error) = &outcome { format!("FAILED: {error:#}") } else { "ok".to_owned() }, begun.elapsed().as_secs());
            failed.extend(outcome.err());
        )+
        failed
    }};
}

#[tokio::test]
async fn technician_and_administrator_live_through_every_renewal() -> anyhow::Result<()> {
    let chrome = Chrome::start().await?;
    let mut cast = Cast {
        chrome,
        demo: Demo::start()?,
        browsers: Vec::new(),
    };
    let failed = journeys!(cast:
        twenty_steps::a_dead_authorisation_is_renewed_in_twenty_steps,
        twenty_steps::renew_on_the_row_is_three_clicks_and_the_administrator_needs_five_actions,
        variants::a_deleted_enterprise_application_is_consented_again,
        variants::an_administrator_without_the_role_waits_for_the_reviewer,
        variants::the_wrong_account_stores_nothing,
        variants::an_account_of_another_organisation_stores_nothing,
        variants::who_declines_reads_so_and_may_begin_again,
        variants::a_lapsed_code_is_replaced,
        variants::where_device_codes_are_blocked_the_browser_sign_in_works,
        variants::a_scanner_does_not_use_the_link_and_a_person_uses_it_once,
        variants::another_browser_sees_nothing_and_may_take_over,
        variants::an_expired_link_offers_to_ask_for_a_new_one,
        variants::a_kill_in_the_middle_loses_nothing,
    );
    cast.judge().await?;
    anyhow::ensure!(
        failed.is_empty(),
        "{}",
        failed
            .iter()
            .map(|error| format!("{error:#}"))
            .collect::<Vec<_>>()
            .join("\n\n")
    );
    Ok(())
}
