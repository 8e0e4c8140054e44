//! What each command does, one after the other.

use super::{
    AGAIN_MS, BOSS, Bin, Person, Reference, SILENCE_MS, Spot, Thing, What, Who, Why, Work,
    colleagues, workers,
};

type Moved = Result<Thing, &'static str>;

impl Reference {
    /// Works out what a command makes of a thing.
    pub(super) fn moved(&mut self, who: Who, at: usize, what: What) -> Moved {
        let thing = self.things[at].clone();
        let mut after = match what {
            What::Offer(to) => self.offer(thing, who, to)?,
            What::Accept => self.accept(thing, who)?,
            What::Intrude => self.intrude(thing, who)?,
            What::Reject if who == Who::Person(BOSS) && thing.seat.is_some() => {
                Thing { seat: None, ..thing }
            }
            What::Reject => {
                let to = asked(&thing).ok_or("WrongState")?;
                if who != Who::Person(to) {
                    return Err("NotOffered");
                }
                self.passed(thing)
            }
            What::Expire(number) => self.expire(thing, who, number)?,
            What::Update | What::Attach if thing.medium == "chat" && who == Who::Customer => {
                update_by_customer(thing)?
            }
            What::Say => say(thing, who)?,
            What::CompleteTransfer(to) => complete_transfer(thing, who, to)?,
            What::CompleteConference(guest) => complete_conference(thing, who, guest)?,
            What::Update
            | What::Attach
            | What::Delete
            | What::Disposition
            | What::Comment
            | What::Focus => {
                owned_by(&thing, who)?;
                thing
            }
            What::Change | What::ChangePriority | What::ChangeEmail => change(thing, who, what)?,
            What::ToQueue | What::ToNowhere => to_queue(thing, who, what)?,
            What::ToBin(bin) => to_bin(thing, who, bin)?,
            What::Pull => self.pull(thing, who)?,
            What::TransferTo(to) => self.transfer(thing, who, to)?,
            What::TransferToQueue => {
                owned_by(&thing, who)?;
                queued(thing)
            }
            What::TransferToSkill => {
                owned_by(&thing, who)?;
                if !thing.has_queue {
                    return Err("NoCurrentQueue");
                }
                Thing { needs_skill: true, ..queued(thing) }
            }
            What::Invite(to) => self.ask(thing, who, to, Why::Invite)?,
            What::Consult(to) => self.ask(thing, who, to, Why::Consult)?,
            What::Remove(guest) => remove(thing, who, guest)?,
            What::Leave => self.leave(thing, who)?,
            What::EndChat => {
                live(&thing)?;
                owned_by(&thing, who)?;
                hung_up(thing)
            }
            What::CustomerLeft => customer_left(thing, who)?,
            What::Complete | What::CompleteTo => complete(thing, who, what)?,
            What::MakeDraft => self.make_draft(thing, who, at)?,
            What::Save | What::Send | What::Cancel => self.finish_draft(thing, who, what, at)?,
            What::Delivered | What::Failed | What::Defer => self.outgoing(thing, who, what, at)?,
            What::AddFile | What::RemoveFile => files(thing, who, what)?,
            What::Split | What::Join(_) => self.thread(thing, who, what)?,
            What::Silent => self.silent(thing, who)?,
            What::Gone(person) => self.gone(thing, who, person)?,
        };
        if place(&self.things[at].spot) != place(&after.spot) {
            after.epoch += 1;
        }
        let owner = |spot: &Spot| if let Spot::Held { by, .. } = spot { Some(*by) } else { None };
        if owner(&after.spot).is_some() && owner(&after.spot) != owner(&self.things[at].spot) {
            after.held_since = self.now;
        }
        Ok(after)
    }

