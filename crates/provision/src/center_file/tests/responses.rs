//! Standard responses in center files.

use handoff_domain::ResponseId;
use handoff_store::{ChangeSet, Put, ResponseOwner};

use super::*;
use crate::edit::no_response;

const GREETING: &str = "[[response]]\nname = \"Greeting\"\ntext = \"Hello\"\n";

/// Has a supervisor keep something for a group.
async fn kept_for(setup: &Setup, group: &str) -> Key {
    let directory = setup.directory().await;
    let center = *directory.centers.keys().next().unwrap();
    let owner = ResponseOwner::Group(directory.group_named(center, group).unwrap().id);
    let mut response = no_response(ResponseId(77), center, owner);
    response.name = "Greeting".to_owned();
    let puts = vec![Put { record: Record::StandardResponse(response), expected: 0 }];
    setup.store.commit(ChangeSet { puts, ..ChangeSet::default() }).await.unwrap();
    Key::StandardResponse(ResponseId(77))
}

#[tokio::test]
async fn a_file_has_the_centers_responses_and_leaves_those_of_groups_alone() {
    let setup = Setup::with(&format!("{SAMPLE}{GREETING}")).await;
    let of_group = kept_for(&setup, "Sales").await;
    let id = *setup.directory().await.responses.keys().find(|id| id.0 != 77).unwrap();
    let changed = GREETING.replace("Hello", "Good day");
    let told = setup.apply(&format!("{SAMPLE}{changed}"), Unnamed::Prune).await.unwrap();
    assert_eq!(told, "~ response \"Greeting\": text \"Hello\" → \"Good day\"\n");
    assert!(setup.directory().await.responses.contains_key(&id), "it is the same one");
    let told = setup.apply(SAMPLE, Unnamed::Prune).await.unwrap();
    assert_eq!(told, "- response \"Greeting\"\n");
    assert!(setup.store.load_one(&of_group).await.unwrap().is_some());
    // With the group goes what is kept for it.
    let without = SAMPLE.replace("[[group]]\nname = \"Sales\"\n", "").replace(", \"Sales\"", "");
    let told = setup.apply(&without, Unnamed::Prune).await.unwrap();
    assert!(told.contains("- response \"Greeting\"\n- group \"Sales\"\n"), "{told}");
    assert!(setup.store.load_one(&of_group).await.unwrap().is_none());
}

#[tokio::test]
async fn what_is_wrong_with_a_response_is_told_with_its_line() {
    let setup = Setup::default();
    let before = SAMPLE.lines().count();
    for (text, line, told) in [
        (GREETING.replace("Hello", "{{ nobody }}"), 2, "in its text, line 1: there is nothing"),
        (GREETING.replace("Hello", ""), 2, "it has neither text nor html"),
        (GREETING.replace("text", "body"), 3, "body"),
        (format!("{GREETING}shortcut = \"a b\"\n"), 2, "a shortcut has no blanks"),
        (GREETING.repeat(2), 5, "the response \"Greeting\" is there already"),
    ] {
        let sentence = setup.refusal(&format!("{SAMPLE}{text}")).await;
        let place = format!("center.toml:{}: ", before + line);
        assert!(sentence.contains(told) && sentence.contains(&place), "{sentence}");
    }
}
