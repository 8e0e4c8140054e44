//! What a configuration may say, and what is answered when it says something else.

use super::*;

const EXAMPLE: &str = include_str!("../../../../config/handoff.example.toml");

fn parse(text: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::parse("handoff.toml", text, variables)
}

fn refusal(text: &str, variables: &[(&str, &str)]) -> String {
    let message = parse(text, variables).expect_err(text).to_string();
    assert_eq!(message.lines().count(), 1, "{message}");
    message
}

/// Asserts that a message has all of the parts.
fn check(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "{message:?} lacks {part:?}");
    }
}

#[test]
fn the_defaults_are_right() {
    assert_eq!(parse("", &[]).unwrap(), Config::default());
}

#[test]
fn the_example_lists_every_option_with_its_default() {
    let example: toml::Table = toml::from_str(EXAMPLE).unwrap();
    let defaults = toml::Table::try_from(Config::default()).unwrap();
    let keys = |table: &toml::Table| -> Vec<String> {
        let sections = table.iter();
        sections
            .flat_map(|(section, options)| {
                options.as_table().unwrap().keys().map(move |key| format!("{section}.{key}"))
            })
            .collect()
    };
    assert_eq!(keys(&example), keys(&defaults));
    assert_eq!(parse(EXAMPLE, &[]).unwrap(), Config::default());
}

#[test]
fn the_example_says_something_about_every_option() {
    let mut before = "";
    for line in EXAMPLE.lines() {
        assert!(
            !line.contains(" = ") || line.starts_with('#') || before.starts_with("# "),
            "{line}"
        );
        before = line;
    }
}

#[test]
fn what_is_not_known_or_of_the_wrong_type_is_told_with_its_line() {
    let cases: [(&str, &[&str]); 8] = [
        ("[servr]\n", &["handoff.toml:1: ", "servr", "server"]),
        (
            "[server]\nlisten = \"127.0.0.1:1\"\nport = 8090\n",
            &["handoff.toml:3: ", "port", "listen", "public_url"],
        ),
        ("[server]\nlisten = \"8090\"\n", &["handoff.toml:2: ", "server.listen", "socket address"]),
        ("[session]\n\nidle = 30\n", &["handoff.toml:3: ", "session.idle", "string"]),
        (
            "[cometd]\ntimeout = \"30\"\n",
            &["handoff.toml:2: ", "cometd.timeout", "such as \"30s\""],
        ),
        (
            "[session]\nsame_site = \"lax\"\n",
            &["handoff.toml:2: ", "session.same_site", "Lax", "Strict", "None"],
        ),
        ("[agent]\ngone = \"drop\"\n", &["handoff.toml:2: ", "agent.gone", "workbin", "requeue"]),
        ("[limits\n", &["handoff.toml:1: "]),
    ];
    for (text, parts) in cases {
        check(&refusal(text, &[]), parts);
    }
}

#[test]
fn what_is_out_of_range_is_told_with_what_is_allowed() {
    let cases: [(&str, &[&str]); 17] = [
        (
            "[cometd]\ntimeout = \"11m\"\n",
            &["handoff.toml:2: cometd.timeout is 11m, allowed is 1s to 10m"],
        ),
        (
            "[session]\nidle = \"1s\"\n",
            &["handoff.toml:2: session.idle is 1s, allowed is 60s to 24h"],
        ),
        (
            "[limits]\nheader_timeout = \"11s\"\n",
            &["limits.header_timeout is 11s, allowed is 100ms to 10s"],
        ),
        ("[limits]\nidle_timeout = \"61s\"\n", &["limits.idle_timeout is 61s"]),
        (
            "[limits]\n\nconnections_per_address = 0\n",
            &["handoff.toml:3: ", "is 0, allowed is 1 to 1000000"],
        ),
        (
            "[cometd]\nqueued_bytes = 10\n",
            &["cometd.queued_bytes is 10, allowed is 65536 to 1073741824"],
        ),
        (
            "[server]\npublic_url = \"desk.example.com\"\n",
            &["handoff.toml:2: server.public_url", "https://"],
        ),
        ("[server]\npublic_url = \"https://desk.example.com/path\"\n", &["without a path"]),
        ("[cors]\norigins = [\"*\"]\n", &["handoff.toml:2: cors.origins has \"*\""]),
        ("[log]\nfilter = \"a=b=c\"\n", &["handoff.toml:2: log.filter", "info"]),
        (
            "[chat]\nscanner = \"clamd.ctl\"\n",
            &["handoff.toml:2: chat.scanner is \"clamd.ctl\"", "absolute"],
        ),
        (
            "[chat]\nrequests_per_second = 0\n",
            &["chat.requests_per_second is 0, allowed is 1 to 1000000"],
        ),
        (
            "[chat]\nchats_per_address = 0\n",
            &["chat.chats_per_address is 0, allowed is 1 to 1000000"],
        ),
        (
            "[chat]\nmessages_per_second = 10001\n",
            &["messages_per_second is 10001, allowed is 1 to 10000"],
        ),
        (
            "[mail]\nretries = [\"1m\", \"25h\"]\n",
            &["mail.retries is 25h, allowed is 100ms to 24h"],
        ),
        (
            "[mail]\nretries = []\n",
            &["handoff.toml:2: mail.retries has 0 times, allowed are 1 to 20"],
        ),
        ("[agent]\ndisposition_key = \"\"\n", &["handoff.toml:2: agent.disposition_key is empty"]),
    ];
    for (text, parts) in cases {
        check(&refusal(text, &[]), parts);
    }
}

