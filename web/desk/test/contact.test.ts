// What is known of a contact: nothing typed is lost, nothing is written over unread, and a lost
// answer writes nothing twice.

import assert from "node:assert/strict";
import {test} from "node:test";
import {contactOf, type Contact} from "../src/api/contact.ts";
import type {Answer} from "../src/api/http.ts";
import {Refused, Unanswered} from "../src/api/trouble.ts";
import {languageName, languages, timeThere, timeZones} from "../src/details/places.ts";
import {FormKeeper} from "../src/details/kept-form.ts";
import {bodyOf, differing, formOf, ProfileSender, withTheirs} from "../src/details/profile.ts";
import {DraftKeeper} from "../src/conversation/drafts.ts";
import {Kept} from "./storage.ts";

function contact(more: Record<string, unknown> = {}): Contact {
    return contactOf({contact: {id: "c", displayName: "Ann Marie Berg", version: 3, ...more}});
}

test("names that only letters told are taken apart, and written down with whatever else is", () => {
    const read = contact();
    const begun = formOf(read);
    assert.deepEqual([begun.firstName, begun.lastName], ["Ann Marie", "Berg"]);
    assert.deepEqual(bodyOf({...begun, language: "da"}, read, begun), {
        version: 3, firstName: "Ann Marie", lastName: "Berg", language: "da",
    });
    assert.deepEqual(bodyOf(begun, read, begun), {version: 3}, "looking changes nothing");
    const one = formOf(contact({displayName: "Ann"}));
    assert.deepEqual([one.firstName, one.lastName], ["Ann", ""]);
    const none = formOf(contact({displayName: null}));
    assert.deepEqual([none.firstName, none.lastName], ["", ""]);
});

test("what was not changed is not sent, so that what others wrote of it stays", () => {
    const read = contact({firstName: "Ann", lastName: "Berg", phoneNumbers: ["1", "2"]});
    const begun = formOf(read);
    assert.equal(begun.phone, "1\n2");
    const form = {...begun, phone: "2\n 3 \n\n2", lastName: " Berg "};
    assert.deepEqual(differing(form, begun), ["phone"]);
    assert.deepEqual(bodyOf(form, read, begun), {version: 3, phoneNumbers: ["2", "3"]});
    const theirs = contact({firstName: "Anna", lastName: "Berg", version: 4});
    assert.deepEqual(bodyOf(form, theirs, begun), {version: 4, phoneNumbers: ["2", "3"]});
});

test("a number has commas and semicolons of its own", () => {
    const read = contact({firstName: "Ann", lastName: "Berg", phoneNumbers: ["+45 1,22;3"]});
    const begun = formOf(read);
    assert.deepEqual(bodyOf({...begun, phone: `${begun.phone}\n44`}, read, begun), {
        version: 3, phoneNumbers: ["+45 1,22;3", "44"],
    });
});

test("theirs is taken where they wrote, and one's own stays where they did not", () => {
    const begun = formOf(contact({firstName: "Ann", lastName: "Berg"}));
    const form = {...begun, firstName: "Anne", phone: "12"};
    const now = formOf(contact({firstName: "Anna", lastName: "Berg", language: "da", version: 4}));
    const taken = withTheirs(form, begun, now);
    assert.deepEqual(taken, {...begun, firstName: "Anna", language: "da", phone: "12"});
    assert.deepEqual(differing(taken, now), ["phone"]);
});

test("what was typed of a contact is kept with what had been read, for whoever typed it", () => {
    const storage = new Kept() as unknown as Storage;
    const base = contact();
    const form = {...formOf(base), phone: "12"};
    new FormKeeper(storage, "kate").save({form, base});
    assert.deepEqual(new FormKeeper(storage, "kate").load("c"), {form, base});
    assert.equal(new FormKeeper(storage, "ben").load("c"), null);
    assert.equal(new FormKeeper(storage, "kate").load("d"), null);
    assert.deepEqual(new DraftKeeper(storage, "kate").all(), [], "nor is it left words");
    new FormKeeper(storage, "kate").forget("c");
    assert.equal(new FormKeeper(storage, "kate").load("c"), null);
    storage.setItem("handoff-desk-draft:contact:kate:c", '{"form": {}, "base": {}}');
    assert.equal(new FormKeeper(storage, "kate").load("c"), null);
});

/** Answers PUTs in order; tells under which keys they came. */
function server(now: Contact, ...answers: (Error | Answer)[]) {
    const keys: (string | undefined)[] = [];
    const sender = new ProfileSender({
        get: async () => ({contact: now}),
        put: async (_path, _body, options) => {
            keys.push(options?.key);
            const answer = answers.shift() ?? {contact: now};
            if (answer instanceof Error) {
                throw answer;
            }
            return answer;
        },
    });
    return {keys, sender};
}

test("the same change after a lost answer is the same request", async () => {
    const {keys, sender} = server(contact({version: 4}), new Unanswered("unreachable", 0));
    await assert.rejects(sender.save(contact(), {version: 3, language: "da"}));
    assert.equal((await sender.save(contact(), {version: 3, language: "da"})).isTaken, true);
    await sender.save(contact(), {version: 3, language: "de"});
    assert.equal(keys[0], keys[1]);
    assert.notEqual(keys[1], keys[2]);
});

test("who was slower is told how it is now, and any other refusal is one", async () => {
    const {sender} = server(contact({version: 4, firstName: "Anna"}), new Refused(2, "Stale."));
    const saved = await sender.save(contact(), {version: 3, firstName: "Ann"});
    assert.deepEqual([saved.isTaken, saved.contact.firstName], [false, "Anna"]);
    const busy = server(contact(), new Refused(2, "Another key."), new Refused(10, "No."));
    for (const sentence of ["Another key.", "No."]) {
        await assert.rejects(busy.sender.save(contact(), {}), {sentence});
    }
});

test("the time there is that of the place", () => {
    const noon = Date.parse("2026-11-29T12:07:00Z");
    assert.equal(timeThere(noon, "Europe/Copenhagen", "en"), "13:07, Copenhagen");
    assert.equal(timeThere(noon, "America/New_York", "de"), "07:07, New York");
    assert.equal(timeThere(noon, "Europe/Nowhere", "en"), null);
});

test("what is known already can be chosen", () => {
    assert.equal(languageName("da", "en"), "Danish");
    assert.equal(languageName("da", "fr"), "Danois");
    assert.equal(languageName("not a tag", "en"), "not a tag");
    assert.ok(languages("en", "fo").some(({value, name}) => value === "fo" && name === "Faroese"));
    const zones = timeZones("Europe/Somewhere").map(({value}) => value);
    for (const zone of ["Europe/Copenhagen", "UTC", "Europe/Somewhere"]) {
        assert.equal(zones.filter((one) => one === zone).length, 1, zone);
    }
});
