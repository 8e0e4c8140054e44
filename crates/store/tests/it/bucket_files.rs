//! Files in a bucket: against a real server of S3's protocol, one that goes away in between, and
//! some that answer wrongly on purpose.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use handoff_domain::FileId;
use handoff_store::conformance::s3_server::S3Server;
use handoff_store::conformance::samples::BEGIN;
use handoff_store::conformance::samples::chats::file_id;
use handoff_store::{
    BucketFiles, BucketOptions, Files, FilesError, KeptFile, MemoryFiles, carry_files, with_causes,
};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::timeout;

use crate::kept_files::{keep, new, whole};

/// More than a part.
const LARGE: usize = 9_000_000;
const SECRET: &str = "canary-of-a-secret";
/// What any answer may take, with a busy machine's room.
const TOLD_MAX: Duration = Duration::from_secs(45);

fn options(endpoint: &str, bucket: &str) -> BucketOptions {
    BucketOptions {
        bucket: bucket.to_owned(),
        prefix: "a/b".to_owned(),
        endpoint: endpoint.to_owned(),
        region: "us-east-1".to_owned(),
        key: "canary-of-a-key".to_owned(),
        secret: SECRET.into(),
        authorities: None,
    }
}

/// Returns files in a fresh bucket, which arrive in a directory.
pub(crate) async fn fresh() -> (BucketFiles, TempDir) {
    let bucket = spawn_blocking(|| S3Server::shared().fresh_bucket()).await.unwrap();
    over(&S3Server::shared().endpoint(), &bucket)
}

fn over(endpoint: &str, bucket: &str) -> (BucketFiles, TempDir) {
    let directory = TempDir::new().unwrap();
    (BucketFiles::new(options(endpoint, bucket), directory.path()).unwrap(), directory)
}

fn content(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|at| (at % 251) as u8).collect()
}

async fn read(files: &dyn Files, id: FileId) -> Option<Vec<u8>> {
    whole(files, id, usize::MAX).await
}

#[tokio::test]
async fn a_large_file_goes_in_parts_and_every_node_reads_it() {
    let bucket = spawn_blocking(|| S3Server::shared().fresh_bucket()).await.unwrap();
    let endpoint = S3Server::shared().endpoint();
    let ((one, directory), (other, _kept)) = (over(&endpoint, &bucket), over(&endpoint, &bucket));
    let id = FileId::compose(BEGIN, 7);
    let incoming = one.begin(handoff_store::NewFile { id, at: BEGIN, bytes_max: u64::MAX });
    let mut incoming = incoming.await.unwrap();
    let wanted = content(LARGE);
    for piece in wanted.chunks(65_536) {
        incoming.write(piece).await.unwrap();
    }
    incoming.keep().await.unwrap();
    assert_eq!(read(&other, id).await, Some(wanted));
    let kept = other.list(None, 9).await.unwrap().items;
    assert_eq!(kept, [KeptFile { id, at: BEGIN }]);
    let left = std::fs::read_dir(directory.path()).unwrap().count();
    assert_eq!(left, 0, "what arrives has no name");
    other.delete(id).await.unwrap();
    assert_eq!(read(&one, id).await, None);
}

#[tokio::test]
async fn files_go_into_a_bucket_and_back() {
    let (bucket, _directory) = fresh().await;
    let (source, back) = (MemoryFiles::new(), MemoryFiles::new());
    keep(&source, new(file_id(1), BEGIN), b"one").await;
    keep(&source, new(FileId::compose(BEGIN, 9), BEGIN), b"two").await;
    assert_eq!(carry_files(&source, &bucket, &|_| ()).await.unwrap().carried, 2);
    assert_eq!(carry_files(&source, &bucket, &|_| ()).await.unwrap().there, 2);
    assert_eq!(carry_files(&bucket, &back, &|_| ()).await.unwrap().carried, 2);
    assert_eq!(back.list(None, 9).await.unwrap(), source.list(None, 9).await.unwrap());
}

/// A way to a server that can be cut.
struct Way {
    endpoint: String,
    /// How many bytes more it lets through.
    left: Arc<AtomicUsize>,
    carrying: JoinHandle<()>,
}

impl Drop for Way {
    fn drop(&mut self) {
        self.carrying.abort();
    }
}

impl Way {
    async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let left = Arc::new(AtomicUsize::new(usize::MAX));
        let budget = left.clone();
        let carrying = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, port, budget.clone()));
            }
        });
        Self { endpoint, left, carrying }
    }
}

