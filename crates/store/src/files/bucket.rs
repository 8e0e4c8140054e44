//! Files in a bucket of a server that speaks S3's protocol, which all nodes share.
//!
//! A file is `kept/<id>`; one that did not come when its id says is `dated/<id>/<when it came>`.
//! What a sweep took is `trash/<id>.<when it was taken>.<when it came>`, `mark` says which place
//! this is, and `swept-by` which store sweeps it. All of it is below the prefix, if there is one.
//!
//! A file arrives at its node and is sent once it is kept, so nothing of one that is refused gets
//! there. An object is there whole or not at all; a large one is sent in parts, and of one that a
//! crash left unfinished the parts are the server's to remove (a rule of the bucket's).

pub(super) mod trouble;
mod wire;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::TryStreamExt as _;
use handoff_domain::{FileId, Time};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{
    BackoffConfig, Error, GetOptions, GetRange, MultipartUpload as _, ObjectMeta, ObjectStore as _,
    ObjectStoreExt as _, PutMode, PutOptions, PutPayload, RetryConfig,
};
use tokio::time::timeout;

use self::trouble::{Trouble, explain, is_past_the_end, is_without_bucket};
use self::wire::Connector;
use super::spool::SMALL_BYTES_MAX;
use super::{
    Files, FilesError, FilesPage, Incoming, KeptFile, ListedUntil, NewFile, Places, READ_BYTES_MAX,
    Spool, Spools, Trashed,
};
use crate::postgres::Hidden;
use crate::query::Page;
use crate::tls;

/// Bytes of each part of a large file but the last; servers want 5 MiB at least.
const PART_BYTES: usize = 8 * 1024 * 1024;
/// Large files that are sent at one time, each with a part in memory.
const SENDING_MAX: usize = 4;
/// How long anything may take that is asked of the server, tries and all.
const ANSWER_MAX: Duration = Duration::from_secs(60);
/// How long the look may take whether files can be kept.
const READY_MAX: Duration = Duration::from_secs(8);
/// How long is tried again what the server could not do just now.
const TRIED_MAX: Duration = Duration::from_secs(6);

const KEEPING: &str = "keeping a file";
const READING: &str = "reading a file";
const REMOVING: &str = "removing a file";
const LISTING: &str = "listing files";
const MOVING: &str = "taking a file out of use or putting it back";
const TRYING: &str = "trying out what is done with files";
const MARKING: &str = "marking the bucket of files";

/// Directories of the bucket.
const KEPT: &str = "kept";
const DATED: &str = "dated";
const TRASH: &str = "trash";
const MARK: &str = "mark";
/// Where is tried out what a key may do; no list of files comes there.
const TRIAL: &str = "trial";
/// Says which store sweeps it.
const SWEPT_BY: &str = "swept-by";
/// Where no word of a server's says it.
const CUT_SHORT: &str = "an answer was cut short";
const NOT_COPIED: &str = "a copy that it said it made is not there";
/// The stretches of a list.
const IN_KEPT: u64 = 0;
const IN_DATED: u64 = 1;

/// A bucket and who may use it.
#[derive(Clone, Debug)]
pub struct BucketOptions {
    pub bucket: String,
    /// What all names begin with; empty is nothing.
    pub prefix: String,
    /// The address of the server, such as `https://s3.example.com`; empty is Amazon's.
    pub endpoint: String,
    pub region: String,
    pub key: String,
    pub secret: Hidden,
    /// A PEM file of issuers in place of those that the machine trusts.
    pub authorities: Option<PathBuf>,
}

impl BucketOptions {
    /// Returns what messages call the server.
    fn server(&self) -> String {
        match self.endpoint.as_str() {
            "" => format!("Amazon S3 in {}", self.region),
            endpoint => endpoint.to_owned(),
        }
    }
}

/// Files in a bucket.
#[derive(Clone, Debug)]
pub struct BucketFiles {
    bucket: Arc<Bucket>,
    spools: Spools,
}

#[derive(Debug)]
struct Bucket {
    options: BucketOptions,
    root: Path,
    store: AmazonS3,
    sending: Places,
}

