//! Receipts: a request is carried out once.

use std::sync::Arc;

use super::samples::{BEGIN, interaction, interaction_id, put_interaction, receipt};
use super::{committed, conflict};
use crate::change_set::{ChangeSet, Receipt};
use crate::error::CommitError;
use crate::record::Key;
use crate::store::Store;

fn with(receipts: Vec<Receipt>, change: ChangeSet) -> ChangeSet {
    ChangeSet { receipts, ..change }
}

async fn refused(store: &dyn Store, change: ChangeSet) -> Receipt {
    match store.commit(change).await {
        Err(CommitError::Receipt(existing)) => *existing,
        other => panic!("expected a receipt, got {other:?}"),
    }
}

async fn found(store: &dyn Store, wanted: &Receipt) -> Option<Receipt> {
    store.receipt(&wanted.scope, &wanted.key).await.expect("receipt")
}

/// The second request with a key gets the receipt of the first, and another scope or key is another
/// request.
pub async fn a_receipt_is_found_and_refuses_the_same_key(store: Arc<dyn Store>) {
    let first = receipt("k", Some(BEGIN));
    committed(&*store, with(vec![first.clone()], put_interaction(interaction(1), 0))).await;
    assert_eq!(found(&*store, &first).await, Some(first.clone()));
    let again =
        Receipt { fingerprint: "other".to_owned(), answer: "other".to_owned(), ..first.clone() };
    assert_eq!(
        refused(&*store, with(vec![again], put_interaction(interaction(2), 0))).await,
        first
    );
    assert_eq!(store.load(&[Key::Interaction(interaction_id(2))]).await.expect("load"), [None]);
    let elsewhere = Receipt { scope: "another".to_owned(), expires: None, ..first.clone() };
    committed(&*store, with(vec![elsewhere.clone()], ChangeSet::default())).await;
    assert_eq!(found(&*store, &elsewhere).await, Some(elsewhere.clone()));
    let unknown = receipt("unknown", None);
    assert_eq!(found(&*store, &unknown).await, None);
    let wanted = [&elsewhere, &unknown, &first].map(|it| (it.scope.clone(), it.key.clone()));
    let keys = [interaction_id(2), interaction_id(1)].map(Key::Interaction);
    let (records, receipts) = store.look_up(&keys, &wanted).await.expect("look up");
    assert_eq!(receipts, [Some(elsewhere), None, Some(first)]);
    assert_eq!(records, store.load(&keys).await.expect("load"));
    assert_eq!(records.iter().map(Option::is_some).collect::<Vec<_>>(), [false, true]);
}

/// A retry whose guards are stale, as they always are, still gets the receipt.
pub async fn receipts_are_tried_before_guards(store: Arc<dyn Store>) {
    let first = receipt("k", None);
    let change = with(vec![first.clone()], put_interaction(interaction(1), 0));
    committed(&*store, change.clone()).await;
    assert_eq!(refused(&*store, change).await, first);
}

/// The first one that exists is told, and none of the others is written.
pub async fn any_of_several_receipts_refuses(store: Arc<dyn Store>) {
    let (known, also_known) = (receipt("b", None), receipt("a", None));
    committed(&*store, with(vec![known.clone(), also_known.clone()], ChangeSet::default())).await;
    let fresh = receipt("c", None);
    let change = with(vec![fresh.clone(), known.clone(), also_known], ChangeSet::default());
    assert_eq!(refused(&*store, change).await, known);
    assert_eq!(found(&*store, &fresh).await, None);
}

/// A receipt is part of its commit.
pub async fn a_refused_commit_writes_no_receipt(store: Arc<dyn Store>) {
    let change = with(vec![receipt("k", None)], put_interaction(interaction(1), 3));
    conflict(&*store, change).await;
    assert_eq!(found(&*store, &receipt("k", None)).await, None);
}

/// Expiry alone changes nothing: a commit knows no clock.
pub async fn an_expired_receipt_counts_until_it_is_swept(store: Arc<dyn Store>) {
    let change = with(vec![receipt("k", Some(BEGIN))], ChangeSet::default());
    committed(&*store, change.clone()).await;
    refused(&*store, change.clone()).await;
    store.sweep(BEGIN, BEGIN, BEGIN, 9).await.expect("sweep");
    committed(&*store, change).await;
}
