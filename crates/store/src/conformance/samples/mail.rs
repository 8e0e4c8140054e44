//! Letters, mails on their way out, contacts and marks, made from small numbers.

use handoff_domain::event::{Cause, Subject};
use handoff_domain::{
    Acknowledgement, Attachment, Automatic, ContactId, Direction, DraftVersion, Email, Event, Fact,
    FileId, Filing, Interaction, MailboxId, Medium, Queue, Report, ReportKind, ReportedRecipient,
    Silence, State, Threading, Time, Unproven,
};

use super::{BEGIN, CENTER, interaction, interaction_id, queue, queue_id, user_id};
use crate::record::{
    AfterFetch, Contact, ContactProfile, DraftVersions, ImapSource, MailLogin, MailSecurity,
    Mailbox, MailboxMark, OAuthLogin, SecretPlace, SmtpRelay, WayOut,
};

/// Returns the n-th contact.
#[must_use]
pub fn contact(n: u64) -> Contact {
    Contact {
        id: ContactId(0x1c000 + u128::from(n)),
        center: CENTER,
        address: format!("customer{n}@example.com"),
        name: Some("Eve".to_owned()),
        first_seen: BEGIN,
        last_seen: BEGIN.plus_ms(5),
        last_answered: Some(BEGIN.plus_ms(4)),
        automatic_count: 2,
        automatic_since: BEGIN.plus_ms(3),
        profile: None,
    }
}

/// Returns the n-th contact as somebody wrote down what they know of them.
#[must_use]
pub fn known_contact(n: u64) -> Contact {
    let profile = ContactProfile {
        first_name: Some("Eve".to_owned()),
        last_name: Some("Adams".to_owned()),
        phone_numbers: vec!["+45 12 34".to_owned()],
        language: Some("da".to_owned()),
        time_zone: Some("Europe/Copenhagen".to_owned()),
        version: 2,
        by: user_id(1),
        at: BEGIN,
    };
    Contact { profile: Some(profile), ..contact(n) }
}

/// Returns the event that somebody wrote down all that one can of the n-th contact.
#[must_use]
pub fn contact_event(n: u64, at: Time) -> Event {
    use handoff_domain::event::ContactField::{
        FirstName, Language, LastName, PhoneNumbers, TimeZone,
    };
    let fields = vec![FirstName, LastName, PhoneNumbers, Language, TimeZone];
    Event {
        at,
        cause: Cause::User(user_id(1)),
        facts: vec![Fact::ContactChanged { contact: contact(n).id, fields }],
        subject: Subject::Center(CENTER),
        notices: Vec::new(),
    }
}

/// Returns the n-th mailbox, with everything that one can have.
#[must_use]
pub fn mailbox(n: u64) -> Mailbox {
    let address = format!("support{n}@example.com");
    let password = SecretPlace::Env("SUPPORT_PASSWORD".to_owned());
    let oauth = OAuthLogin {
        token_url: "https://login.example.com/token".to_owned(),
        client_id: "handoff".to_owned(),
        client_secret: Some(SecretPlace::File("/run/secrets/client".to_owned())),
        refresh_token: SecretPlace::Env("SUPPORT_TOKEN".to_owned()),
        scope: "smtp".to_owned(),
    };
    Mailbox {
        id: MailboxId(0x3a000 + u128::from(n)),
        center: CENTER,
        name: "Example Support".to_owned(),
        aliases: vec![format!("help{n}@example.com")],
        queue: queue_id(1),
        is_default: true,
        takes_lmtp: true,
        has_reply_tokens: true,
        source: Some(ImapSource {
            host: "imap.example.com".to_owned(),
            port: 993,
            security: MailSecurity::Tls,
            login: MailLogin::Password { user: address.clone(), password },
            folder: "INBOX".to_owned(),
            after: AfterFetch::Move { folder: "Handled".to_owned() },
            poll_ms: 60_000,
            only_new: true,
        }),
        exit: Some(WayOut::Relay(SmtpRelay {
            host: "smtp.example.com".to_owned(),
            port: 587,
            security: MailSecurity::Starttls,
            login: Some(MailLogin::OAuth { user: address.clone(), oauth }),
        })),
        address,
    }
}

/// Returns the mark of the n-th mailbox, of which nothing was skipped.
#[must_use]
pub fn mark(n: u64) -> MailboxMark {
    let (mailbox, folder) = (format!("support{n}"), "INBOX".to_owned());
    MailboxMark { mailbox, folder, uid_validity: 7, uid: 42, skipped: None, account: None }
}

/// Returns a file of an e-mail.
#[must_use]
pub fn attachment(n: u64) -> Attachment {
    Attachment {
        file: FileId(0x2f000 + u128::from(n)),
        name: "chart.png".to_owned(),
        bytes: 17,
        content_type: "image/png".to_owned(),
        content_id: Some("chart@example.com".to_owned()),
        inline: true,
    }
}