impl BucketFiles {
    /// Keeps files in a bucket, which exists; they arrive in a directory of this node's. Nothing is
    /// connected to yet.
    ///
    /// # Errors
    ///
    /// [`FilesError::Unavailable`] when what it is told makes no sense.
    pub fn new(options: BucketOptions, directory: &std::path::Path) -> Result<Self, FilesError> {
        let opening = "opening the bucket of files";
        let trust = tls::trusting(options.authorities.as_deref(), "s3.authorities");
        let trust = trust.map_err(|why| FilesError::unavailable(opening, why))?;
        let backoff = BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(2),
            ..BackoffConfig::default()
        };
        let retry = RetryConfig { backoff, max_retries: 4, retry_timeout: TRIED_MAX };
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&options.bucket)
            .with_region(&options.region)
            .with_access_key_id(&options.key)
            .with_secret_access_key(options.secret.reveal())
            .with_allow_http(true)
            // Files go one by one, and not every server takes a list of them.
            .with_disable_bulk_delete(true)
            .with_retry(retry)
            .with_http_connector(Connector(trust));
        if !options.endpoint.is_empty() {
            builder = builder.with_endpoint(&options.endpoint);
        }
        let built = builder.build();
        let store = built.map_err(|error| FilesError::unavailable(opening, error))?;
        let root = Path::parse(&options.prefix);
        let root = root.map_err(|error| FilesError::unavailable(opening, error))?;
        let sending = Places::new(SENDING_MAX);
        let bucket = Arc::new(Bucket { options, root, store, sending });
        Ok(Self { bucket, spools: Spools::new(directory) })
    }
}

/// Why something was not done.
enum Failure {
    Server(Error),
    Late,
    Files(FilesError),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Server(error)
    }
}

impl From<FilesError> for Failure {
    fn from(error: FilesError) -> Self {
        Self::Files(error)
    }
}

/// Returns nothing for what is not there, unless the bucket is not.
fn if_there<T>(found: Result<T, Error>) -> Result<Option<T>, Error> {
    match found {
        Err(error @ Error::NotFound { .. }) if is_without_bucket(&error) => Err(error),
        Err(Error::NotFound { .. }) => Ok(None),
        found => found.map(Some),
    }
}

impl Bucket {
    fn told(&self, attempted: &'static str, failure: Failure) -> FilesError {
        match failure {
            Failure::Server(error) => {
                FilesError::unavailable(attempted, explain(&self.options, &error))
            }
            Failure::Late => FilesError::unavailable(attempted, Trouble::late(&self.options)),
            Failure::Files(error) => error,
        }
    }

    /// Reads what is noted beside the files.
    async fn noted(&self, name: &str) -> Result<Option<String>, FilesError> {
        self.ask(MARKING, async {
            let Some(got) = if_there(self.store.get(&self.path(&[name])).await)? else {
                return Ok(None);
            };
            let noted = String::from_utf8_lossy(&got.bytes().await?).into_owned();
            Ok(Some(noted).filter(|noted| !noted.is_empty()))
        })
        .await
    }

    /// Waits for what is asked, but not for ever.
    async fn ask<T>(
        &self,
        attempted: &'static str,
        asked: impl Future<Output = Result<T, Failure>> + Send,
    ) -> Result<T, FilesError> {
        let done = timeout(ANSWER_MAX, asked).await.unwrap_or(Err(Failure::Late));
        done.map_err(|failure| self.told(attempted, failure))
    }

    fn path(&self, parts: &[&str]) -> Path {
        parts.iter().fold(self.root.clone(), |path, part| path.join(*part))
    }

    /// Where a file is that came at that time.
    fn place(&self, id: FileId, at: Time) -> Path {
        let name = id.to_string();
        match u64::try_from(at.0) == Ok(id.made_ms()) {
            true => self.path(&[KEPT, &name]),
            false => self.path(&[DATED, &name, &at.0.to_string()]),
        }
    }

    fn in_trash(&self, file: Trashed, at: Time) -> Path {
        // So many digits that their order is that of the times.
        self.path(&[TRASH, &format!("{}.{:019}.{}", file.id, file.since.0, at.0)])
    }

    /// Finds a file that did not come when its id says.
    async fn dated(&self, id: FileId) -> Result<Option<(Path, Time)>, Error> {
        let mut found = self.store.list(Some(&self.path(&[DATED, &id.to_string()])));
        let Some(meta) = found.try_next().await? else { return Ok(None) };
        let at = meta.location.filename().and_then(|name| name.parse().ok());
        Ok(at.map(|at| (meta.location, Time(at))))
    }

