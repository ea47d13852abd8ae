// The tally panel: who receives this participant, as the enforcement point says it.
import { announce, counted, element, room } from "./page.js";

/** The recipient that stands for the relay's own recorder. */
export const ownRecorder = "recorder";

export const keyOf = ({ purpose, recipient }) => (recipient ? `${purpose}:${recipient}` : purpose);

export function audienceFrom(key) {
  const colon = key.indexOf(":");
  if (colon < 0) return { purpose: key };
  return { purpose: key.slice(0, colon), recipient: key.slice(colon + 1) };
}

const recorderName = (recipient) => (recipient === ownRecorder ? "this relay" : recipient);

export function nameOf({ purpose, recipient }) {
  if (purpose === "live_room") return "People watching this room";
  if (purpose === "live_embed") return `Viewers on the site of ${recipient}`;
  if (purpose === "recording") return `Recording by ${recorderName(recipient)}`;
  if (purpose === "rebroadcast") return `Re-broadcast by ${recipient}`;
  return keyOf({ purpose, recipient });
}

export function explanationOf({ purpose, recipient }) {
  if (purpose === "live_room") return "Anyone who opens this room sees and hears you, live.";
  if (purpose === "live_embed") return `Visitors of ${recipient} see and hear you there, live.`;
  if (purpose === "recording") return `If ${recorderName(recipient)} records, what you show and say is kept.`;
  if (purpose === "rebroadcast") return `${recipient} passes you on, live, to its own audience.`;
  return "";
}

const reasons = {
  "no-record": "You have not agreed to this.",
  requested: "You have been asked and have not answered.",
  deferred: "You have been asked and have not decided.",
  refused: "You declined this.",
  withdrawn: "You took this back.",
  revoked: "The operator took this back.",
  expired: "Your agreement has run out.",
  invalidated: "Your agreement is no longer valid.",
  "outdated-notice": "The terms have changed since you agreed.",
  purpose: "You agreed to something else, not to this.",
  recipient: "You agreed to somebody else, not to this one.",
  media: "You agreed to other media.",
  scope: "You agreed for another room or session.",
  minor: "Not allowed at your age.",
  guardian: "A guardian has to agree first.",
  region: "Not allowed in the region of the receiver.",
  "all-party": "Somebody else on air has not agreed.",
  "captured-without": "Captured while you had not agreed.",
  "controller-changed": "The service changed hands since you agreed.",
  gpc: "Your browser's privacy signal says no.",
  "stale-epoch": "The relay is catching up with your choice.",
  "lease-expired": "Closed by itself: the relay could not confirm your choice in time.",
  "log-unavailable": "Closed by itself: the relay cannot write its record.",
  hold: "On hold.",
  malformed: "The record of your choice cannot be read.",
};

/** Fills a form from the template and calls `onAdd` with the audience that was named. */
export function fillComposer(container, buttonText, onAdd) {
  container.append(element("composer").content.cloneNode(true));
  const input = container.querySelector(".recipient");
  const button = container.querySelector(".add");
  button.textContent = buttonText;
  button.type = "button";
  const add = () => {
    input.required = true;
    const usable = input.reportValidity();
    input.required = false;
    if (!usable) return;
    onAdd({ purpose: container.querySelector(".purpose").value, recipient: input.value.trim() });
    input.value = "";
  };
  button.addEventListener("click", add);
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    add();
  });
}

/** Shows what the enforcement point says about this participant, and nothing that the page only asked for. */
export class TallyPanel {
  #rows = new Map();
  #overview;
  #change;
  #lit = "";

  /** Key of the audience that this page views the room with: it is one of the viewers counted there. */
  ownAudience;

  /** `change` records choices: an array of changes to a promise of the acknowledgement. */
  constructor(change) {
    this.#change = change;
    element("audiences").replaceChildren();
  }

  /** `undefined` says that the enforcement point is out of reach: then nothing is claimed either way. */
  show(overview) {
    this.#overview = overview;
    const panel = element("tally");
    const live = overview?.audiences.filter((audience) => audience.state === "live") ?? [];
    const viewers = live.reduce((sum, audience) => sum + audience.viewers, 0);
    panel.dataset.state = overview === undefined ? "unknown" : live.length > 0 ? "live" : "dark";
    element("tally-title").textContent =
      overview === undefined ? "Asking the relay" : live.length > 0 ? "You are on air" : "Nobody receives you";
    element("tally-summary").textContent =
      overview === undefined ? "Who receives you is unknown until it answers."
      : live.length > 0 ? `${counted(viewers, "viewer receives", "viewers receive")} you now.`
      : overview.on_air ? "Connected. Your picture stops at the relay."
      : "Your camera is not connected to the relay.";
    document.title = `${live.length > 0 ? "● " : ""}${room} · Tally`;
    const lit = live.map(keyOf).join();
    if (overview !== undefined && lit !== this.#lit) {
      this.#lit = lit;
      announce(live.length > 0 ? `On air. Receiving you: ${live.map(nameOf).join(", ")}.` : "Nobody receives you.");
    }
    element("withdraw-all").disabled = this.#standing().length === 0;
    this.#showRows(overview?.audiences ?? []);
  }

