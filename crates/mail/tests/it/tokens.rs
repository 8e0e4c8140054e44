//! Tokens: what proves to which interaction a message belongs, and that nothing else does.

use handoff_domain::InteractionId;
use handoff_mail::letter::{Envelope, Reading, read};
use handoff_mail::token::Signer;

use crate::letters::{letter, message, signer};

const ID: InteractionId = InteractionId::compose(1_790_000_000_123, 0x1234_5678_9abc);

#[test]
fn a_token_proves_its_interaction() {
    let id = signer().message_id(ID, 42, "mail.example.org");
    let address = signer().reply_address("support@example.org", ID).unwrap();
    assert!(address.starts_with("support+") && address.ends_with("@example.org"), "{address}");
    assert!(address.split('@').next().unwrap().len() <= 64, "{address}");
    for text in
        [id.clone(), format!("<{id}>"), id.to_uppercase(), address.clone(), address.to_uppercase()]
    {
        assert_eq!(signer().proven_by(&text), Some(ID), "{text}");
    }
    assert_eq!(
        id,
        signer().message_id(ID, 42, "mail.example.org"),
        "sent again it is the same message"
    );
    assert_ne!(id, signer().message_id(ID, 43, "mail.example.org"));
    assert_eq!(signer().reply_address("a-mailbox-with-a-very-long-name@example.org", ID), None);
    assert_eq!(signer().reply_address("nobody", ID), None);
}

#[test]
fn any_changed_bit_proves_nothing() {
    let id = signer().message_id(ID, 42, "x.example");
    let address = signer().reply_address("support@x.example", ID).unwrap();
    let mut forgeries = 0;
    for (text, token) in [(&id, 0..58), (&address, 8..53)] {
        for at in token {
            for bit in 0..7 {
                let mut bytes = text.clone().into_bytes();
                bytes[at] ^= 1 << bit;
                if bytes[at].eq_ignore_ascii_case(&text.as_bytes()[at]) {
                    continue;
                }
                let forged = String::from_utf8(bytes).unwrap();
                assert_eq!(signer().proven_by(&forged), None, "{forged}");
                forgeries += 1;
            }
        }
    }
    assert!(forgeries > 600, "{forgeries}");
}

#[test]
fn a_token_of_one_purpose_is_none_of_the_other() {
    let id = signer().message_id(ID, 42, "x.example");
    let address = signer().reply_address("s@x.example", ID).unwrap();
    assert_eq!(signer().proven_by_address(&id), None);
    assert_eq!(signer().proven_by_address(&format!("s+{id}")), None);
    assert_eq!(signer().proven_by_message_id(&address), None);
    let token = address.split(['+', '@']).nth(1).unwrap();
    assert_eq!(signer().proven_by_message_id(&format!("{token}@x.example")), None);
    for text in [id, address] {
        assert_eq!(Signer::new([8; 32]).proven_by(&text), None, "another key");
    }
}

#[test]
fn what_is_no_token_proves_nothing() {
    for text in [
        "",
        "@",
        "<>",
        "a@b",
        "+@",
        "s+@x",
        &ID.to_string(),
        &format!("{ID}@x"),
        &format!("s+{ID}@x"),
        &"a".repeat(10_000),
    ] {
        assert_eq!(signer().proven_by(text), None, "{text}");
    }
    let whole = format!("{}@x", "a".repeat(58));
    assert_eq!(signer().proven_by(&whole), None);
    assert_eq!(format!("{:?}", signer()), "Signer(…)", "the key is not told");
}

#[test]
fn messages_prove_by_every_way_a_token_travels() {
    let id = signer().message_id(ID, 1, "x.example");
    let address = signer().reply_address("s@x.example", ID).unwrap();
    for headers in [
        format!("In-Reply-To: <{id}>"),
        format!("References: <other@y>\n <{id}>"),
        format!("To: Us <{address}>"),
        format!("Cc: {}", address.to_uppercase()),
        format!("Delivered-To: {address}"),
    ] {
        assert_eq!(letter(&message(&format!("{headers}\n\n"))).proven, [ID], "{headers}");
    }
    let key = signer();
    let recipients = [address];
    let envelope = Envelope::Known { sender: Some("a@b.example"), recipients: &recipients };
    let read = read(&message("\n"), &Reading { envelope, ..Reading::new(&key) }).unwrap();
    assert_eq!(read.proven, [ID]);
}

#[test]
fn what_everybody_can_write_proves_nothing() {
    let foreign = Signer::new([9; 32]).message_id(ID, 1, "x.example");
    for headers in [
        format!("Subject: Re: [{ID}] help"),
        format!("In-Reply-To: <{ID}@x.example>"),
        format!("In-Reply-To: <{foreign}>"),
        format!("X-Interaction-Id: {ID}"),
        format!("To: s+{ID}@x.example"),
        format!("Reply-To: <{}>", signer().reply_address("s@x.example", ID).unwrap()),
    ] {
        assert!(letter(&message(&format!("{headers}\n\n"))).proven.is_empty(), "{headers}");
    }
    let nearer = InteractionId::compose(1_790_000_000_999, 5);
    let (one, two) = (signer().message_id(ID, 1, "x"), signer().message_id(nearer, 1, "x"));
    let both = letter(&message(&format!("References: <{one}> <{two}>\n\n")));
    assert_eq!(both.proven, [nearer, ID], "the nearest first");
}
