//! The server's own two loops: timers, and reports of ended sessions.

use std::time::Duration;

use super::Shared;

/// Runs both loops until the server is shut down and every ended session was reported.
///
/// They are apart so that a slow application delays no timer.
pub(super) async fn run(shared: &Shared) {
    tokio::join!(run_timers(shared), report_ends(shared));
}

/// Sleeps until the hub's next deadline, over and over.
async fn run_timers(shared: &Shared) {
    let step_ms = shared.limits.timer_step_ms.max(1);
    loop {
        let now = shared.ports.clock.now();
        let sleep_ms = shared.with(|state, now| {
            state.hub.tick(now);
            let deadline_ms = state.hub.next_deadline().unwrap_or(u64::MAX);
            // At least one step, so that deadlines that lie close together share a wake-up.
            let until_ms = deadline_ms.max(now.at_ms + step_ms);
            state.sleeping_until_ms = until_ms;
            if state.hub.is_shut_down() { None } else { Some(until_ms.saturating_sub(now.at_ms)) }
        });
        let Some(sleep_ms) = sleep_ms else { return };
        tracing::trace!(now_ms = now.at_ms, sleep_ms, "timers are done");
        // A day stands for "no deadline": the runtime's timers have a bound.
        let sleep = shared.ports.clock.sleep(Duration::from_millis(sleep_ms.min(86_400_000)));
        tokio::select! {
            () = sleep => {}
            () = shared.deadline_changed.notified() => {}
        }
    }
}

/// Tells the application of every session that has ended, one after the other.
async fn report_ends(shared: &Shared) {
    loop {
        let (ended, is_shut_down) = {
            let mut state = shared.lock();
            (state.hub.take_removed(), state.hub.is_shut_down())
        };
        if ended.is_empty() {
            if is_shut_down {
                return;
            }
            shared.sessions_ended.notified().await;
        }
        for (session, reason) in ended {
            tracing::debug!(session.id = %session.id, ?reason, "session ended");
            shared.application.session_removed(&session, reason).await;
        }
    }
}
