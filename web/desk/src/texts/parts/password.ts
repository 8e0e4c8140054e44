// Changing one's own password, and choosing one in place of one that an admin gave. Loaded with
// those dialogs.

import {part} from "../part.ts";

export const password = part({
    en: {
        present: "Present password",
        next: "New password",
        rule: "At least 10 characters, and none of those that are tried first.",
        missing: "Both fields are needed.",
        missingNext: "A new password is needed.",
        givenOne: "Password that you were given",
        saveAndGoOn: "Save and continue",
        changing: "Changing…",
        changed: "Your password is changed. On your other computers you sign in again.",
        unanswered: "The server did not answer, and may have changed it. Where you are asked to "
            + "sign in, try the new one first.",
    },
    de: {
        present: "Jetziges Passwort",
        next: "Neues Passwort",
        rule: "Mindestens 10 Zeichen, und keines, das zuerst geraten wird.",
        missing: "Beide Felder sind nötig.",
        missingNext: "Ein neues Passwort ist nötig.",
        givenOne: "Passwort, das Sie bekommen haben",
        saveAndGoOn: "Speichern und weiter",
        changing: "Wird geändert…",
        changed: "Ihr Passwort ist geändert. An Ihren anderen Computern melden Sie sich neu an.",
        unanswered: "Der Server antwortete nicht und hat es vielleicht geändert. Wo Sie sich "
            + "anmelden sollen, versuchen Sie zuerst das neue.",
    },
    fr: {
        present: "Mot de passe actuel",
        next: "Nouveau mot de passe",
        rule: "Au moins 10 caractères, et aucun de ceux qu’on essaie d’abord.",
        missing: "Les deux champs sont nécessaires.",
        missingNext: "Un nouveau mot de passe est nécessaire.",
        givenOne: "Mot de passe reçu",
        saveAndGoOn: "Enregistrer et continuer",
        changing: "Changement…",
        changed: "Votre mot de passe est changé. Sur vos autres ordinateurs, reconnectez-vous.",
        unanswered: "Le serveur n’a pas répondu, et l’a peut-être changé. Là où l’on vous demande "
            + "de vous connecter, essayez d’abord le nouveau.",
    },
    es: {
        present: "Contraseña actual",
        next: "Contraseña nueva",
        rule: "Al menos 10 caracteres, y ninguna de las que se prueban primero.",
        missing: "Los dos campos son necesarios.",
        missingNext: "Hace falta una contraseña nueva.",
        givenOne: "Contraseña que le dieron",
        saveAndGoOn: "Guardar y seguir",
        changing: "Cambiando…",
        changed: "Su contraseña ha cambiado. En sus otros equipos tiene que entrar de nuevo.",
        unanswered: "El servidor no respondió, y quizá la cambió. Donde se le pida entrar, pruebe "
            + "primero la nueva.",
    },
});