    async fn find(&self, id: FileId) -> Result<Option<(Path, Time)>, Error> {
        let path = self.path(&[KEPT, &id.to_string()]);
        match if_there(self.store.head(&path).await)? {
            Some(_) => Ok(Some((path, Time(id.made_ms().cast_signed())))),
            None => self.dated(id).await,
        }
    }

    /// Finds a file of the trash.
    async fn trashed(&self, file: Trashed) -> Result<Option<(Path, Time)>, Error> {
        let begins = format!("{}.{:019}.", file.id, file.since.0);
        let after = self.path(&[TRASH, &begins]);
        let mut listed = self.store.list_with_offset(Some(&self.path(&[TRASH])), &after);
        let Some(meta) = listed.try_next().await? else { return Ok(None) };
        let name = meta.location.filename().unwrap_or_default();
        let at = name.strip_prefix(&begins).and_then(|at| at.parse().ok());
        Ok(at.map(|at| (meta.location, Time(at))))
    }

    async fn read(&self, path: &Path, from: u64, count: u64) -> Result<Option<Vec<u8>>, Error> {
        // No object is so long that this would be another byte of it.
        let from = from.min(u64::MAX - count.max(1));
        let range = Some(GetRange::Bounded(from..from + count.max(1)));
        let got = self.store.get_opts(path, GetOptions { range, ..GetOptions::default() }).await;
        let got = match got {
            Err(error) if is_past_the_end(&error) => return Ok(Some(Vec::new())),
            got => if_there(got)?,
        };
        let Some(got) = got else { return Ok(None) };
        let wanted = got.range.end - got.range.start;
        let bytes = got.bytes().await?;
        if bytes.len() as u64 != wanted {
            return Err(Error::Generic { store: "S3", source: CUT_SHORT.into() });
        }
        Ok(Some(bytes[..bytes.len().min(usize::try_from(count).unwrap_or(0))].to_vec()))
    }

    /// Returns objects of a directory after a name, at most so many.
    async fn listed(
        &self,
        directory: &str,
        after: &str,
        limit: usize,
    ) -> Result<Vec<ObjectMeta>, Error> {
        let prefix = self.path(&[directory]);
        let mut found = match after {
            "" => self.store.list(Some(&prefix)),
            after => self.store.list_with_offset(Some(&prefix), &self.path(&[directory, after])),
        };
        let mut all = Vec::new();
        while all.len() < limit {
            let Some(meta) = found.try_next().await? else { break };
            all.push(meta);
        }
        Ok(all)
    }

    async fn moved(&self, from: &Path, to: &Path) -> Result<(), Error> {
        self.store.copy(from, to).await?;
        // Some servers say that all is well before they copy.
        if if_there(self.store.head(to).await)?.is_none() {
            return Err(Error::Generic { store: "S3", source: NOT_COPIED.into() });
        }
        self.removed(from).await
    }

    async fn removed(&self, path: &Path) -> Result<(), Error> {
        if_there(self.store.delete(path).await).map(drop)
    }
}

/// A file that arrives.
struct Arriving {
    bucket: Arc<Bucket>,
    spool: Spool,
}

impl Arriving {
    async fn sent(&self, to: &Path) -> Result<(), Failure> {
        let (bucket, bytes) = (&self.bucket, self.spool.bytes);
        let _place = match bytes > SMALL_BYTES_MAX as u64 {
            true => Some(bucket.sending.wait(ANSWER_MAX).await.map_err(|_| Failure::Late)?.0),
            false => None,
        };
        if bytes <= PART_BYTES as u64 {
            let content = self.spool.piece(0, PART_BYTES).await?;
            let put = timeout(ANSWER_MAX, bucket.store.put(to, PutPayload::from(content)));
            put.await.map_err(|_| Failure::Late)??;
            bucket.sending.get_on();
            return Ok(());
        }
        let begun = timeout(ANSWER_MAX, bucket.store.put_multipart(to));
        let mut upload = begun.await.map_err(|_| Failure::Late)??;
        let sent = async {
            let mut from = 0;
            while from < bytes {
                let part = self.spool.piece(from, PART_BYTES).await?;
                from += part.len() as u64;
                let sent = timeout(ANSWER_MAX, upload.put_part(PutPayload::from(part)));
                sent.await.map_err(|_| Failure::Late)??;
                bucket.sending.get_on();
            }
            let ended = timeout(ANSWER_MAX, upload.complete());
            ended.await.map_err(|_| Failure::Late)??;
            bucket.sending.get_on();
            Ok(())
        };
        let sent: Result<(), Failure> = sent.await;
        if sent.is_err() {
            // What cannot be said now the bucket's rule for unfinished uploads does later.
            drop(timeout(READY_MAX, upload.abort()).await);
        }
        sent
    }
}

