// The sign of each action, the same wherever it is offered.

import {
    Archive, ArchiveRestore, ArrowLeftRight, Check, GitBranch, GitMerge, Link, LogOut, Mail,
    MessageCircleQuestion, MessageSquareOff, Printer, Undo2, UserPlus,
} from "@lucide/vue";
import type {Component} from "vue";
import type {ActionName} from "./offered.ts";

export const ICONS: Record<ActionName, Component> = {
    transfer: ArrowLeftRight,
    invite: UserPlus,
    consult: MessageCircleQuestion,
    park: Archive,
    take: ArchiveRestore,
    toQueue: Undo2,
    writeLetter: Mail,
    split: GitBranch,
    join: GitMerge,
    print: Printer,
    copyLink: Link,
    endChat: MessageSquareOff,
    leave: LogOut,
    complete: Check,
};
