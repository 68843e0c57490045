//! How often one customer is mailed an invitation.

use std::time::Duration;

use tenantry::domain::technician::Role;

use super::stage::Stage;

#[tokio::test]
async fn a_customer_is_not_flooded_with_invitations_by_hand() {
    let stage = Stage::set().await;
    for _ in 0..10 {
        stage.queued(&stage.mail().await).await;
    }
    stage.sweep().await;
    let invitation = stage.invite().await;
    let technician = stage.app.login(Role::Technician).await;
    let again = format!("/tenants/contoso/invitations/{invitation}/resend");
    let told = technician.post(&again, &[]).await;
    let told = technician.follow(told).await.text();
    assert!(
        told.contains(
            "No mail went to it@contoso.example: 10 were written to this customer within an hour."
        ),
        "{told}"
    );
    assert_eq!(stage.server.letters().len(), 10);
    stage.app.advance(Duration::from_mins(61));
    let technician = stage.app.login(Role::Technician).await;
    let sent = technician.post(&again, &[]).await;
    let sent = technician.follow(sent).await.text();
    assert!(sent.contains("mailed to it@contoso.example"), "{sent}");
    assert_eq!(stage.server.letters().len(), 11);
}
