//! The one shape of all answers to a chat's customer, always complete
//! (docs/compat/customers.md#answers).

use handoff_domain::{Chat, FileId, Interaction, Visibility};
use handoff_engine::{CurrentBoard, Most};
use handoff_store::StoreError;
use serde::Serialize;
use serde_json::{Map, Value};

use super::availability;
use super::poll_positions::Progress;
use super::refusal::CustomerRefusal;
use super::state::DoorState;
use crate::shared::Shared;
use crate::wire::availability::Availability;
use crate::wire::transcript::CustomerMessage;

/// Entries in one answer; the rest comes with the next one.
const ENTRIES_MAX: usize = 1_000;
/// What they may take, in bytes; one may exceed it. Hundreds of customers may take their answers
/// slowly at the same time.
const BYTES_MAX: usize = 128 << 10;
/// The alias of the server: clients send the latest one back, and nothing is read from it.
const ALIAS: &str = "1";
const MS_PER_S: u64 = 1_000;

/// From where on a customer wants to hear what was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Since {
    /// From this index on, as somebody who polls.
    Index(u64),
    /// From this index on, as somebody who is told what happens; notes reach them by themselves.
    Pushed(u64),
    /// Nothing: the answer names an index without any entries, from which nothing is missed.
    Nothing,
}

/// How a chat stands, for its customer.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Answer {
    status_code: u8,
    alias: &'static str,
    chat_id: String,
    user_id: String,
    secure_key: String,
    /// The index from which to ask next.
    pub(crate) next_position: u64,
    /// Whether the session is over, with nothing more to come.
    pub(crate) chat_ended: bool,
    messages: Vec<CustomerMessage>,
    #[serde(skip)]
    has_more: bool,
    /// Of an answer to an upload the file's id, else empty: what agents and routing attach is not
    /// the customer's.
    user_data: Map<String, Value>,
    /// Where the customer is in line.
    #[serde(flatten)]
    pub(crate) standing: Standing,
}

/// Where a customer is in line, and what they may expect there; nothing for whoever does not wait.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Standing {
    #[serde(skip_serializing_if = "Option::is_none")]
    queue_position: Option<usize>,
    /// In seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    expected_wait: Option<u64>,
    /// How the service stands, while the customer waits and after waiting too long.
    #[serde(skip_serializing_if = "Option::is_none")]
    availability: Option<Availability>,
}

impl Standing {
    /// Returns where the customer of a chat is in line now; nothing for whoever does not wait.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub(crate) async fn now(
        shared: &Shared,
        interaction: &Interaction,
    ) -> Result<Self, StoreError> {
        if !availability::may_be_said_of(interaction) {
            return Ok(Self::default());
        }
        let board = shared.engine().core().current_board().await?;
        Ok(Self::of(shared, board, interaction).unwrap_or_default())
    }

    /// Returns where the customer of a chat is in line; `None` when there is nothing to say of it.
    pub(crate) fn of(
        shared: &Shared,
        board: CurrentBoard<'_>,
        interaction: &Interaction,
    ) -> Option<Self> {
        let place = shared.engine().views().place_in_line(board, interaction);
        let availability = availability::of_chat(shared, board, interaction, place)?;
        let expected_wait =
            place.and_then(|place| place.expected_wait_ms).map(|ms| ms.div_ceil(MS_PER_S));
        Some(Self {
            queue_position: place.map(|place| place.position),
            expected_wait: expected_wait.filter(|_| availability.is_open()),
            availability: Some(availability),
        })
    }

    /// Tells whether a customer who was told this learns nothing new by the other. That the
    /// expected wait is a little longer or shorter is nothing new; that there is one, or none any
    /// more, is.
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        self.queue_position == other.queue_position
            && self.availability == other.availability
            && self.expected_wait.is_some() == other.expected_wait.is_some()
    }
}

