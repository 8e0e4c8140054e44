// The dialog that changes one's own password.

import {part} from "../part.ts";

export const password = part({
    en: {
        title: "Change password",
        present: "Present password",
        next: "New password",
        rule: "At least 10 characters, and none of those that are tried first.",
        missing: "Both fields are needed.",
        changing: "Changing…",
        changed: "Your password is changed. On your other computers you sign in again.",
        unanswered: "The server did not answer, and may have changed it. Where you are asked to "
            + "sign in, try the new one first.",
    },
    de: {
        title: "Passwort ändern",
        present: "Jetziges Passwort",
        next: "Neues Passwort",
        rule: "Mindestens 10 Zeichen, und keines, das zuerst geraten wird.",
        missing: "Beide Felder sind nötig.",
        changing: "Wird geändert…",
        changed: "Ihr Passwort ist geändert. An Ihren anderen Computern melden Sie sich neu an.",
        unanswered: "Der Server antwortete nicht und hat es vielleicht geändert. Wo Sie sich "
            + "anmelden sollen, versuchen Sie zuerst das neue.",
    },
    fr: {
        title: "Changer le mot de passe",
        present: "Mot de passe actuel",
        next: "Nouveau mot de passe",
        rule: "Au moins 10 caractères, et aucun de ceux qu’on essaie d’abord.",
        missing: "Les deux champs sont nécessaires.",
        changing: "Changement…",
        changed: "Votre mot de passe est changé. Sur vos autres ordinateurs, reconnectez-vous.",
        unanswered: "Le serveur n’a pas répondu, et l’a peut-être changé. Là où l’on vous demande "
            + "de vous connecter, essayez d’abord le nouveau.",
    },
    es: {
        title: "Cambiar la contraseña",
        present: "Contraseña actual",
        next: "Contraseña nueva",
        rule: "Al menos 10 caracteres, y ninguna de las que se prueban primero.",
        missing: "Los dos campos son necesarios.",
        changing: "Cambiando…",
        changed: "Su contraseña ha cambiado. En sus otros equipos tiene que entrar de nuevo.",
        unanswered: "El servidor no respondió, y quizá la cambió. Donde se le pida entrar, pruebe "
            + "primero la nueva.",
    },
});
