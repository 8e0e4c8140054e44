//! Changes of a center that a test made.

use handoff_domain::{
    CenterId, ChatTerms, Fact, GroupId, Media, QueueId, Role, ServiceId, ServiceTerms, SkillId,
    Time, UserId, WorkbinId, WorkbinOwner,
};
use handoff_engine::Directory;
use handoff_store::{AuditTool, CommitError, MemoryStore, Store as _};
use handoff_testkit::{Center, center};

use super::*;
use crate::name::NamedDescription;
use crate::user_description::UserDescription;

const CENTER: CenterId = CenterId(1);
const OTHER: CenterId = CenterId(2);
const BILLING: SkillId = SkillId(0x10);
const IDLE: SkillId = SkillId(0x11);
const SUPPORT: GroupId = GroupId(0x20);
const SALES: GroupId = GroupId(0x21);
const KATE: UserId = UserId(0xa1);
const ROOT: UserId = UserId(0xa2);
const TASKS: QueueId = QueueId(0x30);
const NEW: u128 = 0x99;

async fn store() -> MemoryStore {
    let own = Center::new(CENTER, "Own")
        .skill(BILLING, "billing")
        .skill(IDLE, "idle")
        .group(SUPPORT, "Support")
        .group(SALES, "Sales")
        .user(KATE, "kate", &[Role::Agent], &[SUPPORT], &[(BILLING, 5)])
        .user(ROOT, "root", &[Role::Admin], &[], &[])
        .queue(TASKS, "tasks", Media::Workitem, &[SUPPORT], &[])
        .service(ServiceId(0x50), "jobs", TASKS, ServiceTerms::Chat(ChatTerms::default()))
        .workbin(WorkbinId(0x40), "Team", WorkbinOwner::Group(SALES));
    let other = Center::new(OTHER, "Other").skill(SkillId(0x1f), "abroad");
    center::store(own.records().chain(other.records())).await.unwrap()
}

fn named(name: &str) -> NamedDescription {
    NamedDescription { name: Some(name.to_owned()) }
}

const BY: By = By::operator(Time(0), AuditTool::Apply);

