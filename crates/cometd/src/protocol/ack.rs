//! A session's queue, with and without the `ack` extension.
//!
//! Without acknowledgements, messages that were taken for a reply stay at the front until the reply
//! was handed over, and may be taken again if it was lost on the way. With acknowledgements every
//! message is stamped with a batch and stays until the client has acknowledged that batch
//! (bayeux.md 1.11). Either way the order of the queue is the order of delivery, and nothing leaves
//! it untold.

use std::collections::VecDeque;

use bytes::Bytes;

/// How soon a message wants to be delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// It releases a held connect.
    Prompt,
    /// It waits for the next reply, or for the lazy timeout.
    Lazy,
}

#[derive(Debug)]
struct Queued {
    text: Bytes,
    batch: u64,
    urgency: Urgency,
}

/// Which messages a reply should carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Everything, unacknowledged messages first.
    All,
    /// What was never sent: the client did not say what it has received.
    Unsent,
}

/// The messages for one reply.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// The messages, in order.
    pub messages: Vec<Bytes>,
    /// The batch that the client is to acknowledge; `None` without the extension.
    pub batch: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
pub struct ReplyBounds {
    /// Messages at most.
    pub messages: usize,
    /// Bytes at most, unless the first message alone is larger.
    pub bytes: usize,
}

/// The messages that a session still has to get.
#[derive(Debug)]
pub struct Outbox {
    queue: VecDeque<Queued>,
    bytes: usize,
    /// Messages at the front that are on their way in a reply; always 0 with acknowledgements.
    in_flight: usize,
    /// With the extension: the batch that is open now, from 1.
    open_batch: Option<u64>,
}

impl Outbox {
    /// Makes an empty queue without acknowledgements.
    pub fn plain() -> Self {
        Self { queue: VecDeque::new(), bytes: 0, in_flight: 0, open_batch: None }
    }

    /// Makes an empty queue whose messages stay until they are acknowledged.
    pub fn acknowledged() -> Self {
        Self { open_batch: Some(1), ..Self::plain() }
    }

    /// Tells whether the session uses the `ack` extension.
    pub fn is_acknowledged(&self) -> bool {
        self.open_batch.is_some()
    }

    /// Counts the messages, those in flight or unacknowledged included.
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Tells whether there is nothing to deliver.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Counts the bytes of all messages.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Tells whether messages are on their way in a reply whose fate is not known.
    pub fn is_in_flight(&self) -> bool {
        self.in_flight > 0
    }

    /// Appends a message.
    pub fn push(&mut self, text: Bytes, urgency: Urgency) {
        self.bytes += text.len();
        self.queue.push_back(Queued { text, batch: self.open_batch.unwrap_or(0), urgency });
    }

    /// Makes every lazy message a prompt one: it has waited long enough.
    pub fn hurry(&mut self) {
        for queued in &mut self.queue {
            queued.urgency = Urgency::Prompt;
        }
    }

    /// Tells whether something is worth an answer at once.
    pub fn has_prompt(&self, selection: Selection) -> bool {
        let first = self.first(selection);
        self.queue.iter().skip(first).any(|queued| queued.urgency == Urgency::Prompt)
    }

    fn first(&self, selection: Selection) -> usize {
        match (self.open_batch, selection) {
            (Some(open), Selection::Unsent) => {
                self.queue.partition_point(|queued| queued.batch < open)
            }
            (Some(_), Selection::All) => 0,
            (None, _) => self.in_flight,
        }
    }

    /// Drops what the client has acknowledged. A number that was never given out acknowledges
    /// nothing that is unsent.
    pub fn acknowledge(&mut self, batch: u64) {
        let Some(open) = self.open_batch else { return };
        while self.queue.front().is_some_and(|queued| queued.batch <= batch && queued.batch < open)
        {
            self.drop_front();
        }
    }

    fn drop_front(&mut self) {
        if let Some(queued) = self.queue.pop_front() {
            self.bytes -= queued.text.len();
        }
    }

    /// Takes messages for a reply. With acknowledgements this closes the batch; without, what was
    /// taken is in flight until [`Outbox::handed_over`] or [`Outbox::lost`], and nothing more can
    /// be taken before.
    pub fn take(&mut self, selection: Selection, bounds: ReplyBounds) -> Taken {
        if self.is_in_flight() {
            return Taken::default();
        }
        let first = self.first(selection);
        let mut messages: Vec<Bytes> = Vec::new();
        let mut bytes = 0;
        for queued in self.queue.iter().skip(first).take(bounds.messages) {
            bytes += queued.text.len();
            if bytes > bounds.bytes && !messages.is_empty() {
                break;
            }
            messages.push(queued.text.clone());
        }
        match self.open_batch {
            None => self.in_flight = messages.len(),
            Some(open) => self.close_batch(open, first + messages.len()),
        }
        Taken { messages, batch: self.open_batch.map(|open| open - 1) }
    }

