//! Work that keeps a processor busy for long, on a thread that gives way to all others of the
//! program.
//!
//! A password takes a processor for some 20 ms, and at the start of a shift one follows the other
//! for a minute. On a thread like any other they would have an equal share of the processors, and
//! whoever is at work would wait for them. The thread is a new one each time: only a privileged
//! program may raise a thread again, so none of the runtime's can be lent for it, and to start one
//! takes a thousandth of what it does.

use std::io;
use std::thread;

use tokio::sync::oneshot;

/// By how much such a thread is nicer than the others, in steps of nice(2): on processors that are
/// all busy it has about a tenth of what each of the others has. At 19 it would have a sixtieth,
/// and a login under load take seconds.
const NICER: i32 = 10;

/// Why such work came to no end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The machine gave no thread for it.
    #[error("no thread could be started")]
    NotStarted(#[source] io::Error),
    /// It panicked.
    #[error("the thread broke off")]
    BrokenOff,
}

/// Carries out work on a thread that gives way to the program's others. Whoever stops waiting
/// leaves it to come to its end.
///
/// # Errors
///
/// [`Error`].
pub(crate) async fn carry_out<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    let (ended, end) = oneshot::channel();
    let thread = thread::Builder::new().name("giving way".to_owned());
    let started = thread.spawn(move || {
        give_way();
        // Whoever waited may be gone.
        _ = ended.send(work());
    });
    started.map_err(Error::NotStarted)?;
    end.await.map_err(|_| Error::BrokenOff)
}

/// Makes this thread nicer. Elsewhere than on Linux it would be the whole program.
fn give_way() {
    if cfg!(target_os = "linux")
        && let Err(error) = rustix::process::nice(NICER)
    {
        tracing::debug!(error = %error, "a thread does not give way to others");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn such_a_thread_gives_way_and_whoever_asked_for_it_does_not() {
        let nice = || rustix::process::getpriority_process(None).unwrap();
        let before = nice();
        assert_eq!(carry_out(nice).await.unwrap(), (before + NICER).min(19));
        assert_eq!(nice(), before);
    }

    #[tokio::test]
    async fn whoever_waits_is_told_that_it_broke_off() {
        let end = carry_out(|| panic!("as it should")).await;
        assert!(matches!(end, Err::<(), _>(Error::BrokenOff)));
    }
}
