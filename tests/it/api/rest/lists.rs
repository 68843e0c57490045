//! Lists page by page, and how tenants stand.

use serde_json::{Value, json};

use super::{all, stage};

#[tokio::test(flavor = "multi_thread")]
async fn every_item_comes_once_page_by_page() {
    let (stage, script) = stage().await;
    for n in 0..7 {
        let tags = if n % 2 == 0 { vec!["gold"] } else { Vec::new() };
        let new = json!({ "short_name": format!("t{n}"), "full_name": format!("Tenant {n}"), "tags": tags });
        assert_eq!(script.post("/api/v1/tenants", &new).await.status, 201);
        let path = format!("/api/v1/tenants/t{n}/invitations");
        assert_eq!(script.post(&path, &json!({})).await.status, 201);
    }
    let names = |items: &[Value], place: &str| -> Vec<String> {
        let names = items
            .iter()
            .map(|item| item.pointer(place).unwrap().as_str().unwrap().to_owned());
        names.collect()
    };
    let tenants = all(&script, "/api/v1/tenants").await;
    assert_eq!(
        names(&tenants, "/short_name"),
        ["contoso", "t0", "t1", "t2", "t3", "t4", "t5", "t6"]
    );
    assert_eq!(
        all(&script, "/api/v1/tenants?tag=gold&q=tenant")
            .await
            .len(),
        4
    );
    let mut standing = names(
        &all(&script, "/api/v1/statuses").await,
        "/tenant/short_name",
    );
    standing.sort();
    assert_eq!(standing.len(), 8);
    assert_eq!(
        all(
            &script,
            "/api/v1/statuses?state=invitation_pending&tag=gold"
        )
        .await
        .len(),
        4
    );
    let invitations = all(&script, "/api/v1/invitations?state=pending").await;
    assert_eq!(
        names(&invitations, "/tenant/short_name"),
        ["t6", "t5", "t4", "t3", "t2", "t1", "t0"]
    );
    assert_eq!(all(&script, "/api/v1/invitations?tenant=t3").await.len(), 1);
    for n in 0..5 {
        sqlx::query("insert into msal_errors (at, tenant_id, resource, operation, code, category, class, message, raw) values (now(), $1, 'graph', 'refresh', 50173, 'password_changed', 'needs_consent', $2, '{\"error\":\"invalid_grant\",\"error_description\":\"AADSTS50173: The provided grant has expired due to it being revoked.\",\"error_codes\":[50173]}')")
            .bind(stage.tenant())
            .bind(format!("AADSTS50173: {n}"))
            .execute(&stage.world.pool)
            .await
            .unwrap();
    }
    let errors = all(
        &script,
        "/api/v1/msal-errors?tenant=contoso&cause=password_changed&resource=graph&code=50173",
    )
    .await;
    assert_eq!(names(&errors, "/message")[0], "AADSTS50173: 4");
    assert_eq!(errors.len(), 5);
    let one = script
        .get(&format!("/api/v1/msal-errors/{}", errors[0]["id"]))
        .await
        .json();
    assert_eq!(one["diagnosis"]["cause"], "password_changed");
    assert_eq!(one["tenant"]["short_name"], "contoso");
    assert_eq!(script.get("/api/v1/msal-errors/999999").await.status, 404);
    assert_eq!(
        script
            .get("/api/v1/msal-errors?from=2999-01-01T00:00:00Z")
            .await
            .json()["items"],
        json!([])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_sense_is_refused_and_not_left_out() {
    let (_stage, script) = stage().await;
    for wrong in [
        "/api/v1/tenants?limit=0",
        "/api/v1/tenants?limit=201",
        "/api/v1/tenants?limit=2&limit=3",
        "/api/v1/tenants?state=broken",
        "/api/v1/tenants?colour=red",
        "/api/v1/tenants?cursor=%20",
        "/api/v1/statuses?cursor=YQ",
        "/api/v1/invitations?cursor=YQ",
        "/api/v1/msal-errors?cursor=YQ",
        "/api/v1/msal-errors?from=yesterday",
        "/api/v1/statuses?cause=weather",
        "/api/v1/tenants?q=%00",
        "/api/v1/campaigns?state=sleeping",
        "/api/v1/campaigns?cursor=YQ",
        "/api/v1/alerts?state=loud",
        "/api/v1/alerts?event=weather",
        "/api/v1/alerts?severity=7",
        "/api/v1/alerts?snoozed=maybe",
        "/api/v1/alerts?cursor=YQ",
    ] {
        let answer = script.get(wrong).await;
        assert_eq!(answer.status, 400, "{wrong}: {answer:?}");
        answer.code();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connected_tenant_tells_how_it_stands_and_never_a_token() {
    let (_stage, script) = stage().await;
    let status = script.get("/api/v1/tenants/contoso/status").await.json();
    assert_eq!(
        (&status["mode"], &status["tokens_valid"]),
        (&json!("auth_token"), &status["tokens_total"])
    );
    let connections = script.get("/api/v1/tenants/contoso/connections").await;
    let connection = &connections.json()["items"][0];
    assert_eq!(
        (&connection["standing"], &connection["obtained_by"]),
        (&json!("current"), &json!("device_code"))
    );
    let tokens = script.get("/api/v1/tenants/contoso/tokens").await;
    assert!(
        tokens.json()["items"]
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one["state"] == "valid"),
        "{tokens:?}"
    );
    assert!(!tokens.text.contains("eyJ") && !connections.text.contains("eyJ"));
    let diagnosis = script.get("/api/v1/tenants/contoso/diagnosis").await.json();
    assert_eq!(diagnosis["diagnosis"], json!(null));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_names_the_parameter_and_what_it_takes() {
    let (_stage, script) = stage().await;
    let long = format!("q={}", "x".repeat(201));
    let odd = [
        (
            "limit=many",
            "`limit` has an odd value; expected a whole number, not negative and not too large.",
        ),
        (
            "state=gone",
            "`state` has an odd value: it is one of: active, suspended, archived.",
        ),
        (
            long.as_str(),
            "`q` has an odd value: it has at most 200 characters.",
        ),
        ("q=a&q=b", "`q` comes twice in the address."),
    ];
    for (query, words) in odd {
        let refused = script.get(&format!("/api/v1/tenants?{query}")).await;
        assert_eq!(refused.status, 400, "{query}");
        assert_eq!(refused.json()["detail"], words);
    }
    let sent = json!({ "short_name": "x", "full_name": "X", "tags": ["a", 7] });
    let refused = script.post("/api/v1/tenants", &sent).await;
    assert_eq!(refused.status, 422);
    assert_eq!(
        refused.json()["detail"],
        "`tags[1]` has an odd value; expected a string."
    );
    let refused = script.post("/api/v1/tenants", &json!(["x", "X"])).await;
    assert_eq!(
        refused.json()["detail"],
        "The body is a JSON object with named fields."
    );
    let refused = script.post("/api/v1/tenants?dry_run=true", &sent).await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (400, "unknown_parameter")
    );
    // Somebody sends a key in the wrong place.
    let named = json!({ "pk_secret": 1 });
    let valued =
        json!({ "short_name": "x", "full_name": "X", "required_resources": ["pk_secret"] });
    for sent in [named, valued] {
        let refused = script.post("/api/v1/tenants", &sent).await;
        assert_eq!(refused.status, 422);
        assert!(
            !refused.json().to_string().contains("pk_secret"),
            "{refused:?}"
        );
    }
    for list in ["alerts", "invitations", "msal-errors"] {
        let refused = script.get(&format!("/api/v1/{list}?tenant=mistyped")).await;
        let detail = refused.json()["detail"].to_string();
        assert!(
            refused.status == 404 && detail.contains("`tenant` names none"),
            "{refused:?}"
        );
    }
    let refused = script.get("/api/v2/tenants").await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (404, "not_found")
    );
    let put = script.request(reqwest::Method::PUT, "/api/v1/tenants");
    let refused = script.send(put).await;
    let detail = refused.json()["detail"].to_string();
    assert!(
        refused.status == 405 && detail.contains("Allow"),
        "{refused:?}"
    );
}
