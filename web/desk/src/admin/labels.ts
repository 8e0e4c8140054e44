// The names of fields, where they stand without their form.

import type {AdminTexts} from "../texts/admin.ts";

export function labelOf(field: string, t: AdminTexts): string {
    const labels: Record<string, string> = {
        name: t.name,
        userName: t.userName,
        firstName: t.firstName,
        lastName: t.lastName,
        nickname: t.nickname,
        emailAddress: t.emailAddress,
        roles: t.roles,
        groups: t.groups,
        skills: t.skills,
        capacity: t.capacity,
        enabled: t.state,
        channel: t.channel,
        inviteTimeout: t.inviteTimeout,
        reofferAfter: t.reofferAfter,
        priority: t.priority,
        answerTarget: t.answerTarget,
        steps: t.steps,
        type: t.type,
        group: t.group,
    };
    return labels[field] ?? field;
}
