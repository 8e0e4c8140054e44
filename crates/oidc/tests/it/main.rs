//! What is made of a provider that says something wrong of itself, and of how it is asked. Tokens
//! and the code flow are tested where they let somebody in (`handoff-api`).

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

use handoff_domain::Time;
use handoff_oidc::{Attempt, Provider, Settings, Trouble, Unusable, WrongSettings};
use handoff_outgoing::{Client, Limits, Policy};
use handoff_testkit::{Issuer, Wrongs};
use serde_json::{Value, json};

const NOW: Time = Time(1_767_960_000_000);
const HOUR_MS: u64 = 60 * 60 * 1_000;

fn provider(issuer: &str) -> Result<Provider, WrongSettings> {
    let limits = Limits { answer_bytes: 64 * 1_024, ..Limits::default() };
    let here = Policy::new(|address| address.is_loopback());
    let settings = Settings {
        issuer: issuer.to_owned(),
        client_id: "handoff".to_owned(),
        client_secret: None,
        scopes: String::new(),
        redirect_uri: "https://cc.example/return".to_owned(),
        audience: None,
    };
    Provider::new(settings, Client::new(here, limits, Box::new(|| Err("nobody".to_owned()))))
}

async fn issuer() -> Issuer {
    Issuer::start(|| NOW.0 / 1_000).await.unwrap()
}

fn attempt() -> Attempt {
    let [state, nonce, verifier] = ["state", "nonce", "verifier"].map(str::to_owned);
    Attempt { state, nonce, verifier }
}

#[test]
fn an_issuer_is_an_encrypted_address_or_on_this_machine() {
    let table = [
        ("https://id.example.com/realms/staff", None),
        ("https://id.example.com/", None),
        ("http://127.0.0.1:8080/realms/staff", None),
        ("http://[::1]:8080", None),
        ("http://localhost", None),
        ("http://id.example.com", Some(WrongSettings::Plain)),
        ("http://10.0.0.1", Some(WrongSettings::Plain)),
        ("http://localhost.example.com", Some(WrongSettings::Plain)),
        ("ftp://id.example.com", Some(WrongSettings::NoAddress)),
        ("id.example.com", Some(WrongSettings::NoAddress)),
        ("https://id.example.com?x", Some(WrongSettings::Query)),
    ];
    for (text, wrong) in table {
        assert_eq!(provider(text).err(), wrong, "{text}");
    }
    let document = Provider::document("https://id.example.com/realms/staff/").unwrap();
    let wanted = "https://id.example.com/realms/staff/.well-known/openid-configuration";
    assert_eq!(document.as_str(), wanted);
}

#[tokio::test]
async fn what_a_provider_says_of_itself_has_to_fit() {
    let issuer = issuer().await;
    let provider = provider(issuer.url()).unwrap();
    assert_eq!(provider.look(NOW).await.unwrap(), 4, "one of its keys is of a kind of the future");
    type Is = fn(&Unusable) -> bool;
    let table: [(Value, Is); 7] = [
        (json!({"issuer": "https://id.example.com"}), |it| {
            matches!(it, Unusable::OtherIssuer { .. })
        }),
        (json!({"issuer": format!("{}/", issuer.url())}), |it| {
            matches!(it, Unusable::OtherIssuer { .. })
        }),
        (json!({"token_endpoint": "http://id.example.com/token"}), |it| {
            matches!(it, Unusable::Plain("token_endpoint"))
        }),
        (json!({"authorization_endpoint": "javascript:alert(1)"}), |it| {
            matches!(it, Unusable::Plain("authorization_endpoint"))
        }),
        (json!({"code_challenge_methods_supported": ["plain"]}), |it| {
            matches!(it, Unusable::NoProof)
        }),
        (json!({"jwks_uri": null}), |it| matches!(it, Unusable::Unreadable { .. })),
        (json!({"more": "x".repeat(64 * 1_024)}), |it| matches!(it, Unusable::Unreadable { .. })),
    ];
    for (wrong, is_told) in table {
        let document = wrong.as_object().unwrap().clone();
        issuer.wrongs(Wrongs { document, ..Wrongs::default() });
        let told = provider.look(NOW).await.unwrap_err();
        assert!(is_told(&told), "{wrong}: {told}");
    }
    let keys = format!("{}/.well-known/openid-configuration", issuer.url());
    let document = json!({"jwks_uri": keys}).as_object().unwrap().clone();
    issuer.wrongs(Wrongs { document, ..Wrongs::default() });
    assert!(matches!(provider.look(NOW).await.unwrap_err(), Unusable::Unreadable { .. }));
    issuer.wrongs(Wrongs { status: Some(302), ..Wrongs::default() });
    assert!(matches!(provider.look(NOW).await.unwrap_err(), Unusable::Status { status: 302, .. }));
}

#[tokio::test]
async fn a_provider_that_is_down_is_taken_for_what_it_was_for_a_day() {
    let issuer = issuer().await;
    let provider = provider(issuer.url()).unwrap();
    let asked = || issuer.asked("/.well-known/openid-configuration");
    provider.address(&attempt(), NOW).await.unwrap();
    provider.address(&attempt(), NOW.plus_ms(HOUR_MS - 1)).await.unwrap();
    assert_eq!(asked(), 1);
    provider.address(&attempt(), NOW.plus_ms(HOUR_MS)).await.unwrap();
    assert_eq!(asked(), 2, "it is asked anew after an hour");
    issuer.wrongs(Wrongs { status: Some(503), ..Wrongs::default() });
    let day = NOW.plus_ms(24 * HOUR_MS);
    provider.address(&attempt(), day).await.unwrap();
    provider.address(&attempt(), day).await.unwrap();
    assert_eq!(asked(), 3, "in vain, and not again at once");
    let later = NOW.plus_ms(26 * HOUR_MS);
    let told = provider.address(&attempt(), later).await.unwrap_err();
    assert!(matches!(told, Trouble::Unavailable(Unusable::Status { status: 503, .. })), "{told}");
    let told = provider.address(&attempt(), later).await.unwrap_err();
    assert!(matches!(told, Trouble::JustFailed), "{told}");
    issuer.wrongs(Wrongs::default());
    provider.address(&attempt(), later.plus_ms(10_000)).await.unwrap();
}
