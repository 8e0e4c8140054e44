//! The thread that keeps small files: it appends what waits, syncs once, and answers everybody.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::entry::{Entry, Head, MAGIC};
use super::index::Extent;
use crate::files::disk::{KEEPING, Places};
#[cfg(feature = "conformance")]
use crate::files::faults::Step;
use crate::files::{FilesError, FilesOptions, NewFile};

/// Files that share a sync, at most. In bytes they are bounded by the room that they have.
const BATCH_LEN_MAX: usize = 256;
/// Room for what is written at once that is kept for the next time. Bytes.
const BATCH_BYTES_KEPT: usize = 1024 * 1024;

type Reply = oneshot::Sender<Result<(), FilesError>>;

/// A file to be kept.
#[derive(Debug)]
pub(in crate::files) struct Job {
    pub(in crate::files) new: NewFile,
    pub(in crate::files) content: Vec<u8>,
    /// The room that its content has, until it is on the disk.
    pub(in crate::files) _room: OwnedSemaphorePermit,
}

/// The way to the thread.
#[derive(Debug)]
pub(in crate::files) struct Writer {
    jobs: Mutex<Option<Sender<(Job, Reply)>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Starts the thread, which has the places until it ends.
    pub(in crate::files) fn start(places: Arc<Places>, options: FilesOptions) -> io::Result<Self> {
        let (sender, jobs) = channel();
        let work = WriterThread { jobs, places, options, open: None, batch: Vec::new() };
        let thread = Builder::new().name("files-writer".to_owned()).spawn(move || work.run())?;
        Ok(Self { jobs: Mutex::new(Some(sender)), thread: Mutex::new(Some(thread)) })
    }

    /// Keeps a file. When it returns `Ok` the file is on stable storage; when the returned future
    /// is dropped it may be kept or not.
    pub(in crate::files) async fn keep(&self, job: Job) -> Result<(), FilesError> {
        let (reply, answer) = oneshot::channel();
        if self.send((job, reply)).is_err() {
            return Err(FilesError::unavailable(KEEPING, "the directory of files is closed"));
        }
        answer.await.map_err(|error| FilesError::unavailable(KEEPING, error))?
    }

    fn send(&self, job: (Job, Reply)) -> Result<(), ()> {
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.as_ref().ok_or(())?.send(job).map_err(|_| ())
    }

    /// Finishes what was handed in and ends the thread.
    pub(in crate::files) fn close(&self) {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).take();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that keeps small files panicked");
        }
    }
}

/// Makes a segment's file, empty. Its content is durable on return, its name is not.
pub(super) fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let file = options.write(true).create_new(true).mode(0o600).open(path)?;
    let begun = file.write_all_at(&MAGIC, 0).and_then(|()| file.sync_all());
    if begun.is_err() {
        // A full disk would otherwise have one more at each try.
        let _ = fs::remove_file(path);
    }
    begun.map(|()| file)
}

/// The segment that is added to.
#[derive(Debug)]
struct Appending {
    number: u64,
    file: File,
    /// Where what was acknowledged ends.
    end: u64,
    files: usize,
    /// A sync failed: what the disk holds behind the end nobody knows, and nothing is added.
    is_spoiled: bool,
}

impl Appending {
    const fn takes_more(&self, options: &FilesOptions) -> bool {
        !self.is_spoiled
            && self.end < options.segment_bytes_max
            && self.files < options.segment_files_max
    }

    /// Writes files behind the end and syncs them.
    fn append(
        &mut self,
        jobs: &[Job],
        batch: &mut Vec<u8>,
        options: &FilesOptions,
    ) -> io::Result<Vec<Entry>> {
        batch.clear();
        let mut entries = Vec::with_capacity(jobs.len());
        for Job { new, content, .. } in jobs {
            let offset = self.end + batch.len() as u64;
            let offset = u32::try_from(offset).map_err(io::Error::other)?;
            let head = Head::of(new.id, new.at, content)?;
            head.write(batch);
            batch.extend_from_slice(content);
            entries.push(Entry { id: new.id, at: new.at, offset, len: head.len });
        }
        if let Err(error) = self.write(batch, options) {
            // Only for its room: what comes next is written over it.
            let _ = self.file.set_len(self.end);
            return Err(error);
        }
        if let Err(error) = self.sync(options) {
            self.is_spoiled = true;
            return Err(error);
        }
        self.end += batch.len() as u64;
        self.files += entries.len();
        batch.shrink_to(BATCH_BYTES_KEPT);
        #[cfg(feature = "conformance")]
        options.faults.note_synced(self.number, self.end);
        Ok(entries)
    }

