//! Every kind of resource beside interactions, and interactions as different readers see them.

use handoff_api::wire::interaction::{InteractionResource, MediumResource};
use handoff_api::wire::notification::StateMessage;
use handoff_api::wire::resource::{
    Fields, GroupResource, QueueResource, SkillResource, UserResource, WorkbinResource, groups_of,
    skills_of,
};
use handoff_domain::{Media, Mode};
use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::api::has;
use crate::samples::{
    BEN, BILLING, CENTER, IN_PROGRESS, KATE, Names, QUEUE, SUPPORT, TEAM, invited, owned, waiting,
};

#[tokio::test]
async fn configured_things_have_their_documented_shapes() {
    let names = Names::load().await;
    let (lookup, directory) = (names.lookup(), names.lookup().directory);
    let kate = &directory.users[&KATE];
    assert_json_snapshot!("user", UserResource::new(kate, lookup));
    assert_json_snapshot!("skills_of_a_user", skills_of(kate, lookup));
    assert_json_snapshot!(
        "skill_on_a_list",
        SkillResource::new(&directory.skills[&BILLING], 0, lookup)
    );
    assert_json_snapshot!("group", GroupResource::new(&directory.groups[&SUPPORT], lookup));
    assert_eq!(groups_of(kate, lookup), [GroupResource::new(&directory.groups[&SUPPORT], lookup)]);
    assert_json_snapshot!("queue", QueueResource::new(&directory.queues[&QUEUE], lookup));
    let workbin = |id| WorkbinResource::new(&directory.workbin(CENTER, id).unwrap(), lookup);
    assert_json_snapshot!("workbin_of_a_group", workbin(TEAM));
    assert_json_snapshot!("workbin_of_an_agent", workbin(IN_PROGRESS.of_owner(KATE)));
}

#[tokio::test]
async fn a_password_is_never_shown() {
    let names = Names::load().await;
    let shown = serde_json::to_string(&UserResource::new(
        &names.lookup().directory.users[&KATE],
        names.lookup(),
    ));
    assert!(!shown.unwrap().contains("argon2"));
}

#[tokio::test]
async fn a_reader_sees_his_own_state() {
    let names = Names::load().await;
    let offered = invited(Media::Email, KATE);
    let flat = |reader| {
        serde_json::to_value(InteractionResource::read_by(&offered, reader, names.lookup()))
            .unwrap()
    };
    assert_eq!(flat(KATE)["capabilities"], json!(["Accept", "Reject"]));
    has(&flat(BEN), json!({"state": "Invited", "capabilities": []}));
    let mine = owned(Media::Workitem, KATE, Mode::Processing);
    let medium: Value =
        serde_json::to_value(MediumResource::read_by(&mine, KATE, names.lookup())).unwrap();
    assert_eq!(medium["assignedTo"], KATE.to_string());
    assert_eq!(medium["capabilities"][0], "Transfer");
    let looked_at = InteractionResource::read_by(&mine, BEN, names.lookup());
    assert_eq!((looked_at.state, looked_at.capabilities), ("Processing", Vec::new()));
}

#[tokio::test]
async fn integers_of_64_bits_are_printed_exactly() {
    let names = Names::load().await;
    let text = serde_json::to_string(&InteractionResource::read_by(
        &waiting(Media::Workitem),
        KATE,
        names.lookup(),
    ))
    .unwrap();
    for number in ["9007199254740993", "18446744073709551615", "-9223372036854775808", "0.1"] {
        assert!(text.contains(number), "{number} in {text}");
    }
}

#[tokio::test]
async fn lists_promise_the_same_objects_as_the_notifications() {
    let names = Names::load().await;
    let interaction = owned(Media::Email, KATE, Mode::Processing);
    let message =
        serde_json::to_value(StateMessage::read_by(&interaction, KATE, names.lookup())).unwrap();
    let resource =
        serde_json::to_value(InteractionResource::read_by(&interaction, KATE, names.lookup()))
            .unwrap();
    for (name, value) in resource.as_object().unwrap() {
        assert_eq!(&message[name], value, "{name}");
    }
    assert_eq!(message["messageTypeName"], "InteractionStateMessage");
    assert_eq!(message.get("sequence"), None);
}

#[tokio::test]
async fn absent_properties_are_null_and_not_missing() {
    let names = Names::load().await;
    let workitem = waiting(Media::Workitem);
    let shown = serde_json::to_value(InteractionResource::read_by(&workitem, KATE, names.lookup()))
        .unwrap();
    for name in ["parentId", "externalId", "assignedTo", "comment"] {
        assert_eq!(shown.get(name), Some(&Value::Null), "{name}");
    }
    assert_eq!(shown.get("email_object"), None, "a work item is no e-mail");
    let part = Fields::parse("id,state,subject").select(&InteractionResource::read_by(
        &workitem,
        KATE,
        names.lookup(),
    ));
    assert_eq!(
        part.unwrap(),
        json!({"id": workitem.id.to_string(), "state": "Queued", "subject": "Invoice"})
    );
}
