//! What is looked up once for all who wait at the same time is never shared across limits.

use futures_util::future::join_all;

use super::stage::Stage;

#[tokio::test]
async fn pages_asked_for_at_the_same_moment_differ_by_who_asks() {
    let stage = Stage::new().await;
    let path = "/security/authentication-status";
    for _ in 0..10 {
        let asked = (0..9).map(|number| match number % 3 {
            0 => stage.owner.get(path),
            1 => stage.gold.get(path),
            _ => stage.rest.get(path),
        });
        for (number, page) in join_all(asked).await.into_iter().enumerate() {
            for customer in &stage.customers {
                let expected = match number % 3 {
                    0 => true,
                    1 => customer.gold,
                    _ => !customer.gold,
                };
                assert_eq!(page.body.contains(&customer.short_name), expected);
            }
        }
    }
}