async fn carry(mut client: TcpStream, port: u16, left: Arc<AtomicUsize>) {
    let mut server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let (mut up, mut down) = ([0; 16_384], [0; 16_384]);
    loop {
        let (bytes, is_up) = tokio::select! {
            read = client.read(&mut up) => (read.unwrap_or(0), true),
            read = server.read(&mut down) => (read.unwrap_or(0), false),
        };
        let room = left.load(Ordering::SeqCst);
        if bytes == 0 || room < bytes {
            left.fetch_min(room.saturating_sub(bytes), Ordering::SeqCst);
            return;
        }
        if room != usize::MAX {
            left.fetch_sub(bytes, Ordering::SeqCst);
        }
        let sent = match is_up {
            true => server.write_all(&up[..bytes]).await,
            false => client.write_all(&down[..bytes]).await,
        };
        if sent.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn a_server_that_goes_away_in_the_middle_of_a_file_keeps_nothing_of_it() {
    let bucket = spawn_blocking(|| S3Server::shared().fresh_bucket()).await.unwrap();
    let way = Way::to(S3Server::shared().port()).await;
    let (files, _directory) = over(&way.endpoint, &bucket);
    let at = |n| FileId::compose(BEGIN, n);
    for (n, bytes, let_through) in [(1, 1_000_000, 300_000), (2, LARGE, 8_500_000)] {
        let large = handoff_store::NewFile { id: at(n), at: BEGIN, bytes_max: u64::MAX };
        let mut incoming = files.begin(large).await.unwrap();
        incoming.write(&content(bytes)).await.unwrap();
        way.left.store(let_through, Ordering::SeqCst);
        let refused = timeout(TOLD_MAX, incoming.keep()).await.expect("it is told in time");
        let refused = with_causes(&refused.unwrap_err());
        assert!(refused.contains("no store answers at http://127.0.0.1"), "{refused}");
        let told = with_causes(&files.ready().await.unwrap_err());
        assert!(told.contains("let it run, or correct s3.endpoint"), "{told}");
        way.left.store(usize::MAX, Ordering::SeqCst);
        files.ready().await.unwrap();
        assert_eq!(read(&files, at(n)).await, None, "nothing of it is there");
        keep(&files, new(at(10 + n), BEGIN), b"and later").await;
        assert_eq!(read(&files, at(10 + n)).await.as_deref(), Some(&b"and later"[..]));
    }
    let kept = files.list(None, 9).await.unwrap().items.len();
    assert_eq!(kept, 2, "the control: what was kept stays");
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_told() {
    let endpoint = spawn_blocking(|| S3Server::shared().endpoint()).await.unwrap();
    let (files, _directory) = over(&endpoint, "nobodys");
    let incoming = files.begin(new(file_id(1), BEGIN)).await.unwrap();
    let refusals = [
        files.ready().await.unwrap_err(),
        files.list(None, 1).await.unwrap_err(),
        incoming.keep().await.unwrap_err(),
    ];
    for refused in refusals {
        let told = with_causes(&refused);
        assert!(told.contains("there is no bucket nobodys at http://"), "{told}");
        assert!(!told.contains("canary"), "{told}");
    }
}

#[tokio::test]
async fn a_server_whose_name_nobody_knows_is_told_so() {
    let (files, _directory) = over("http://nobody.invalid:9000", "handoff");
    let told = with_causes(&files.ready().await.unwrap_err());
    assert!(told.contains("no store answers at http://nobody.invalid:9000 ("), "{told}");
    assert!(!told.contains("its answer"), "{told}");
}

#[tokio::test]
async fn what_may_be_done_is_tried_out_and_leaves_nothing() {
    let (files, _directory) = fresh().await;
    files.try_out().await.unwrap();
    assert_eq!(files.list(None, 9).await.unwrap().items, []);
    assert!(files.trash(None, 9).await.unwrap().items.is_empty());
    let denied = answering(refusal("403 Forbidden", "AccessDenied")).await;
    let (files, _directory) = over(&denied, "handoff");
    let told = with_causes(&files.try_out().await.unwrap_err());
    assert!(told.contains("let it list, read, write and delete there"), "{told}");
}

/// The end of an answer after which nothing comes and nobody hangs up.
const STALLED: &str = "\r\n\r\n";

/// A server that gives the same answer to everything.
async fn answering(answer: String) -> String {
    answering_by(move |_| answer.clone()).await
}

/// A server that answers by the head of each request, and then says nothing more.
async fn answering_by(answer: impl Fn(&str) -> String + Send + Sync + 'static) -> String {
    let answer = Arc::new(answer);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut head = [0; 8_192];
                let read = client.read(&mut head).await.unwrap_or(0);
                let answer = answer(&String::from_utf8_lossy(&head[..read]));
                let _ = client.write_all(answer.as_bytes()).await;
                if answer.ends_with(STALLED) {
                    std::future::pending::<()>().await;
                }
            });
        }
    });
    endpoint
}

fn refusal(status: &str, code: &str) -> String {
    // Some servers repeat who asked.
    let body = format!(
        "<Error><Code>{code}</Code><AWSAccessKeyId>canary-of-a-key</AWSAccessKeyId></Error>"
    );
    format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test]
