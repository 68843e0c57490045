//! Swap and flip: a sealed value opens where it was sealed, whole and unchanged, and nowhere else.

use tenantry::keeper::Keyring;
use tenantry::keeper::message::{Reply, Request};
use tenantry::keeper::rehearsal::{Cell, Opener, cells};
use uuid::Uuid;

use crate::support::keeper::{Keeper, World, text};

/// Two customers with everything that is ever sealed: tokens of two versions, invitations, a sign-in under way, the
/// application's secret.
async fn world() -> (World, Vec<Cell>, Opener) {
    let mut world = World::new().await;
    let keeper = world.keeper().await;
    world.onboard(&keeper).await;
    world.code(&keeper, "").await;
    let first = (world.tenant, world.entra_tenant);
    (world.tenant, world.entra_tenant) = world.customer("fabrikam").await;
    world.onboard_as(&keeper, "admin@fabrikam.example").await;
    (world.tenant, world.entra_tenant) = first;
    seal_links(&world, &keeper).await;
    keeper.stop().await;
    let found = cells(&world.pool).await.unwrap();
    let opener = Opener::new(&world.pool, Keyring::read(&world.key_file).unwrap());
    (world, found, opener)
}

/// The invitations' links, as the portal has them sealed.
async fn seal_links(world: &World, keeper: &Keeper) {
    let invitations: Vec<(Uuid, Uuid)> = sqlx::query_as("select tenant_id, id from invitations")
        .fetch_all(&world.pool)
        .await
        .unwrap();
    for (tenant_id, invitation_id) in invitations {
        let token = text(&format!("inv_{invitation_id}"));
        let sealed = keeper
            .ask(Request::SealLink {
                tenant_id,
                invitation_id,
                token,
            })
            .await;
        let Reply::Sealed { ciphertext } = sealed else {
            panic!("{sealed:?}");
        };
        sqlx::query("update invitations set token_sealed = $2 where id = $1")
            .bind(invitation_id)
            .bind(ciphertext)
            .execute(&world.pool)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_sealed_cell_opens_at_its_own_place_alone() {
    let (_world, cells, opener) = world().await;
    for kind in ["ct_current", "ct_previous", "ct", "token_sealed"] {
        assert!(cells.iter().any(|cell| cell.column == kind), "{kind}");
    }
    for table in ["tokens", "flow_secrets", "app_credentials"] {
        assert!(cells.iter().any(|cell| cell.table == table), "{table}");
    }
    let mut swaps = 0;
    for here in &cells {
        assert!(opener.opens(here, &here.bytes).await, "{here:?}");
        for there in cells.iter().filter(|there| there.bytes != here.bytes) {
            assert!(
                !opener.opens(there, &here.bytes).await,
                "{here:?} in {there:?}"
            );
            swaps += 1;
        }
        for (tenant, version) in [(true, false), (false, true)] {
            let mut moved = here.clone();
            if tenant {
                moved.tenant_id = Uuid::from_u128(moved.tenant_id.as_u128() ^ 1);
            }
            if version {
                moved.row_version += 1;
            }
            assert!(!opener.opens(&moved, &here.bytes).await, "{moved:?}");
        }
    }
    println!("{} cells, {swaps} swaps", cells.len());
    assert!(swaps > 200);
}

#[tokio::test]
async fn a_changed_byte_or_a_cut_end_shuts_a_cell() {
    let (_world, cells, opener) = world().await;
    let mut changes = 0;
    for cell in &cells {
        for at in 0..cell.bytes.len() {
            let mut changed = cell.bytes.clone();
            changed[at] ^= 1 << (at % 8);
            assert!(!opener.opens(cell, &changed).await, "byte {at} of {cell:?}");
            assert!(
                !opener.opens(cell, &cell.bytes[..at]).await,
                "cut at {at} of {cell:?}"
            );
            changes += 2;
        }
        let longer = [cell.bytes.as_slice(), &[0]].concat();
        assert!(!opener.opens(cell, &longer).await);
    }
    println!("{changes} changes in {} cells", cells.len());
    assert!(changes > 10_000);
}

#[tokio::test]
async fn a_wrapped_data_key_opens_under_its_own_name_alone() {
    let (world, cells, _) = world().await;
    let ids: Vec<Uuid> =
        sqlx::query_scalar("select id from data_keys where purpose = 'connection' order by id")
            .fetch_all(&world.pool)
            .await
            .unwrap();
    assert_eq!(ids.len(), 2);
    // Each key under the other's name, and then each byte of one of them changed.
    sqlx::query("update data_keys d set wrapped = o.wrapped from data_keys o where d.id = any($1) and o.id = any($1) and o.id <> d.id")
        .bind(&ids)
        .execute(&world.pool)
        .await
        .unwrap();
    let opener = || Opener::new(&world.pool, Keyring::read(&world.key_file).unwrap());
    let tokens: Vec<&Cell> = cells
        .iter()
        .filter(|cell| cell.column == "ct_current")
        .collect();
    for cell in &tokens {
        assert!(!opener().opens(cell, &cell.bytes).await);
    }
    sqlx::query("update data_keys d set wrapped = o.wrapped from data_keys o where d.id = any($1) and o.id = any($1) and o.id <> d.id")
        .bind(&ids)
        .execute(&world.pool)
        .await
        .unwrap();
    for cell in &tokens {
        assert!(opener().opens(cell, &cell.bytes).await);
    }
    for at in 0..62 {
        let flip = "update data_keys set wrapped = set_byte(wrapped, $1, get_byte(wrapped, $1) # 4) where id = any($2)";
        for opens in [false, true] {
            sqlx::query(flip)
                .bind(at)
                .bind(&ids)
                .execute(&world.pool)
                .await
                .unwrap();
            for cell in &tokens {
                assert_eq!(opener().opens(cell, &cell.bytes).await, opens, "byte {at}");
            }
        }
    }
}
