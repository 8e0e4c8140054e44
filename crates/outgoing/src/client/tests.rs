use std::sync::atomic::{AtomicUsize, Ordering};

use handoff_testkit::tls::{Authority, Files};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;

/// A server that answers every connection alike, and counts them.
struct Server {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Server {
    async fn answering(answer: Vec<u8>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = connections.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                let answer = answer.clone();
                tokio::spawn(async move {
                    let mut request = [0; 4_096];
                    let _read = stream.read(&mut request).await;
                    let _written = stream.write_all(&answer).await;
                    if answer.is_empty() {
                        std::future::pending::<()>().await;
                    }
                });
            }
        });
        Self { address, connections }
    }

    fn count(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

fn limits() -> Limits {
    let short = Duration::from_millis(300);
    Limits { connect: Duration::from_secs(2), whole: short, ..Limits::default() }
}

fn client(allowed: fn(IpAddr) -> bool) -> Client {
    let trust = Box::new(|| Err("this test trusts nobody".to_owned()));
    Client::new(Policy::new(allowed), limits(), trust)
}

async fn post(client: &Client, url: &str) -> Result<Answer, Unsent> {
    client.post(&Url::parse(url).unwrap(), HeaderMap::new(), Bytes::from_static(b"{}")).await
}

const OK: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\n";

/// Every way to write an address of this machine, of its network or of what stands for one. `PORT`
/// is one on which somebody listens at 127.0.0.1.
const INWARD: [&str; 46] = [
    "http://127.0.0.1:PORT/",
    "http://127.0.0.1:PORT",
    "https://127.0.0.1:PORT/x?y=z",
    "http://user:word@127.0.0.1:PORT/",
    "http://127.1:PORT/",
    "http://127.0.1:PORT/",
    "http://2130706433:PORT/",
    "http://0x7f000001:PORT/",
    "http://0x7f.0.0.1:PORT/",
    "http://0177.0.0.1:PORT/",
    "http://017700000001:PORT/",
    "http://127.0.0.2:PORT/",
    "http://127.255.255.254:PORT/",
    "http://0.0.0.0:PORT/",
    "http://0:PORT/",
    "http://0x0:PORT/",
    "http://localhost:PORT/",
    "https://localhost:PORT/",
    "http://LOCALHOST:PORT/",
    "http://localhost.:PORT/",
    "http://１２７.０.０.１:PORT/",
    "http://①②⑦.⓪.⓪.①:PORT/",
    "http://127。0。0。1:PORT/",
    "http://%31%32%37.0.0.1:PORT/",
    "http://[::1]:PORT/",
    "http://[::]:PORT/",
    "http://[0:0:0:0:0:0:0:1]:PORT/",
    "http://[::ffff:127.0.0.1]:PORT/",
    "http://[::ffff:7f00:1]:PORT/",
    "http://[::127.0.0.1]:PORT/",
    "http://[64:ff9b::7f00:1]:PORT/",
    "http://[2002:7f00:1::]:PORT/",
    "http://[fe80::1]:PORT/",
    "http://[fd00:ec2::254]:PORT/",
    "http://[fc00::1]:PORT/",
    "http://[ff02::1]:PORT/",
    "http://10.0.0.1:PORT/",
    "http://172.16.0.1:PORT/",
    "http://192.168.0.1:PORT/",
    "http://100.64.0.1:PORT/",
    "http://169.254.169.254/latest/meta-data/",
    "http://0xa9fea9fe/",
    "http://198.18.0.1:PORT/",
    "http://224.0.0.1:PORT/",
    "http://255.255.255.255:PORT/",
    "http://0300.0250.1:PORT/",
];

#[tokio::test]
async fn no_way_to_write_it_leads_inward() {
    let server = Server::answering(OK.to_vec()).await;
    let nobody = client(|_| false);
    for form in INWARD {
        let url = form.replace("PORT", &server.address.port().to_string());
        let refused = post(&nobody, &url).await.expect_err(form);
        assert!(matches!(refused, Unsent::Private | Unsent::Unknown), "{url}: {refused}");
    }
    assert_eq!(server.count(), 0);
    // The control: it is the address that keeps them out.
    let everybody = client(|_| true);
    for url in &INWARD[..11] {
        let url = url.replace("https", "http").replace("PORT", &server.address.port().to_string());
        assert_eq!(post(&everybody, &url).await.expect(&url).status, 204, "{url}");
    }
    assert_eq!(server.count(), 11);
}

#[tokio::test]
async fn a_redirect_is_an_answer() {
    let inner = Server::answering(OK.to_vec()).await;
    for status in [301, 302, 303, 307, 308] {
        let location = format!(
            "HTTP/1.1 {status} X\r\nlocation: http://{}/\r\ncontent-length: 0\r\n\r\n",
            inner.address
        );
        let outer = Server::answering(location.into_bytes()).await;
        let answer = post(&client(|_| true), &format!("http://{}/", outer.address)).await.unwrap();
        assert_eq!((answer.status, inner.count(), outer.count()), (status, 0, 1));
    }
}

#[tokio::test]
async fn an_answer_is_read_as_far_as_it_may_be() {
    let long =
        [b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n".to_vec(), vec![b'x'; 1_000_000]];
    let server = Server::answering(long.concat()).await;
    let answer = post(&client(|_| true), &format!("http://{}/", server.address)).await.unwrap();
    assert!(
        answer.status == 200 && answer.body.len() <= limits().answer_bytes,
        "{}",
        answer.body.len()
    );
}

#[tokio::test]
async fn whoever_does_not_answer_is_not_waited_for() {
    let silent = Server::answering(Vec::new()).await;
    let waited = post(&client(|_| true), &format!("http://{}/", silent.address)).await;
    assert!(matches!(waited, Err(Unsent::Timeout)), "{waited:?}");
    let nonsense = Server::answering(b"no HTTP\r\n\r\n".to_vec()).await;
    let broken = post(&client(|_| true), &format!("http://{}/", nonsense.address)).await;
    assert!(matches!(broken, Err(Unsent::Broken(_))), "{broken:?}");
}

#[tokio::test]
async fn nothing_goes_unencrypted_to_where_the_operator_did_not_allow_it() {
    // A public address is reached with encryption alone, whoever is there.
    let refused = post(&client(|_| false), "http://1.1.1.1/").await;
    assert!(matches!(refused, Err(Unsent::Plain)), "{refused:?}");
    let server = Server::answering(OK.to_vec()).await;
    let untrusted = post(&client(|_| true), &format!("https://{}/", server.address)).await;
    assert!(matches!(untrusted, Err(Unsent::NoTrust(_))), "{untrusted:?}");
}

/// Answers one request, encrypted.
async fn encrypted(files: &Files) -> SocketAddr {
    let certificate = CertificateDer::from_pem_file(&files.certificate).unwrap();
    let key = PrivateKeyDer::from_pem_file(&files.key).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let (acceptor, listener) =
        (TlsAcceptor::from(Arc::new(config)), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await?;
        let mut stream = acceptor.accept(stream).await?;
        let _read = stream.read(&mut [0; 4_096]).await?;
        stream.write_all(OK).await
    });
    address
}

#[tokio::test]
async fn an_encrypted_server_is_who_a_trusted_authority_says() {
    let (ours, other) = (Authority::make().unwrap(), Authority::make().unwrap());
    let files = ours.certify("receiver", 1).unwrap();
    let trusting = |authority: &Authority| {
        let trusted = Arc::new(authority.trusted().unwrap());
        // An address of this machine is not public, and is reached where that is allowed.
        Client::new(Policy::new(|_| true), Limits::default(), Box::new(move || Ok(trusted.clone())))
    };
    let address = encrypted(&files).await;
    let answer = post(&trusting(&ours), &format!("https://{address}/hook")).await.unwrap();
    assert_eq!(answer.status, 204);

    let address = encrypted(&files).await;
    let stranger = post(&trusting(&other), &format!("https://{address}/hook")).await;
    assert!(matches!(stranger, Err(Unsent::Tls(_))), "{stranger:?}");

    let port = encrypted(&files).await.port();
    let misnamed = post(&trusting(&ours), &format!("https://localhost:{port}/hook")).await;
    assert!(matches!(misnamed, Err(Unsent::Tls(_))), "the certificate is for another name");
}