async fn what_a_server_refuses_is_told_in_a_sentence() {
    let short = "HTTP/1.1 206 Partial Content\r\nContent-Length: 9\r\nETag: \"e\"\r\n\
                 Last-Modified: Wed, 21 Oct 2015 07:28:00 GMT\r\n\
                 Content-Range: bytes 0-8/9\r\nConnection: close\r\n\r\nhalf";
    let answers = [
        (refusal("403 Forbidden", "InvalidAccessKeyId"), "correct s3.key and s3.secret"),
        (refusal("403 Forbidden", "SignatureDoesNotMatch"), "correct s3.key and s3.secret"),
        (refusal("403 Forbidden", "AccessDenied"), "let it list, read, write and delete there"),
        (refusal("400 Bad Request", "AuthorizationHeaderMalformed"), "correct s3.region"),
        (refusal("301 Moved Permanently", "PermanentRedirect"), "correct s3.region"),
        (refusal("403 Forbidden", "RequestTimeTooSkewed"), "clock"),
        (refusal("503 Service Unavailable", "SlowDown"), "status 503 SlowDown"),
        (refusal("500 Internal Server Error", "InternalError"), "status 500 InternalError"),
        (short.to_owned(), "no store answers"),
        ("what is this?".to_owned(), "no store answers"),
    ];
    for (answer, sentence) in answers {
        let (files, _directory) = over(&answering(answer).await, "handoff");
        let told = timeout(TOLD_MAX, files.read(FileId::compose(BEGIN, 1), 0, 9)).await;
        let told = told.expect("it is told in time").unwrap_err();
        assert!(matches!(told, FilesError::Unavailable { .. }), "{told:?}");
        let told = with_causes(&told);
        assert!(told.contains(sentence), "{sentence}: {told}");
        assert!(!told.contains("canary"), "{told}");
        assert!(!format!("{files:?}").contains(SECRET), "nobody is shown the secret");
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_is_not_waited_for_for_long() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (files, _directory) = over(&format!("http://{}", listener.local_addr().unwrap()), "b");
    let told = timeout(Duration::from_secs(20), files.ready()).await.expect("it is told in time");
    let told = with_causes(&told.unwrap_err());
    assert!(told.contains("does not answer in time"), "{told}");
    drop(listener);
    let told = with_causes(&files.ready().await.unwrap_err());
    assert!(told.contains("no store answers at"), "the control: {told}");
}

#[tokio::test]
async fn a_refusal_that_stops_after_its_head_is_not_waited_for_for_long() {
    let endpoint = answering_by(|head| {
        let answer = match head.split(' ').next() {
            Some("PUT") => "400 Bad Request\r\nContent-Length: 99\r\n\r\n",
            Some("HEAD") => "404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            _ => "200 OK\r\nContent-Length: 13\r\nConnection: close\r\n\r\n<List></List>",
        };
        format!("HTTP/1.1 {answer}")
    });
    let (files, _directory) = over(&endpoint.await, "handoff");
    let incoming = files.begin(new(FileId::compose(BEGIN, 1), BEGIN)).await.unwrap();
    let told = timeout(TOLD_MAX, incoming.keep()).await.expect("it is told in time");
    assert!(matches!(told, Err(FilesError::Unavailable { .. })), "{told:?}");
}

#[tokio::test]
async fn what_a_server_wrote_is_not_repeated() {
    let body = "<List><Contents><Size>a canary</Size></Contents></List>";
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let (files, _directory) = over(&answering(answer).await, "handoff");
    let told = with_causes(&files.list(None, 1).await.unwrap_err());
    assert!(told.contains("its answer is none of a store's"), "{told}");
    assert!(!told.contains("canary"), "{told}");
}

#[tokio::test]
async fn a_copy_that_is_not_there_leaves_the_file_where_it_was() {
    let removed = Arc::new(AtomicUsize::new(0));
    let count = removed.clone();
    let endpoint = answering_by(move |head| {
        let is_of_trash = head.lines().next().is_some_and(|line| line.contains("/trash/"));
        match head.split(' ').next() {
            Some("HEAD") if !is_of_trash => {
                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nETag: \"e\"\r\n\
                 Last-Modified: Wed, 21 Oct 2015 07:28:00 GMT\r\nConnection: close\r\n\r\n"
                    .to_owned()
            }
            Some("PUT") => {
                "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned()
            }
            method => {
                count.fetch_add(usize::from(method == Some("DELETE")), Ordering::SeqCst);
                "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                    .to_owned()
            }
        }
    });
    let (files, _directory) = over(&endpoint.await, "handoff");
    let taken = handoff_store::Trashed { id: FileId::compose(BEGIN, 1), since: BEGIN };
    let told = timeout(TOLD_MAX, files.put_in_trash(taken)).await.expect("it is told in time");
    let told = with_causes(&told.unwrap_err());
    assert!(told.contains("a copy that it said it made is not there"), "{told}");
    assert_eq!(removed.load(Ordering::SeqCst), 0);
}