    fn expire(&self, thing: Thing, who: Who, number: u64) -> Moved {
        let is_seat = thing.seat == Some(number);
        let is_asked = asked(&thing).is_some() && thing.asked_as == number;
        if !is_seat && !is_asked {
            return Err("WrongState");
        }
        if who != Who::Server {
            return Err("NotOwner");
        }
        Ok(if is_seat { Thing { seat: None, ..thing } } else { self.passed(thing) })
    }

    fn offer(&self, thing: Thing, who: Who, to: Person) -> Moved {
        if thing.spot != Spot::Waiting {
            return Err("WrongState");
        }
        if who != Who::Router {
            return Err("NotOwner");
        }
        // The supervisor is in no group; of the agents only the first two have the skill.
        if to == BOSS || (thing.needs_skill && to > 1) {
            return Err("TargetNotEligible");
        }
        self.can_take(&thing, to)?;
        if thing.passes.iter().any(|(person, at)| *person == to && at + AGAIN_MS > self.now) {
            return Err("TargetNotEligible");
        }
        let offers = thing.offers + 1;
        Ok(Thing { spot: Spot::Offered(to), offers, asked_as: offers, ..thing })
    }

    fn intrude(&self, thing: Thing, who: Who) -> Moved {
        live(&thing)?;
        if who != Who::Person(BOSS) {
            return Err("NotSupervisor");
        }
        let Spot::Held { by, asked, guests } = &thing.spot else { return Err("WrongState") };
        if *by == BOSS || guests.iter().any(|(guest, _)| *guest == BOSS) {
            return Err("TargetAlreadyIn");
        }
        if thing.seat.is_some() || asked.is_some_and(|(to, _)| to == BOSS) {
            return Err("OfferOpen");
        }
        if !self.people[BOSS].session {
            return Err("NoSession");
        }
        if !self.people[BOSS].listening {
            return Err("TargetUnreachable");
        }
        let offers = thing.offers + 1;
        Ok(Thing { seat: Some(offers), offers, ..thing })
    }

