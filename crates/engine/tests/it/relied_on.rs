//! What begins at a desk is decided again when who asked for it was changed before it is committed
//! (which records it relies on, `guards` tells).

use std::sync::Arc;

use handoff_domain::desk::{Supervision, SupervisionExtent};
use handoff_domain::rejection::Noun;
use handoff_domain::{Rejection, Role, SupervisorMode, User, UserId, WorkbinId};
use handoff_engine::{AgentError, Watch};
use handoff_store::{ChangeSet, Key, Put, Record, Store as _};
use handoff_testkit::FaultyStore;

use crate::rig::{CENTER, KATE, Rig, described, noon};

const SAM: UserId = UserId(0xc);
const IN_PROGRESS: WorkbinId = WorkbinId(0xe1);
const DRAFTS: WorkbinId = WorkbinId(0xe2);

/// A node with Kate and Sam at their desks.
async fn node() -> Rig {
    let center = described().user(SAM, "sam", &[Role::Agent, Role::Supervisor], &[], &[]);
    let store = handoff_testkit::center::store(center.records()).await.unwrap();
    let rig = Rig::over(Arc::new(FaultyStore::over(Arc::new(store))), noon()).await;
    rig.bring_in(KATE).await;
    rig.bring_in(SAM).await;
    rig
}

/// Changes a user behind the node's back.
async fn change(rig: &Rig, user: UserId, change: impl FnOnce(&mut User)) {
    let directory = rig.engine.core().directory();
    let mut changed = User::clone(&directory.users[&user]);
    change(&mut changed);
    let expected = directory.version(&Key::User(user));
    let puts = vec![Put { record: Record::User(changed), expected }];
    rig.store.commit(ChangeSet { puts, ..ChangeSet::default() }).await.unwrap();
}

async fn watch(rig: &Rig, workbin: WorkbinId) -> Result<(), AgentError> {
    let workbin = workbin.of_owner(KATE);
    rig.engine.desks().watch_workbin(KATE, CENTER, workbin, Watch::Begin).await
}

async fn follow(rig: &Rig) -> Result<(), AgentError> {
    let supervision = Supervision {
        mode: SupervisorMode::Monitor,
        nickname: None,
        extent: SupervisionExtent::AllChats,
        since: rig.engine.core().now(),
        offered: std::collections::BTreeSet::new(),
    };
    rig.engine.desks().supervise(KATE, CENTER, SAM, Some(supervision)).await
}

#[tokio::test]
async fn a_user_who_was_disabled_meanwhile_watches_nothing() {
    let rig = node().await;
    watch(&rig, DRAFTS).await.unwrap();
    change(&rig, KATE, |kate| kate.enabled = false).await;
    let refused = watch(&rig, IN_PROGRESS).await.unwrap_err();
    let AgentError::Rejected(rejection) = refused else { panic!("{refused}") };
    assert!(matches!(*rejection, Rejection::Unknown { noun: Noun::Workbin, .. }), "{rejection:?}");
}

#[tokio::test]
async fn who_is_a_supervisor_no_more_follows_nobody() {
    let rig = node().await;
    change(&rig, SAM, |sam| sam.roles.retain(|role| *role != Role::Supervisor)).await;
    let refused = follow(&rig).await.unwrap_err();
    let AgentError::Rejected(rejection) = refused else { panic!("{refused}") };
    assert_eq!(*rejection, Rejection::NotSupervisor);
}
