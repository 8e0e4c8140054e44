// Services: the doors by which customers come in. A type has its own options, and a form has those
// of all types; what is not of its type is neither looked at nor sent.

import {fields, numberOrNull, text, texts, type Fields} from "../api/fields.ts";
import {
    FILES_MAX, missing, nameFault, numberFault, sizeFault, SPAN_S_MAX, WAITING_MAX, type Fault,
} from "./faults.ts";
import {byDays, HOURS, hoursFaults, hoursOf, isOfHours} from "./hours.ts";
import type {Kind} from "./kinds.ts";
import {pick, said, settledNumber, typed, withPoint} from "./typed.ts";

export const SERVICE_TYPES = ["chat", "email", "openmedia"] as const;
export const DIRECTIONS = ["Inbound", "Outbound", "Internal"] as const;

export type ServiceForm = {
    name: string;
    type: string;
    queue: string;
    /** Whether customers may use it; the API's `enabled`. */
    usable: boolean;
    timeZone: string;
    /** When it is open, such as `Mon-Fri 08:00-18:00`; none is always. */
    open: string[];
    /** Dates with times of their own, such as `2026-12-25 closed`. */
    exceptions: string[];
    maxWaiting: string;
    leaveMessage: string;
    origins: string[];
    withoutKey: boolean;
    customerSilence: string;
    idleAlert: string;
    idleClose: string;
    waitMax: string;
    mailbox: string;
    /** Files of one chat or e-mail. */
    uploads: string;
    /** In MiB, as `totalBytes`. */
    fileBytes: string;
    totalBytes: string;
    downloads: string;
    types: string[];
    needAgent: boolean;
    interactionType: string;
    interactionSubType: string;
    allowOverwrite: boolean;
};

type Field = keyof ServiceForm;

const ALL: readonly Field[] = ["name", "type", "queue", "usable"];
export const TIMES = ["customerSilence", "idleAlert", "idleClose", "waitMax"] as const;
const COUNTS = ["maxWaiting", "uploads", "downloads"] as const;
const FILES: readonly Field[] = [
    "uploads", "fileBytes", "totalBytes", "downloads", "types", "needAgent",
];
const OPTIONS: Record<string, readonly Field[]> = {
    chat: [
        ...HOURS, "maxWaiting", "leaveMessage", "origins", "withoutKey", ...TIMES, ...FILES,
    ],
    email: ["mailbox", "uploads", "totalBytes", "types"],
    openmedia: ["interactionType", "interactionSubType", "allowOverwrite"],
};

const MEBIBYTE = 1_024 * 1_024;