#[test]
fn a_cookie_for_other_sites_requires_tls() {
    let none = "[session]\nsame_site = \"None\"\n";
    check(&refusal(none, &[]), &["handoff.toml:2: session.same_site", "https://", "Lax"]);
    let https = "[server]\npublic_url = \"https://desk.example.com\"\n";
    let config = parse(&format!("{https}{none}"), &[]).unwrap();
    assert!(config.is_cookie_secure());
    check(&refusal(&format!("{https}{none}secure = \"never\"\n"), &[]), &["session.same_site"]);
}

#[test]
fn variables_win_over_the_file() {
    let variables = [
        ("HANDOFF__COMETD__MAX_INTERVAL", "20s"),
        ("HANDOFF__LIMITS__CONNECTIONS", "7"),
        ("HANDOFF__CORS__ORIGINS", "https://a.example, https://*.b.example:8443"),
        ("HANDOFF__SERVER__LISTEN", "[::1]:80"),
        ("HANDOFF_CONFIG", "not one of these"),
        ("HOME", "/"),
    ];
    let config =
        parse("[limits]\nconnections = 5\n[cometd]\ntimeout = \"10s\"\n", &variables).unwrap();
    assert_eq!(config.cometd.max_interval.ms(), 20_000);
    assert_eq!(config.cometd.timeout.ms(), 10_000);
    assert_eq!(config.limits.connections, 7);
    assert_eq!(config.cors.origins, ["https://a.example", "https://*.b.example:8443"]);
    assert_eq!(config.server.listen, "[::1]:80".parse().unwrap());
}

#[test]
fn a_wrong_variable_is_told_by_its_name() {
    let cases: [(&str, &str, &[&str]); 7] = [
        ("HANDOFF__SERVER", "x", &["HANDOFF__SERVER: expected HANDOFF__SECTION__KEY"]),
        (
            "HANDOFF__SERVR__LISTEN",
            "x",
            &["HANDOFF__SERVR__LISTEN: ", "there is no section servr", "server"],
        ),
        ("HANDOFF__SERVER__PORT", "80", &["HANDOFF__SERVER__PORT: ", "server.port", "listen"]),
        (
            "HANDOFF__LIMITS__CONNECTIONS",
            "many",
            &["HANDOFF__LIMITS__CONNECTIONS: limits.connections is \"many\"", "number"],
        ),
        (
            "HANDOFF__LIMITS__CONNECTIONS",
            "0",
            &["HANDOFF__LIMITS__CONNECTIONS: limits.connections is 0, allowed"],
        ),
        (
            "HANDOFF__SESSION__IDLE",
            "soon",
            &["HANDOFF__SESSION__IDLE: session.idle: ", "such as \"30s\""],
        ),
        ("HANDOFF__LOG__FORMAT", "xml", &["HANDOFF__LOG__FORMAT: log.format: ", "text", "json"]),
    ];
    for (name, value, parts) in cases {
        check(&refusal("[limits]\nconnections = 5\n", &[(name, value)]), parts);
    }
}

#[test]
fn a_fault_of_the_file_is_not_blamed_on_a_variable() {
    let message = refusal("[limits]\nconnections = 0\n", &[("HANDOFF__LOG__FORMAT", "json")]);
    check(&message, &["handoff.toml:2: limits.connections is 0"]);
}

