//! Uses of standard responses count once, whichever node counts and wherever that ended.

use std::collections::BTreeSet;

use handoff_domain::{Action, ResponseId};
use handoff_store::{
    ChangeSet, Key, Put, Record, ResponseOwner, StandardResponse, Store as _, Uses,
};

use crate::rig::{CENTER, KATE, Rig};

const GREETING: ResponseId = ResponseId(0x77);

fn greeting() -> Record {
    Record::StandardResponse(StandardResponse {
        id: GREETING,
        center: CENTER,
        owner: ResponseOwner::Center,
        name: "Greeting".to_owned(),
        shortcut: String::new(),
        category: String::new(),
        language: String::new(),
        channels: BTreeSet::new(),
        subject: String::new(),
        text: "Hello".to_owned(),
        html: String::new(),
    })
}

async fn counted(rig: &Rig) -> Uses {
    match rig.store.load_one(&Key::ResponseUses(GREETING)).await.unwrap().map(|it| it.value) {
        Some(Record::ResponseUses(all)) => all.uses,
        _ => Uses::default(),
    }
}

async fn count(rig: &Rig) {
    rig.engine.workers().uses().count().await.unwrap();
}

#[tokio::test]
async fn each_use_counts_once_whichever_node_counts() {
    let rig = Rig::new().await;
    let puts = vec![Put { record: greeting(), expected: 0 }];
    rig.store.commit(ChangeSet { puts, ..ChangeSet::default() }).await.unwrap();
    rig.engine.core().reload_directory().await.unwrap();
    rig.bring_in(KATE).await;
    let id = rig.submit().await;
    rig.engine.workers().router().route().await.unwrap();
    rig.accept(KATE, id).await.unwrap();
    let other = rig.beside().await;
    let mut used = 0;
    for _ in 0..3 {
        for node in [&rig, &other] {
            // The other node begins from where it was last, which is not the place any more.
            rig.act(KATE, id, Action::UseResponse(GREETING)).await.unwrap();
            used += 1;
            count(node).await;
            count(node).await;
            count(&rig).await;
            assert_eq!(counted(&rig).await.count, used);
        }
    }
    assert_eq!(counted(&rig).await.last, Some(rig.engine.core().now()));
    rig.act(KATE, id, Action::UseResponse(GREETING)).await.unwrap();
    let rig = rig.restarted().await;
    count(&rig).await;
    assert_eq!(counted(&rig).await.count, used + 1);
}
