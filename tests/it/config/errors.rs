//! What the program says about settings it cannot use, and the code it ends with.

use crate::support::program::{Run, run, tenantry};
use crate::support::scratch::Scratch;

/// `tenantry migrate` with this file and these variables.
fn start(file: &str, variables: &[(&str, &str)]) -> Run {
    let scratch = Scratch::new();
    let path = scratch.file("tenantry.toml", file);
    run(tenantry()
        .arg("migrate")
        .arg("--config")
        .arg(path)
        .envs(variables.iter().copied()))
}

#[track_caller]
fn refused(run: &Run, saying: &[&str]) {
    assert_eq!(run.code, 78, "{}", run.err);
    for words in saying {
        assert!(
            run.err.contains(words),
            "{words:?} is missing in: {}",
            run.err
        );
    }
}

#[test]
fn an_unknown_setting_stops_the_start_with_the_nearest_name() {
    let run = start("[databse]\nweb_url = 'postgres://u:geheim@h/d'\n", &[]);
    refused(
        &run,
        &[
            "unknown setting `databse.web_url` in ",
            "tenantry.toml; did you mean `database.web_url`?",
        ],
    );
    assert!(!run.err.contains("geheim"));
}

#[test]
fn an_unknown_variable_too() {
    refused(
        &start("", &[("TENANTRY_SMTP__HOTS", "mail")]),
        &[
            "unknown setting `TENANTRY_SMTP__HOTS` in the environment; did you mean `TENANTRY_SMTP__HOST`?",
        ],
    );
}

#[test]
fn a_name_like_no_other_gets_no_suggestion() {
    let run = start("weather = 'fine'\n", &[]);
    refused(&run, &["unknown setting `weather`"]);
    assert!(!run.err.contains("did you mean"), "{}", run.err);
}

#[test]
fn every_mistake_is_told_at_once() {
    refused(
        &start(
            "listen = 'everywhere'\nbase_url = 'https://portal.example/console'\n[smtp]\nhost = 'mail'\nport = 70000\n",
            &[("TENANTRY_LOG__FORMAT", "xml")],
        ),
        &[
            "setting `listen` in ",
            "\"everywhere\": expected an address and port",
            "setting `base_url`",
            "setting `smtp.port`",
            "\"70000\": expected a port number",
            "setting `smtp.from` is missing",
            "setting `log.format` in the environment is \"xml\": expected json or text",
        ],
    );
}

#[test]
fn a_value_that_may_hold_a_secret_is_not_repeated() {
    let run = start("[database]\nweb_url = 'mysql://u:geheim@h/d'\n", &[]);
    refused(
        &run,
        &["setting `database.web_url`", "expected postgres://"],
    );
    assert!(!run.err.contains("geheim"), "{}", run.err);
}

#[test]
fn one_database_address_demands_the_one_that_is_used() {
    let migrate = (
        "TENANTRY_DATABASE__MIGRATE_URL",
        "postgres://u:p@127.0.0.1:1/d",
    );
    let name = ("TENANTRY_MSP__NAME", "Nordwind IT");
    for (command, saying) in [
        (&["technician", "list"][..], "`database.web_url` is missing"),
        (&["web"], "`database.web_url` is missing"),
        (&["keeper"], "`database.keeper_url` is missing"),
    ] {
        let run = run(tenantry().args(command).envs([migrate, name]));
        refused(&run, &[saying]);
    }
    let run = run(tenantry().arg("serve").envs([migrate]));
    refused(
        &run,
        &[
            "`msp.name` is missing",
            "`database.web_url` is missing",
            "`database.keeper_url` is missing",
        ],
    );
}

#[test]
fn microsoft_is_not_spoken_to_in_the_clear() {
    refused(
        &start("[entra]\nauthority = 'http://login.example'\n", &[]),
        &["setting `entra.authority`", "expected an https address"],
    );
}