#[async_trait]
impl Incoming for Arriving {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), FilesError> {
        self.spool.write(bytes).await
    }

    async fn keep(self: Box<Self>) -> Result<(), FilesError> {
        let new = self.spool.new;
        let found = self.bucket.ask(KEEPING, async { Ok(self.bucket.find(new.id).await?) });
        if found.await?.is_some() {
            return Err(FilesError::Exists { id: new.id });
        }
        let to = self.bucket.place(new.id, new.at);
        self.sent(&to).await.map_err(|failure| self.bucket.told(KEEPING, failure))
    }
}

/// Reads the name of a file of the trash.
fn trashed_of(meta: &ObjectMeta) -> Option<Trashed> {
    let mut parts = meta.location.filename()?.split('.');
    let (id, since) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    Some(Trashed { id, since: Time(since) })
}

/// Reads the name of a file; what this program did not name so is none of its files.
fn kept_of(meta: &ObjectMeta) -> Option<KeptFile> {
    let id: FileId = meta.location.filename()?.parse().ok()?;
    Some(KeptFile { id, at: Time(id.made_ms().cast_signed()) })
}

fn dated_of(meta: &ObjectMeta) -> Option<KeptFile> {
    let at = meta.location.filename()?.parse().ok()?;
    let id = meta.location.parts().rev().nth(1)?.as_ref().parse().ok()?;
    Some(KeptFile { id, at: Time(at) })
}

#[async_trait]
impl Files for BucketFiles {
    async fn begin(&self, new: NewFile) -> Result<Box<dyn Incoming>, FilesError> {
        // Whether there is one of its id is asked when it is kept.
        let spool = self.spools.begin(new).await;
        Ok(Box::new(Arriving { bucket: self.bucket.clone(), spool: spool? }))
    }

    async fn read(
        &self,
        id: FileId,
        offset: u64,
        bytes_max: usize,
    ) -> Result<Option<Vec<u8>>, FilesError> {
        let (bucket, count) = (&self.bucket, bytes_max.min(READ_BYTES_MAX) as u64);
        bucket
            .ask(READING, async {
                let path = bucket.path(&[KEPT, &id.to_string()]);
                if let Some(bytes) = bucket.read(&path, offset, count).await? {
                    return Ok(Some(bytes));
                }
                match bucket.dated(id).await? {
                    Some((path, _)) => Ok(bucket.read(&path, offset, count).await?),
                    None => Ok(None),
                }
            })
            .await
    }

    async fn delete(&self, id: FileId) -> Result<(), FilesError> {
        let bucket = &self.bucket;
        bucket
            .ask(REMOVING, async {
                bucket.removed(&bucket.path(&[KEPT, &id.to_string()])).await?;
                match bucket.dated(id).await? {
                    Some((path, _)) => Ok(bucket.removed(&path).await?),
                    None => Ok(()),
                }
            })
            .await
    }

    /// A crash between may leave a file both in use and in the trash, and the next sweep takes it
    /// again.
    async fn put_in_trash(&self, file: Trashed) -> Result<bool, FilesError> {
        let bucket = &self.bucket;
        bucket
            .ask(MOVING, async {
                let Some((path, at)) = bucket.find(file.id).await? else { return Ok(false) };
                Ok(if_there(bucket.moved(&path, &bucket.in_trash(file, at)).await)?.is_some())
            })
            .await
    }

    async fn trash(
        &self,
        after: Option<Trashed>,
        limit: usize,
    ) -> Result<Page<Trashed>, FilesError> {
        // Behind everything that begins so.
        let after =
            after.map_or(String::new(), |after| format!("{}.{:019}.:", after.id, after.since.0));
        let bucket = &self.bucket;
        let listed = bucket.ask(LISTING, async {
            Ok(bucket.listed(TRASH, &after, limit.saturating_add(1)).await?)
        });
        let listed = listed.await?;
        let more = listed.len() > limit;
        Ok(Page { items: listed.iter().take(limit).filter_map(trashed_of).collect(), more })
    }

