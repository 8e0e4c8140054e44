//! Services in center files.

use handoff_domain::{
    ChatTerms, Date, Direction, FileLimits, OpenMediaTerms, ServiceKind, ServiceTerms, Weekday,
};

use super::*;

/// A center with a service of each type and every option.
const SERVICES: &str = r#"[center]
name = "Demo"
[[queue]]
name = "chats"
channel = "chat"
[[queue]]
name = "mails"
channel = "email"
[[queue]]
name = "texts"
channel = "sms"
[[service]]
name = "help"
type = "chat"
queue = "chats"
customerSilence = "60s"
idleAlert = "0s"
idleClose = "20d"
maxWaiting = 20
origins = ["https://www.example.com", "https://*.example.org"]
[service.hours]
timeZone = "Europe/Copenhagen"
open = ["Mon-Fri 08:00-18:00", "Sat 22:30-24:00"]
[service.files]
uploads = 1
fileBytes = 1000
totalBytes = 2000
downloads = 4
types = ["PDF", "png"]
needAgent = true
[[service]]
name = "contact"
type = "email"
queue = "mails"
mailbox = "support@example.com"
files = { uploads = 2, totalBytes = 3000, types = ["txt"] }
[[service]]
name = "help"
type = "openmedia"
queue = "texts"
enabled = false
mediaType = "sms"
interactionType = "Internal"
interactionSubType = "InboundCustomerReply"
allowOverwrite = true
"#;

/// The same services with nothing but what they need.
const PLAIN: &str = r#"[center]
name = "Demo"
[[queue]]
name = "chats"
channel = "chat"
[[queue]]
name = "mails"
channel = "email"
[[queue]]
name = "texts"
channel = "sms"
[[service]]
name = "help"
type = "chat"
queue = "chats"
[[service]]
name = "contact"
type = "email"
queue = "mails"
mailbox = "support@example.com"
[[service]]
name = "help"
type = "openmedia"
queue = "texts"
"#;

fn changed(from: &str, to: &str) -> String {
    assert!(SERVICES.contains(from), "{from}");
    SERVICES.replacen(from, to, 1)
}

#[tokio::test]
async fn every_option_becomes_part_of_the_terms() {
    let directory = Setup::with(SERVICES).await.directory().await;
    let chat = directory.service(ServiceKind::Chat, "help").unwrap();
    assert_eq!(directory.queues[&chat.queue].name, "chats");
    assert!(chat.enabled);
    let terms = chat.chat().unwrap();
    let times = terms.times;
    assert_eq!(
        (times.customer_silence_ms, times.idle_alert_ms, times.idle_close_ms),
        (60_000, 0, 1_728_000_000)
    );
    assert_eq!(terms.max_waiting, Some(20));
    assert_eq!(terms.origins, ["https://www.example.com", "https://*.example.org"]);
    let hours = terms.hours.as_ref().unwrap();
    assert_eq!((hours.zone.as_str(), hours.open.len()), ("Europe/Copenhagen", 6));
    let is_open = |day, minute| hours.is_open(Date { year: 2026, month: 7, day: 3 }, day, minute);
    assert!(is_open(Weekday::Friday, 8 * 60) && !is_open(Weekday::Friday, 18 * 60));
    assert!(is_open(Weekday::Saturday, 24 * 60 - 1) && !is_open(Weekday::Sunday, 0));
    let files = FileLimits {
        uploads_max: 1,
        file_bytes_max: 1_000,
        total_bytes_max: 2_000,
        downloads_max: 4,
        types: vec!["pdf".to_owned(), "png".to_owned()],
        need_agent: true,
    };
    assert_eq!(terms.files, files);
    let email = directory.service(ServiceKind::Email, "contact").unwrap().email().unwrap().clone();
    assert_eq!(
        (email.mailbox.as_str(), email.files_max, email.bytes_max),
        ("support@example.com", 2, 3_000)
    );
    assert_eq!(email.types, ["txt"]);
    let other = directory.service(ServiceKind::OpenMedia, "help").unwrap();
    let open_media = OpenMediaTerms {
        media: Media::Open("sms".to_owned()),
        direction: Direction::Internal,
        sub_type: "InboundCustomerReply".to_owned(),
        allow_overwrite: true,
    };
    assert_eq!((other.enabled, &other.terms), (false, &ServiceTerms::OpenMedia(open_media)));
}

