// Whether the browser shows system notifications of this page.

import {onScopeDispose, ref, type Ref} from "vue";

/** `none` is a browser that has no notifications, or a page that did not come over TLS. */
export type NoticePermission = NotificationPermission | "none";

/** How often it is looked at, in ms: a browser tells of its settings to nobody. */
const LOOK_MS = 5_000;

function permissionNow(): NoticePermission {
    return "Notification" in window ? Notification.permission : "none";
}

const permission = ref<NoticePermission>("none");
let users = 0;
let looking: ReturnType<typeof setInterval> | undefined;

function look(): void {
    permission.value = permissionNow();
}

/** Returns the permission, which changes when the reader changes it in the browser. */
export function useNoticePermission(): Readonly<Ref<NoticePermission>> {
    look();
    users += 1;
    looking ??= setInterval(look, LOOK_MS);
    onScopeDispose(() => {
        users -= 1;
        if (users === 0) {
            clearInterval(looking);
            looking = undefined;
        }
    });
    return permission;
}

/** Asks the reader; counts only during a press. */
export async function askForNotices(): Promise<void> {
    permission.value = await Notification.requestPermission();
}
