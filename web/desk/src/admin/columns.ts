// What the tables show, and how a table is searched.

import type {Thing} from "./center.ts";
import {titleOf, type Forms, type Page} from "./kinds.ts";
import type {Lists} from "./lists.ts";
import {channelName, ownerName, roleName, serviceTypeName, stateName, type Words} from "./shown.ts";

export interface Column<P extends Page> {
    title: string;
    of(form: Forms[P]): string;
    isFigure?: boolean;
}

/** What else a table needs to have been read. */
export const NEEDED: Partial<Record<Page, Page>> = {groups: "users", skills: "users"};

type Columns = {[P in Page]: (words: Words, lists: Pick<Lists, "of">) => Column<P>[]};

/** The columns after the name, which is the way to the form. */
export const COLUMNS: Columns = {
    users: (words) => [
        {title: words.own.userName, of: ({userName}) => userName},
        {title: words.own.roles, of: ({roles}) =>
            roles.map((role) => roleName(role, words)).join(", ")},
        {title: words.own.groups, of: ({groups}) => groups.join(", ")},
        {title: words.own.state, of: (form) => stateName(form, words)},
    ],
    groups: ({own}, lists) => [
        {title: own.users, isFigure: true, of: ({name}) =>
            countOf(lists, ({groups}) => groups.includes(name))},
    ],
    skills: ({own}, lists) => [
        {title: own.users, isFigure: true, of: ({name}) =>
            countOf(lists, ({skills}) => Object.hasOwn(skills, name))},
    ],
    queues: (words) => [
        {title: words.own.channel, of: ({channel}) => channelName(channel, words)},
        {title: words.own.servedBy, of: ({groups}) => groups.join(", ")},
        {title: words.own.priority, of: ({priority}) => priority, isFigure: true},
    ],
    workbins: (words) => [
        {title: words.own.type, of: (form) => ownerName(form, words)},
    ],
    mailboxes: ({own}) => [
        {title: own.leadsTo, of: ({queue}) => queue},
        {title: own.receives, of: ({receives}) => own[receives ? "yes" : "no"]},
        {title: own.sends, of: ({sends}) => own[sends ? "yes" : "no"]},
    ],
    webhooks: (words) => [
        {title: words.own.webhookUrl, of: ({url}) => url},
        {title: words.own.webhookEvents, of: ({events}) => events.join(", ")},
        {title: words.own.state, of: ({isTold}) => (isTold ? "" : words.own.untold)},
    ],
    reasons: ({own}) => [
        {title: own.storedAs, of: ({reason}) => reason},
    ],
    outcomes: (words) => [
        {title: words.own.storedAs, of: ({key}) => key},
        {title: words.own.outcomeChannels, of: ({channels}) =>
            channels.map((channel) => channelName(channel, words)).join(", ")},
        {title: words.own.asksForNote, of: ({noteRequired}) =>
            (noteRequired ? words.own.yes : "")},
    ],
    services: (words) => [
        {title: words.own.serviceType, of: ({type}) => serviceTypeName(type, words)},
        {title: words.own.leadsTo, of: ({queue}) => queue},
        {title: words.own.state, of: ({usable}) => (usable ? "" : words.own.unusable)},
    ],
};

/** Returns the things that have all words of what was typed, in their name or a column. */
export function found<P extends Page>(
    things: Thing<Forms[P]>[],
    columns: Column<P>[],
    typed: string,
): Thing<Forms[P]>[] {
    const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
    return things.filter(({form}) => {
        const text = [titleOf(form), ...columns.map((column) => column.of(form))]
            .join(" ").toLowerCase();
        return words.every((word) => text.includes(word));
    });
}

function countOf(lists: Pick<Lists, "of">, isOne: (form: Forms["users"]) => boolean): string {
    const users = lists.of("users").things;
    return users === null ? "–" : String(users.filter(({form}) => isOne(form)).length);
}