#[tokio::test]
async fn what_is_left_out_has_its_default() {
    let directory = Setup::with(PLAIN).await.directory().await;
    let chat = directory.service(ServiceKind::Chat, "help").unwrap();
    assert_eq!(chat.chat(), Some(&ChatTerms::default()));
    let times = ChatTerms::default().times;
    assert_eq!(
        (times.customer_silence_ms, times.idle_alert_ms, times.idle_close_ms),
        (45_000, 255_000, 45_000)
    );
    let files = FileLimits::default();
    assert_eq!(
        (files.uploads_max, files.file_bytes_max, files.total_bytes_max),
        (3, 12_582_912, 37_748_736)
    );
    let email = directory.service(ServiceKind::Email, "contact").unwrap().email().unwrap().clone();
    assert_eq!((email.files_max, email.bytes_max, email.types.len()), (10, 10_485_760, 8));
    let other =
        directory.service(ServiceKind::OpenMedia, "help").unwrap().open_media().unwrap().clone();
    assert_eq!(
        (other.media.name(), other.direction, other.allow_overwrite),
        ("sms", Direction::Inbound, false)
    );
}

#[tokio::test]
async fn a_change_of_a_service_is_told_and_keeps_the_id() {
    let setup = Setup::with(SERVICES).await;
    assert_eq!(setup.apply(SERVICES, Unnamed::Prune).await.unwrap(), "no changes\n");
    let before = setup.directory().await.service(ServiceKind::Chat, "help").unwrap().id;
    let printed = setup.apply(PLAIN, Unnamed::Keep).await.unwrap();
    let expected = [
        "~ service \"help\" (chat): customerSilence 60s → 45s; idleAlert 0s → 255s; idleClose 20d → 45s; \
         hours Europe/Copenhagen [Mon-Fri 08:00-18:00, Sat 22:30-24:00] → always; maxWaiting 20 → any; files.uploads 1 → 3; files.fileBytes 1000 → 12582912; \
         files.totalBytes 2000 → 37748736; files.downloads 4 → 10; files.types [pdf, png] → [jpg, jpeg, png, gif, pdf, txt]; \
         files.needAgent true → false; origins [https://www.example.com, https://*.example.org] → []",
        "~ service \"contact\" (email): files.uploads 2 → 10; files.totalBytes 3000 → 10485760; \
         files.types [txt] → [pdf, doc, txt, jpg, png, gif, bmp, zip]",
        "~ service \"help\" (openmedia): enabled false → true; interactionType Internal → Inbound; \
         interactionSubType InboundCustomerReply → InboundNew; allowOverwrite true → false",
    ];
    assert_eq!(printed.lines().collect::<Vec<_>>(), expected);
    assert_eq!(setup.directory().await.service(ServiceKind::Chat, "help").unwrap().id, before);
}