#[test]
fn the_public_url_is_what_is_listened_on_unless_it_is_given() {
    let listening = "127.0.0.1:4711".parse().unwrap();
    assert_eq!(Config::default().public_url(listening), "http://127.0.0.1:4711");
    let config = parse("[server]\npublic_url = \"https://desk.example.com/\"\n", &[]).unwrap();
    assert_eq!(config.public_url(listening), "https://desk.example.com");
}

/// What speaks TLS.
const TLS: &str = "[tls]\ncertificate = \"c.pem\"\ncertificate_key = \"k.pem\"\n";

#[test]
fn what_follows_from_a_certificate_follows_by_itself() {
    let config = parse(TLS, &[]).unwrap();
    let listening = "10.0.0.2:8443".parse().unwrap();
    assert_eq!(config.public_url(listening), "https://10.0.0.2:8443");
    assert!(config.is_cookie_secure() && !Config::default().is_cookie_secure());
    parse(&format!("{TLS}[session]\nsame_site = \"None\"\n"), &[]).unwrap();
    let shared = format!("{TLS}[store]\nurl = \"postgres://db/handoff\"\n[server]\n");
    let config = parse(&shared, &[]).unwrap();
    assert_eq!(config.advertised(listening).as_deref(), Some("https://10.0.0.2:8443"));
    parse(&format!("{shared}advertise = \"https://node.example:1\"\n"), &[]).unwrap();
    let told = refusal(&format!("{shared}advertise = \"http://node.example:1\"\n"), &[]);
    check(&told, &["server.advertise", "https://10.0.0.2:8090"]);
    for half in ["certificate = \"c.pem\"", "certificate_key = \"k.pem\""] {
        let told = refusal(&format!("[tls]\n{half}\n"), &[]);
        check(&told, &["tls.certificate_key and tls.certificate go together"]);
    }
}

#[test]
fn other_nodes_reach_a_node_where_it_listens_unless_it_is_given() {
    let store = "[store]\nurl = \"postgres://db/handoff\"\n";
    let advertised = |server: &str, listening: &str| {
        let config = parse(&format!("{store}[server]\n{server}"), &[]).unwrap();
        config.advertised(listening.parse().unwrap())
    };
    assert_eq!(advertised("", "10.0.0.2:80").as_deref(), Some("http://10.0.0.2:80"));
    assert_eq!(advertised("", "0.0.0.0:80"), None);
    let named = "advertise = \"http://node.example:81\"";
    assert_eq!(advertised(named, "0.0.0.0:80").as_deref(), Some("http://node.example:81"));
    assert_eq!(advertised("advertise = \"none\"", "10.0.0.2:80"), None);
    assert_eq!(Config::default().advertised("10.0.0.2:80".parse().unwrap()), None, "it is alone");
    for wrong in ["10.0.0.2:80", "https://10.0.0.2:80", "http://10.0.0.2", "http://a:1/path"] {
        let text = format!("[server]\nadvertise = {wrong:?}\n");
        check(&refusal(&text, &[]), &["handoff.toml:2: server.advertise", "http://10.0.0.2:8090"]);
    }
}

#[test]
fn proxies_are_networks_and_never_everybody() {
    let server = |text: &str| format!("[server]\n{text}\n");
    let variable = ("HANDOFF__SERVER__TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.1");
    let written = server("trusted_proxies = [\"10.0.0.0/8\", \"192.0.2.1\"]");
    let config = parse(&written, &[]).unwrap();
    assert_eq!(config.server.trusted_proxies.len(), 2);
    assert_eq!(parse("", &[variable]).unwrap(), config);
    let told = refusal(&server("trusted_proxies = [\"::/0\"]"), &[]);
    check(&told, &["handoff.toml:2: ", "server.trusted_proxies", "everybody"]);
    let told = refusal("", &[("HANDOFF__SERVER__TRUSTED_PROXIES", "nginx")]);
    check(&told, &["HANDOFF__SERVER__TRUSTED_PROXIES", "\"nginx\" is no network"]);
    let told = refusal(&server("proxy_protocol = true"), &[]);
    check(&told, &["handoff.toml:2: server.proxy_protocol", "server.trusted_proxies"]);
}

