//! Desks that a commit beside the board removed, as when their users were.

use handoff_domain::UserId;
use handoff_store::{ChangeSet, DirectoryGuard, Extent, Guard, Key, Store};

use crate::rig::{BEN, CENTER, KATE, Rig};
use crate::two_nodes::nodes;

/// Removes records as whoever applies a center's file does.
pub(crate) async fn remove(store: &dyn Store, keys: &[Key]) {
    let versions = store.versions(keys).await.unwrap();
    let guards = keys.iter().cloned().zip(versions);
    let removals = guards.map(|(key, version)| Guard { key, version }).collect();
    let version = store.directory_versions().await.unwrap()[&CENTER];
    let directory = Some(DirectoryGuard { center: CENTER, version, extent: Extent::Checked });
    store.commit(ChangeSet { removals, directory, ..ChangeSet::default() }).await.unwrap();
}

fn has_desk(rig: &Rig, user: UserId) -> bool {
    rig.engine.core().desk(user).is_some()
}

#[tokio::test]
async fn a_removed_desk_is_in_nobodys_way() {
    let rig = Rig::new().await;
    rig.bring_in(KATE).await;
    remove(&*rig.store, &[Key::Desk(KATE)]).await;
    assert!(has_desk(&rig, KATE), "the control: the node has not heard of it");
    // Her CometD session ends late.
    rig.engine.delivery().forget_session(KATE, &format!("{KATE}-1")).await.unwrap();
    assert!(rig.store.conflicts() <= 1, "{} commits failed", rig.store.conflicts());
    assert!(!has_desk(&rig, KATE));
    assert_eq!(rig.store.versions(&[Key::Desk(KATE)]).await.unwrap(), [0], "none is begun for it");
    // Begun anew, it counts from the start.
    rig.bring_in(KATE).await;
    assert!(rig.engine.core().desk(KATE).unwrap().session.is_some());
}

#[tokio::test]
async fn no_answer_is_made_of_a_removed_desk() {
    let rig = Rig::new().await;
    rig.bring_in(KATE).await;
    remove(&*rig.store, &[Key::Desk(KATE)]).await;
    assert_eq!(rig.engine.core().current_desk(KATE).await.unwrap(), None);
}

#[tokio::test]
async fn with_a_user_their_desk_goes_from_every_board() {
    let (one, other) = nodes().await;
    for user in [KATE, BEN] {
        one.bring_in(user).await;
    }
    other.engine.core().follow_log().await.unwrap();
    remove(&*one.store, &[Key::User(KATE), Key::Desk(KATE)]).await;
    assert!(has_desk(&one, KATE) && has_desk(&other, KATE), "the control: nobody has looked");
    one.engine.desks().directory_changed().await.unwrap();
    other.engine.workers().directory().look().await.unwrap();
    for node in [&one, &other] {
        assert!(!has_desk(node, KATE) && has_desk(node, BEN));
    }
    assert_eq!(one.store.conflicts(), 0);
}

/// The node that the desk names died; what is left of it is looked for again and again.
#[tokio::test]
async fn a_removed_desk_that_names_a_dead_node_is_let_go() {
    let (one, other) = nodes().await;
    one.bring_in(KATE).await;
    other.engine.core().follow_log().await.unwrap();
    let incarnation = one.engine.core().incarnation();
    one.store.end_lease(incarnation).await.unwrap();
    remove(&*one.store, &[Key::Desk(KATE)]).await;
    other.engine.workers().presence().keep().await.unwrap();
    assert_eq!(other.store.conflicts(), 1, "its change was tried once");
    assert!(!has_desk(&other, KATE));
}

/// A node that was away for longer than the log is kept finds it when it reads everything.
#[tokio::test]
async fn a_board_that_is_read_anew_lets_removed_desks_go() {
    let rig = Rig::new().await;
    for user in [KATE, BEN] {
        rig.bring_in(user).await;
    }
    remove(&*rig.store, &[Key::Desk(KATE)]).await;
    rig.engine.core().reload_board().await.unwrap();
    assert!(!has_desk(&rig, KATE) && has_desk(&rig, BEN));
}
