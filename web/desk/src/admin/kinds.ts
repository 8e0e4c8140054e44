// What an admin can keep, one entry for each page: what a form of it has, how it is read and
// written, and what is wrong with it.

import type {AdminTexts} from "../texts/admin.ts";
import {fields, list, text, texts, type Fields} from "../api/fields.ts";
import {
    COUNT_MAX, DAY_S, levelFaults, missing, nameFault, numberFault, PRIORITY_MAX, stepFaults,
    TARGET_S_MAX, type Fault,
} from "./faults.ts";
import type {Form, Levels, Step} from "./form.ts";
import {byDays, hoursFaults, hoursOf, isOfHours} from "./hours.ts";
import {MAILBOXES, type MailboxForm} from "./mailbox-kind.ts";
import {OUTCOMES, type OutcomeForm} from "./outcome-kind.ts";
import {REASONS, type ReasonForm} from "./reason-kind.ts";
import {SERVICES, type ServiceForm} from "./service-kind.ts";
import {counts, numbersOf, pick, settledLevels, settledNumber, typed} from "./typed.ts";
import {WEBHOOKS, type WebhookForm} from "./webhook-kind.ts";

/** The pages, by the names that the API's addresses have as well where no kind says another. */
export const PAGES = [
    "users", "groups", "skills", "queues", "workbins", "services", "mailboxes",
    "webhooks", "reasons", "outcomes",
] as const;

export type Page = (typeof PAGES)[number];

/** The pages of what is changed there. */
export type EditedPage = Exclude<Page, "mailboxes">;

/** What is read; nobody changes it here unless it is a `Kind`. */
export interface Readable<F extends Form> {
    page: Page | "settings";
    /** The field of an answer that holds one. */
    one: string;
    /** What else of them is asked for. */
    query: string;
    read(answer: Fields): F;
    /** Where they are kept, where that is not the page's name. */
    kept?: {address: string; list: string};
}

export interface Kind<F extends Form> extends Readable<F> {
    page: EditedPage | "settings";
    /** The fields that stay as they are once it is there. */
    fixed: readonly (keyof F & string)[];
    /** Returns what a new one begins with. */
    begin(): F;
    /** Returns what is sent of these fields. */
    body(form: F, changed: readonly string[]): Record<string, unknown>;
    /** Returns a form in the one way to write it that tells whether it is what the server has. */
    settled(form: F): F;
    /** Returns the fields that one has which is as the form says. */
    fields(form: F): readonly string[];
    /** Finds what is wrong; of what is new, what is left out is as usual. */
    faults(form: F, isNew: boolean): Fault[];
}

export type NamedForm = {name: string};

export type UserForm = {
    userName: string;
    firstName: string;
    lastName: string;
    nickname: string;
    emailAddress: string;
    roles: string[];
    groups: string[];
    skills: Levels;
    capacity: Levels;
    enabled: boolean;
};

export type QueueForm = {
    name: string;
    channel: string;
    groups: string[];
    skills: Levels;
    inviteTimeout: string;
    reofferAfter: string;
    priority: string;
    answerTarget: string;
    steps: Step[];
    /** What e-mails are acknowledged with; both empty is nothing. */
    ackSubject: string;
    ackText: string;
    /** What they are told in place of that outside the hours; both empty is nothing. */
    closedSubject: string;
    closedText: string;
    /** When somebody is there; none is always. */
    timeZone: string;
    open: string[];
    exceptions: string[];
    /** Where what goes out is looked at first; empty is nowhere. */
    reviewQueue: string;
    /** The keys of what its work can end with; none is all. */
    dispositions: string[];
    dispositionRequired: boolean;
};

export type WorkbinForm = {name: string; type: string; group: string};

/** What everybody's capacity is told of, whatever else a user has one for. */
export const CAPACITIES = ["chat", "email", "workitem", "overall"] as const;
export const ROLES = ["ROLE_AGENT", "ROLE_SUPERVISOR", "ROLE_ADMIN", "ROLE_APIUSER"] as const;
export const GROUP = "AgentGroup";
export const EACH_AGENT = "Agent";

const USERS: Kind<UserForm> = {
    page: "users",
    one: "user",
    query: "subresources=groups,skills",
    fixed: [],
    begin: () => ({
        userName: "", firstName: "", lastName: "", nickname: "", emailAddress: "",
        roles: ["ROLE_AGENT"], groups: [], skills: {}, capacity: capacityOf({}), enabled: true,
    }),
    read: (it) => ({
        userName: text(it["userName"]),
        firstName: text(it["firstName"]),
        lastName: text(it["lastName"]),
        nickname: text(it["nickname"]),
        emailAddress: text(it["emailAddress"]),
        roles: texts(it["roles"]),
        groups: list(it["groups"]).map((one) => text(fields(one)["name"])),
        skills: Object.fromEntries(list(it["skills"]).map(fields).map((one) =>
            [text(one["name"]), text(one["level"])])),
        capacity: capacityOf(numbersOf(it["capacity"])),
        enabled: it["enabled"] === true,
    }),
    body: (form, changed) => pick(changed, {
        ...form, skills: counts(form.skills), capacity: counts(form.capacity),
    }),
    settled: (form) => ({
        ...form, skills: settledLevels(form.skills), capacity: settledLevels(form.capacity),
    }),
    fields: Object.keys,
    faults: (form) => [
        ...nameFault("userName", form.userName),
        ...levelFaults("skills", form.skills),
        ...Object.entries(form.capacity).flatMap(([channel, typed]) =>
            numberFault(`capacity.${channel}`, typed, 0, COUNT_MAX, true)),
    ],
};