#[test]
fn files_are_beside_what_else_is_stored_unless_told_otherwise() {
    let files = |text: &str| parse(text, &[]).unwrap().files();
    let directory = |path: &str| FilesIn::Directory(path.into());
    let shared = "[store]\npath = \"/srv/handoff\"\nurl = \"postgres://h/d\"\n";
    let alone = "[store]\npath = \"/srv/handoff\"\n";
    let named = |name: &str| format!("[chat]\nfiles = \"{name}\"\n");
    assert_eq!(files(alone), directory("/srv/handoff/files"));
    assert_eq!(files(shared), FilesIn::Database);
    assert_eq!(files(&format!("{shared}{}", named("database"))), FilesIn::Database);
    for text in [alone, shared] {
        assert_eq!(files(&format!("{text}{}", named("/srv/files"))), directory("/srv/files"));
        assert_eq!(files(&format!("{text}{}", named("./database"))), directory("./database"));
    }
    check(&refusal(&named("database"), &[]), &["handoff.toml:2: chat.files", "store.url"]);
}

#[test]
fn a_bucket_needs_a_key_and_its_secret() {
    let text = "[chat]\nfiles = \"s3://handoff/a/b/\"\n";
    check(&refusal(text, &[]), &["s3.key is empty"]);
    let key = ("HANDOFF__S3__KEY", "K");
    check(&refusal(text, &[key]), &["s3.secret is empty"]);
    let all = [key, ("HANDOFF__S3__SECRET", "canary"), ("HANDOFF__S3__ENDPOINT", "http://h")];
    let config = parse(text, &all).unwrap();
    let (name, prefix) = ("handoff".to_owned(), "a/b".to_owned());
    assert_eq!(config.files(), FilesIn::Bucket { name, prefix });
    assert!(!format!("{config:?}").contains("canary"), "nobody is shown a secret");
    check(&refusal("[chat]\nfiles = \"s3://\"\n", &all), &["names no bucket"]);
    check(&refusal("", &all), &["HANDOFF__S3__KEY: s3.key is for a bucket"]);
    let twice = [&all[..], &[("HANDOFF__S3__SECRET_FILE", "/x")]].concat();
    check(&refusal(text, &twice), &["s3.secret_file is given beside"]);
    let wrong = [key, all[1], ("HANDOFF__S3__ENDPOINT", "s3.example.com")];
    check(&refusal(text, &wrong), &["s3.endpoint is none"]);
}

#[test]
fn a_scanner_is_one_that_is_named() {
    assert_eq!(parse("", &[]).unwrap().scanner(), None);
    let config = parse("[chat]\nscanner = \"/run/clamav/clamd.ctl\"\n", &[]).unwrap();
    assert_eq!(config.scanner(), Some(Path::new("/run/clamav/clamd.ctl")));
}

#[test]
fn nothing_listens_beyond_loopback_unless_told_to() {
    assert!(Config::default().server.listen.ip().is_loopback());
    let place = |text: &str| parse(text, &[]).unwrap().metrics.place();
    assert_eq!(place(""), Ok(None), "metrics are told nowhere");
    let listen = "[metrics]\nlisten = \"127.0.0.1:9464\"\n";
    assert_eq!(place(listen), Ok(Some("127.0.0.1:9464".parse().unwrap())));
    check(
        &refusal("[metrics]\nlisten = \"9464\"\n", &[]),
        &["handoff.toml:2: metrics.listen", "127.0.0.1:9464"],
    );
}

#[test]
fn a_mailbox_is_told_where_it_belongs() {
    let text =
        "[server]\n[[mailbox]]\naddress = \"help@a.example\"\n[mailbox.imap]\nhost = \"h\"\n";
    check(&refusal(text, &[]), &["handoff.toml:2: ", "center file", "moveTo", "apply"]);
}

#[test]
fn lmtp_is_for_this_machine() {
    check(
        &refusal("[mail]\nlmtp = \"0.0.0.0:24\"\n", &[]),
        &["handoff.toml:2: mail.lmtp", "loopback"],
    );
}

#[test]
fn a_databases_address_is_one_and_is_shown_nowhere() {
    let told = refusal("[store]\nurl = \"kate:s3cret@host\"", &[]);
    check(&told, &["handoff.toml:2: store.url", "postgres://"]);
    assert!(!told.contains("s3cret"), "{told}");
    let url = ("HANDOFF__STORE__URL", "postgres://kate:s3cret@host/desk");
    let password = ("HANDOFF__STORE__PASSWORD", "s3cret");
    let config = parse("", &[url, password]).unwrap();
    assert_eq!(config.store.url.reveal(), url.1);
    assert!(!format!("{config:?}").contains("s3cret"), "{config:?}");
    let told = refusal("[store]\npassword_file = \"/a\"", &[password]);
    check(&told, &["store.password_file", "one of them"]);
}