/// What may be wrong with a service's name, way and times: the file, and what is told.
fn wrong_terms() -> Vec<(String, Vec<&'static str>)> {
    vec![
        // The contact center's own is looked up like that of hours.
        (
            changed("name = \"Demo\"", "name = \"Demo\"\ntimeZone = \"Mars\""),
            vec![":3: ", "timeZone is \"Mars\"", "IANA"],
        ),
        (
            changed("name = \"help\"", "name = \"help me\""),
            vec![":13: ", "\"help me\"", "letters, digits"],
        ),
        (
            changed("type = \"chat\"", "type = \"fax\""),
            vec![":14: ", "fax", "chat", "email", "openmedia"],
        ),
        (changed("queue = \"chats\"", "queue = \"chat\""), vec![":15: ", "no queue \"chat\""]),
        (
            changed("queue = \"chats\"", "queue = \"mails\""),
            vec![":15: ", "channel email", "one of channel chat"],
        ),
        (
            changed("\"60s\"", "\"500ms\""),
            vec![":16: ", "customerSilence is 500ms", "1s to 20d, or 0s for off"],
        ),
        (changed("\"20d\"", "\"21d\""), vec![":18: ", "idleClose is 21d"]),
        (
            changed("maxWaiting = 20", "maxWaiting = 0"),
            vec![":19: ", "maxWaiting is 0, allowed is 1 to 1000000"],
        ),
        (
            changed("https://*.example.org", "example.org/x"),
            vec![":20: ", "origins", "example.org/x"],
        ),
        (
            changed("Europe/Copenhagen", "Europe/Nowhere"),
            vec![":22: ", "timeZone", "Europe/Nowhere", "IANA"],
        ),
        (
            changed("Mon-Fri 08:00", "Fri-Mon 08:00"),
            vec![":23: ", "open has \"Fri-Mon 08:00-18:00\""],
        ),
    ]
}

/// What may be wrong with its files, its door and its kind.
fn wrong_files_and_kinds() -> Vec<(String, Vec<&'static str>)> {
    vec![
        (changed("Mon-Fri 08:00", "Mon-Fri 8:00"), vec![":23: ", "Mon-Fri 8:00-18:00"]),
        (changed("22:30-24:00", "22:30-24:01"), vec![":23: ", "22:30-24:01"]),
        (changed("22:30-24:00", "22:30-22:30"), vec![":23: ", "22:30-22:30"]),
        (
            changed("[\"Mon-Fri 08:00-18:00\", \"Sat 22:30-24:00\"]", "[]"),
            vec![":23: ", "never be open"],
        ),
        (
            changed("uploads = 1", "uploads = 1001"),
            vec![":25: ", "uploads is 1001, allowed is 0 to 1000"],
        ),
        (
            changed("fileBytes = 1000", "fileBytes = 0"),
            vec![":26: ", "fileBytes is 0, allowed is 1 to"],
        ),
        (changed("\"PDF\"", "\".pdf\""), vec![":29: ", "types has \".pdf\"", "without the dot"]),
        (changed("[\"PDF\", \"png\"]", "[]"), vec![":29: ", "uploads = 0"]),
        (changed("mailbox = \"support@example.com\"", ""), vec![":32: ", "needs a mailbox"]),
        (changed("support@example.com", "support"), vec![":35: ", "e-mail address"]),
        (
            changed("uploads = 2", "downloads = 2"),
            vec![":36: ", "files.downloads is no option", "email"],
        ),
        (
            changed("enabled = false", "maxWaiting = 3"),
            vec![":41: ", "maxWaiting is no option", "openmedia"],
        ),
        (
            changed("mediaType = \"sms\"", "mediaType = \"fax\""),
            vec![":42: ", "mediaType is \"fax\"", "sms"],
        ),
        (changed("\"Internal\"", "\"internal\""), vec![":43: ", "internal", "Inbound"]),
        (changed("allowOverwrite", "overwrite"), vec![":45: ", "overwrite", "allowOverwrite"]),
        (
            format!("{SERVICES}[[service]]\nname = \"contact\"\ntype = \"email\"\n"),
            vec![":46: ", "queue"],
        ),
        (
            format!("{SERVICES}[[service]]\nname = \"help\"\ntype = \"chat\"\nqueue = \"chats\"\n"),
            vec![":47: ", "service \"help\" is there already"],
        ),
    ]
}

