//! The floor: the same people at a bare server, which hands on what it gets.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use hyper::header::HeaderMap;
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinSet;

use super::Options;
use super::people::{Agent, Customer, Direction, People, Tally, Voice, Write};
use crate::bare::Bare;
use handoff_faults::chats::socket::{Ear, Way};
use handoff_testkit::load::center::PASSWORD;
use handoff_testkit::load::http::{Call, Client};

/// Customers are told nothing of what they say themselves, and need no leave to go on.
const LEAVE: usize = 1 << 20;

/// Opens everybody's sockets.
///
/// # Errors
///
/// When the relay refuses one.
pub(super) async fn open(bare: &Bare, options: &Options) -> Result<People> {
    let (chats, each) = (usize::from(options.chats), usize::from(options.chats_each));
    let server = (*bare.address.borrow()).context("the relay is away")?;
    let (tally, mut listeners) = (Arc::new(Tally::default()), JoinSet::new());
    let (mut customers, mut agents) = (Vec::new(), Vec::new());
    for number in 0..chats {
        let path = format!("/socket/{number}");
        let (mouth, ear) = Way { server, number, path: &path, user: None }.open().await?;
        listeners.spawn(listen(ear, Arc::clone(&tally), Direction::ToCustomer));
        let voice = Voice::Relay { mouth, agent: chats + number / each };
        customers.push(Arc::new(Customer { voice, may_send: Arc::new(Semaphore::new(LEAVE)) }));
    }
    for number in 0..chats.div_ceil(each) {
        let place = chats + number;
        let path = format!("/socket/{place}");
        let (mouth, ear) = Way { server, number: place, path: &path, user: None }.open().await?;
        let tally = Arc::clone(&tally);
        listeners.spawn(async move {
            listen(ear, tally, Direction::ToAgent).await;
            drop(mouth);
        });
        let own = number * each..((number + 1) * each).min(chats);
        let client = Mutex::new(Client::new(bare.address.subscribe(), "nobody", PASSWORD)?);
        agents.push(Arc::new(Agent { client, chats: own.map(write).collect() }));
    }
    Ok(People { customers, agents, tally, process: bare.id()?, _listeners: listeners })
}

fn write(customer: usize) -> Write {
    Box::new(move |text| Call {
        method: hyper::Method::POST,
        path: format!("/one/{customer}"),
        body: Some(text.to_owned().into()),
        headers: HeaderMap::new(),
    })
}

async fn listen(mut ear: Ear, tally: Arc<Tally>, direction: Direction) {
    loop {
        match ear.frame_however_late().await {
            Ok(frame) => _ = tally.notice(direction, &frame),
            Err(error) => return tally.fail(&error),
        }
    }
}