fn addressed() -> Email {
    Email {
        from: "customer@example.com".to_owned(),
        to: vec!["support@example.com".to_owned()],
        body_as_plain_text: "Hello".to_owned(),
        ..Email::default()
    }
}

/// Returns the n-th interaction as a letter that answers another, with everything that a letter can
/// have.
#[must_use]
pub fn letter(n: u64) -> Interaction {
    let recipient = ReportedRecipient {
        address: "nobody@example.com".to_owned(),
        action: "failed".to_owned(),
        status: Some("5.1.1".to_owned()),
        diagnostic: Some("no such mailbox".to_owned()),
    };
    let report = Report {
        kind: ReportKind::NonDelivery,
        originals: vec!["1@example.com".to_owned()],
        recipients: vec![recipient],
    };
    let email = Email {
        message_id: Some("2@example.com".to_owned()),
        answers: vec!["1@example.com".to_owned()],
        attachments: vec![attachment(1)],
        raw: Some(FileId(0x2f002)),
        mailbox: Some("support@example.com".to_owned()),
        date: Some(BEGIN),
        automatic: Some(Automatic::NullSender),
        report: Some(report),
        ..addressed()
    };
    Interaction {
        parent: Some(interaction_id(0)),
        thread: Some(interaction_id(0)),
        contact: Some(contact(1).id.to_string()),
        medium: Medium::Email(email),
        ..interaction(n)
    }
}

/// Returns the n-th interaction as a mail that was put off twice on its way out.
#[must_use]
pub fn outgoing(n: u64) -> Interaction {
    let email = Email {
        message_id: Some("3@example.com".to_owned()),
        base: Some(interaction_id(0)),
        sends: 2,
        ..addressed()
    };
    Interaction {
        direction: Direction::Outbound,
        medium: Medium::Email(email),
        state: State::Sending {
            by: Some(user_id(1)),
            since: BEGIN,
            attempt: 2,
            due: BEGIN.plus_ms(60_000),
            last: Some("451 try again".to_owned()),
        },
        ..interaction(n)
    }
}

/// Returns a queue of e-mails that confirms letters and has drafts looked at.
#[must_use]
pub fn confirming_queue(n: u64) -> Queue {
    let acknowledge = Acknowledgement {
        subject: "We have it".to_owned(),
        text: "You will hear from us.".to_owned(),
    };
    Queue { review: Some(queue_id(9)), acknowledge: Some(acknowledge), ..queue(n) }
}

/// Returns the texts that the n-th draft had.
#[must_use]
pub fn versions(n: u64) -> DraftVersions {
    let mut versions = DraftVersions::of(interaction_id(n));
    for (number, body) in [(1, "<p>No</p>"), (2, "<p>Perhaps</p>")] {
        let email = Email {
            from: "support@demo.example".to_owned(),
            to: vec!["eve@example.com".to_owned()],
            body: body.to_owned(),
            ..Email::default()
        };
        let (by, at, subject) = (user_id(number), BEGIN, Some("Re: An order".to_owned()));
        versions.add(DraftVersion { number: 0, by, at, subject, email });
    }
    versions
}

/// Returns an event with everything that can happen to an e-mail and to nothing else.
#[must_use]
pub fn taken_in(letter: Interaction, at: Time) -> Event {
    let (file, name) = (FileId(0x2f001), "chart.png".to_owned());
    let parent = letter.parent;
    let threaded = |how| Fact::Threaded { parent, how };
    let mut facts = vec![
        Fact::SentForReview,
        Fact::DeliveryDeferred { attempt: 1, reply: "451 try again".to_owned(), next: at },
        Fact::AttachmentAdded { file, name: name.clone() },
        Fact::AttachmentRemoved { file, name },
        Fact::Remark("A part was cut off.".to_owned()),
        Fact::Acknowledged { by: interaction_id(3) },
    ];
    facts.extend(
        [
            Threading::Token,
            Threading::KnownMessage,
            Threading::ReportOn,
            Threading::NotProven(Unproven::UnknownMessage),
            Threading::NotProven(Unproven::SomebodyElses),
            Threading::NothingNamed,
            Threading::Split,
            Threading::Joined,
        ]
        .map(threaded),
    );
    facts.extend([Filing::OwnMessage, Filing::Report, Filing::Loop].map(|why| Fact::Filed { why }));
    facts.extend(
        [
            Silence::Automatic(Automatic::List),
            Silence::Report,
            Silence::NoSender,
            Silence::OwnAddress,
            Silence::Lately,
        ]
        .map(|why| Fact::NotAcknowledged { why }),
    );
    Event {
        at,
        cause: Cause::Server,
        facts,
        subject: Subject::Interaction(letter),
        notices: Vec::new(),
    }
}
