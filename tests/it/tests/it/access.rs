//! Who is let in, and what they may see (docs/compat/conventions.md#logins).

use anyhow::{Context as _, Result};
use base64::Engine as _;
use handoff_testkit::{Call, PASSWORD, Replay, Rest, TestAgent, TestServer, Transport};
use serde_json::{Value, json};

use crate::scene::{creation, id_of, own_id, submit};

fn basic(user: &str, password: &str) -> String {
    format!(
        "Basic {}",
        base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"))
    )
}

#[tokio::test]
async fn without_valid_credentials_nothing_is_told() -> Result<()> {
    let server = TestServer::start().await?;
    let nobody = Rest::anonymous(&server.origin());
    let answer = nobody.get("/me").await?.refused(401, 20)?;
    assert!(
        answer.header("www-authenticate").is_some_and(|value| value.starts_with("Basic")),
        "{answer}"
    );
    let by_script =
        nobody.send(Call::get("/me").header("x-requested-with", "XMLHttpRequest")).await?;
    assert_eq!(
        by_script.refused(401, 20)?.header("www-authenticate"),
        None,
        "no login box over a page"
    );
    for wrong in [basic("kate", "wrong"), basic("nobody", PASSWORD), "Basic ???".to_owned()] {
        let answer = nobody
            .send(Call::get("/me").header("authorization", &wrong))
            .await?
            .refused(401, 20)?;
        assert_eq!(
            answer.header("www-authenticate"),
            None,
            "the page that sent it shows its own form: {answer}"
        );
    }
    nobody.get("/interactions/0000000000000000").await?.refused(401, 20)?;
    let version = nobody.get("/diagnostics/version").await?.ok()?;
    assert!(version.value["version"].is_string(), "{version}");
    server
        .rest("kate")?
        .get("/me")
        .await?
        .ok()
        .context("wrong passwords never delay a right one")?;
    Ok(())
}

#[tokio::test]
async fn a_cookie_carries_the_session_and_changes_need_the_token() -> Result<()> {
    let server = TestServer::start().await?;
    let browser = Rest::with_cookies(&server.origin());
    let login = browser
        .send(Call::get("/me").header("authorization", &basic("kate", PASSWORD)))
        .await?
        .ok()?;
    assert_eq!(login.header("x-csrf-header"), Some("X-CSRF-TOKEN"));
    assert!(login.header("x-csrf-token").is_some_and(|token| token.len() >= 16));
    let set = login.headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok());
    let session = set.filter(|cookie| cookie.starts_with("JSESSIONID=")).collect::<Vec<_>>();
    let [session] = session[..] else {
        anyhow::bail!("expected one session cookie: {:?}", login.headers)
    };
    assert!(session.contains("HttpOnly") && session.contains("SameSite=Lax"), "{session}");
    assert!(!session.contains("Secure"), "plain HTTP: {session}");

    assert_eq!(browser.get("/me").await?.ok()?.value["user"]["userName"], "kate");
    let ready = json!({"operationName": "StartContactCenterSession", "channels": ["chat"]});
    browser.post("/me", ready.clone()).await?.ok().context("with the cookie and the token")?;

    let cookie = browser.cookie().context("no cookie")?;
    let forger = Rest::anonymous(&server.origin());
    for token in [None, Some("guessed")] {
        let mut call = Call::post("/me", &ready).header("cookie", &cookie);
        if let Some(token) = token {
            call = call.header("x-csrf-token", token);
        }
        let answer = forger.send(call).await?;
        assert_eq!(answer.status.as_u16(), 403, "{answer}");
        assert!(
            String::from_utf8_lossy(&answer.body).contains("Missing or invalid Csrf token"),
            "{answer}"
        );
    }
    server
        .rest("kate")?
        .post("/me", ready)
        .await?
        .ok()
        .context("Basic credentials need no token")?;
    Ok(())
}

#[tokio::test]
async fn the_end_of_the_contact_center_session_ends_the_http_session() -> Result<()> {
    let server = TestServer::start().await?;
    let browser = Rest::with_cookies(&server.origin());
    browser.send(Call::get("/me").header("authorization", &basic("kate", PASSWORD))).await?.ok()?;
    let before = browser.cookie().context("no cookie")?;
    browser
        .post("/me", json!({"operationName": "StartContactCenterSession", "channels": ["chat"]}))
        .await?
        .ok()?;
    browser.post("/me", json!({"operationName": "EndContactCenterSession"})).await?.ok()?;
    let replayed =
        Rest::anonymous(&server.origin()).send(Call::get("/me").header("cookie", &before)).await?;
    replayed.refused(401, 20)?;
    Ok(())
}

