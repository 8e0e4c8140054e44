//! Bounds of what waits to be written, in jobs and in bytes.

use std::sync::Arc;

use tokio::sync::{AcquireError, Semaphore, SemaphorePermit};

/// Most change sets or reads that may be configured to wait. Far more than memory should hold, and
/// far less than a semaphore can count.
pub(crate) const QUEUE_LEN_CAP: usize = 1 << 20;
/// Most of their bytes that may be configured to wait, in KiB; likewise.
const QUEUE_KIB_CAP: u32 = 1 << 24;

/// What may wait. Whoever does a job gives back what it has when they take it.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    /// One permit for each job.
    jobs: Arc<Semaphore>,
    /// One for each KiB of them.
    kib: Arc<Semaphore>,
    kib_max: u32,
}

impl Places {
    /// Returns places for so many jobs, of so many bytes together.
    pub(crate) fn new(len_max: usize, bytes_max: usize) -> Self {
        let kib_max = u32::try_from(bytes_max / 1024).unwrap_or(u32::MAX);
        let kib_max = kib_max.clamp(1, QUEUE_KIB_CAP);
        Self {
            jobs: Arc::new(Semaphore::new(len_max.clamp(1, QUEUE_LEN_CAP))),
            kib: Arc::new(Semaphore::new(kib_max as usize)),
            kib_max,
        }
    }

    /// Returns what so many bytes count for: all there is for a job that is larger, which then
    /// waits alone.
    fn kib_of(&self, bytes: usize) -> u32 {
        u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX).min(self.kib_max)
    }

    /// Waits for a place; an error when there never will be one.
    pub(crate) async fn take(
        &self,
        bytes: usize,
    ) -> Result<(SemaphorePermit<'_>, SemaphorePermit<'_>), AcquireError> {
        let job = self.jobs.acquire().await?;
        Ok((job, self.kib.acquire_many(self.kib_of(bytes)).await?))
    }

    pub(crate) fn give_back(&self, bytes: usize) {
        self.jobs.add_permits(1);
        self.kib.add_permits(self.kib_of(bytes) as usize);
    }

    pub(crate) fn close(&self) {
        self.jobs.close();
        self.kib.close();
    }

    /// Returns how many jobs and KiB may come.
    #[cfg(test)]
    pub(crate) fn free(&self) -> (usize, usize) {
        (self.jobs.available_permits(), self.kib.available_permits())
    }
}