    fn can_take(&self, thing: &Thing, to: Person) -> Result<(), &'static str> {
        let presence = self.people[to];
        if !presence.session || !presence.listening {
            return Err("TargetUnreachable");
        }
        if !presence.ready {
            return Err("TargetNotReady");
        }
        let has_slot = thing.work != Work::Draft && workers(thing).contains(&to);
        if has_slot || self.has_room(to, thing.medium) { Ok(()) } else { Err("TargetFull") }
    }

    fn accept(&self, mut thing: Thing, who: Who) -> Moved {
        if let (Spot::Held { guests, .. }, Who::Person(BOSS), Some(_)) =
            (&mut thing.spot, who, thing.seat)
        {
            guests.push((BOSS, Why::Watch));
            return Ok(Thing { seat: None, ..thing });
        }
        let to = asked(&thing).ok_or("WrongState")?;
        if who != Who::Person(to) {
            return Err("NotOffered");
        }
        let spot = match thing.spot.clone() {
            Spot::Held { guests, asked: Some((_, Why::Transfer)), .. } => {
                let guests = guests.into_iter().filter(|(guest, _)| *guest != to).collect();
                Spot::Held { by: to, asked: None, guests }
            }
            Spot::Held { by, mut guests, asked: Some((_, why)) } => {
                guests.retain(|(guest, _)| *guest != to);
                guests.push((to, why));
                Spot::Held { by, asked: None, guests }
            }
            _ => Spot::Held { by: to, asked: None, guests: vec![] },
        };
        Ok(Thing { spot, needs_skill: false, passes: vec![], ..thing })
    }

    /// The offer is over without having been accepted.
    fn passed(&self, mut thing: Thing) -> Thing {
        match &mut thing.spot {
            Spot::Offered(to) => {
                let to = *to;
                thing.passes.retain(|(person, _)| *person != to);
                thing.passes.push((to, self.now));
                thing.spot = Spot::Waiting;
            }
            Spot::Held { asked, .. } => *asked = None,
            _ => {}
        }
        thing
    }

    fn pull(&self, thing: Thing, who: Who) -> Moved {
        let Spot::Binned(bin) = thing.spot else { return Err("WrongState") };
        let Who::Person(person) = who else { return Err("NotYourWorkbin") };
        let is_theirs = match bin {
            Bin::Progress(owner) | Bin::Drafts(owner) => owner == person,
            Bin::Team => person != BOSS,
        };
        if !is_theirs && person != BOSS {
            return Err("NotYourWorkbin");
        }
        if !self.people[person].session {
            return Err("NoSession");
        }
        if thing.work != Work::Draft && !self.has_room(person, thing.medium) {
            return Err("Full");
        }
        Ok(Thing { spot: Spot::Held { by: person, asked: None, guests: vec![] }, ..thing })
    }

    fn transfer(&self, thing: Thing, who: Who, to: Person) -> Moved {
        let owner = owned_by(&thing, who)?;
        if to == owner {
            return Err("TargetIsSelf");
        }
        self.can_take(&thing, to)?;
        Ok(asking(thing, to, Why::Transfer))
    }

    fn ask(&self, thing: Thing, who: Who, to: Person, why: Why) -> Moved {
        live(&thing)?;
        if asked(&thing).is_some() {
            return Err("OfferOpen");
        }
        let owner = owned_by(&thing, who)?;
        if to == owner {
            return Err("TargetIsSelf");
        }
        if let Spot::Held { by, guests, .. } = &thing.spot {
            if guests.contains(&(to, Why::Consult)) && why == Why::Invite {
                let show = |(guest, why): &(Person, Why)| {
                    (*guest, if *guest == to { Why::Invite } else { *why })
                };
                let guests = guests.iter().map(show).collect();
                return Ok(Thing { spot: Spot::Held { by: *by, asked: None, guests }, ..thing });
            }
            if colleagues(guests).contains(&to) {
                return Err("TargetAlreadyIn");
            }
        }
        self.can_take(&thing, to)?;
        Ok(asking(thing, to, why))
    }

    fn leave(&self, thing: Thing, who: Who) -> Moved {
        let Spot::Held { by, asked, guests } = thing.spot.clone() else { return Err("WrongState") };
        if thing.work != Work::Chat && thing.work != Work::AfterChat {
            return Err("WrongState");
        }
        let Who::Person(person) = who else { return Err("NotOwner") };
        if person == by {
            return Ok(match colleagues(&guests).is_empty() {
                false => inherited(thing),
                true if thing.work == Work::Chat => hung_up(thing),
                true => thing,
            });
        }
        if guests.iter().all(|(guest, _)| *guest != person) {
            return Err("NotOwner");
        }
        let guests = guests.into_iter().filter(|(guest, _)| *guest != person).collect();
        let asked = asked.filter(|(to, _)| *to != person);
        Ok(Thing { spot: Spot::Held { by, asked, guests }, ..thing })
    }

    fn make_draft(&mut self, mut thing: Thing, who: Who, at: usize) -> Moved {
        let is_held = matches!(thing.spot, Spot::Held { .. });
        if !is_held || thing.medium != "email" || thing.work != Work::Process {
            return Err("WrongState");
        }
        let by = owned_by(&thing, who)?;
        let draft = self.things.len();
        self.things.push(Thing {
            medium: "email",
            work: Work::Draft,
            spot: Spot::Held { by, asked: None, guests: vec![] },
            has_queue: false,
            needs_skill: false,
            passes: vec![],
            parent: Some(at),
            open_drafts: vec![],
            epoch: 1,
            offers: 0,
            asked_as: 0,
            seat: None,
            held_since: self.now,
            opened: self.now,
            has_file: false,
        });
        thing.open_drafts.push(draft);
        Ok(thing)
    }

    fn finish_draft(&mut self, thing: Thing, who: Who, what: What, at: usize) -> Moved {
        if !matches!(thing.spot, Spot::Held { .. }) || thing.work != Work::Draft {
            return Err("WrongState");
        }
        let by = owned_by(&thing, who)?;
        let spot = match what {
            What::Save => return Ok(thing),
            What::Send => Spot::Leaving(by),
            _ => Spot::Over("Canceled"),
        };
        if let Some(parent) = thing.parent {
            self.things[parent].open_drafts.retain(|draft| *draft != at);
        }
        Ok(Thing { spot, ..thing })
    }

    fn outgoing(&mut self, thing: Thing, who: Who, what: What, at: usize) -> Moved {
        let Spot::Leaving(by) = thing.spot else { return Err("WrongState") };
        if who != Who::Mailer {
            return Err("NotOwner");
        }
        if what == What::Defer {
            return Ok(thing);
        }
        if what == What::Delivered {
            return Ok(Thing { spot: Spot::Over("Sent"), ..thing });
        }
        let is_over = |parent: &usize| matches!(self.things[*parent].spot, Spot::Over(_));
        if let Some(parent) = thing.parent.filter(|parent| !is_over(parent)) {
            self.things[parent].open_drafts.push(at);
        }
        let back = Spot::Held { by, asked: None, guests: vec![] };
        let spot = if self.people[by].session { back } else { Spot::Binned(Bin::Drafts(by)) };
        Ok(Thing { spot, ..thing })
    }

    fn thread(&self, thing: Thing, who: Who, what: What) -> Moved {
        let is_letter = thing.medium == "email" && thing.work == Work::Process;
        if !is_letter || matches!(thing.spot, Spot::Over(_)) {
            return Err("WrongState");
        }
        if owned_by(&thing, who).is_err() && who != Who::Person(BOSS) {
            return Err("NotOwner");
        }
        let What::Join(parent) = what else { return Ok(Thing { parent: None, ..thing }) };
        if self.things[parent].medium != "email" {
            return Err("Unknown");
        }
        if self.things[parent].opened >= thing.opened {
            return Err("NotEarlier");
        }
        Ok(Thing { parent: Some(parent), ..thing })
    }

    fn silent(&self, thing: Thing, who: Who) -> Moved {
        let Spot::Held { by, guests, .. } = &thing.spot else { return Err("WrongState") };
        if who != Who::Server {
            return Err("NotOwner");
        }
        if self.people[*by].last_request.max(thing.held_since) + SILENCE_MS > self.now {
            return Ok(thing);
        }
        let by = *by;
        Ok(match thing.work {
            _ if !colleagues(guests).is_empty() => inherited(thing),
            Work::Draft => Thing { spot: Spot::Binned(Bin::Drafts(by)), ..thing },
            _ => queued(thing),
        })
    }

    fn gone(&self, mut thing: Thing, who: Who, person: Person) -> Moved {
        if matches!(thing.spot, Spot::Leaving(_)) || !super::holders(&thing).contains(&person) {
            return Err("WrongState");
        }
        if who != Who::Server {
            return Err("NotOwner");
        }
        if asked(&thing) == Some(person) {
            thing = self.passed(thing);
        }
        thing.seat = thing.seat.filter(|_| person != BOSS);
        let Spot::Held { by, guests, .. } = &mut thing.spot else { return Ok(thing) };
        guests.retain(|(guest, _)| *guest != person);
        if *by != person {
            return Ok(thing);
        }
        Ok(match thing.work {
            _ if !colleagues(guests).is_empty() => inherited(thing),
            Work::Draft => Thing { spot: Spot::Binned(Bin::Drafts(person)), ..thing },
            Work::Process => Thing { spot: Spot::Binned(Bin::Progress(person)), ..thing },
            Work::Chat | Work::AfterChat => queued(thing),
        })
    }
}