  #standing() {
    return (this.#overview?.audiences ?? []).filter((audience) =>
      audience.state !== "withheld" || ["ConsentGiven", "RenewedConsentGiven"].includes(audience.consent));
  }

  #showRows(audiences) {
    const keys = new Set(audiences.map(keyOf));
    for (const [key, row] of this.#rows) {
      if (keys.has(key)) continue;
      row.remove();
      this.#rows.delete(key);
    }
    for (const audience of audiences) {
      const key = keyOf(audience);
      let row = this.#rows.get(key);
      if (!row) {
        row = this.#makeRow(key);
        this.#rows.set(key, row);
        element("audiences").append(row);
      }
      const allowed = this.#standing().includes(audience);
      row.dataset.state = audience.state;
      row.querySelector(".quiet").textContent =
        audience.state === "live" ? `Receives you now · ${this.#viewers(audience)}`
        : audience.state === "permitted" ? "Allowed · nobody receives you at the moment"
        : reasons[audience.reason] ?? "Withheld.";
      const button = row.querySelector("button");
      button.textContent = allowed ? "Withdraw" : "Allow";
      button.dataset.choice = allowed ? "withdraw" : "grant";
      button.setAttribute("aria-label", `${button.textContent}: ${nameOf(audience)}`);
    }
  }

  #viewers(audience) {
    if (keyOf(audience) !== this.ownAudience) return counted(audience.viewers, "viewer", "viewers");
    return audience.viewers === 1 ? "only this page" : `${audience.viewers} viewers with this page`;
  }

  #makeRow(key) {
    const row = document.createElement("li");
    row.dataset.audience = key;
    const lamp = document.createElement("span");
    lamp.className = "lamp";
    lamp.setAttribute("aria-hidden", "true");
    const text = document.createElement("div");
    const name = document.createElement("strong");
    name.textContent = nameOf(audienceFrom(key));
    const state = document.createElement("p");
    state.className = "quiet";
    text.append(name, state);
    const button = document.createElement("button");
    button.type = "button";
    button.addEventListener("click", () =>
      this.choose([{ ...audienceFrom(key), choice: button.dataset.choice }], button));
    row.append(lamp, text, button);
    return row;
  }

  withdrawEverything() {
    const changes = this.#standing().map(({ purpose, recipient }) => ({ purpose, recipient, choice: "withdraw" }));
    return this.choose(changes, element("withdraw-all"));
  }

  /** Records changes and shows the relay's acknowledgement; `button` is out of use in between. */
  async choose(changes, button) {
    if (changes.length === 0) return;
    const receipt = element("receipt");
    receipt.hidden = false;
    receipt.dataset.state = "waiting";
    receipt.textContent = "Waiting for the relay to confirm…";
    if (button) button.disabled = true;
    try {
      const answer = await this.#change(changes);
      const withdrawn = changes.every((change) => change.choice !== "grant");
      receipt.dataset.state = "done";
      receipt.textContent = withdrawn
        ? `Withdrawn. In effect since ${clockTime(answer.effective_at)}: nothing has left the relay after that.`
        : `Allowed. In effect since ${clockTime(answer.effective_at)}.`;
    } catch (error) {
      receipt.dataset.state = "failed";
      receipt.textContent = `Not confirmed. ${error.message}`;
    } finally {
      if (button) button.disabled = false;
      element("withdraw-all").disabled = this.#standing().length === 0;
    }
  }
}

function clockTime(timestamp) {
  const date = new Date(typeof timestamp === "string" ? timestamp.replace(/(\.\d{3})\d+/, "$1") : timestamp);
  if (Number.isNaN(date.getTime())) return String(timestamp);
  const part = (number, width) => String(number).padStart(width, "0");
  return `${part(date.getHours(), 2)}:${part(date.getMinutes(), 2)}:${part(date.getSeconds(), 2)}`
    + `.${part(date.getMilliseconds(), 3)}`;
}
