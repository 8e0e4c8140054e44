//! A conversation with clamd over its local socket: the command `INSTREAM`, then pieces with their
//! lengths before them, then its verdict (clamd's manual, section "Commands").

use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::time::timeout;

/// How long the scanner may take for one step. A large archive takes it some seconds.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes of an answer, which is one line.
const ANSWER_BYTES_MAX: u64 = 4_096;

/// What the scanner says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Clean,
    Infected,
}

/// One file that is being scanned.
pub(crate) struct Scan {
    stream: UnixStream,
}

impl Scan {
    pub(crate) async fn begin(socket: &Path) -> io::Result<Self> {
        let mut stream = in_time(UnixStream::connect(socket)).await?;
        in_time(stream.write_all(b"zINSTREAM\0")).await?;
        Ok(Self { stream })
    }

    pub(crate) async fn show(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            // A piece of no bytes is the end.
            return Ok(());
        }
        let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
        in_time(self.stream.write_all(&length.to_be_bytes())).await?;
        in_time(self.stream.write_all(bytes)).await
    }

    pub(crate) async fn verdict(mut self) -> io::Result<Verdict> {
        in_time(self.stream.write_all(&0_u32.to_be_bytes())).await?;
        let mut answer = Vec::new();
        in_time((&mut self.stream).take(ANSWER_BYTES_MAX).read_to_end(&mut answer)).await?;
        let answer = String::from_utf8_lossy(&answer);
        let answer = answer.trim_end_matches('\0').trim();
        if answer.ends_with(" OK") {
            Ok(Verdict::Clean)
        } else if answer.ends_with(" FOUND") {
            Ok(Verdict::Infected)
        } else {
            // Errors, limits and anything that is not understood.
            Err(io::Error::other(format!("clamd answered {answer:?}")))
        }
    }
}

async fn in_time<T>(step: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(PATIENCE, step).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

#[cfg(test)]
mod tests {
    use tokio::net::UnixListener;

    use super::*;

    /// Answers one scan, whatever is shown; returns what was shown.
    async fn scanner(listener: UnixListener, answer: &'static [u8]) -> Vec<u8> {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut command = [0; 10];
        stream.read_exact(&mut command).await.unwrap();
        assert_eq!(&command, b"zINSTREAM\0");
        let mut shown = Vec::new();
        loop {
            let length = stream.read_u32().await.unwrap();
            if length == 0 {
                break;
            }
            let mut piece = vec![0; usize::try_from(length).unwrap()];
            stream.read_exact(&mut piece).await.unwrap();
            shown.extend(piece);
        }
        stream.write_all(answer).await.unwrap();
        shown
    }

    async fn verdict_of(answer: &'static [u8]) -> io::Result<Verdict> {
        let home = tempfile::tempdir().unwrap();
        let socket = home.path().join("clamd");
        let scanning = tokio::spawn(scanner(UnixListener::bind(&socket).unwrap(), answer));
        let mut scan = Scan::begin(&socket).await?;
        for piece in [&b"first "[..], b"", b"second"] {
            scan.show(piece).await?;
        }
        let verdict = scan.verdict().await;
        assert_eq!(scanning.await.unwrap(), b"first second");
        verdict
    }

    #[tokio::test]
    async fn only_a_clear_word_lets_a_file_in() {
        assert_eq!(verdict_of(b"stream: OK\0").await.unwrap(), Verdict::Clean);
        assert_eq!(
            verdict_of(b"stream: Win.Test.EICAR_HDB-1 FOUND\0").await.unwrap(),
            Verdict::Infected
        );
        for unclear in [&b"INSTREAM size limit exceeded. ERROR\0"[..], b"", b"stream: OKAY"] {
            assert!(verdict_of(unclear).await.is_err());
        }
    }

    #[tokio::test]
    async fn without_a_scanner_nothing_gets_in() {
        assert!(Scan::begin(Path::new("/nonexistent/clamd")).await.is_err());
    }
}