/// Who may accept it.
fn asked(thing: &Thing) -> Option<Person> {
    match &thing.spot {
        Spot::Offered(to) => Some(*to),
        Spot::Held { asked, .. } => asked.map(|(to, _)| to),
        _ => None,
    }
}

fn owned_by(thing: &Thing, who: Who) -> Result<Person, &'static str> {
    match (&thing.spot, who) {
        (Spot::Held { by, .. }, Who::Person(person)) if *by == person => Ok(person),
        (Spot::Held { .. }, _) => Err("NotOwner"),
        _ => Err("WrongState"),
    }
}

fn live(thing: &Thing) -> Result<(), &'static str> {
    let is_live = matches!(thing.spot, Spot::Held { .. }) && thing.work == Work::Chat;
    if is_live { Ok(()) } else { Err("WrongState") }
}

fn asking(thing: Thing, to: Person, why: Why) -> Thing {
    match thing.spot.clone() {
        Spot::Held { by, guests, .. } => Thing {
            spot: Spot::Held { by, asked: Some((to, why)), guests },
            offers: thing.offers + 1,
            asked_as: thing.offers + 1,
            seat: thing.seat.filter(|_| to != BOSS),
            ..thing
        },
        _ => thing,
    }
}

fn queued(thing: Thing) -> Thing {
    Thing {
        spot: Spot::Waiting,
        has_queue: true,
        needs_skill: false,
        passes: vec![],
        seat: None,
        ..thing
    }
}

