// Words that stand at several places.

import {part} from "../part.ts";

export const common = part({
    en: {
        cancel: "Cancel",
        close: "Close",
        tryNow: "Try now",
        again: "Try again",
        chat: "Chat",
        email: "E-mail",
        workitem: "Work item",
        chats: "Chats",
        emails: "E-mails",
        workitems: "Work items",
    },
    de: {
        cancel: "Abbrechen",
        close: "Schließen",
        tryNow: "Jetzt versuchen",
        again: "Nochmals versuchen",
        chat: "Chat",
        email: "E-Mail",
        workitem: "Aufgabe",
        chats: "Chats",
        emails: "E-Mails",
        workitems: "Aufgaben",
    },
    fr: {
        cancel: "Annuler",
        close: "Fermer",
        tryNow: "Essayer maintenant",
        again: "Réessayer",
        chat: "Chat",
        email: "E-mail",
        workitem: "Tâche",
        chats: "Chats",
        emails: "E-mails",
        workitems: "Tâches",
    },
    es: {
        cancel: "Cancelar",
        close: "Cerrar",
        tryNow: "Probar ahora",
        again: "Intentar otra vez",
        chat: "Chat",
        email: "Correo",
        workitem: "Tarea",
        chats: "Chats",
        emails: "Correos",
        workitems: "Tareas",
    },
});
