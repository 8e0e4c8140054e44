// By what a part of the desk makes heard that something came.

import type {InjectionKey} from "vue";
import type {Alarm} from "../offers/alarm.ts";

export const alarmKey: InjectionKey<Alarm> = Symbol("alarm");
