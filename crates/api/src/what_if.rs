//! What would have been: the last hours' arrivals, routed by other skills, groups, steps and
//! capacities. Nothing is changed by it.

use std::collections::BTreeSet;

use axum::extract::FromRequestParts;
use axum::extract::State;
use axum::http::request::Parts;
use handoff_domain::{Queue, QueueId, Time, User, UserId, Value};
use handoff_engine::{Question, WhatIfError};
use handoff_provision::{Editor, GivenPassword, QueueDescription, Thing, UserDescription};
use handoff_store::Record;

use crate::administration::{Described, known};
use crate::caller::Admin;
use crate::commands::Answer;
use crate::error::{Code, Refusal};
use crate::queues::OfQueue;
use crate::request::JsonBody;
use crate::shared::Shared;
use crate::users::routing_of;
use crate::wire::date;
use crate::wire::envelope::JsonText;
use crate::wire::fields::Fields;
use crate::wire::what_if::WhatIfResource;

/// For how many hours it is asked unless it is said.
const HOURS: u64 = 24;
const HOUR_MS: i64 = 3_600_000;

/// What a body asks.
pub(crate) struct Asked {
    hours: u64,
    users: Vec<(UserId, UserDescription<String>)>,
    queues: Vec<(QueueId, QueueDescription<String>)>,
}

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let body = JsonBody::from_request_parts(parts, state).await?;
        let fields = body.fields();
        let hours = fields.count("hours")?.unwrap_or(HOURS);
        if !(1..=HOURS).contains(&hours) {
            return Err(Refusal::invalid("The field hours must be 1 to 24; correct it."));
        }
        let users =
            things(fields, "users", |fields| Ok((id(fields, Thing::User)?, routing_of(fields)?)))?;
        let queues = things(fields, "queues", |fields| {
            Ok((id(fields, Thing::Queue)?, OfQueue::read(fields)?.0))
        })?;
        expect_each_once("users", users.iter().map(|(id, _)| id))?;
        expect_each_once("queues", queues.iter().map(|(id, _)| id))?;
        Ok(Self { hours, users, queues })
    }
}

impl Asked {
    /// Returns what it asks, of the contact center as it is.
    fn question(self, center: &Editor<'_>, now: Time) -> Result<Question, Refusal> {
        let mut question = Question {
            center: center.center(),
            from: Time(now.0 - self.hours as i64 * HOUR_MS),
            to: now,
            users: Vec::new(),
            queues: Vec::new(),
        };
        for (id, said) in &self.users {
            let edit = center.change_user(*id, said, &GivenPassword::default())?;
            question.users.extend(edit.records().filter_map(user));
        }
        for (id, said) in &self.queues {
            question.queues.extend(center.change_queue(*id, said)?.records().filter_map(queue));
        }
        Ok(question)
    }
}

fn user(record: &Record) -> Option<User> {
    if let Record::User(user) = record { Some(user.clone()) } else { None }
}

fn queue(record: &Record) -> Option<Queue> {
    if let Record::Queue(queue) = record { Some(queue.clone()) } else { None }
}

/// `POST /system/routing/what-if`
pub(crate) async fn ask(State(shared): State<Shared>, asked: Asked, Admin(me): Admin) -> Answer {
    let core = shared.engine().core();
    let directory = core.directory();
    let question = asked.question(&Editor::new(&directory, me.center()), core.now())?;
    let (from, to) = (question.from, question.to);
    let answer = shared.engine().views().what_if(question).await.map_err(refusal)?;
    Ok(JsonText::of(&WhatIfResource::new(&answer, (from, to), shared.lookup(&directory))))
}

fn refusal(error: WhatIfError) -> Refusal {
    match error {
        WhatIfError::NotKept { since } => Refusal::new(
            Code::WrongState,
            format!("What happened is known from {} on; ask for fewer hours.", date::print(since)),
        ),
        WhatIfError::TooMuch => Refusal::new(
            Code::WrongState,
            "Too much happened in that time to be looked at in one request; ask for fewer hours.",
        ),
        WhatIfError::Busy => Refusal::unavailable(),
        WhatIfError::Store(error) => error.into(),
    }
}

/// Reads a list of objects.
fn things<T>(
    fields: Fields<'_>,
    name: &str,
    read: impl Fn(Fields<'_>) -> Result<T, Refusal>,
) -> Result<Vec<T>, Refusal> {
    let wrong =
        || Refusal::invalid(format!("The field {name} must be a list of objects; correct it."));
    let items = match fields.get(name) {
        None => return Ok(Vec::new()),
        Some(Value::List(items)) => items,
        Some(_) => return Err(wrong()),
    };
    let thing = |item: &Value| match item {
        Value::Map(values) => read(Fields::top(values)),
        _ => Err(wrong()),
    };
    items.iter().map(thing).collect()
}

fn id<I: std::str::FromStr>(fields: Fields<'_>, thing: Thing) -> Result<I, Refusal> {
    known(&fields.required_text("id")?, thing)
}

fn expect_each_once<I: Ord>(name: &str, ids: impl Iterator<Item = I>) -> Result<(), Refusal> {
    let mut seen = BTreeSet::new();
    for id in ids {
        if !seen.insert(id) {
            let sentence = format!("The field {name} has the same id twice; give each once.");
            return Err(Refusal::invalid(sentence));
        }
    }
    Ok(())
}
