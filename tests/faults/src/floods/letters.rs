//! Letters and messages of the largest size: they are kept on the disk, not in memory, and a list
//! of them comes in pieces.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::{Extent, FLOOD, HONEST, letter, open, stranger};
use crate::campaign::Found;
use handoff_testkit::center::ADMIN;
use handoff_testkit::process::{Memory, resident};
use handoff_testkit::program::fixed;
use handoff_testkit::{Address, Call, Program};

/// How often, and how long after, a message is sent again that was to come later.
const TRIES_MORE_MAX: usize = 50;
const LATER: std::time::Duration = std::time::Duration::from_millis(100);
/// How many letters are sent, and of how many bytes.
const LETTERS: usize = 600;
const LETTER_BYTES: usize = 240_000;
/// How many chat messages are sent, in how many chats; more a second than a chat may bring would be
/// refused.
const MESSAGES: usize = 3_000;
const CHATS: usize = 100;
/// Characters of a message; each is four bytes.
const MESSAGE_CHARS: usize = 4_096;
const LINES: usize = 16;
/// What one answer may have, in bytes: a page, and what its text grows by when it is written as
/// JSON.
const ANSWER_MAX: usize = 10 << 20;
/// By how much more memory a program may use after a restart than one that has nothing to read, in
/// bytes: what reading a page takes.
const RESTART_MAX: u64 = 32 << 20;

pub(super) async fn check(binary: &Path, home: &Path, extent: Extent) -> Result<Found> {
    let mut found = Found::default();
    if extent.control {
        let (server, process) = (serve_from_memory().await?, std::process::id());
        let memory = Memory::watch(process)?;
        // The extent is the whole one: what is too little to be noticed by its size is no control.
        send_letters(&server, LETTERS).await?;
        found.demand_growth("letters", memory.grown());
        return Ok(found);
    }
    let (_, mut program) = open(binary, home, "", "").await?;
    let fresh = resident(program.id()?)?;
    let memory = Memory::watch(program.id()?)?;
    let letters = extent.of(LETTERS, LETTERS / 10);
    let taken = send_letters(&program.address(), letters).await?;
    found.demand(taken == letters, || format!("{taken} of {letters} letters were taken in"));
    found.demand_growth(&format!("{letters} letters of {LETTER_BYTES} bytes"), memory.grown());
    let memory = Memory::watch(program.id()?)?;
    let messages = extent.of(MESSAGES, MESSAGES / 10);
    let said = send_messages(&program.address(), messages).await?;
    found.demand(said == messages, || format!("{said} of {messages} messages were said"));
    found.demand_growth(&format!("{messages} messages of 16 KiB"), memory.grown());
    list(&program, letters, &mut found).await?;
    program.kill().await?;
    let took = program.restart().await?;
    // It has read what waits once when it listens.
    let again = resident(program.id()?)?;
    found.figure(format!(
        "after a restart of {} ms {} MiB, fresh {} MiB",
        took.as_millis(),
        again >> 20,
        fresh >> 20
    ));
    found.demand(again <= fresh + RESTART_MAX, || {
        format!(
            "after a restart the program uses {} MiB, fresh it was {} MiB",
            again >> 20,
            fresh >> 20
        )
    });
    program.kill().await?;
    Ok(found)
}

/// Reads everything that waits as the admin does, page by page.
async fn list(program: &Program, letters: usize, found: &mut Found) -> Result<()> {
    let admin = program.client(ADMIN).from_source(HONEST);
    let (mut listed, mut pages, mut largest, mut cursor) = (0, 0, 0, String::new());
    loop {
        let path = format!("/interactions?fields=*&channel=email&limit=1000{cursor}");
        let answer = admin.get(&path).await?.ok()?;
        listed += answer.body["interactions"].as_array().map_or(0, Vec::len);
        pages += 1;
        largest = largest.max(answer.bytes.len());
        match answer.body["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    found
        .figure(format!("{listed} letters in {pages} pages, the largest of {} KiB", largest >> 10));
    found.demand(listed == letters, || format!("{listed} of {letters} letters are in the list"));
    found.demand(largest <= ANSWER_MAX, || format!("a page has {largest} bytes"));
    Ok(())
}

/// Sends letters by the web form; returns how many were taken in.
async fn send_letters(server: &Address, count: usize) -> Result<usize> {
    let (next, taken) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut senders = JoinSet::new();
    for _ in 0..LINES {
        let (next, taken, flood) = (next.clone(), taken.clone(), stranger(server, FLOOD));
        senders.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= count {
                    return anyhow::Ok(());
                }
                // In no more bytes than it has: nothing of it needs to be escaped.
                let text = "longs".repeat(LETTER_BYTES / 5);
                let answer =
                    flood.send(letter("write", &format!("letter {number}"), &text)).await?;
                taken.fetch_add(usize::from(answer.status == 200), Ordering::Relaxed);
            }
        });
    }
    finish(senders).await?;
    Ok(taken.load(Ordering::Relaxed))
}

/// Says messages in chats that wait; returns how many were taken.
async fn send_messages(server: &Address, count: usize) -> Result<usize> {
    let said = Arc::new(AtomicUsize::new(0));
    let mut customers = JoinSet::new();
    let chats = CHATS.min(count / 10);
    let each = count / chats;
    let text: Arc<str> = "\u{1f600}".repeat(MESSAGE_CHARS).into();
    for number in 0..chats {
        let (said, text, customer) = (said.clone(), text.clone(), stranger(server, FLOOD));
        customers.spawn(async move {
            let nickname = format!("customer {number}");
            let begin = Call::form("/genesys/2/chat/help", &[("nickname", &nickname)]);
            let begun = customer.send(begin).await?;
            let field = |name: &str| begun.body[name].as_str().map(str::to_owned);
            let chat = field("chatId").with_context(|| format!("no chat: {}", begun.body))?;
            let key = field("secureKey").context("no key")?;
            for message in 0..each {
                let id = message.to_string();
                let fields = [("secureKey", &*key), ("messageId", &*id), ("message", &*text)];
                let call = Call::form(&format!("/genesys/2/chat/help/{chat}/send"), &fields);
                let mut answer = customer.send(&call).await?;
                // A fast program takes more than one address may ask for in a second; who is told
                // to come later does.
                for _ in 0..TRIES_MORE_MAX {
                    if answer.code() != 1 {
                        break;
                    }
                    tokio::time::sleep(LATER).await;
                    answer = customer.send(&call).await?;
                }
                said.fetch_add(usize::from(answer.code() == 0), Ordering::Relaxed);
            }
            anyhow::Ok(())
        });
    }
    finish(customers).await?;
    Ok(said.load(Ordering::Relaxed))
}

async fn finish(mut tasks: JoinSet<Result<()>>) -> Result<()> {
    while let Some(done) = tasks.join_next().await {
        done.context("a sender panicked")??;
    }
    Ok(())
}

/// Takes letters in and keeps them in memory: what the program would be without bounds in bytes.
async fn serve_from_memory() -> Result<Address> {
    let kept: Arc<std::sync::Mutex<Vec<Vec<u8>>>> = Arc::default();
    let take = |State(kept): State<Arc<std::sync::Mutex<Vec<Vec<u8>>>>>, body: Bytes| async move {
        if let Ok(mut kept) = kept.lock() {
            kept.push(body.to_vec());
        }
        axum::Json(json!({"statusCode": 0}))
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.context("listen")?;
    let address = listener.local_addr()?;
    let router = Router::new().route("/genesys/2/email/write", post(take)).with_state(kept);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(fixed(address))
}
