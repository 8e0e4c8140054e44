// The pages with which admins change their contact center, on the real program. HANDOFF_PICTURES names a directory for a picture of each.

import {admining, expect, looksAt} from "../lib/admin.mjs";
import {Person} from "../lib/desk.mjs";

admining("what an admin makes counts at once: whoever they made signs in, chooses a password and gets work", async ({admin, browser, page, person, program}) => {
    await expect(page).toHaveURL(/\/admin\/users$/);
    const places = page.getByRole("navigation", {name: "Places"});
    await expect(places.getByRole("link")).toHaveText("Admin");
    await page.keyboard.press("F6");
    await page.keyboard.press("F6");
    await expect(page.getByRole("navigation", {name: "Admin"}).getByRole("link", {name: "Users"})).toBeFocused();
    await page.keyboard.press("F6");
    await expect(page.getByRole("searchbox", {name: "Search users"})).toBeFocused();

    await admin.makes("Skills", "New skill", () => admin.field("Name").fill("danish"));
    await admin.makes("Groups", "New group", () => admin.field("Name").fill("Nordic"));
    await admin.makes("Users", "New user", async () => {
        await admin.field("User name").fill("lea");
        await admin.field("First name").fill("Lea");
        await admin.field("Last name").fill("Holm");
        await admin.picks("In groups", "Nordic");
        // Typed whole and left, it is taken; what is no name says so, and is not lost unseen.
        const groups = page.getByRole("combobox", {name: "In groups"});
        await groups.fill("sales");
        await groups.press("Tab");
        await expect(page.getByRole("button", {name: "Remove Sales"})).toBeVisible();
        await groups.fill("Slaes");
        await groups.press("Enter");
        await page.getByRole("button", {name: "Create"}).press("Enter");
        await admin.summary.getByRole("link", {name: /called “Slaes”/}).press("Enter");
        await expect(groups).toBeFocused();
        await groups.fill("");
        await groups.press("Backspace");
        await expect(page.getByRole("button", {name: "Remove Sales"})).toHaveCount(0);
        await admin.picks("Skills, with level", "danish");
        await admin.field("Level of danish").fill("3");
    });
    const giving = page.getByRole("dialog", {name: "Set a password for Lea Holm"});
    await giving.getByRole("button", {name: "Set a password"}).press("Enter");
    const shown = giving.getByLabel("Password for the first sign-in");
    await expect(shown).toBeFocused();
    const given = await shown.inputValue();
    expect(given).toMatch(/^[a-z2-9-]{23}$/);
    // Shown this once, it is put away by its button alone.
    await page.keyboard.press("Escape");
    await page.mouse.click(2, 2);
    await expect(shown).toHaveValue(given);
    await giving.getByRole("button", {name: "Close"}).press("Enter");
    await admin.makes("Queues", "New queue", async () => {
        await admin.field("Name").fill("fjord");
        await admin.field("Channel").selectOption({label: "Work items"});
        await admin.picks("Groups that serve it", "Nordic");
        await admin.picks("Skills that are needed, with the least level", "danish");
        await admin.field("Level of danish").fill("2");
    });
    await expect(admin.field("Channel")).toHaveValue("Work items");
    await admin.makes("Workbins", "New workbin", async () => {
        await admin.field("Name").fill("Fjord later");
        await admin.field("Group").selectOption("Nordic");
    });
    await admin.makes("Services", "New service", async () => {
        await admin.field("Name").fill("fjord-help");
        await admin.field("Leads to the queue").selectOption("support-chat");
        await admin.field("Days and times, one on each line").fill("Mon-Fri 08:00-18:00\nSat 10:00-14:00\n");
        await page.getByRole("button", {name: "Create"}).press("Enter");
        await admin.summary.getByRole("link", {name: "Times need a time zone."}).press("Enter");
        await expect(admin.field("Time zone")).toBeFocused();
        await admin.field("Time zone").fill("Europe/Oslo");
        await admin.field("When nobody can, a message is left with").selectOption("contact-us");
    });
    // What was left out is as the server has it, and only what is changed is sent.
    await expect(admin.field("One may have, in MiB")).toHaveValue("12");
    await admin.field("One may have, in MiB").fill("2.5");
    await admin.field("Types, one on each line").fill("p df");
    await admin.save.press("Enter");
    await admin.summary.getByRole("link", {name: /types has "p df"/}).press("Enter");
    await expect(admin.field("Types, one on each line")).toBeFocused();
    await admin.field("Types, one on each line").fill("pdf");
    await admin.save.press("Enter");
    await expect(page.getByText("not saved")).toHaveCount(0);
    const {services} = await person.reads("/services?fields=*&name=fjord-help", "ada");
    expect(services[0]).toMatchObject({
        type: "chat", queue: "support-chat", leaveMessage: "contact-us", maxWaiting: null, customerSilence: 45,
        hours: {timeZone: "Europe/Oslo", open: ["Mon-Fri 08:00-18:00", "Sat 10:00-14:00"]},
        files: {uploads: 3, fileBytes: 2_621_440, types: ["pdf"]},
    });
    await expect(page.getByText(/^(Open|Closed) now, until \w{3} \d\d:\d\d there\.$/)).toBeVisible();
    await expect(admin.field("Line for a page of yours"))
        .toHaveValue(`<script src="${person.origin}/chat/widget.js" data-service="fjord-help" defer></script>`);
    await page.getByText("The same as a file").click();
    const part = page.getByRole("region", {name: "The same as a file"});
    await expect(part).toContainText('timeZone = "Europe/Oslo"');
    expect((await part.textContent()).match(/^\[.*/gm)).toEqual(["[[service]]", "[service.hours]", "[service.files]"]);
    await admin.opens("Queues", "support-email");
    const answer = page.getByRole("group", {name: "What whoever writes is answered at once"});
    await answer.getByLabel("Subject").fill("We have your message");
    await admin.field("What goes out is looked at first in").selectOption("outbound");
    await admin.save.press("Enter");
    await admin.summary.getByRole("link", {name: "Subject and text go together."}).press("Enter");
    await expect(answer.getByLabel("Text")).toBeFocused();
    await answer.getByLabel("Text").fill("Somebody will answer it today.");
    await admin.save.press("Enter");
    await expect(page.getByText("not saved")).toHaveCount(0);
    const mails = (await person.reads("/queues?fields=*&name=support-email", "ada")).queues[0];
    expect(mails).toMatchObject({acknowledge: {subject: "We have your message"}, reviewQueue: "outbound"});
    // What refers to something leads there, and says why it stays.
    await admin.opens("Services", "contact-us");
    await page.getByRole("link", {name: "fjord-help"}).click();
    await expect(page.getByRole("heading", {level: 1, name: "fjord-help"})).toBeVisible();
    await admin.opens("Queues", "support-chat");
    await expect(page.getByRole("region", {name: "What refers to it"}).getByRole("link")).toHaveText(["customer-support", "fjord-help"]);
    const {queues} = await person.reads("/queues?fields=*&name=fjord", "ada");
    expect(queues[0]).toMatchObject({channel: "workitem", groups: ["Nordic"], skills: {danish: 2}, inviteTimeout: 30});
    await admin.opens("Skills", "danish");
    await expect(page.getByRole("link", {name: "Lea Holm, 3"})).toBeVisible();

    const context = await browser.newContext({locale: "en-GB"});
    try {
        const lea = new Person(await context.newPage(), program.origin);
        await lea.signIn("lea", given);
        await lea.page.getByLabel("New password", {exact: true}).fill("a word of my own");
        await lea.page.keyboard.press("Enter");
        await expect(lea.state).toHaveAccessibleName(/^Your state: Not ready/);
        await lea.state.press("Enter");
        await lea.page.getByRole("menuitem", {name: "Ready", exact: true}).press("Enter");
        await expect(lea.state).toHaveAccessibleName(/^Your state: Ready/);
        await person.does("/interactions", {operationName: "Create", channel: "workitem", queueName: "fjord", subject: "Ferry 4711"}, "intake");
        await expect(lea.page.getByRole("article", {name: "Ferry 4711"})).toBeVisible();
    } finally {
        await context.close();
    }
});

admining("A38 what is wrong is said on top and at its field, and what was typed stays", async ({admin, page, person}) => {
    const before = await person.reads("/queues?fields=*", "ada");
    await admin.opens("Queues", "tasks");
    await expect(page.getByRole("heading", {level: 1, name: "tasks"})).toBeFocused();
    await expect(admin.save).toHaveAccessibleDescription("Nothing is changed.");
    const add = page.getByRole("button", {name: "Add a step"});
    await add.click();
    await add.click();
    const second = page.getByRole("group", {name: "Step 2"}).getByLabel("After, in seconds");
    await second.fill("30");
    await admin.field("Priority").fill("high");
    await admin.save.click();
    await expect(admin.summary).toBeFocused();
    await expect(admin.summary).toContainText("2 things need your attention.");
    await admin.summary.getByRole("link", {name: "Must be more than 60, the time of step 1."}).press("Enter");
    await expect(second).toBeFocused();
    await expect(second).toHaveAttribute("aria-invalid", "true");
    await expect(second).toHaveAccessibleDescription("Must be more than 60, the time of step 1.");
    expect(await person.reads("/queues?fields=*", "ada")).toEqual(before);

    // What only the server knows is said the same way, in its words.
    await page.getByRole("button", {name: "Remove step 2"}).click();
    await admin.field("Priority").fill("3");
    await admin.field("Name").fill("support-chat");
    await admin.save.click();
    await expect(admin.summary).toBeFocused();
    const taken = 'There is another queue named "support-chat"; choose another name.';
    await admin.summary.getByRole("link", {name: taken}).press("Enter");
    await expect(admin.field("Name")).toBeFocused();
    await expect(admin.field("Name")).toHaveAccessibleDescription(taken);
    await expect(page.getByText("3 changes are not saved")).toBeVisible();

    // Whoever goes is asked; nothing is lost until they say so.
    const users = page.getByRole("navigation", {name: "Admin"}).getByRole("link", {name: "Users"});
    await users.click();
    const leaving = page.getByRole("dialog", {name: "Leave without saving 3 changes?"});
    await expect(leaving).toBeVisible();
    await page.keyboard.press("Escape");
    await expect(admin.field("Name")).toHaveValue("support-chat");
    await page.getByRole("button", {name: "Undo my changes"}).click();
    await expect(admin.field("Name")).toHaveValue("tasks");
    // What stands in a box and was not chosen is not saved either.
    await page.getByRole("combobox", {name: "Groups that serve it"}).fill("Slaes");
    await users.click();
    await expect(page.getByRole("dialog", {name: "Leave without saving 1 change?"})).toBeVisible();
    await page.keyboard.press("Escape");
    await page.getByRole("button", {name: "Undo my changes"}).click();
    await expect(page.getByRole("combobox", {name: "Groups that serve it"})).toHaveValue("");
    await admin.field("Priority").fill("7");
    await users.click();
    await page.getByRole("button", {name: "Leave", exact: true}).click();
    await expect(page.getByRole("table", {name: "Users"})).toBeVisible();
    expect(await person.reads("/queues?fields=*", "ada")).toEqual(before);

    // What refuses a removal is said where it was asked for.
    await admin.opens("Skills", "billing");
    await page.getByRole("button", {name: "Delete"}).click();
    await admin.dialog.getByRole("button", {name: "Delete"}).click();
    await expect(admin.dialog.getByRole("alert")).toContainText("The skill is in use by the user");
    await page.keyboard.press("Escape");

    // Work that no queue takes back is given one.
    const asked = [];
    const refused = {statusCode: 19, statusMessage: "It was not removed: a draft was never in a queue."};
    await page.route("**/api/v2/users/*", (route) => {
        if (route.request().method() !== "DELETE") {
            return route.fallback();
        }
        asked.push(new URL(route.request().url()).search);
        return route.fulfill({status: 409, contentType: "application/json", body: JSON.stringify(refused)});
    });
    await admin.opens("Users", "Mia Novak");
    await page.getByRole("button", {name: "Delete"}).click();
    await admin.dialog.getByRole("button", {name: "Delete"}).click();
    await expect(admin.dialog.getByRole("alert")).toHaveText(refused.statusMessage);
    await admin.dialog.getByLabel("E-mails without a queue go to").selectOption("outbound");
    await admin.dialog.getByRole("button", {name: "Delete"}).click();
    await expect.poll(() => asked).toEqual(["", "?workTo=outbound"]);
    // It is held as long as nobody knows what became of it.
    await expect(async () => {
        await page.keyboard.press("Escape");
        await expect(admin.dialog).toHaveCount(0, {timeout: 500});
    }).toPass();

    await admin.opens("Users", "Ada Weiss");
    await page.getByRole("checkbox", {name: "Administrator"}).uncheck();
    await admin.save.click();
    await admin.summary.getByRole("link", {name: /is the last admin/}).press("Enter");
    await expect(page.getByRole("checkbox", {name: "Agent"})).toBeFocused();
    await page.getByRole("button", {name: "Undo my changes"}).click();
});

admining("of two admins neither overwrites the other unseen", async ({admin, page, person}) => {
    await person.does("/queues", {name: "harbour", channel: "chat", priority: 1}, "ada");
    const path = `/queues/${await admin.idOf("queues", "name", "harbour")}`;
    const stands = async () => (await person.reads(path, "ada")).queue;
    await admin.opens("Queues", "harbour");
    await admin.field("Priority").fill("5");
    await person.puts(path, {priority: 2, inviteTimeout: 45}, "ada");
    await admin.save.click();
    const notice = page.getByRole("alert").filter({hasText: /changed this .*Nothing was saved\./});
    await expect(notice).toBeFocused();
    expect(await stands()).toMatchObject({priority: 2, inviteTimeout: 45});
    await notice.getByRole("button", {name: "See the difference"}).click();
    await expect(notice.getByRole("row", {name: "Priority 2 5"})).toBeVisible();
    await expect(notice.getByRole("row", {name: "An offer stands for, in seconds 45 stays as it is now"})).toBeVisible();

    // A third one, in between, is no more unseen than the second.
    await person.puts(path, {reofferAfter: 90}, "ada");
    await notice.getByRole("button", {name: "Save mine over it"}).click();
    await expect(notice.getByRole("row", {name: "Asked again after, in seconds 90 stays as it is now"})).toBeVisible();
    expect(await stands()).toMatchObject({priority: 2, reofferAfter: 90});
    await notice.getByRole("button", {name: "Save mine over it"}).click();
    await expect(notice).toHaveCount(0);
    expect(await stands()).toMatchObject({priority: 5, inviteTimeout: 45, reofferAfter: 90});
    await expect(admin.field("An offer stands for, in seconds")).toHaveValue("45");

    await page.getByRole("button", {name: "Delete"}).click();
    await admin.dialog.getByRole("button", {name: "Delete"}).click();
    await expect(page.getByRole("table", {name: "Queues"})).toBeVisible();
    await expect(page.getByRole("link", {name: "harbour"})).toHaveCount(0);
});

/** What would be something else than text, if it could. */
const HOSTILE = "<img src=//outside.example/x onerror=alert(1)>\"'&amp;{{7*7}}\u202e";

/** A center with such names, of which a browser has one for all its tests. */
const hostile = admining.extend({
    admin: async ({admin, page, person}, use, info) => {
        info.slow();
        await page.emulateMedia({reducedMotion: "reduce"});
        const {skills} = await person.reads("/skills?fields=*&limit=1000", "ada");
        if (!skills.some(({name}) => name === HOSTILE)) {
            await person.does("/skills", {name: HOSTILE}, "ada");
            await person.does("/groups", {name: HOSTILE}, "ada");
            await person.does("/queues", {name: HOSTILE, channel: "chat", groups: [HOSTILE], skills: {[HOSTILE]: 2},
                steps: [{after: 60, groups: [HOSTILE, "Sales"], skills: {}}]}, "ada");
            await person.does("/workbins", {name: HOSTILE, type: "AgentGroup", group: HOSTILE}, "ada");
            await person.does("/users", {userName: HOSTILE, groups: [HOSTILE], skills: {[HOSTILE]: 1}, roles: ["ROLE_AGENT"]}, "ada");
            await person.does("/services", {name: "hostile", type: "chat", queue: HOSTILE}, "ada");
        }
        await use(admin);
    },
});

/** Goes to each list with such a name; returns the link to what has it. */
async function* hostileLinks(page, person) {
    for (const list of ["users", "groups", "skills", "queues", "workbins", "services"]) {
        await page.goto(`${person.origin}/admin/${list}`);
        // A service's name is a part of its address.
        const name = list === "services" ? "hostile" : HOSTILE;
        yield {list, name, link: page.getByRole("table").getByRole("link", {name, exact: true})};
    }
}

// Three tests, so that several browsers share the pages.
hostile("names stay text in every list, whatever they say, and everybody can use it", async ({admin, page, person}) => {
    await expect(admin.page).toHaveURL(/\/admin\/users$/);
    for await (const {list, name, link} of hostileLinks(page, person)) {
        await expect(link).toHaveText(name);
        await looksAt(page, person, list);
    }
});

hostile("names stay text in every form, whatever they say, and everybody can use it", async ({admin, page, person}) => {
    await expect(admin.page).toHaveURL(/\/admin\/users$/);
    for await (const {list, name, link} of hostileLinks(page, person)) {
        await link.click();
        await expect(page.getByRole("heading", {level: 1})).toHaveText(name);
        await looksAt(page, person, `${list.toLowerCase()}-form`);
    }
});

hostile("everybody can use the pages of the system, and what is said of what is wrong or somebody else's", async ({admin, page, person}) => {
    // What the operator keeps is shown, and nothing there changes it.
    await page.getByRole("navigation", {name: "Admin"}).getByRole("link", {name: "Mailboxes"}).click();
    await expect(page.getByText("Mailboxes are changed by whoever operates the server")).toBeVisible();
    await expect(page.getByRole("link", {name: /^New/})).toHaveCount(0);
    await looksAt(page, person, "mailboxes");
    await page.getByRole("link", {name: "support@demo.example"}).click();
    await expect(page.getByRole("region", {name: "What refers to it"}).getByRole("link")).toHaveText(["contact-us"]);
    await looksAt(page, person, "mailboxes-view");
    await page.getByRole("link", {name: "support-email"}).click();
    await expect(page.getByRole("heading", {level: 1, name: "support-email"})).toBeVisible();
    await page.getByRole("navigation", {name: "Admin"}).getByRole("link", {name: "Nodes"}).click();
    await expect(page.getByRole("table", {name: "Nodes"}).getByRole("row").nth(1)).toContainText("this one answered");
    await looksAt(page, person, "nodes");
    await page.goto(`${person.origin}/admin/queues/new`);
    // A channel's own name may begin as a usual one does.
    await admin.field("Channel").selectOption({label: "Another one"});
    await admin.field("Name of the channel").pressSequentially("chatbot");
    await expect(admin.field("Name of the channel")).toHaveValue("chatbot");
    await page.getByRole("button", {name: "Undo my changes"}).click();
    await expect(admin.field("Channel")).toHaveValue("chat");
    await page.getByRole("button", {name: "Create"}).click();
    await expect(admin.summary).toBeFocused();
    const groups = page.getByRole("combobox", {name: "Groups that serve it"});
    await groups.click();
    await expect(groups).not.toHaveAttribute("aria-activedescendant", /./);
    await looksAt(page, person, "queues-wrong");
    const group = `${HOSTILE} group`;
    await person.does("/groups", {name: group}, "ada");
    await admin.opens("Groups", group);
    await admin.field("Name").fill("Quiet");
    await person.puts(`/groups/${await admin.idOf("groups", "name", group)}`, {name: `${group}2`}, "ada");
    await admin.save.click();
    await page.getByRole("button", {name: "See the difference"}).click();
    await looksAt(page, person, "groups-overtaken");
    await page.getByRole("button", {name: "Delete"}).click();
    await looksAt(page, person, "delete");
});

admining("reasons and outcomes are kept, and a queue asks for an outcome", async ({admin, page, person}) => {
    // The box of what was picked stays open until it is left.
    const checked = async (name) => page.getByRole("checkbox", {name}).press("Space");
    await admin.makes("Reasons for Not ready", "New reason", async () => {
        await admin.field("Name").fill("One to one / 50%");
        await admin.field("Stored as").fill("Coaching?");
    });
    await expect(admin.field("Stored as")).not.toBeEditable();
    await admin.makes("Outcomes", "New outcome", async () => {
        await admin.field("Name").fill("Refunded");
        await admin.field("Stored as").fill("refunded");
        await admin.picks("Channels", "workitem");
        await checked("Asks for a note");
    });
    await admin.makes("Queues", "New queue", async () => {
        await admin.field("Name").fill("refunds");
        await admin.field("Channel").selectOption("workitem");
        await admin.picks("Outcomes that it offers", "refunded");
        await checked("Needs an outcome");
    });
    const {settings} = await person.reads("/settings/agent-states", "kate");
    const coaching = settings.find(({reason}) => reason === "Coaching?");
    expect(coaching.displayName).toBe("One to one / 50%");
    const {queues: [queue]} = await person.reads("/queues?fields=*&name=refunds", "kate");
    expect([queue.dispositions, queue.dispositionRequired]).toEqual([["refunded"], true]);

    // What a queue offers stays; without the queue it goes.
    const removes = async () => {
        await page.getByRole("button", {name: "Delete"}).click();
        await admin.dialog.getByRole("button", {name: "Delete"}).click();
    };
    await admin.opens("Outcomes", "Refunded");
    await removes();
    await expect(admin.dialog.getByText(/in use by the queue/)).toBeVisible();
    await page.keyboard.press("Escape");
    for (const [pageName, name] of [
        ["Queues", "refunds"], ["Outcomes", "Refunded"],
        ["Reasons for Not ready", "One to one / 50%"],
    ]) {
        await admin.opens(pageName, name);
        await removes();
        await expect(page.getByRole("link", {name, exact: true})).toHaveCount(0);
    }
});