export const SERVICES: Kind<ServiceForm> = {
    page: "services",
    one: "service",
    query: "",
    fixed: ["name", "type"],
    // Times and files begin as the server has them for the type.
    begin: () => ({
        name: "", type: "chat", queue: "", usable: true, timeZone: "", open: [], exceptions: [],
        maxWaiting: "", leaveMessage: "", origins: [], withoutKey: false, customerSilence: "", idleAlert: "",
        idleClose: "", waitMax: "", mailbox: "", uploads: "", fileBytes: "", totalBytes: "",
        downloads: "", types: [], needAgent: false, interactionType: "Inbound",
        interactionSubType: "", allowOverwrite: false,
    }),
    read(it) {
        const [hours, files] = [fields(it["hours"]), fields(it["files"])];
        return {
            name: text(it["name"]),
            type: text(it["type"]),
            queue: text(it["queue"]),
            usable: it["enabled"] === true,
            timeZone: text(hours["timeZone"]),
            open: texts(hours["open"]),
            exceptions: texts(hours["exceptions"]),
            maxWaiting: typed(it["maxWaiting"]),
            leaveMessage: text(it["leaveMessage"]),
            origins: texts(it["origins"]),
            withoutKey: it["withoutKey"] === true,
            customerSilence: typed(it["customerSilence"]),
            idleAlert: typed(it["idleAlert"]),
            idleClose: typed(it["idleClose"]),
            waitMax: typed(it["waitMax"]),
            mailbox: text(it["mailbox"]),
            uploads: typed(files["uploads"]),
            fileBytes: mebibytes(files["fileBytes"]),
            totalBytes: mebibytes(files["totalBytes"]),
            downloads: typed(files["downloads"]),
            types: texts(files["types"]),
            needAgent: files["needAgent"] === true,
            interactionType: text(it["interactionType"]) || "Inbound",
            interactionSubType: text(it["interactionSubType"]),
            allowOverwrite: it["allowOverwrite"] === true,
        };
    },
    body(form, changed) {
        const sent = fieldsOf(form).filter((field) => changed.includes(field));
        const plain = sent.filter((field) => !isOfHours(field) && !FILES.includes(field));
        const body = pick(plain, {
            ...form,
            ...Object.fromEntries(TIMES.map((time) => [time, amount(form[time])])),
            // Any number may wait with 0, which is sent for nothing alone.
            maxWaiting: Number(form.maxWaiting),
            interactionSubType: form.interactionSubType.trim() || undefined,
        });
        const {usable, ...others} = body;
        return {
            ...others,
            ...(usable === undefined ? {} : {enabled: usable}),
            ...(sent.some((field) => isOfHours(field)) ? {hours: hoursOf(form)} : {}),
            ...filesIn(form, sent),
        };
    },
    settled: (form) => ({
        ...form,
        ...Object.fromEntries([...TIMES, ...COUNTS].map((field) =>
            [field, settledNumber(form[field])])),
        fileBytes: String(bytes(form.fileBytes) ?? ""),
        totalBytes: String(bytes(form.totalBytes) ?? ""),
        timeZone: form.timeZone.trim(),
        open: byDays(form.open),
        exceptions: [...new Set(form.exceptions)].sort(),
        interactionSubType: form.interactionSubType.trim(),
        types: form.types.map((one) => one.toLowerCase()),
    }),
    fields: fieldsOf,
    faults: (form, isNew) => faultsOf(form, isNew)
        .filter(({at}) => fieldsOf(form).some((field) => field === at)),
};

/** Returns the fields that one of its type has. */
function fieldsOf({type}: ServiceForm): readonly Field[] {
    return [...ALL, ...(OPTIONS[type] ?? [])];
}

function faultsOf(form: ServiceForm, isNew: boolean): Fault[] {
    return [
        ...nameFault("name", form.name),
        ...missing("queue", form.queue, (t) => t.queueMissing),
        ...hoursFaults(form),
        ...numberFault("maxWaiting", form.maxWaiting, 1, WAITING_MAX, true),
        ...TIMES.flatMap((time) => numberFault(time, form[time], 0, SPAN_S_MAX, isNew)),
        ...missing("mailbox", form.mailbox, (t) => t.addressMissing),
        ...numberFault("uploads", form.uploads, 0, FILES_MAX, isNew),
        ...sizeFault("fileBytes", form.fileBytes, isNew),
        ...sizeFault("totalBytes", form.totalBytes, isNew),
        ...numberFault("downloads", form.downloads, 0, FILES_MAX, isNew),
        ...(isNew ? [] : missing("types", form.types.join(""), (t) => t.typesMissing)),
        ...(isNew
            ? []
            : missing("interactionSubType", form.interactionSubType, (t) => t.subTypeMissing)),
    ];
}

/** Returns of what customers may do with files what was said; what is left out stays. */
function filesIn(form: ServiceForm, sent: readonly Field[]): {files?: Fields} {
    const all: Fields = {
        uploads: amount(form.uploads),
        fileBytes: bytes(form.fileBytes),
        totalBytes: bytes(form.totalBytes),
        downloads: amount(form.downloads),
        types: form.types.length > 0 ? form.types : undefined,
        needAgent: form.needAgent,
    };
    const files = said(pick(sent.filter((field) => FILES.includes(field)), all));
    return Object.keys(files).length > 0 ? {files} : {};
}

function amount(typedNumber: string): number | undefined {
    return typedNumber.trim() === "" ? undefined : Number(typedNumber);
}

function mebibytes(value: unknown): string {
    const count = numberOrNull(value);
    return count === null ? "" : String(count / MEBIBYTE);
}

function bytes(typedSize: string): number | undefined {
    const size = amount(withPoint(typedSize));
    return size === undefined ? undefined : Math.round(size * MEBIBYTE);
}