#[test]
fn a_bus_that_reaches_nobody_or_goes_nowhere_is_told() {
    let shared = "[store]\nurl = \"postgres://h/d\"\n[bus]\n";
    let cases: [(&str, &str, &[&str]); 6] = [
        ("[bus]\n", "kind = \"notify\"\n", &["bus.kind ", "store.url"]),
        (shared, "kind = \"pigeon\"\n", &["bus.kind", "auto", "notify", "nats", "none"]),
        (shared, "url = \"nats://a\"\n", &["bus.url ", "bus.kind = \"nats\""]),
        (shared, "kind = \"nats\"\n", &["bus.url ", "tls://a:4222"]),
        (
            shared,
            "kind = \"nats\"\nurl = \"nats://a\"\nsubject = \"a.*\"\n",
            &["bus.subject ", "letters"],
        ),
        (
            shared,
            "kind = \"nats\"\nurl = \"nats://a, tls://b:1\"\ncertificate = \"/c\"\n",
            &["bus.certificate_key ", "both or none"],
        ),
    ];
    for (before, text, parts) in cases {
        check(&refusal(&format!("{before}{text}"), &[]), parts);
    }
    for right in ["", "kind = \"none\"\n", "kind = \"nats\"\nurl = \"nats://a, tls://b:1\"\n"] {
        parse(&format!("{shared}{right}"), &[]).unwrap();
    }
}

#[test]
fn whoever_is_to_be_told_of_trouble_is_named_with_a_way_to_them() {
    let alerts = |more: &str| format!("[alerts]\nto = [\"ops@x.example\"]\n{more}");
    let whole = "from = \"h@x.example\"\nrelay = \"[::1]:25\"\nsecurity = \"none\"\n";
    let relay = parse(&alerts(whole), &[]).unwrap().alerts.place().unwrap().unwrap();
    assert_eq!((relay.host.as_str(), relay.port, relay.login), ("::1", 25, None));
    check(&refusal(&alerts(""), &[]), &["alerts.relay", "smtp.example.com:465"]);
    check(&refusal(&alerts("relay = \"x:25\""), &[]), &["alerts.from"]);
    check(&refusal(&alerts(&format!("{whole}user = \"h\"")), &[]), &["alerts.password_file"]);
    check(&refusal("[alerts]\nto = [\"ops\"]", &[]), &["alerts.to", "ops@example.com"]);
}

#[test]
fn a_provider_that_cannot_be_one_is_told() {
    let provider =
        |more: &str| format!("[[sign_in.provider]]\nname = \"corp\"\nclient_id = \"x\"\n{more}");
    let issuer = "issuer = \"https://id.example.com\"\n";
    let cases = [
        ("issuer = \"http://id.example.com\"\n".to_owned(), "use an https address"),
        ("issuer = \"id.example.com\"\n".to_owned(), "is no address such as"),
        (format!("{issuer}token_scopes = [\"all\"]\n"), "read"),
        (format!("{issuer}token_scopes = []\n"), "token_scopes is empty"),
        (format!("{issuer}claim = \"\"\n"), "claim is empty"),
        (format!("{issuer}client_secret = \"x\"\n"), "client_secret_file"),
        (
            format!("{issuer}client_secret_file = \"/x\"\nclient_secret_variable = \"X\"\n"),
            "expected one of them",
        ),
        (format!("{issuer}{}{issuer}", provider("")), "has two of one name"),
    ];
    for (more, part) in cases {
        check(&refusal(&provider(&more), &[]), &[part]);
    }
    check(&refusal(&provider(issuer).replace("corp", "Corp"), &[]), &["lower-case letters"]);
    let url = "[sign_in]\nurl = \"example.com/handoff\"\n";
    check(&refusal(url, &[]), &["handoff.toml:2: sign_in.url", "https://example.com/handoff"]);
    let fine = parse(&provider(issuer), &[]).unwrap();
    let corp = &fine.sign_in.provider[0];
    assert_eq!((corp.label(), &*corp.claim, &*corp.scopes), ("corp", "email", "email profile"));
}