function named(page: "groups" | "skills", one: string): Kind<NamedForm> {
    return {
        page,
        one,
        query: "",
        fixed: [],
        begin: () => ({name: ""}),
        read: (it) => ({name: text(it["name"])}),
        body: (form, changed) => pick(changed, form),
        settled: (form) => form,
        fields: Object.keys,
        faults: (form) => nameFault("name", form.name),
    };
}

const QUEUES: Kind<QueueForm> = {
    page: "queues",
    one: "queue",
    query: "",
    fixed: ["channel"],
    // The times are those that the server would take.
    begin: () => ({
        name: "", channel: "chat", groups: [], skills: {}, inviteTimeout: "30",
        reofferAfter: "30", priority: "0", answerTarget: "", steps: [],
        ackSubject: "", ackText: "", closedSubject: "", closedText: "", reviewQueue: "",
        timeZone: "", open: [], exceptions: [],
        dispositions: [], dispositionRequired: false,
    }),
    read: (it) => ({
        name: text(it["name"]),
        channel: text(it["channel"]),
        groups: texts(it["groups"]),
        skills: numbersOf(it["skills"]),
        inviteTimeout: typed(it["inviteTimeout"]),
        reofferAfter: typed(it["reofferAfter"]),
        priority: typed(it["priority"]),
        answerTarget: typed(it["answerTarget"]),
        steps: list(it["steps"]).map(fields).map((step) => ({
            after: typed(step["after"]),
            groups: texts(step["groups"]),
            skills: numbersOf(step["skills"]),
        })),
        ackSubject: text(fields(it["acknowledge"])["subject"]),
        ackText: text(fields(it["acknowledge"])["text"]),
        closedSubject: text(fields(it["closed"])["subject"]),
        closedText: text(fields(it["closed"])["text"]),
        timeZone: text(fields(it["hours"])["timeZone"]),
        open: texts(fields(it["hours"])["open"]),
        exceptions: texts(fields(it["hours"])["exceptions"]),
        reviewQueue: text(it["reviewQueue"]),
        dispositions: texts(it["dispositions"]),
        dispositionRequired: it["dispositionRequired"] === true,
    }),
    body: (form, changed) => ({
        ...pick(changed.filter((field) => !OF_LETTERS.includes(field) && !isOfHours(field)), {
            ...form,
            skills: counts(form.skills),
            inviteTimeout: Number(form.inviteTimeout),
            reofferAfter: Number(form.reofferAfter),
            priority: Number(form.priority),
            // Nothing is promised by 0.
            answerTarget: Number(form.answerTarget),
            steps: form.steps.map(({after, groups, skills}) =>
                ({after: Number(after), groups, skills: counts(skills)})),
        }),
        ...(changed.some(isOfHours) ? {hours: hoursOf(form)} : {}),
        ...(form.channel === "email" ? ofLetters(form, changed) : {}),
    }),
    settled: (form) => ({
        ...form,
        skills: settledLevels(form.skills),
        inviteTimeout: settledNumber(form.inviteTimeout),
        reofferAfter: settledNumber(form.reofferAfter),
        priority: settledNumber(form.priority),
        answerTarget: Number(form.answerTarget) === 0 ? "" : settledNumber(form.answerTarget),
        steps: form.steps.map(({after, groups, skills}) =>
            ({after: settledNumber(after), groups, skills: settledLevels(skills)})),
        ...(isEmpty(form.ackSubject, form.ackText) ? {ackSubject: "", ackText: ""} : {}),
        ...(isEmpty(form.closedSubject, form.closedText)
            ? {closedSubject: "", closedText: ""}
            : {}),
        timeZone: form.timeZone.trim(),
        open: byDays(form.open),
        exceptions: [...new Set(form.exceptions)].sort(),
    }),
    fields: (form) => Object.keys(form)
        .filter((field) => form.channel === "email" || !OF_LETTERS.includes(field)),
    faults: (form) => [
        ...nameFault("name", form.name),
        ...nameFault("channel", form.channel),
        ...levelFaults("skills", form.skills),
        ...numberFault("inviteTimeout", form.inviteTimeout, 1, DAY_S),
        ...numberFault("reofferAfter", form.reofferAfter, 0, DAY_S),
        ...numberFault("priority", form.priority, -PRIORITY_MAX, PRIORITY_MAX),
        ...numberFault("answerTarget", form.answerTarget, 0, TARGET_S_MAX, true),
        ...stepFaults(form.steps),
        ...hoursFaults(form),
        ...(form.channel === "email" ? answerFaults(form) : []),
    ],
};

