// The addresses of the desk's places, for whoever leads to one.

export const SIGN_IN = "/sign-in";
export const SETTINGS = "/settings";
export const MINE = "/desk/mine";
export const SEARCH = "/desk/search";
export const ADMIN = "/admin/users";

/** The lists of the desk, which have addresses. */
export type ListName = "mine" | "drafts" | "parked" | "queues";