/// Decides a change of a fresh center, and commits it.
async fn decided(
    decide: impl Fn(&Editor<'_>) -> Result<Edit, Refused>,
) -> Result<(Directory, Vec<Fact>), Refused> {
    let store = store().await;
    let directory = Directory::load(&store).await.unwrap();
    let center = Editor::new(&directory, CENTER);
    let change = center.change_set(decide(&center)?, &BY);
    let facts = change.events.iter().flat_map(|event| event.facts.clone()).collect();
    store.commit(change).await.unwrap();
    Ok((Directory::load(&store).await.unwrap(), facts))
}

#[tokio::test]
async fn a_thing_is_made_renamed_and_removed() {
    let (after, facts) =
        decided(|center| center.add_skill(SkillId(NEW), &named("dansk"))).await.unwrap();
    assert_eq!((after.skills[&SkillId(NEW)].name.as_str(), facts.len()), ("dansk", 1));
    let (after, _) = decided(|center| center.change_group(SALES, &named("Shop"))).await.unwrap();
    assert_eq!(after.groups[&SALES].name, "Shop");
    let (after, _) = decided(|center| center.remove_skill(IDLE)).await.unwrap();
    assert!(!after.skills.contains_key(&IDLE));
}

#[tokio::test]
async fn what_is_so_already_is_neither_written_nor_told() {
    for said in [named("billing"), NamedDescription::default()] {
        let (after, facts) = decided(|center| center.change_skill(BILLING, &said)).await.unwrap();
        assert_eq!((after.version(&Key::Skill(BILLING)), facts), (1, vec![]));
    }
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    let absent = Refused::Absent;
    let taken = |thing, name: &str| Refused::Taken { thing, name: name.to_owned() };
    let used = |thing, by: &str| Refused::InUse { thing, by: by.to_owned() };
    let (skill, group) = (Thing::Skill, Thing::Group);
    type Decide = fn(&Editor<'_>) -> Result<Edit, Refused>;
    let table: [(Decide, Refused); 8] = [
        (|center| center.add_skill(SkillId(NEW), &named("idle")), taken(skill, "idle")),
        (|center| center.change_skill(BILLING, &named("idle")), taken(skill, "idle")),
        (|center| center.change_skill(SkillId(NEW), &named("x")), absent(skill)),
        (|center| center.change_skill(SkillId(0x1f), &named("x")), absent(skill)),
        (|center| center.remove_skill(SkillId(0x1f)), absent(skill)),
        (|center| center.remove_skill(BILLING), used(skill, "the user \"kate\"")),
        (|center| center.add_group(GroupId(NEW), &named("Sales")), taken(group, "Sales")),
        (|center| center.remove_group(SALES), used(group, "the workbin \"Team\"")),
    ];
    for (number, (decide, why)) in table.into_iter().enumerate() {
        assert_eq!(decided(decide).await.unwrap_err(), why, "row {number}");
    }
    // A name of another contact center is free.
    decided(|center| center.add_skill(SkillId(NEW), &named("abroad"))).await.unwrap();
}

#[tokio::test]
async fn a_change_of_a_center_that_was_changed_meanwhile_does_not_go_through() {
    let store = store().await;
    let directory = Directory::load(&store).await.unwrap();
    let center = Editor::new(&directory, CENTER);
    let change = |name| {
        let edit = center.add_skill(SkillId(NEW), &named(name)).unwrap();
        center.change_set(edit, &BY)
    };
    let nothing = center.change_set(Edit::default(), &BY);
    store.commit(change("one")).await.unwrap();
    for late in [change("two"), nothing] {
        let refused = store.commit(late).await.unwrap_err();
        assert!(matches!(refused, CommitError::Conflict { .. }), "{refused:?}");
    }
}

fn user(said: UserDescription<String>) -> impl Fn(&Editor<'_>) -> Result<Edit, Refused> {
    move |center| center.change_user(KATE, &said, &GivenPassword::default())
}

#[tokio::test]
async fn a_user_gets_what_is_said_and_keeps_the_rest() {
    let said = UserDescription {
        last_name: Some("Berg".to_owned()),
        groups: Some(vec!["Sales".to_owned()]),
        capacity: Some([("chat".to_owned(), 1), ("overall".to_owned(), 4)].into()),
        ..UserDescription::default()
    };
    let (after, _) = decided(user(said)).await.unwrap();
    let kate = &after.users[&KATE];
    assert_eq!((kate.user_name.as_str(), kate.last_name.as_str()), ("kate", "Berg"));
    assert_eq!((kate.groups.clone(), kate.skills.len()), ([SALES].into(), 1));
    assert_eq!((kate.capacity.of(&Media::Chat), kate.capacity.overall), (1, Some(4)));
    let (after, _) = decided(|center| center.set_level(KATE, BILLING, None)).await.unwrap();
    assert!(after.users[&KATE].skills.is_empty());
}

#[tokio::test]
async fn a_given_password_ends_logins_and_stands_beside_the_files() {
    let given = GivenPassword { hash: Some("new".to_owned()), must_change: Some(true) };
    let decide =
        |center: &Editor<'_>| center.change_user(KATE, &UserDescription::default(), &given);
    let (after, _) = decided(decide).await.unwrap();
    let kate = &after.users[&KATE];
    assert_eq!((kate.password_hash.as_deref(), kate.must_change_password), (Some("new"), true));
    assert_eq!((kate.file_password_hash.as_deref(), kate.logins_ended), (Some(center::HASH), 1));
    let chosen = User::clone(kate).with_own_password("own".to_owned());
    assert!(!chosen.must_change_password);
}

#[tokio::test]
async fn what_a_user_queue_or_workbin_cannot_be_is_refused() {
    let taken = |thing, name: &str| Refused::Taken { thing, name: name.to_owned() };
    let unknown = |thing, name: &str| Refused::Unknown { thing, name: name.to_owned() };
    let named = |name: &str| UserDescription {
        user_name: Some(name.to_owned()),
        ..UserDescription::default()
    };
    let groups =
        UserDescription { groups: Some(vec!["Nobody".to_owned()]), ..UserDescription::default() };
    let capacity = UserDescription {
        capacity: Some([("pigeon".to_owned(), 1)].into()),
        ..UserDescription::default()
    };
    let roles = UserDescription { roles: Some([Role::Agent].into()), ..named("root") };
    let table = [
        (named("root"), taken(Thing::User, "root")),
        (groups, unknown(Thing::Group, "Nobody")),
        (capacity, Refused::UnknownChannel("pigeon".to_owned())),
    ];
    for (said, why) in table {
        assert_eq!(decided(user(said)).await.unwrap_err(), why);
    }
    let demote = decided(|center| center.change_user(ROOT, &roles, &GivenPassword::default()));
    assert_eq!(demote.await.unwrap_err(), Refused::LastAdmin("root".to_owned()));
    let store = store().await;
    let directory = Directory::load(&store).await.unwrap();
    let center = Editor::new(&directory, CENTER);
    let used = |by: &str| Refused::InUse { thing: Thing::Queue, by: by.to_owned() };
    let refused = [
        center.remove_user(ROOT).unwrap_err(),
        center.remove_queue(TASKS).unwrap_err(),
        center.remove_workbin(WorkbinId(NEW)).unwrap_err(),
    ];
    let whys = [
        Refused::LastAdmin("root".to_owned()),
        used("the service \"jobs\""),
        Refused::Absent(Thing::Workbin),
    ];
    assert_eq!(refused, whys);
}
