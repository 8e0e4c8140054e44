//! Passwords of users, and what another one ends.

use handoff_store::{ChangeSet, Put};

use super::*;

#[tokio::test]
async fn a_password_is_kept_when_it_is_the_same_or_not_named() {
    let setup = Setup::with(SAMPLE).await;
    let first = setup.user("kate").await.password_hash;
    let unnamed = SAMPLE.replace("password = { env = \"KATE_PASSWORD\" }", "");
    assert_eq!(setup.apply(&unnamed, Unnamed::Keep).await.unwrap(), "no changes\n");
    assert_eq!(setup.user("kate").await.password_hash, first);
}

#[tokio::test]
async fn a_users_own_password_counts_until_the_file_gives_another() {
    let setup = Setup::with(SAMPLE).await;
    let own = setup.user("kate").await.with_own_password("own".to_owned());
    let expected = setup.directory().await.version(&Key::User(own.id));
    let puts = vec![Put { record: Record::User(own.clone()), expected }];
    setup.store.commit(ChangeSet { puts, ..ChangeSet::default() }).await.unwrap();
    let renamed = SAMPLE.replace("Lund", "Berg");
    for file in [SAMPLE, &renamed, SAMPLE] {
        setup.apply(file, Unnamed::Keep).await.unwrap();
        let kate = setup.user("kate").await;
        assert_eq!((&kate.password_hash, kate.logins_ended), (&own.password_hash, 1), "{file}");
    }
    let renewed = SAMPLE.replace("{ env = \"KATE_PASSWORD\" }", "\"another\"");
    setup.apply(&renewed, Unnamed::Keep).await.unwrap();
    let kate = setup.user("kate").await;
    assert_ne!(kate.password_hash, own.password_hash);
    assert_eq!((kate.file_password_hash, kate.logins_ended), (None, 2));
}

#[tokio::test]
async fn logins_end_with_whoever_is_disabled_and_with_another_password() {
    let setup = Setup::with(SAMPLE).await;
    let disabled =
        SAMPLE.replacen("userName = \"kate\"", "userName = \"kate\"\nenabled = false", 1);
    let renamed = SAMPLE.replace("Lund", "Berg");
    let renewed = renamed.replace("{ env = \"KATE_PASSWORD\" }", "\"another\"");
    let files =
        [(SAMPLE, 0), (&renamed, 0), (&disabled, 1), (&disabled, 1), (SAMPLE, 1), (&renewed, 2)];
    for (file, ended) in files {
        setup.apply(file, Unnamed::Keep).await.unwrap();
        assert_eq!(setup.user("kate").await.logins_ended, ended, "{file}");
    }
}

#[tokio::test]
async fn passwords_come_as_hash_variable_or_with_a_warning_as_text() {
    let setup = Setup::default();
    let plan = setup.plan(SAMPLE, Unnamed::Keep).await.unwrap();
    assert!(plan.warnings.is_empty());
    let plain = SAMPLE.replace("{ env = \"KATE_PASSWORD\" }", "\"in the open\"");
    let plan = setup.plan(&plain, Unnamed::Keep).await.unwrap();
    assert_eq!(plan.warnings.len(), 1);
    assert!(
        plan.warnings[0].contains("kate") && !plan.warnings[0].contains("in the open"),
        "{:?}",
        plan.warnings
    );
    assert!(!format!("{plan:?} {}", plan.difference).contains("\"in the open\""));
    let hashed =
        SAMPLE.replace("{ env = \"KATE_PASSWORD\" }", &format!("{{ argon2 = \"{HASH}\" }}"));
    setup.apply(&hashed, Unnamed::Keep).await.unwrap();
    assert_eq!(setup.user("kate").await.password_hash.as_deref(), Some(HASH));
}

#[tokio::test]
async fn a_password_that_is_no_text_is_not_repeated() {
    for secret in ["31337", "-31337", "313370000000000000000", "31337.5"] {
        let text = SAMPLE.replace("{ env = \"KATE_PASSWORD\" }", secret);
        let told = Setup::default().plan(&text, Unnamed::Keep).await.unwrap_err().to_string();
        assert!(told.contains("{ env = ") && !told.contains("313"), "{told}");
    }
}

/// A hash as other programs make it.
const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g";
