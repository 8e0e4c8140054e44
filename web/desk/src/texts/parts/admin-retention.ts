// The page that says how long finished work is kept.

import {part} from "../part.ts";

export const adminRetention = part({
    en: {
        retention: "Retention",
        retentionHelp: "So long after it is over, work is removed within a day, with its history, "
            + "its transcript and its files.",
        keptChats: "Chats are kept, in days",
        keptEmails: "E-mails are kept, in days",
        keptWorkitems: "Work items are kept, in days",
        keptHelp: "Empty: for good.",
        notDays: (least: number, most: number) => `From ${least} to ${most} days, or nothing.`,
        shorterTitle: "Keep work for a shorter time?",
        shorterHelp: "What has been over for longer is removed within a day. It cannot be brought "
            + "back, but from a backup.",
    },
    de: {
        retention: "Aufbewahrung",
        retentionHelp: "So lange nach ihrem Ende wird Arbeit innerhalb eines Tages entfernt, mit "
            + "Verlauf, Gespräch und Dateien.",
        keptChats: "Chats werden aufbewahrt, in Tagen",
        keptEmails: "E-Mails werden aufbewahrt, in Tagen",
        keptWorkitems: "Aufgaben werden aufbewahrt, in Tagen",
        keptHelp: "Leer: für immer.",
        notDays: (least, most) => `Von ${least} bis ${most} Tagen, oder nichts.`,
        shorterTitle: "Arbeit kürzer aufbewahren?",
        shorterHelp: "Was schon länger zu Ende ist, wird innerhalb eines Tages entfernt. Es lässt "
            + "sich nicht zurückholen, außer aus einer Sicherung.",
    },
    fr: {
        retention: "Conservation",
        retentionHelp: "Tant de temps après sa fin, le travail est retiré dans la journée, avec son "
            + "histoire, sa conversation et ses fichiers.",
        keptChats: "Les chats sont gardés, en jours",
        keptEmails: "Les e-mails sont gardés, en jours",
        keptWorkitems: "Les tâches sont gardées, en jours",
        keptHelp: "Vide : pour toujours.",
        notDays: (least, most) => `De ${least} à ${most} jours, ou rien.`,
        shorterTitle: "Garder le travail moins longtemps ?",
        shorterHelp: "Ce qui est fini depuis plus longtemps est retiré dans la journée. Cela ne "
            + "revient pas, sauf d’une sauvegarde.",
    },
    es: {
        retention: "Conservación",
        retentionHelp: "Tanto tiempo después de terminar, el trabajo se retira en un día, con su "
            + "historia, su conversación y sus archivos.",
        keptChats: "Los chats se guardan, en días",
        keptEmails: "Los correos se guardan, en días",
        keptWorkitems: "Las tareas se guardan, en días",
        keptHelp: "Vacío: para siempre.",
        notDays: (least, most) => `De ${least} a ${most} días, o nada.`,
        shorterTitle: "¿Guardar el trabajo menos tiempo?",
        shorterHelp: "Lo que terminó hace más tiempo se retira en un día. No se puede recuperar, "
            + "salvo de una copia.",
    },
});