    /// Closes the open batch over the first messages; the rest belongs to the next one, or it would
    /// be dropped with an acknowledgement of what never reached the client.
    fn close_batch(&mut self, open: u64, taken: usize) {
        for queued in self.queue.iter_mut().skip(taken) {
            queued.batch = open + 1;
        }
        self.open_batch = Some(open + 1);
    }

    /// The reply was handed over: what it carried is gone.
    pub fn handed_over(&mut self) {
        for _ in 0..std::mem::take(&mut self.in_flight) {
            self.drop_front();
        }
    }

    /// The reply was lost: what it carried is at the front again.
    pub fn lost(&mut self) {
        self.in_flight = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: ReplyBounds = ReplyBounds { messages: 100, bytes: 1_000 };

    fn filled(mut outbox: Outbox, messages: &[&'static str]) -> Outbox {
        for message in messages {
            outbox.push(Bytes::from_static(message.as_bytes()), Urgency::Prompt);
        }
        outbox
    }

    #[test]
    fn a_lost_reply_leaves_the_order_as_it_was() {
        let mut outbox = filled(Outbox::plain(), &["a", "b"]);
        assert_eq!(outbox.take(Selection::All, ALL).messages, ["a", "b"]);
        outbox.push(Bytes::from_static(b"c"), Urgency::Prompt);
        assert!(
            outbox.take(Selection::All, ALL).messages.is_empty(),
            "nothing overtakes what is in flight"
        );
        outbox.lost();
        assert_eq!(outbox.take(Selection::All, ALL).messages, ["a", "b", "c"]);
        outbox.handed_over();
        assert_eq!((outbox.len(), outbox.bytes()), (0, 0));
    }

    #[test]
    fn unacknowledged_messages_are_sent_again_before_newer_ones() {
        let mut outbox = filled(Outbox::acknowledged(), &["a"]);
        assert_eq!(
            outbox.take(Selection::All, ALL),
            Taken { messages: vec!["a".into()], batch: Some(1) }
        );
        outbox.push(Bytes::from_static(b"b"), Urgency::Prompt);
        outbox.acknowledge(0);
        assert_eq!(
            outbox.take(Selection::All, ALL),
            Taken { messages: vec!["a".into(), "b".into()], batch: Some(2) }
        );
        outbox.acknowledge(1);
        assert_eq!(outbox.len(), 1);
        outbox.acknowledge(2);
        assert!(outbox.is_empty());
    }

    #[test]
    fn an_acknowledgement_cannot_drop_what_was_never_sent() {
        let mut outbox = filled(Outbox::acknowledged(), &["a"]);
        outbox.acknowledge(u64::MAX);
        assert_eq!(outbox.take(Selection::All, ALL).messages, ["a"]);
    }

    #[test]
    fn what_did_not_fit_is_not_acknowledged_with_what_did() {
        for bounds in
            [ReplyBounds { messages: 2, bytes: 1_000 }, ReplyBounds { messages: 9, bytes: 2 }]
        {
            let mut outbox = filled(Outbox::acknowledged(), &["a", "b", "c"]);
            assert_eq!(outbox.take(Selection::All, bounds).messages, ["a", "b"]);
            outbox.acknowledge(1);
            assert_eq!(
                outbox.take(Selection::All, bounds),
                Taken { messages: vec!["c".into()], batch: Some(2) }
            );
        }
    }

    #[test]
    fn one_message_may_exceed_the_bytes_of_a_reply() {
        let mut outbox = filled(Outbox::plain(), &["abcdef", "g"]);
        assert_eq!(
            outbox.take(Selection::All, ReplyBounds { messages: 9, bytes: 3 }).messages,
            ["abcdef"]
        );
    }

    #[test]
    fn a_client_that_does_not_say_what_it_has_gets_only_what_was_never_sent() {
        let mut outbox = filled(Outbox::acknowledged(), &["a"]);
        outbox.take(Selection::All, ALL);
        assert!(!outbox.has_prompt(Selection::Unsent));
        assert!(outbox.has_prompt(Selection::All));
        outbox.push(Bytes::from_static(b"b"), Urgency::Lazy);
        assert!(!outbox.has_prompt(Selection::Unsent));
        outbox.hurry();
        assert!(outbox.has_prompt(Selection::Unsent));
        assert_eq!(outbox.take(Selection::Unsent, ALL).messages, ["b"]);
    }
}
