//! Work that goes on when whoever waits for it goes away.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::Core;

/// A future that is seen through: done where it is awaited, and by a task of its own from where it
/// is dropped, so that the usual case costs no task.
pub struct ToTheEnd<T: Send + 'static> {
    /// `None` once it is done.
    work: Option<Pin<Box<dyn Future<Output = T> + Send>>>,
    tasks: TaskTracker,
    /// It may be dropped where no runtime is.
    runtime: Handle,
    /// A stop waits for it wherever it is done.
    _waited_for: TaskTrackerToken,
}

impl Core {
    /// Returns what does this work to its end once it has been begun; a stop waits for it.
    pub fn to_the_end<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> ToTheEnd<T> {
        ToTheEnd::of(work, self.tasks.clone())
    }
}

impl<T: Send + 'static> ToTheEnd<T> {
    fn of(work: impl Future<Output = T> + Send + 'static, tasks: TaskTracker) -> Self {
        let waited_for = tasks.token();
        let (work, runtime) = (Some(Box::pin(work) as _), Handle::current());
        Self { work, tasks, runtime, _waited_for: waited_for }
    }
}

impl<T: Send + 'static> Future for ToTheEnd<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let work = self.work.as_mut().expect("nobody polls what has ended");
        let polled = work.as_mut().poll(context);
        if polled.is_ready() {
            self.work = None;
        }
        polled
    }
}

impl<T: Send + 'static> Drop for ToTheEnd<T> {
    fn drop(&mut self) {
        // What has panicked cannot go on.
        if let Some(work) = self.work.take().filter(|_| !std::thread::panicking()) {
            self.tasks.spawn_on(async move { drop(work.await) }, &self.runtime);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn what_nobody_waits_for_any_more_goes_on_and_a_stop_waits_for_it() {
        for is_dropped in [true, false] {
            let tasks = TaskTracker::new();
            let (go_on, held) = oneshot::channel::<()>();
            let (done, is_done) = oneshot::channel();
            let work = async move {
                held.await.unwrap();
                done.send(()).unwrap();
            };
            let mut work = Box::pin(ToTheEnd::of(work, tasks.clone()));
            let mut context = Context::from_waker(Waker::noop());
            assert!(work.as_mut().poll(&mut context).is_pending());
            let waiting = (!is_dropped).then_some(work);
            tasks.close();
            assert!(!tasks.is_empty(), "a stop waits");
            go_on.send(()).unwrap();
            if let Some(work) = waiting {
                work.await;
            }
            is_done.await.unwrap();
            tasks.wait().await;
        }
    }

    #[tokio::test]
    async fn what_has_panicked_does_not_go_on() {
        let tasks = TaskTracker::new();
        let work = ToTheEnd::of(async { panic!("on purpose") }, tasks.clone());
        let panicked: Result<(), _> = tokio::spawn(work).await;
        assert!(panicked.unwrap_err().is_panic());
        assert!(tasks.is_empty());
    }
}