/// The first guest who was asked takes over.
fn inherited(thing: Thing) -> Thing {
    match thing.spot.clone() {
        Spot::Held { mut guests, .. } => {
            let by = colleagues(&guests)[0];
            guests.retain(|(guest, _)| *guest != by);
            Thing { spot: Spot::Held { by, asked: None, guests }, ..thing }
        }
        _ => thing,
    }
}

/// The customer's session is over: guests go, and so does who was asked to be one.
fn hung_up(thing: Thing) -> Thing {
    match thing.spot.clone() {
        Spot::Held { by, asked, .. } => {
            let asked = asked.filter(|(_, why)| *why == Why::Transfer);
            let spot = Spot::Held { by, asked, guests: vec![] };
            Thing { spot, work: Work::AfterChat, seat: None, ..thing }
        }
        _ => thing,
    }
}

fn change(thing: Thing, who: Who, what: What) -> Moved {
    if matches!(thing.spot, Spot::Over(_)) {
        return Err("WrongState");
    }
    let is_owner = owned_by(&thing, who).is_ok();
    let is_boss = who == Who::Person(BOSS);
    if !is_owner && !is_boss {
        return Err("NotOwner");
    }
    if what == What::ChangePriority && !is_boss {
        return Err("SupervisorOnly");
    }
    let is_composing = matches!(thing.spot, Spot::Held { .. }) && thing.work == Work::Draft;
    if what == What::ChangeEmail && !is_composing {
        return Err("ReadOnly");
    }
    Ok(thing)
}

fn to_queue(thing: Thing, who: Who, what: What) -> Moved {
    let is_emptied = matches!(thing.spot, Spot::Binned(_)) && who == Who::Server;
    if !is_emptied {
        owned_by(&thing, who)?;
    }
    if what == What::ToNowhere {
        return Err("Unknown");
    }
    Ok(queued(thing))
}

fn to_bin(thing: Thing, who: Who, bin: Bin) -> Moved {
    if live(&thing).is_ok() {
        return Err("LiveChat");
    }
    owned_by(&thing, who)?;
    Ok(Thing { spot: Spot::Binned(bin), ..thing })
}

fn remove(thing: Thing, who: Who, guest: Person) -> Moved {
    live(&thing)?;
    owned_by(&thing, who)?;
    let Spot::Held { by, asked, guests } = thing.spot.clone() else { return Err("WrongState") };
    let is_asked = asked.is_some_and(|(to, _)| to == guest);
    if !is_asked && !colleagues(&guests).contains(&guest) {
        return Err("TargetNotIn");
    }
    let guests = guests.into_iter().filter(|(other, _)| *other != guest).collect();
    Ok(Thing { spot: Spot::Held { by, asked: asked.filter(|_| !is_asked), guests }, ..thing })
}

