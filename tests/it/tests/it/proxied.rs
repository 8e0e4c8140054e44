//! The program behind each proxy that operators are given an example of: its clients are told apart
//! (docs/operations/README.md#behind-a-proxy).

use std::net::Ipv4Addr;

use anyhow::{Result, ensure};
use handoff_testkit::{Answer, Balancer, Call, Client, Program, Proxy, Spread};

/// One chat of an address, and proxies on this machine.
const SETTINGS: [(&str, &str); 2] =
    [("HANDOFF__CHAT__CHATS_PER_ADDRESS", "1"), ("HANDOFF__SERVER__TRUSTED_PROXIES", "127.0.0.1")];

/// Begins a chat from an address, as one who says that they are another.
async fn begins(door: &Balancer, last: u8) -> Result<Answer> {
    let client = Client::anonymous(&door.address());
    let client = client.from_source(Ipv4Addr::new(127, 0, 0, last));
    let made_up = [("x-forwarded-for", "192.0.2.9"), ("forwarded", "for=192.0.2.9")];
    let begin = Call::form("/genesys/2/chat/customer-support", &[("nickname", "Ann")]);
    let begin = made_up.iter().fold(begin, |call, (name, value)| call.header(name, value));
    Ok(client.send(begin).await?)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_behind_a_proxy_are_told_apart_by_their_addresses() -> Result<()> {
    let server = Program::demo(&SETTINGS).await?;
    let node = server.server()?;
    for (proxy, last) in Proxy::ALL.into_iter().zip([2, 4, 6]) {
        let door = Balancer::start(proxy, &[node; 3], Spread::Sticky).await?;
        for client in [last, last + 1] {
            let begun = begins(&door, client).await?;
            ensure!(begun.status == 200, "{proxy:?}: the first of {client}: {begun}");
            let more = begins(&door, client).await?;
            ensure!(more.status == 429, "{proxy:?}: the second of {client}: {more}");
        }
    }
    Ok(())
}
