// What the parts of the room page share: its room, its tokens and how it says things.
import { claimsOf, requestJSON, roomPath } from "./tally.js";

export const room = decodeURIComponent(location.pathname.split("/").filter(Boolean).pop() ?? "");
export const element = (id) => document.getElementById(id);

export function announce(text) {
  element("announce").textContent = text;
}

export function showProblem(text) {
  element("problem").textContent = text ?? "";
  element("problem").hidden = !text;
}

export const access = { view: undefined, publish: undefined };

function accept(token) {
  if (claimsOf(token).kind === "publish") access.publish = token;
  else access.view = token;
}

const fragment = new URLSearchParams(location.hash.slice(1));
for (const token of fragment.getAll("token")) accept(token);
// A token left in the address bar is shared with the first copied link.
if (fragment.has("token")) history.replaceState(null, "", location.pathname);

export function guestToken(body) {
  return requestJSON(roomPath(room, "/guest-token"), { method: "POST", body });
}

export async function viewToken() {
  access.view ??= (await guestToken({ kind: "view" })).token;
  return access.view;
}

export function participantIn(token) {
  const claims = claimsOf(token);
  return claims.participant ?? claims.sub;
}