#[test]
fn a_broken_file_names_the_place_and_not_the_content() {
    let run = start("[database]\nweb_url = \"postgres://u:geheim@h/d\n", &[]);
    refused(&run, &["is no TOML", "line 2"]);
    assert!(!run.err.contains("geheim"), "{}", run.err);
}

#[test]
fn a_named_file_must_exist() {
    let run = run(tenantry().args(["migrate", "--config", "/nonexistent/tenantry.toml"]));
    refused(&run, &["/nonexistent/tenantry.toml cannot be read"]);
}

#[test]
fn the_environment_goes_before_the_file() {
    let scratch = Scratch::new();
    let dir = scratch.path().join("from the environment");
    let run = start(
        "data_dir = '/nonexistent/from/the/file'\n",
        &[("TENANTRY_DATA_DIR", dir.to_str().unwrap())],
    );
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(dir.join("postgres").exists());
}

#[test]
fn a_foreign_server_that_is_down_is_a_failure_and_no_misconfiguration() {
    let addresses = "postgres://u:geheim@127.0.0.1:1/d";
    let run = start(
        "",
        &[
            ("TENANTRY_DATABASE__WEB_URL", addresses),
            ("TENANTRY_DATABASE__KEEPER_URL", addresses),
            ("TENANTRY_DATABASE__MIGRATE_URL", addresses),
        ],
    );
    assert_eq!(run.code, 1);
    assert!(
        run.err.contains("the database cannot be reached"),
        "{}",
        run.err
    );
    assert!(!run.err.contains("geheim"));
}

#[test]
fn wrong_usage_ends_with_its_own_code() {
    assert_eq!(run(tenantry().arg("migrat")).code, 2);
    assert_eq!(run(tenantry().arg("--version")).code, 0);
}

#[test]
fn a_portal_is_not_served_to_other_machines_in_the_clear() {
    let name = ("TENANTRY_MSP__NAME", "Nordwind IT");
    let https = ("TENANTRY_BASE_URL", "https://portal.msp.example");
    for command in ["serve", "web"] {
        for listen in ["0.0.0.0:8080", "192.0.2.1:80", "[::]:8080"] {
            let run = run(tenantry()
                .arg(command)
                .envs([name, https, ("TENANTRY_LISTEN", listen)]));
            refused(
                &run,
                &[
                    listen,
                    "without TLS",
                    "tls.certificate_file",
                    "trusted_proxies",
                ],
            );
        }
        let clear = ("TENANTRY_BASE_URL", "http://portal.msp.example");
        let run = run(tenantry().arg(command).envs([name, clear]));
        refused(
            &run,
            &["`base_url` is http://portal.msp.example/", "https://"],
        );
    }
}

#[test]
fn a_named_proxy_or_tls_of_ones_own_opens_the_portal_to_other_machines() {
    use tenantry::config::Config;
    let base = [
        ("msp.name", "Nordwind IT"),
        ("listen", "0.0.0.0:443"),
        ("base_url", "https://portal.msp.example"),
    ];
    let check = |more: &[(&'static str, &'static str)]| {
        let pairs = base.iter().chain(more).copied();
        Config::from_pairs(pairs).unwrap().check_for_portal()
    };
    let files = [
        ("tls.certificate_file", "chain.pem"),
        ("tls.key_file", "key.pem"),
    ];
    assert!(check(&[]).is_err());
    assert!(check(&[("trusted_proxies", "192.0.2.0/24")]).is_ok());
    assert!(check(&files).is_ok());
    let here = [files[0], files[1], ("base_url", "http://localhost:8080")];
    assert!(check(&here).is_err(), "TLS on a plain address");
}

#[test]
fn certificate_and_key_are_named_together() {
    for (given, other) in [
        ("certificate_file", "`tls.key_file` is missing"),
        ("key_file", "`tls.certificate_file` is missing"),
    ] {
        refused(
            &start(&format!("[tls]\n{given} = 'a.pem'\n"), &[]),
            &[other],
        );
    }
}