#[tokio::test]
async fn roles_decide_who_may_do_what() -> Result<()> {
    let server = TestServer::start().await?;
    let item = creation("workitem", "tasks", json!({}));
    for user in ["kate", "sam"] {
        server.rest(user)?.post("/interactions", item.clone()).await?.refused(403, 5)?;
    }
    server.rest("ada")?.post("/interactions", item).await?.ok()?;
    server.rest("intake")?.post("/me", json!({"operationName": "Ready"})).await?.refused(403, 5)?;
    Ok(())
}

#[tokio::test]
async fn another_center_is_as_if_it_did_not_exist() -> Result<()> {
    let server = TestServer::start().await?;
    let id = submit(&server, "tasks").await?;
    let zoe = TestAgent::at_work(&server, "zoe", Transport::LongPolling).await?;
    let ada = server.rest("ada")?;
    let never = "0000000000000000";
    let masked = |value: &Value, id: &str| value.to_string().replace(id, "<id>");

    for (operation, fields) in
        [("Accept", json!({})), ("Complete", json!({})), ("Transfer", json!({"userName": "zoe"}))]
    {
        let foreign = zoe.command(&id, operation, fields.clone()).await?;
        let unknown = zoe.command(never, operation, fields).await?;
        assert_eq!((foreign.status.as_u16(), foreign.code()), (404, 6), "{foreign}");
        assert_eq!(masked(&foreign.value, &id), masked(&unknown.value, never));
    }
    for suffix in ["", "/events", "/routing"] {
        let foreign =
            zoe.rest.get(&format!("/interactions/{id}{suffix}")).await?.refused(404, 6)?;
        let unknown =
            zoe.rest.get(&format!("/interactions/{never}{suffix}")).await?.refused(404, 6)?;
        assert_eq!(masked(&foreign.value, &id), masked(&unknown.value, never));
    }
    let kate_id = own_id(&server.rest("kate")?).await?;
    let queue = id_of(&ada, "queues", "name", "tasks").await?;
    zoe.rest.get(&format!("/users/{kate_id}")).await?.refused(404, 6)?;
    zoe.rest.get(&format!("/queues/{queue}")).await?.refused(404, 6)?;
    for list in [
        "/interactions?fields=*",
        "/users?fields=*",
        "/queues?fields=*",
        "/groups?fields=*",
        "/workbins?fields=*",
    ] {
        let answer = zoe.rest.get(list).await?.ok()?;
        let text = answer.value.to_string();
        assert!(
            !text.contains(&id) && !text.contains("kate") && !text.contains(&queue),
            "{list}: {answer}"
        );
    }
    assert!(zoe.received(TestAgent::INTERACTIONS).is_empty());
    Ok(())
}

#[tokio::test]
async fn a_cometd_session_belongs_to_its_user() -> Result<()> {
    let server = TestServer::start().await?;
    let mut kate = TestAgent::away(&server, "kate", Transport::LongPolling)?;
    kate.connect().await?;
    kate.subscribe(TestAgent::INTERACTIONS, Replay::Plain).await?;
    let client = kate.comet()?.client_id();
    let stolen = json!([{"channel": "/meta/subscribe", "clientId": client, "subscription": "/v2/me/channels"}]);
    let poll =
        json!([{"channel": "/meta/connect", "clientId": client, "connectionType": "long-polling"}]);
    let call = || Call::post("/notifications", &stolen);
    for thief in [server.rest("ben")?, Rest::anonymous(&server.origin())] {
        for call in [call(), Call::post("/notifications", &poll)] {
            let reply = thief.send(call).await?.value[0].take();
            assert_eq!(reply["successful"], false, "{reply}");
            assert_eq!(reply["error"], "402::session_unknown", "{reply}");
            // The reference server puts the advice on the reply to a connect only.
            if reply["channel"] == "/meta/connect" {
                assert_eq!(reply["advice"]["reconnect"], "handshake", "{reply}");
            }
        }
    }
    let reply = server.rest("kate")?.send(call()).await?.value[0].take();
    assert_eq!(
        reply["successful"], true,
        "the user's own credentials reach it without the cookie: {reply}"
    );
    let hello = json!([{"channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": ["long-polling"]}]);
    let refused =
        Rest::anonymous(&server.origin()).send(Call::post("/notifications", &hello)).await?;
    assert_ne!(refused.value[0]["successful"], true, "{refused}");
    Ok(())
}
