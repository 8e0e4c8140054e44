//! The floor: the rows that a command writes, in the store's own tables, by `pgbench`.
//!
//! Every second command completes what the one before accepted. Nothing is encoded, guarded,
//! locked, looked up or handed over, no timer is taken away, and no node waits for another's
//! positions.

use std::time::Duration;

use anyhow::{Context as _, Result};
use handoff_store::conformance::server::PostgresServer;
use handoff_store::{PostgresOptions, PostgresStore, Store as _};
use handoff_testkit::process::{processor_time, processor_time_of_ended};

/// Positions that each client has for itself.
const OWN: u64 = 100_000_000;

/// What PostgreSQL did.
pub(super) struct Floor {
    pub(super) per_second: f64,
    pub(super) database_us: f64,
}

/// Returns the processor time of all of a server's processes, also of those that have ended.
pub(super) fn processor_time_of(server: &PostgresServer) -> Result<Duration> {
    let processes = server.processes();
    let main = *processes.first().context("the server is gone")?;
    // One of them may have ended just now.
    let living: Duration = processes.into_iter().filter_map(|it| processor_time(it).ok()).sum();
    Ok(living + processor_time_of_ended(main)?)
}

/// Writes the rows of commands, so many to a transaction, in the tables of a schema of its own.
pub(super) fn measure(
    server: &PostgresServer,
    clients: u16,
    seconds: u16,
    at_once: u32,
) -> Result<Floor> {
    let address = server.fresh_schema();
    let options = PostgresOptions::new(&address);
    let opening = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().context("make a runtime")?;
        runtime.block_on(async {
            PostgresStore::open(options).await.context("make the tables")?.close().await;
            anyhow::Ok(())
        })
    });
    opening.join().ok().context("the tables were not made")??;
    let before = processor_time_of(server)?;
    let told = server.pgbench(&address, &script(at_once), clients, seconds);
    let used = processor_time_of(server)?.saturating_sub(before).as_secs_f64();
    let per_second = told
        .lines()
        .find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse::<f64>().ok());
    let per_second = per_second.context("pgbench told no rate")? * f64::from(at_once);
    Ok(Floor { per_second, database_us: used * 1e6 / (per_second * f64::from(seconds)) })
}

/// Returns what each transaction of a client does: each of so many agents accepts or, every second
/// time, completes what they accepted before.
fn script(at_once: u32) -> String {
    let each = format!("generate_series(1, {at_once}) AS place");
    let who = format!("(:client_id * {at_once} + place)");
    let agent = format!("lpad({who}::TEXT, 32, '0')");
    let id = format!("{who} || '-' || (:n::BIGINT + 1) / 2");
    let text = |bytes: u32| format!("repeat('x', {bytes})");
    let (body, desk, event, notice) = (text(650), text(580), text(125), text(83));
    let position = format!(":client_id::BIGINT * {OWN} + :n::BIGINT * {at_once} + place");
    let numbers = "'[[\"Interactions\",314],[\"Workitems\",314]]'";
    format!(
        "\\set n :n + 1\n\
         BEGIN;\n\
         INSERT INTO interactions (id, version, lists, center, place, media, queue, form, body) \
         SELECT {id}, :n::BIGINT, '', {agent}, 'handling', 'workitem', {agent}, 1, {body} \
         FROM {each} ON CONFLICT (id) DO UPDATE SET version = excluded.version, \
         lists = excluded.lists, place = excluded.place, body = excluded.body;\n\
         INSERT INTO interaction_lists (list, id) SELECT list || {agent}, {id} \
         FROM {each}, unnest('{{a,h,u,q}}'::TEXT[]) AS list WHERE :n::BIGINT % 2 = 1;\n\
         DELETE FROM interaction_lists USING {each}, unnest('{{a,h,u,q}}'::TEXT[]) AS left_list \
         WHERE list = left_list || {agent} AND id = {id} AND :n::BIGINT % 2 = 0;\n\
         INSERT INTO desks (id, version, form, body) SELECT {agent}, :n::BIGINT, 1, {desk} \
         FROM {each} \
         ON CONFLICT (id) DO UPDATE SET version = excluded.version, body = excluded.body;\n\
         INSERT INTO log_ends (number, position, promised, batch) SELECT number, number, 0, \
         lpad(number::TEXT, 32, '0') FROM (SELECT {position} FROM generate_series({at_once}, \
         {at_once}) AS place) AS last (number);\n\
         INSERT INTO history (subject, position, at, epoch, form, body) \
         SELECT {id}, {position}, :n::BIGINT, 1, 1, {event} FROM {each};\n\
         INSERT INTO recent (position, at, subject, told, kind, form, snapshot) \
         SELECT {position}, :n::BIGINT, {id}, {agent}, 'interaction', 1, {body} FROM {each};\n\
         INSERT INTO streams (owner, position, ordinal, numbers, form, body) \
         SELECT {agent}, {position}, 0, {numbers}, 1, {notice} FROM {each};\n\
         INSERT INTO heads (owner, position, numbers) SELECT {agent}, {position}, {numbers} \
         FROM {each} \
         ON CONFLICT (owner) DO UPDATE SET position = excluded.position;\n\
         COMMIT;\n"
    )
}
