//! The floor: the same people at a bare server, which hands on what it gets.

use std::sync::Arc;

use anyhow::Result;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::Options;
use super::people::{Agent, Customer, Direction, People, Tally, Voice, Write};
use crate::bare::Bare;
use handoff_testkit::comet::{Reader, Writer};
use handoff_testkit::http::source;
use handoff_testkit::{Call, Client, comet};

/// Customers are told nothing of what they say themselves, and need no leave to go on.
const LEAVE: usize = 1 << 20;

pub(super) async fn open(bare: &Bare, options: &Options) -> Result<People> {
    let (chats, each) = (usize::from(options.chats), usize::from(options.chats_each));
    let (tally, mut listeners) = (Arc::new(Tally::default()), JoinSet::new());
    let (mut customers, mut agents) = (Vec::new(), Vec::new());
    for number in 0..chats {
        let (writer, reader) = socket(bare, number).await?;
        listeners.spawn(listen(reader, Arc::clone(&tally), Direction::ToCustomer));
        let voice = Voice::Relay { writer, agent: chats + number / each };
        customers.push(Arc::new(Customer { voice, may_send: Arc::new(Semaphore::new(LEAVE)) }));
    }
    for number in 0..chats.div_ceil(each) {
        let (writer, reader) = socket(bare, chats + number).await?;
        let tally = Arc::clone(&tally);
        listeners.spawn(async move {
            listen(reader, tally, Direction::ToAgent).await;
            drop(writer);
        });
        let own = number * each..((number + 1) * each).min(chats);
        let (client, turn) = (Client::anonymous(&bare.address()), tokio::sync::Mutex::default());
        agents.push(Arc::new(Agent { turn, client, chats: own.map(write).collect() }));
    }
    Ok(People { customers, agents, tally, process: bare.id()?, _listeners: listeners })
}

async fn socket(bare: &Bare, number: usize) -> Result<(Writer, Reader)> {
    let client = Client::anonymous(&bare.address()).from_source(source(number));
    comet::open(&client, &format!("/socket/{number}")).await
}

fn write(customer: usize) -> Write {
    Box::new(move |text| {
        let call = Call::new(hyper::Method::POST, "").at(&format!("/one/{customer}"));
        call.body("text/plain", text.to_owned())
    })
}

async fn listen(mut reader: Reader, tally: Arc<Tally>, direction: Direction) {
    loop {
        match reader.frame_however_late().await {
            Ok(frame) => _ = tally.notice(direction, &frame),
            Err(error) => return tally.fail(&error),
        }
    }
}