/** What only queues of e-mails have. */
const OF_LETTERS: readonly string[] = [
    "ackSubject", "ackText", "closedSubject", "closedText", "reviewQueue",
];

function ofLetters(form: QueueForm, changed: readonly string[]): Record<string, unknown> {
    const {ackSubject, ackText, closedSubject, closedText, reviewQueue} = form;
    const answer = (subject: string, words: string): object =>
        isEmpty(subject, words) ? {} : {subject, text: words};
    const is = (...some: string[]): boolean => some.some((field) => changed.includes(field));
    return {
        ...(is("ackSubject", "ackText") ? {acknowledge: answer(ackSubject, ackText)} : {}),
        ...(is("closedSubject", "closedText") ? {closed: answer(closedSubject, closedText)} : {}),
        ...(is("reviewQueue") ? {reviewQueue} : {}),
    };
}

function isEmpty(...words: string[]): boolean {
    return words.every((one) => one.trim() === "");
}

function answerFaults(form: QueueForm): Fault[] {
    const {closedSubject, closedText, open} = form;
    const hasNoHours = open.length === 0 && !isEmpty(closedSubject, closedText);
    return [
        ...halfFault(form, "ackSubject", "ackText"),
        ...halfFault(form, "closedSubject", "closedText"),
        ...(hasNoHours
            ? [{at: "open", with: ["closedSubject", "closedText"],
                says: (t: AdminTexts) => t.closedNeedsHours}]
            : []),
    ];
}

function halfFault<Field extends "ackSubject" | "ackText" | "closedSubject" | "closedText">(
    form: QueueForm, subject: Field, words: Field,
): Fault[] {
    const [hasSubject, hasText] = [!isEmpty(form[subject]), !isEmpty(form[words])];
    return hasSubject === hasText
        ? []
        : [{
            at: hasText ? subject : words, with: [subject, words],
            says: (t) => t.ackMissing,
        }];
}

const WORKBINS: Kind<WorkbinForm> = {
    page: "workbins",
    one: "workbin",
    query: "definitions=true",
    fixed: ["type", "group"],
    begin: () => ({name: "", type: GROUP, group: ""}),
    read: (it) => ({
        name: text(it["name"]), type: text(it["type"]), group: text(it["group"]),
    }),
    body: (form, changed) => pick(
        changed.filter((field) => field !== "group" || form.type === GROUP),
        form,
    ),
    settled: (form) => form,
    fields: (form) => Object.keys(form)
        .filter((field) => form.type === GROUP || field !== "group"),
    faults: (form) => [
        ...nameFault("name", form.name),
        ...(form.type === GROUP ? missing("group", form.group, (t) => t.groupMissing) : []),
    ],
};

export interface Forms {
    users: UserForm;
    groups: NamedForm;
    skills: NamedForm;
    queues: QueueForm;
    workbins: WorkbinForm;
    services: ServiceForm;
    mailboxes: MailboxForm;
    webhooks: WebhookForm;
    reasons: ReasonForm;
    outcomes: OutcomeForm;
}

export const KINDS: {[P in EditedPage]: Kind<Forms[P]>} = {
    users: USERS,
    groups: named("groups", "group"),
    skills: named("skills", "skill"),
    queues: QUEUES,
    workbins: WORKBINS,
    services: SERVICES,
    webhooks: WEBHOOKS,
    reasons: REASONS,
    outcomes: OUTCOMES,
};

export const READABLES: {[P in Page]: Readable<Forms[P]>} = {...KINDS, mailboxes: MAILBOXES};

export function isEdited(page: Page): page is EditedPage {
    return Object.hasOwn(KINDS, page);
}

/** Returns by what a thing is known in a center file; `null` where none says anything of it. */
export function inFile(page: EditedPage, form: Form): Record<string, string> | null {
    const {name = "", userName = "", type = "", group = "", key = ""} =
        form as Record<string, string>;
    switch (page) {
        case "users": return {userName};
        case "groups":
        case "skills":
        case "queues": return {name};
        case "services": return {name, type};
        case "workbins": return type === GROUP ? {name, type, group} : {name, type};
        case "outcomes": return {key};
        case "reasons":
        case "webhooks": return null;
    }
}

/** Returns what a thing is called. */
export function titleOf(form: Form): string {
    const {firstName = "", lastName = "", userName = "", address = "", name = ""} =
        form as Record<string, string>;
    return `${firstName} ${lastName}`.trim() || userName || address || name;
}

/** Returns capacities of the usual channels and of whatever others are named, as typed. */
function capacityOf(named: Levels): Levels {
    return {...Object.fromEntries(CAPACITIES.map((channel) => [channel, ""])), ...named};
}
