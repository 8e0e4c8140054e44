// Signing in (design 9.1).

import {part} from "../part.ts";

/** Why a provider let nobody in. */
interface Failures {
    refused: string;
    expired: string;
    notBegun: string;
    unproven: string;
    noAccount: string;
    unavailable: string;
}

/** Returns what is said for a word of the server's; a word that is not known says the least. */
function failure(word: string, say: Failures): string {
    switch (word) {
        case "refused": return say.refused;
        case "expired": return say.expired;
        case "not-begun": return say.notBegun;
        case "no-account": return say.noAccount;
        case "unavailable": return say.unavailable;
        default: return say.unproven;
    }
}

export const signIn = part({
    en: {
        title: (center: string | null) => `Sign in to ${center ?? "Handoff"}`,
        userName: "User name",
        password: "Password",
        show: "Show",
        hide: "Hide",
        signIn: "Sign in",
        signingIn: "Signing in…",
        choose: "Choose a new password",
        given: "The one that you were given counts for this once.",
        demo: "This is a demo. Sign in as",
        roleAdmin: "Administrator",
        roleSupervisor: "Supervisor and agent",
        roleAgent: (group: string | null) => (group === null ? "Agent" : `Agent in ${group}`),
        customerPage: "Customer page of the demo",
        wrong: "User name or password is wrong.",
        code: "Code",
        codeHelp: "The present code of your device, or one of your recovery codes.",
        codeWrong: "The code is wrong or was used. Wait for the next one.",
        tooMany: (seconds: number) =>
            `Too many attempts from here. Try again in ${seconds} s.`,
        noServer: (seconds: number) =>
            `The server does not answer. Trying again in ${seconds} s.`,
        starting: "The server is starting. This page goes on by itself.",
        capsLock: "Caps Lock is on.",
        signedOut: (reason: string) =>
            `You were signed out: ${reason} What you wrote is kept on the server.`,
        byProvider: (label: string) => `Sign in with ${label}`,
        failed: (word: string) => failure(word, {
            refused: "The sign-in was cancelled, or not allowed there.",
            expired: "That took too long or was done already. Begin again.",
            notBegun: "This browser did not begin that sign-in. Begin again here.",
            unproven:
                "The sign-in could not be verified. Begin again; if that "
                + "does not help, tell your administrator.",
            noAccount: "You have no account here, or it is disabled. Ask your administrator.",
            unavailable:
                "That sign-in cannot be reached now. Try again soon, or use your password.",
        }),
        again: "Please sign in again",
        otherUser: "In another tab somebody else signed in. Nothing of yours is lost.",
    },
    de: {
        title: (center) => `Bei ${center ?? "Handoff"} anmelden`,
        userName: "Benutzername",
        password: "Passwort",
        show: "Anzeigen",
        hide: "Verbergen",
        signIn: "Anmelden",
        signingIn: "Anmeldung läuft…",
        choose: "Neues Passwort wählen",
        given: "Das, das Sie bekommen haben, gilt nur dieses eine Mal.",
        demo: "Dies ist eine Demo. Anmelden als",
        roleAdmin: "Administration",
        roleSupervisor: "Teamleitung und Agent",
        roleAgent: (group) => (group === null ? "Agent" : `Agent in ${group}`),
        customerPage: "Kundenseite der Demo",
        wrong: "Benutzername oder Passwort ist falsch.",
        code: "Code",
        codeHelp: "Der jetzige Code Ihres Geräts oder einer Ihrer Ersatzcodes.",
        codeWrong: "Der Code ist falsch oder wurde schon benutzt. Warten Sie auf den nächsten.",
        tooMany: (seconds) =>
            `Zu viele Versuche von hier. Wieder möglich in ${seconds} s.`,
        noServer: (seconds) =>
            `Der Server antwortet nicht. Nächster Versuch in ${seconds} s.`,
        starting: "Der Server startet. Diese Seite macht von selbst weiter.",
        capsLock: "Die Feststelltaste ist an.",
        signedOut: (reason) =>
            `Sie wurden abgemeldet: ${reason} Was Sie geschrieben haben, liegt auf dem Server.`,
        byProvider: (label) => `Mit ${label} anmelden`,
        failed: (word) => failure(word, {
            refused: "Die Anmeldung wurde dort abgebrochen oder nicht erlaubt.",
            expired:
                "Das hat zu lange gedauert oder ist schon geschehen. Beginnen Sie noch einmal.",
            notBegun:
                "Dieser Browser hat diese Anmeldung nicht begonnen. Beginnen Sie hier noch einmal.",
            unproven:
                "Die Anmeldung ließ sich nicht prüfen. Beginnen Sie noch einmal; hilft "
                + "das nicht, wenden Sie sich an Ihre Administration.",
            noAccount:
                "Sie haben hier kein Konto, oder es ist gesperrt. "
                + "Wenden Sie sich an Ihre Administration.",
            unavailable:
                "Diese Anmeldung ist gerade nicht erreichbar. Versuchen Sie es "
                + "bald wieder, oder nehmen Sie Ihr Passwort.",
        }),
        again: "Melden Sie sich wieder an",
        otherUser:
            "In einem anderen Tab hat sich jemand anderes angemeldet. Von Ihnen ist nichts verloren.",
    },
    fr: {
        title: (center) => `Se connecter à ${center ?? "Handoff"}`,
        userName: "Nom d’utilisateur",
        password: "Mot de passe",
        show: "Afficher",
        hide: "Masquer",
        signIn: "Se connecter",
        signingIn: "Connexion…",
        choose: "Choisir un nouveau mot de passe",
        given: "Celui que l’on vous a donné ne sert que cette fois.",
        demo: "Ceci est une démo. Se connecter comme",
        roleAdmin: "Administration",
        roleSupervisor: "Superviseur et agent",
        roleAgent: (group) => (group === null ? "Agent" : `Agent de ${group}`),
        customerPage: "Page client de la démo",
        wrong: "Le nom d’utilisateur ou le mot de passe est faux.",
        code: "Code",
        codeHelp: "Le code actuel de votre appareil, ou l’un de vos codes de secours.",
        codeWrong: "Le code est faux ou a déjà servi. Attendez le suivant.",
        tooMany: (seconds) =>
            `Trop d’essais depuis cet endroit. Réessayez dans ${seconds} s.`,
        noServer: (seconds) =>
            `Le serveur ne répond pas. Nouvel essai dans ${seconds} s.`,
        starting: "Le serveur démarre. Cette page continue d’elle-même.",
        capsLock: "La touche Verr. maj. est active.",
        signedOut: (reason) =>
            `Vous avez été déconnecté : ${reason} Ce que vous avez écrit est sur le serveur.`,
        byProvider: (label) => `Se connecter avec ${label}`,
        failed: (word) => failure(word, {
            refused: "La connexion y a été annulée ou n’est pas permise.",
            expired: "Cela a pris trop de temps ou est déjà fait. Recommencez.",
            notBegun: "Ce navigateur n’a pas commencé cette connexion. Recommencez ici.",
            unproven:
                "La connexion n’a pas pu être vérifiée. Recommencez ; si cela "
                + "n’aide pas, adressez-vous à votre administration.",
            noAccount:
                "Vous n’avez pas de compte ici, ou il est désactivé. "
                + "Adressez-vous à votre administration.",
            unavailable:
                "Cette connexion n’est pas joignable. Réessayez "
                + "bientôt, ou utilisez votre mot de passe.",
        }),
        again: "Connectez-vous de nouveau",
        otherUser:
            "Dans un autre onglet quelqu’un d’autre s’est connecté. Rien de vous n’est perdu.",
    },
    es: {
        title: (center) => `Entrar en ${center ?? "Handoff"}`,
        userName: "Usuario",
        password: "Contraseña",
        show: "Mostrar",
        hide: "Ocultar",
        signIn: "Entrar",
        signingIn: "Entrando…",
        choose: "Elegir una contraseña nueva",
        given: "La que le dieron vale solo esta vez.",
        demo: "Esto es una demo. Entrar como",
        roleAdmin: "Administración",
        roleSupervisor: "Supervisión y agente",
        roleAgent: (group) => (group === null ? "Agente" : `Agente de ${group}`),
        customerPage: "Página de clientes de la demo",
        wrong: "El usuario o la contraseña no es correcta.",
        code: "Código",
        codeHelp: "El código actual de su dispositivo, o uno de sus códigos de recuperación.",
        codeWrong: "El código es incorrecto o ya se usó. Espere al siguiente.",
        tooMany: (seconds) =>
            `Demasiados intentos desde aquí. Pruebe otra vez en ${seconds} s.`,
        noServer: (seconds) =>
            `El servidor no responde. Otro intento en ${seconds} s.`,
        starting: "El servidor está arrancando. Esta página sigue sola.",
        capsLock: "Las mayúsculas están activadas.",
        signedOut: (reason) =>
            `Se cerró su sesión: ${reason} Lo que escribió está en el servidor.`,
        byProvider: (label) => `Entrar con ${label}`,
        failed: (word) => failure(word, {
            refused: "La entrada se canceló o no se permite allí.",
            expired: "Tardó demasiado o ya se hizo. Empiece de nuevo.",
            notBegun: "Este navegador no empezó esa entrada. Empiece de nuevo aquí.",
            unproven:
                "No se pudo comprobar la entrada. Empiece de nuevo; si "
                + "no sirve, avise a su administración.",
            noAccount: "No tiene cuenta aquí, o está desactivada. Pregunte a su administración.",
            unavailable:
                "Esa entrada no está disponible ahora. Pruebe pronto, o use su contraseña.",
        }),
        again: "Entre de nuevo",
        otherUser:
            "En otra pestaña entró otra persona. No se pierde nada suyo.",
    },
});
