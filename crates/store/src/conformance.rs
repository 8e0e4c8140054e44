//! The suite that defines a store. Every store's tests run all of it.
//!
//! A case is an async function of a fresh, empty store; [`conformance!`](crate::conformance!) makes
//! a test of each. A case panics when the store does something else than it must.

pub mod contacts;
pub mod directories;
pub mod erasures;
pub mod guards;
pub mod interactions;
pub mod leases;
pub mod log;
pub mod promised;
pub mod receipts;
pub mod records;
pub mod s3_server;
pub mod samples;
pub mod server;
pub mod streams;
pub mod sweeps;
pub mod timers;
pub mod transcripts;
pub mod versions;
pub mod way;

use std::collections::BTreeMap;

use handoff_domain::{Owner, Topic};

use crate::change_set::ChangeSet;
use crate::committed::Committed;
use crate::error::CommitError;
use crate::record::Key;
use crate::store::Store;

/// Makes a test of every case of the suite. The argument is a function that gives a fresh store as
/// `Arc<dyn Store>`, and with it anything that must live as long. It is used in a module of its
/// own, in a crate that has tokio.
#[macro_export]
macro_rules! conformance {
    ($make:path) => {
        $crate::conformance! { @modules $make;
            guards: [
                a_created_record_is_loaded_with_version_one, versions_grow_by_one,
                a_stale_put_changes_nothing, creating_what_exists_conflicts,
                removing_needs_the_right_version, a_check_guards_without_writing,
                the_first_conflict_in_canonical_order_is_named, a_set_applies_all_or_nothing,
                a_later_set_sees_an_earlier_one, of_many_writers_of_one_version_one_wins,
                a_failed_set_takes_no_neighbour_down, what_is_acknowledged_is_read,
            ]
            records: [
                every_kind_comes_back_as_it_went_in, services_of_every_kind_come_back,
                loading_keeps_the_order_asked, versions_are_told_in_the_order_asked,
                lists_are_pages_in_order_of_keys,
                a_list_can_start_after_a_key_of_another_kind, a_closed_store_refuses,
                a_fresh_store_is_ready, login_sessions_are_found_by_their_user,
                audit_entries_are_listed_newest_first,
            ]
            directories: [
                a_directory_counts_the_commits_that_change_it,
                a_directory_as_it_was_seen_stands_for_its_records,
                any_change_conflicts_with_who_relied_on_the_whole,
                what_was_changed_in_a_directory_is_found,
                what_was_changed_together_is_read_together, what_was_changed_is_of_one_moment,
            ]
            contacts: [
                a_contact_is_found_by_the_beginnings_of_its_words,
                words_go_with_what_they_are_of, pages_of_words_follow_each_other,
                contacts_of_another_center_are_not_found,
            ]
            receipts: [
                a_receipt_is_found_and_refuses_the_same_key, receipts_are_tried_before_guards,
                any_of_several_receipts_refuses, a_refused_commit_writes_no_receipt,
                an_expired_receipt_counts_until_it_is_swept,
            ]
            erasures: [
                words_go_and_what_happened_stays, rows_that_lie_beside_events_lose_their_words,
                receipts_are_found_by_their_beginning_and_forgotten_in_a_commit,
            ]
            timers: [
                due_timers_come_earliest_first, timers_of_one_time_come_in_order_of_their_names,
                setting_again_replaces, clearing_removes_and_a_missing_one_is_no_error,
                clearing_comes_before_setting,
                a_timer_that_was_set_anew_survives_who_read_it_before,
                putting_off_keeps_the_later_time, a_checked_timer_must_be_as_it_was_read,
            ]
            interactions: [
                a_page_ends_where_it_becomes_heavy, chats_are_held_by_everybody_in_them,
                each_scope_selects_its_own, each_filter_selects_its_own, pages_follow_each_other,
                what_is_visible_is_a_union_without_doubles, the_census_counts_every_place,
                a_removed_interaction_is_in_no_list, contacts_and_threads_are_found_newest_first,
                a_letter_that_moves_is_in_its_new_thread_alone, what_is_on_its_way_out_is_found,
                participants_come_and_go, history_pages_by_position,
            ]
            streams: [
                positions_grow_and_are_told, a_stream_row_carries_notice_numbers_and_event,
                what_a_commit_gives_back_is_what_is_read,
                topics_are_numbered_apart, numbers_have_no_gaps_under_concurrency,
                a_refused_commit_takes_no_number, a_page_never_splits_a_position,
                heads_tell_position_and_numbers,
                what_was_missed_begins_behind_the_numbers_of_a_reader,
                an_event_without_notices_is_in_the_history_alone,
            ]
            leases: [
                who_renews_in_time_lives, a_lease_that_is_over_is_lost_for_good,
                a_lease_that_is_given_back_is_over_at_once, leases_are_not_in_the_log,
                a_duty_is_one_nodes_for_as_long_as_it_lives,
                duties_that_are_given_back_are_anybodys_at_once,
                of_many_who_take_a_duty_at_once_one_has_it,
                what_nodes_say_of_themselves_is_read,
            ]
            log: [
                an_entry_carries_the_event, desks_and_centers_have_a_history,
                who_was_told_is_found_in_order, a_reader_skips_nothing,
                a_refused_commit_takes_no_position, a_page_of_the_log_is_bounded_by_bytes,
                a_cursor_below_the_floor_is_told_so, shared_streams_are_numbered_apart,
                another_generation_keeps_no_older_number,
            ]
            promised: [
                an_answer_comes_back_as_it_went_in_to_whom_it_is_for,
                who_was_promised_answers_is_found, a_page_of_answers_is_bounded,
                a_refused_commit_promises_nothing, of_too_many_answers_the_oldest_go,
                of_too_large_answers_the_oldest_go, what_is_promised_at_once_is_kept_whole,
                answers_are_swept_and_no_number_is_given_again,
                a_reader_of_answers_skips_none,
            ]
            transcripts: [
                what_was_said_comes_back_as_it_went_in, a_transcript_is_pages_by_number,
                a_long_transcript_is_whole, other_facts_of_an_event_are_not_in_the_transcript,
                what_is_shown_again_is_not_said_again, a_transcript_outlives_the_streams,
            ]
            sweeps: [
                old_rows_go_and_numbering_goes_on, history_outlives_the_snapshot,
                the_history_of_what_is_removed_goes_with_it,
                a_sweep_stops_at_the_first_young_event, a_sweep_removes_no_more_than_its_limit,
                receipts_and_logins_are_swept, claims_that_ended_are_swept,
                marks_of_chats_are_swept, audit_entries_are_swept,
            ]
        }
    };
    (@modules $make:path; $($module:ident: [$($case:ident),* $(,)?])*) => {
        $(mod $module {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let (store, _kept) = $make();
                $crate::conformance::$module::$case(store).await;
            })*
        })*
    };
}

/// Returns the oldest number that a stream keeps on each topic.
async fn oldest(store: &dyn Store, owner: Owner) -> BTreeMap<Topic, u64> {
    let all = Topic::ALL.map(|topic| (topic, 0)).into();
    store.missed(owner, &all, 1).await.expect("missed").oldest
}

/// Commits what must be possible.
async fn committed(store: &dyn Store, change: ChangeSet) -> Committed {
    store.commit(change).await.expect("the commit must succeed")
}

/// Commits what must be refused, and gives the key that the refusal names.
async fn conflict(store: &dyn Store, change: ChangeSet) -> Key {
    match store.commit(change).await {
        Err(CommitError::Conflict { key }) => key,
        other => panic!("expected a conflict, got {other:?}"),
    }
}