    async fn put_back(&self, file: Trashed) -> Result<(), FilesError> {
        let bucket = &self.bucket;
        bucket
            .ask(MOVING, async {
                let Some((path, at)) = bucket.trashed(file).await? else { return Ok(()) };
                if_there(bucket.moved(&path, &bucket.place(file.id, at)).await)?;
                Ok(())
            })
            .await
    }

    async fn remove_for_good(&self, file: Trashed) -> Result<(), FilesError> {
        let bucket = &self.bucket;
        bucket
            .ask(REMOVING, async {
                match bucket.trashed(file).await? {
                    Some((path, _)) => Ok(bucket.removed(&path).await?),
                    None => Ok(()),
                }
            })
            .await
    }

    async fn list(
        &self,
        after: Option<ListedUntil>,
        limit: usize,
    ) -> Result<FilesPage, FilesError> {
        let (bucket, after) = (&self.bucket, after.unwrap_or_default());
        let name = |id: Option<FileId>| id.map_or(String::new(), |id| id.to_string());
        let one_more = limit.saturating_add(1);
        bucket
            .ask(LISTING, async {
                let (mut items, mut from) = (Vec::new(), after.id);
                if after.segment == IN_KEPT {
                    let found = bucket.listed(KEPT, &name(from), one_more).await?;
                    items = found.iter().take(limit).filter_map(kept_of).collect();
                    if found.len() > limit {
                        let id = items.last().map(|last: &KeptFile| last.id);
                        let next = Some(ListedUntil { segment: IN_KEPT, id });
                        return Ok(FilesPage { items, next });
                    }
                    from = None;
                }
                let left = limit - items.len();
                // Behind the file that the id names.
                let behind = from.map_or(String::new(), |id| format!("{id}0"));
                let found = bucket.listed(DATED, &behind, left.saturating_add(1)).await?;
                let dated: Vec<_> = found.iter().take(left).filter_map(dated_of).collect();
                let id = dated.last().map(|last| last.id).or(from);
                let next = ListedUntil { segment: IN_DATED, id };
                items.extend(dated);
                Ok(FilesPage { items, next: (found.len() > left).then_some(next) })
            })
            .await
    }

    async fn reclaim(&self) -> Result<(), FilesError> {
        Ok(())
    }

    async fn mark(&self) -> Result<Option<String>, FilesError> {
        self.bucket.noted(MARK).await
    }

    async fn set_mark(&self, mark: String) -> Result<(), FilesError> {
        let (bucket, path) = (&self.bucket, self.bucket.path(&[MARK]));
        bucket
            .ask(MARKING, async {
                let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
                match bucket.store.put_opts(&path, mark.into_bytes().into(), options).await {
                    Ok(_) | Err(Error::AlreadyExists { .. }) => Ok(()),
                    Err(error) => Err(error.into()),
                }
            })
            .await
    }

    async fn swept_by(&self) -> Result<Option<String>, FilesError> {
        self.bucket.noted(SWEPT_BY).await
    }

    async fn set_swept_by(&self, word: String) -> Result<(), FilesError> {
        let (bucket, path) = (&self.bucket, self.bucket.path(&[SWEPT_BY]));
        let text = word.into_bytes().into();
        bucket.ask(MARKING, async { Ok(bucket.store.put(&path, text).await.map(drop)?) }).await
    }

    async fn try_out(&self) -> Result<(), FilesError> {
        let bucket = &self.bucket;
        let (from, to) = (bucket.path(&[TRIAL, "a"]), bucket.path(&[TRIAL, "b"]));
        bucket
            .ask(TRYING, async {
                bucket.store.put(&from, PutPayload::from_static(TRIAL.as_bytes())).await?;
                bucket.read(&from, 0, 1).await?;
                bucket.listed(TRIAL, "", 1).await?;
                bucket.moved(&from, &to).await?;
                Ok(bucket.removed(&to).await?)
            })
            .await
    }

    async fn ready(&self) -> Result<(), FilesError> {
        let marked = timeout(READY_MAX, self.mark()).await;
        let late = || self.bucket.told(MARKING, Failure::Late);
        marked.unwrap_or_else(|_| Err(late())).map(drop)
    }
}