    fn write(
        &self,
        batch: &[u8],
        #[cfg_attr(not(feature = "conformance"), expect(unused_variables))] options: &FilesOptions,
    ) -> io::Result<()> {
        #[cfg(feature = "conformance")]
        options.faults.strike(Step::Append)?;
        self.file.write_all_at(batch, self.end)
    }

    fn sync(
        &self,
        #[cfg_attr(not(feature = "conformance"), expect(unused_variables))] options: &FilesOptions,
    ) -> io::Result<()> {
        #[cfg(feature = "conformance")]
        options.faults.strike(Step::Sync)?;
        self.file.sync_data()
    }
}

#[derive(Debug)]
struct WriterThread {
    jobs: Receiver<(Job, Reply)>,
    places: Arc<Places>,
    options: FilesOptions,
    open: Option<Appending>,
    /// What is written at once.
    batch: Vec<u8>,
}

impl WriterThread {
    fn run(mut self) {
        while let Ok(first) = self.jobs.recv() {
            let mut jobs = vec![first];
            jobs.extend(self.jobs.try_iter().take(BATCH_LEN_MAX - 1));
            self.keep_all(jobs);
        }
        if let Err(error) = self.close_segment() {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, "a segment of files got no index; the next start makes one");
        }
    }

    fn keep_all(&mut self, waiting: Vec<(Job, Reply)>) {
        let (mut jobs, mut replies) = (Vec::<Job>::new(), Vec::new());
        for (job, reply) in waiting {
            let id = job.new.id;
            let is_new = match self.places.has(id) {
                Ok(has) if has || jobs.iter().any(|other| other.new.id == id) => {
                    Err(FilesError::Exists { id })
                }
                Ok(_) => Ok(()),
                Err(error) => Err(FilesError::unavailable(KEEPING, error)),
            };
            match is_new {
                Ok(()) => {
                    jobs.push(job);
                    replies.push(reply);
                }
                // An error means that nobody waits for the answer any more; so below.
                Err(refused) => drop(reply.send(Err(refused))),
            }
        }
        #[cfg(feature = "conformance")]
        if self.options.faults.answers_early() {
            replies.drain(..).for_each(|reply| drop(reply.send(Ok(()))));
        }
        if jobs.is_empty() {
            return;
        }
        let kept = self.append(&jobs).map_err(Arc::new);
        for reply in replies {
            let answer = kept.clone().map_err(|error| FilesError::unavailable(KEEPING, error));
            drop(reply.send(answer));
        }
    }

    fn append(&mut self, jobs: &[Job]) -> io::Result<()> {
        let mut open = self.usable()?;
        let kept = open.append(jobs, &mut self.batch, &self.options);
        let number = open.number;
        self.open = Some(open);
        kept.map(|entries| self.places.segments.publish(number, &entries))
    }

    /// Takes the segment that is added to: the open one, or another when that takes no more.
    fn usable(&mut self) -> io::Result<Appending> {
        if let Some(open) = self.open.take_if(|open| open.takes_more(&self.options)) {
            return Ok(open);
        }
        self.close_segment()?;
        #[cfg(feature = "conformance")]
        self.options.faults.strike(Step::Begin)?;
        let (number, file) = self.places.segments.begin()?;
        let end = MAGIC.len() as u64;
        #[cfg(feature = "conformance")]
        self.options.faults.note_synced(number, end);
        Ok(Appending { number, file, end, files: 0, is_spoiled: false })
    }

    fn close_segment(&mut self) -> io::Result<()> {
        let Some(open) = &self.open else { return Ok(()) };
        #[cfg(feature = "conformance")]
        self.options.faults.strike(Step::Close)?;
        let extent = Extent { end: open.end, len: open.file.metadata()?.len() };
        self.places.segments.close(open.number, extent, &self.places.arriving_index())?;
        self.open = None;
        Ok(())
    }
}
