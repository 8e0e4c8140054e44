//! How a conversation changes: entries get their numbers and parties come in here and nowhere else.

use alloc::vec;

use crate::chat::{
    Chat, ChatRequest, Content, Entry, FileUse, Party, PartyId, PartyKind, Speaker, Visibility,
};
use crate::exchange::Exchange;
use crate::id::UserId;
use crate::time::Time;

impl Chat {
    /// Starts a conversation with its customer.
    pub(crate) fn start(request: ChatRequest, now: Time) -> Self {
        let ChatRequest { service, nickname, customer, times } = request;
        let party = Party {
            id: PartyId::CUSTOMER,
            colleague: Some(PartyId::CUSTOMER),
            public: Some(PartyId::CUSTOMER),
            kind: PartyKind::Customer,
            nickname,
            sees: Visibility::All,
            shown_to: Visibility::All,
            present: true,
        };
        Self {
            service,
            customer,
            parties: vec![party],
            total: 0,
            for_agents: 0,
            for_customer: 0,
            bytes: 0,
            exchange: Exchange::begun(now),
            last_activity: now,
            alerted: None,
            ended: None,
            files: FileUse::default(),
            times,
        }
    }

    /// Numbers an entry in every audience that sees it, and takes it as a sign of life when it is
    /// one.
    pub(crate) fn record(
        &mut self,
        at: Time,
        from: Speaker,
        visibility: Visibility,
        content: Content,
    ) -> Entry {
        if content.is_activity() {
            self.last_activity = self.last_activity.max(at);
            self.alerted = None;
        }
        self.total += 1;
        self.bytes += content.text_bytes() as u64;
        let next = |count: &mut u64, audience: Visibility| {
            (visibility <= audience).then(|| {
                *count += 1;
                *count
            })
        };
        let agents = next(&mut self.for_agents, Visibility::Agents);
        let customer = next(&mut self.for_customer, Visibility::All);
        let entry = Entry {
            number: self.total,
            agents,
            customer,
            at,
            from,
            visibility,
            content,
            message_id: None,
        };
        self.exchange.note(&entry);
        entry
    }

    /// Returns the party of a user, present or not; a new one when they were never in.
    pub(crate) fn party_of(&mut self, user: UserId) -> &mut Party {
        let known = self.parties.iter().position(|party| party.kind.user() == Some(user));
        let at = known.unwrap_or_else(|| {
            let id =
                self.parties.iter().map(|party| party.id.0).max().unwrap_or(PartyId::SYSTEM.0) + 1;
            self.parties.push(Party {
                id: PartyId(id),
                colleague: None,
                public: None,
                kind: PartyKind::Agent(user),
                nickname: Default::default(),
                sees: Visibility::Agents,
                shown_to: Visibility::Supervisors,
                present: false,
            });
            self.parties.len() - 1
        });
        &mut self.parties[at]
    }

    /// Returns the number by which agents will know the next party that they see; `None` in a chat
    /// without such numbers.
    pub(crate) fn next_colleague(&self) -> Option<PartyId> {
        self.customer_party()?.colleague?;
        self.parties
            .iter()
            .filter_map(|party| party.colleague)
            .max()
            .map(|last| PartyId(last.0 + 1))
    }

    /// Returns the number by which the customer will know the next party that they see.
    pub(crate) fn next_public(&self) -> PartyId {
        let last = self.parties.iter().filter_map(|party| party.public).max();
        PartyId(last.unwrap_or(PartyId::SYSTEM).0 + 1)
    }
}