impl Answer {
    /// Says how a chat stands.
    pub(crate) async fn of(
        doors: &DoorState,
        interaction: &Interaction,
        secure_key: &str,
        since: Since,
    ) -> Result<Self, CustomerRefusal> {
        let engine = doors.engine();
        let (after, wanted) = match since {
            // Positions begin with 1, and clients begin with 0 as well
            // (docs/compat/customers.md#by-cometd).
            Since::Index(index) | Since::Pushed(index) => (index.saturating_sub(1), ENTRIES_MAX),
            Since::Nothing => (0, 0),
        };
        let most = Most { entries: wanted, bytes: BYTES_MAX };
        let entries =
            engine.views().transcript_page(interaction, after, Visibility::All, most).await?;
        let read = entries.last().and_then(|entry| entry.customer);
        let newer;
        let mut interaction = interaction;
        if read.unwrap_or(after) > end_of(interaction) {
            // It is older than what was said in it, and may not know of its end.
            let found = engine.core().interaction(interaction.id).await?;
            newer = found.ok_or(handoff_engine::NotYourChat::Unknown)?;
            interaction = &newer;
        }
        // A position beyond the end is none that the customer could come from; believed, it would
        // hide whatever is said up to there.
        let end = end_of(interaction);
        let last = read.unwrap_or_else(|| after.min(end));
        let mut answer = Self::bare(interaction, secure_key, last)?;
        answer.has_more = since != Since::Nothing && last < end;
        answer.messages = entries.iter().filter_map(CustomerMessage::of).collect();
        let advance = |progress| doors.advance_position(interaction.id, progress);
        match since {
            Since::Index(_) => {
                advance(if answer.chat_ended { Progress::Ended } else { Progress::UpTo(last) });
                let notes = engine.conversations().take_notes(interaction.id, &entries);
                answer.messages.extend(notes.iter().map(CustomerMessage::of_note));
            }
            Since::Nothing => {
                answer.next_position = advance(Progress::Unknown) + 1;
                // Whoever asks for nothing that was said is told at once what a refusal would tell
                // them.
                answer.chat_ended = interaction.chat().is_some_and(|chat| !chat.is_live());
            }
            Since::Pushed(_) => {}
        }
        answer.standing = Standing::now(doors.shared(), interaction).await?;
        Ok(answer)
    }

    /// Says how a chat stands for a customer who has heard everything up to `last`, without any of
    /// what was said.
    pub(crate) fn bare(
        interaction: &Interaction,
        secure_key: &str,
        last: u64,
    ) -> Result<Self, CustomerRefusal> {
        let chat = interaction.chat().ok_or(handoff_engine::NotYourChat::Unknown)?;
        Ok(Self {
            status_code: 0,
            alias: ALIAS,
            chat_id: interaction.id.to_string(),
            user_id: chat.customer.user_id.clone(),
            secure_key: secure_key.to_owned(),
            next_position: last + 1,
            chat_ended: is_over(chat, last),
            messages: Vec::new(),
            user_data: Map::new(),
            standing: Standing::default(),
            has_more: false,
        })
    }

    /// Adds where the customer is in line.
    pub(crate) fn standing(self, standing: Standing) -> Self {
        Self { standing, ..self }
    }

    /// Adds a message that is no entry, as the one that tells the limits of files.
    pub(crate) fn with(mut self, message: CustomerMessage) -> Self {
        self.messages.push(message);
        self
    }

    /// Says at the top which file has been taken (clients look for it there,
    /// docs/api/customers.md).
    pub(crate) fn with_file(mut self, file: FileId) -> Self {
        self.user_data.insert("file-id".to_owned(), Value::String(file.to_string()));
        self
    }

    /// Tells whether something was said that is not in it, because it would have been too large.
    pub(crate) const fn has_more(&self) -> bool {
        self.has_more
    }

    pub(crate) fn has_messages(&self) -> bool {
        !self.messages.is_empty()
    }
}

/// Returns the number of the last entry that the customer of a chat may read.
fn end_of(interaction: &Interaction) -> u64 {
    interaction.chat().map_or(0, |chat| chat.for_customer)
}

/// Tells whether a chat is over for a customer who has come so far: clients stop asking when they
/// are told so, and must not miss the end.
const fn is_over(chat: &Chat, last: u64) -> bool {
    !chat.is_live() && last >= chat.for_customer
}