fn files(thing: Thing, who: Who, what: What) -> Moved {
    if !matches!(thing.spot, Spot::Held { .. }) || thing.work != Work::Draft {
        return Err("WrongState");
    }
    owned_by(&thing, who)?;
    if what == What::RemoveFile && !thing.has_file {
        return Err("Unknown");
    }
    Ok(Thing { has_file: what == What::AddFile, ..thing })
}

/// Whether the customer of a chat is there, wherever it is.
fn is_live(thing: &Thing) -> bool {
    thing.work == Work::Chat && !matches!(thing.spot, Spot::Over(_))
}

fn update_by_customer(thing: Thing) -> Moved {
    if is_live(&thing) { Ok(thing) } else { Err("WrongState") }
}

fn say(thing: Thing, who: Who) -> Moved {
    let is_held = matches!(thing.spot, Spot::Held { .. });
    if !is_live(&thing) || (who != Who::Customer && !is_held) {
        return Err("WrongState");
    }
    let is_in = match (&thing.spot, who) {
        (_, Who::Customer) => true,
        (Spot::Held { by, guests, .. }, Who::Person(person)) => {
            *by == person || guests.iter().any(|(guest, _)| *guest == person)
        }
        _ => false,
    };
    if is_in { Ok(thing) } else { Err("NotInConversation") }
}

fn complete_transfer(thing: Thing, who: Who, to: Person) -> Moved {
    live(&thing)?;
    owned_by(&thing, who)?;
    let Spot::Held { guests, .. } = thing.spot.clone() else { return Err("WrongState") };
    if !colleagues(&guests).contains(&to) {
        return Err("TargetNotIn");
    }
    let guests = guests.into_iter().filter(|(guest, _)| *guest != to).collect();
    Ok(Thing { spot: Spot::Held { by: to, asked: None, guests }, ..thing })
}

fn complete_conference(thing: Thing, who: Who, wanted: Person) -> Moved {
    live(&thing)?;
    owned_by(&thing, who)?;
    let Spot::Held { by, asked, mut guests } = thing.spot.clone() else { return Err("WrongState") };
    match guests.iter_mut().find(|(guest, _)| *guest == wanted) {
        None | Some((_, Why::Watch)) => return Err("TargetNotIn"),
        Some((_, Why::Consult)) => {}
        Some(_) => return Err("TargetAlreadyIn"),
    }
    guests.iter_mut().filter(|(guest, _)| *guest == wanted).for_each(|(_, why)| *why = Why::Invite);
    Ok(Thing { spot: Spot::Held { by, asked, guests }, ..thing })
}

fn customer_left(thing: Thing, who: Who) -> Moved {
    if thing.work != Work::Chat || matches!(thing.spot, Spot::Over(_)) {
        return Err("WrongState");
    }
    if who != Who::Customer && who != Who::Server {
        return Err("NotOwner");
    }
    Ok(match thing.spot {
        Spot::Held { .. } => hung_up(thing),
        _ => Thing { spot: Spot::Over("Canceled"), ..thing },
    })
}

fn complete(thing: Thing, who: Who, what: What) -> Moved {
    if !matches!(thing.spot, Spot::Held { .. }) || thing.work == Work::Draft {
        return Err("WrongState");
    }
    if what == What::Complete && !thing.open_drafts.is_empty() {
        return Err("OpenDraft");
    }
    owned_by(&thing, who)?;
    Ok(match what {
        What::CompleteTo => queued(thing),
        _ => Thing { spot: Spot::Over("Completed"), seat: None, ..thing },
    })
}

/// Says where a thing is as far as its epoch goes.
fn place(spot: &Spot) -> String {
    match spot {
        Spot::Held { by, .. } => format!("held by {by}"),
        other => format!("{other:?}"),
    }
}