#[tokio::test]
async fn what_is_wrong_with_a_service_is_told_with_its_line() {
    let setup = Setup::default();
    for (text, parts) in wrong_terms().into_iter().chain(wrong_files_and_kinds()) {
        let message = setup.refusal(&text).await;
        assert!(message.starts_with("center.toml"), "{message}");
        for part in parts {
            assert!(message.contains(part), "{message:?} lacks {part:?}");
        }
    }
}

#[tokio::test]
async fn a_service_name_of_another_center_is_refused() {
    let setup = Setup::with(SERVICES).await;
    let other = PLAIN.replace("\"Demo\"", "\"Other\"");
    let message = setup.refusal(&other).await;
    assert!(message.starts_with("center.toml:13: ") && message.contains("taken"), "{message}");
    assert!(!message.contains("Demo"), "{message}");
}

#[tokio::test]
async fn services_are_pruned_before_their_queues() {
    let setup = Setup::with(SERVICES).await;
    let printed = setup.apply("[center]\nname = \"Demo\"\n", Unnamed::Prune).await.unwrap();
    let removed: Vec<&str> = printed.lines().map(|line| line.split(' ').nth(1).unwrap()).collect();
    assert_eq!(removed, ["service", "service", "service", "queue", "queue", "queue"]);
    assert!(setup.directory().await.services.is_empty());
}

#[tokio::test]
async fn a_queue_that_a_service_leads_to_is_not_removed() {
    let setup = Setup::with(SERVICES).await;
    let plain = "[center]\nname = \"Demo\"\n";
    let late = setup.plan(plain, Unnamed::Prune).await.unwrap();
    let queue = setup.directory().await.service(ServiceKind::Chat, "help").unwrap().queue;
    let mut another =
        handoff_domain::Service::clone(setup.directory().await.services.values().next().unwrap());
    another.id = handoff_domain::ServiceId(77);
    another.name = "another".to_owned();
    another.queue = queue;
    let put = handoff_store::Put { record: Record::Service(another), expected: 0 };
    setup
        .store
        .commit(handoff_store::ChangeSet { puts: vec![put], ..Default::default() })
        .await
        .unwrap();
    let engine = engine(&setup).await;
    let refused = pass_on(late, &engine, &[], QUIETLY).await.unwrap_err();
    assert!(matches!(&refused, CenterFileError::Conflict(_)), "{refused}");
    assert_eq!(setup.directory().await.services.len(), 4);
}

#[tokio::test]
async fn a_wait_may_have_an_end_and_a_place_for_messages() {
    let setup = Setup::with(PLAIN).await;
    let with = |line: &str| {
        PLAIN.replacen("queue = \"chats\"\n", &format!("queue = \"chats\"\n{line}\n"), 1)
    };
    let printed = setup
        .apply(&with("waitMax = \"10m\"\nleaveMessage = \"contact\""), Unnamed::Keep)
        .await
        .unwrap();
    assert_eq!(
        printed,
        "~ service \"help\" (chat): waitMax 0s → 10m; leaveMessage none → contact\n"
    );
    let directory = setup.directory().await;
    let terms = directory.service(ServiceKind::Chat, "help").unwrap().chat().unwrap();
    assert_eq!(
        (terms.times.wait_max_ms, terms.leave_message.as_deref()),
        (600_000, Some("contact"))
    );
    for (line, part) in [
        ("waitMax = \"21d\"", "waitMax is 21d"),
        ("leaveMessage = \"nobody\"", "leaveMessage is \"nobody\""),
        // A service of that name, but of another type.
        ("leaveMessage = \"help\"", "of type email"),
    ] {
        let message = setup.refusal(&with(line)).await;
        assert!(message.starts_with("center.toml:16: ") && message.contains(part), "{message}");
    }
    let elsewhere =
        PLAIN.replacen("queue = \"mails\"\n", "queue = \"mails\"\nwaitMax = \"1m\"\n", 1);
    let message = setup.refusal(&elsewhere).await;
    assert!(message.contains("waitMax is no option of a service of type email"), "{message}");
}
