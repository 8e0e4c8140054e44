// The top bar and its menus (design 9.2).

import {part, plural} from "../part.ts";

export const bar = part({
    en: {
        yourState: (state: string, time: string | null) =>
            time === null ? `Your state: ${state}` : `Your state: ${state}, for ${time}`,
        ready: "Ready",
        readyFor: (channels: string) => `Ready: ${channels}`,
        notReady: "Not ready",
        notReadyFor: (reason: string) => `Not ready: ${reason}`,
        reason: "Reason",
        otherReason: "Another reason",
        undisturbed: "Do not disturb",
        offWork: "Off work",
        startWork: "Start work",
        onlyFor: "Only for",
        endWork: "End work",
        signOut: "Sign out",
        load: (chats: string, emails: string, workitems: string) =>
            `Chats ${chats}, e-mails ${emails}, work items ${workitems}`,
        of: (used: number, capacity: number | null) =>
            capacity === null ? `${used}` : `${used} of ${capacity}`,
        soundOn: "Sounds are on",
        soundOff: "Sounds are off",
        keys: "Keyboard shortcuts",
        help: "Help",
        account: (name: string) => `${name}: settings and sign out`,
        settings: "Settings",
        changePassword: "Change password",
        sounds: "Sounds",
        notifyHow: "How to allow them",
        endTitle: "End work?",
        endNothing: "Nothing is in your hands. You are signed out as well.",
        endBack: (chats: number, others: number, drafts: number) =>
            [
                chats > 0 &&
                    `${chats} ${plural("en", chats, "chat goes", "chats go")} back to the queue, ` +
                        "or to a colleague in it.",
                others > 0 &&
                    `${others} ${plural("en", others, "other goes", "others go")} to a workbin ` +
                        "of yours, or back to the queue.",
                drafts > 0 &&
                    `${drafts} ${plural("en", drafts, "draft is", "drafts are")} kept for you.`,
                "You are signed out as well.",
            ]
                .filter(Boolean)
                .join(" "),
        refused: (sentence: string) => `Not done: ${sentence}`,
        quiet: "Only offers are heard",
        quietHelp: "Quiet: only offers are heard",
        quietTime: "For 30 minutes",
        quietReady: "Until I am Not ready",
        heardElsewhere: "Sound plays in the other window",
        noRoom: (channels: string) => `No room: ${channels}. More comes once something is done.`,
        leftAlone: "Do not disturb: nothing is offered to you.",
    },
    de: {
        yourState: (state, time) =>
            time === null ? `Ihr Status: ${state}` : `Ihr Status: ${state}, seit ${time}`,
        ready: "Bereit",
        readyFor: (channels) => `Bereit: ${channels}`,
        notReady: "Nicht bereit",
        notReadyFor: (reason) => `Nicht bereit: ${reason}`,
        reason: "Grund",
        otherReason: "Anderer Grund",
        undisturbed: "Nicht stören",
        offWork: "Nicht im Dienst",
        startWork: "Dienst beginnen",
        onlyFor: "Nur für",
        endWork: "Dienst beenden",
        signOut: "Abmelden",
        load: (chats, emails, workitems) =>
            `Chats ${chats}, E-Mails ${emails}, Aufgaben ${workitems}`,
        of: (used, capacity) => (capacity === null ? `${used}` : `${used} von ${capacity}`),
        soundOn: "Töne sind an",
        soundOff: "Töne sind aus",
        keys: "Tastenkürzel",
        help: "Hilfe",
        account: (name) => `${name}: Einstellungen und Abmelden`,
        settings: "Einstellungen",
        changePassword: "Passwort ändern",
        sounds: "Töne",
        notifyHow: "So erlauben Sie sie",
        endTitle: "Dienst beenden?",
        endNothing: "Sie haben nichts in der Hand. Sie werden auch abgemeldet.",
        endBack: (chats, others, drafts) =>
            [
                chats > 0 &&
                    `${chats} ${plural("de", chats, "Chat geht", "Chats gehen")} zurück in die ` +
                        "Warteschlange, oder an jemanden, der darin ist.",
                others > 0 &&
                    `${others} ${plural("de", others, "weiteres geht", "weitere gehen")} in eine ` +
                        "Ihrer Ablagen, oder zurück in die Warteschlange.",
                drafts > 0 &&
                    `${drafts} ${plural("de", drafts, "Entwurf bleibt", "Entwürfe bleiben")} ` +
                        "für Sie aufgehoben.",
                "Sie werden auch abgemeldet.",
            ]
                .filter(Boolean)
                .join(" "),
        refused: (sentence) => `Nicht getan: ${sentence}`,
        quiet: "Nur Angebote sind zu hören",
        quietHelp: "Ruhe: nur Angebote sind zu hören",
        quietTime: "30 Minuten lang",
        quietReady: "Bis ich nicht bereit bin",
        heardElsewhere: "Töne spielt das andere Fenster",
        noRoom: (channels) => `Kein Platz: ${channels}. Mehr kommt, sobald etwas fertig ist.`,
        leftAlone: "Nicht stören: Ihnen wird nichts angeboten.",
    },
    fr: {
        yourState: (state, time) =>
            time === null ? `Votre état : ${state}` : `Votre état : ${state}, depuis ${time}`,
        ready: "Disponible",
        readyFor: (channels) => `Disponible : ${channels}`,
        notReady: "Pas disponible",
        notReadyFor: (reason) => `Pas disponible : ${reason}`,
        reason: "Motif",
        otherReason: "Autre motif",
        undisturbed: "Ne pas déranger",
        offWork: "Hors service",
        startWork: "Prendre le service",
        onlyFor: "Seulement pour",
        endWork: "Finir le service",
        signOut: "Se déconnecter",
        load: (chats, emails, workitems) =>
            `Chats ${chats}, e-mails ${emails}, tâches ${workitems}`,
        of: (used, capacity) => (capacity === null ? `${used}` : `${used} sur ${capacity}`),
        soundOn: "Les sons sont actifs",
        soundOff: "Les sons sont coupés",
        keys: "Raccourcis clavier",
        help: "Aide",
        account: (name) => `${name} : réglages et déconnexion`,
        settings: "Réglages",
        changePassword: "Changer le mot de passe",
        sounds: "Sons",
        notifyHow: "Comment les autoriser",
        endTitle: "Finir le service ?",
        endNothing: "Vous n’avez rien en main. Vous serez aussi déconnecté.",
        endBack: (chats, others, drafts) =>
            [
                chats > 0 &&
                    `${chats} ${plural("fr", chats, "chat retourne", "chats retournent")} ` +
                        "dans la file, ou à un collègue qui y est.",
                others > 0 &&
                    `${others} ${plural("fr", others, "autre va", "autres vont")} dans un de ` +
                        "vos casiers, ou dans la file.",
                drafts > 0 &&
                    `${drafts} ${plural("fr", drafts, "brouillon reste", "brouillons restent")} ` +
                        "pour vous.",
                "Vous serez aussi déconnecté.",
            ]
                .filter(Boolean)
                .join(" "),
        refused: (sentence) => `Pas fait : ${sentence}`,
        quiet: "Seules les offres s’entendent",
        quietHelp: "Calme : seules les offres s’entendent",
        quietTime: "Pendant 30 minutes",
        quietReady: "Jusqu’à ce que je ne sois plus disponible",
        heardElsewhere: "Le son vient de l’autre fenêtre",
        noRoom: (channels) => `Plus de place : ${channels}. La suite vient quand une chose est finie.`,
        leftAlone: "Ne pas déranger : rien ne vous est offert.",
    },
    es: {
        yourState: (state, time) =>
            time === null ? `Su estado: ${state}` : `Su estado: ${state}, desde hace ${time}`,
        ready: "Disponible",
        readyFor: (channels) => `Disponible: ${channels}`,
        notReady: "No disponible",
        notReadyFor: (reason) => `No disponible: ${reason}`,
        reason: "Motivo",
        otherReason: "Otro motivo",
        undisturbed: "No molestar",
        offWork: "Fuera de servicio",
        startWork: "Empezar a trabajar",
        onlyFor: "Solo para",
        endWork: "Terminar el trabajo",
        signOut: "Salir",
        load: (chats, emails, workitems) =>
            `Chats ${chats}, correos ${emails}, tareas ${workitems}`,
        of: (used, capacity) => (capacity === null ? `${used}` : `${used} de ${capacity}`),
        soundOn: "Los sonidos están activados",
        soundOff: "Los sonidos están apagados",
        keys: "Atajos de teclado",
        help: "Ayuda",
        account: (name) => `${name}: ajustes y salir`,
        settings: "Ajustes",
        changePassword: "Cambiar la contraseña",
        sounds: "Sonidos",
        notifyHow: "Cómo permitirlas",
        endTitle: "¿Terminar el trabajo?",
        endNothing: "No tiene nada en sus manos. También se cierra su sesión.",
        endBack: (chats, others, drafts) =>
            [
                chats > 0 &&
                    `${chats} ${plural("es", chats, "chat vuelve", "chats vuelven")} a la cola, ` +
                        "o a quien ya está en él.",
                others > 0 &&
                    `${others} ${plural("es", others, "más va", "más van")} a una bandeja suya, ` +
                        "o a la cola.",
                drafts > 0 &&
                    `${drafts} ${plural("es", drafts, "borrador queda", "borradores quedan")} ` +
                        "para usted.",
                "También se cierra su sesión.",
            ]
                .filter(Boolean)
                .join(" "),
        refused: (sentence) => `No se hizo: ${sentence}`,
        quiet: "Solo se oyen las ofertas",
        quietHelp: "Silencio: solo se oyen las ofertas",
        quietTime: "Durante 30 minutos",
        quietReady: "Hasta que no esté disponible",
        heardElsewhere: "El sonido sale de la otra ventana",
        noRoom: (channels) => `Sin sitio: ${channels}. Llega más cuando se termine algo.`,
        leftAlone: "No molestar: no se le ofrece nada.",
    },
});
