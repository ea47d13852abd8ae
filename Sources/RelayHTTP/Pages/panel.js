// The tally panel: who receives this participant, as the enforcement point says it.
import { Composer, endChosen } from "./composer.js";
import { Listing } from "./listing.js";
import { announce, element, room } from "./page.js";
import { partners } from "./partners.js";
import { Renewal } from "./renewal.js";
import { board, Terms } from "./terms.js";
import {
  anyPartner, audienceFrom, canBeAllowed, changeOf, classes, classOf, clockTime, counted, endOf, keyOf, nameOf, reasons,
  whoIs,
} from "./words.js";

const given = ["ConsentGiven", "RenewedConsentGiven"];
const takenBack = ["ConsentWithdrawn", "ConsentRefused"];
// Partners that nothing was said about yet; whoever wants another names it.
const mostListed = 24;

/** Shows what the enforcement point says about this participant, and nothing that the page only asked for. */
export class TallyPanel {
  #rows = new Map();
  #groups = new Map();
  #overview;
  #change;
  #renewal;
  #listing;
  #composer;
  #lit = "";

  /** Key of the audience that this page views the room with: it is one of the viewers counted there. */
  ownAudience;

  /** `change` records choices: an array of changes to a promise of the acknowledgement. */
  constructor(change) {
    this.#change = change;
    element("audiences").replaceChildren();
    this.#renewal = new Renewal((audience, terms, button) => this.#allow(audience, terms, button));
    this.#listing = new Listing((audience, button) => this.choose([changeOf(audience, "refuse")], button));
    element("allow-form").replaceChildren();
    this.#composer = new Composer(element("allow-form"), "Allow",
      (audience, terms, button) => this.#allow(audience, terms, button), { showsTerms: true });
  }

  /** The room's notices are there, or are others than before. */
  showNotices() {
    this.#composer.refresh();
    if (this.#overview) this.#showRows(this.#lines);
    this.#renewal.show();
  }

  /** The partners that the operator lists are there, or are others than before. */
  showPartners() {
    Composer.suggestPartners();
    if (this.#overview) this.#showRows(this.#lines);
    this.#listing.show();
  }

  /** `undefined` says that the enforcement point is out of reach: then nothing is claimed either way. */
  show(overview) {
    this.#overview = overview;
    const panel = element("tally");
    const live = overview?.audiences.filter((audience) => audience.state === "live") ?? [];
    const viewers = viewersOf(live);
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
    element("withdraw-all").disabled = !overview?.audiences.some(isStanding);
    this.#showRows(this.#lines);
    this.#renewal.show(overview);
    this.#listing.show(overview);
  }

  /** What the relay says of each audience; and the partners that it says nothing of, to be chosen one by one. */
  get #lines() {
    if (!this.#overview) return [];
    const { audiences } = this.#overview;
    const keys = new Set(audiences.map(keyOf));
    const all = audiences.find((audience) => keyOf(audience) === anyPartner);
    const offered = partners.audiences;
    if (offered.some(({ purpose }) => purpose === "live_embed")) {
      offered.unshift({ purpose: "live_embed", recipient_class: "embed_partner", whole_class: true });
    }
    const others = offered.filter((audience) => !keys.has(keyOf(audience))).slice(0, mostListed);
    return [...audiences, ...others.map((audience) => ({
      consent: "ConsentUnknown",
      viewers: 0,
      notices: board.inForce(audience.purpose),
      ...(audience.purpose === "live_embed" && all ? coveredBy(all) : { state: "withheld", reason: "no-record" }),
      ...audience,
    }))];
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
        row = new AudienceRow(audience, (choice, button) => this.#decide(key, choice, button));
        this.#rows.set(key, row);
        this.#group(classOf(audience)).querySelector("ul").append(row.root);
      }
      row.show(audience, this.#viewers(audience));
    }
    for (const [recipientClass, group] of this.#groups) {
      const members = audiences.filter((audience) => classOf(audience) === recipientClass);
      group.hidden = members.length === 0;
      const viewers = viewersOf(members.filter((audience) => audience.state === "live"));
      group.dataset.viewers = String(viewers);
      group.querySelector(".count").textContent = viewers === 0 ? "none now" : `${viewers} now`;
    }
  }

  /** The list of one class of recipients, in the order of classes. */
  #group(recipientClass) {
    const present = this.#groups.get(recipientClass);
    if (present) return present;
    const group = element("audience-group").content.firstElementChild.cloneNode(true);
    group.dataset.class = recipientClass;
    group.querySelector(".class").textContent = classes[recipientClass] ?? recipientClass;
    this.#groups.set(recipientClass, group);
    const order = Object.keys(classes);
    const sorted = [...this.#groups].sort(([one], [other]) => order.indexOf(one) - order.indexOf(other));
    element("audiences").append(...sorted.map(([, made]) => made));
    return group;
  }

  #viewers(audience) {
    if (keyOf(audience) !== this.ownAudience) return counted(audience.viewers, "viewer", "viewers");
    return audience.viewers === 1 ? "only this page" : `${audience.viewers} viewers with this page`;
  }

  #decide(key, choice, button) {
    if (choice === "grant") return this.#allow(audienceFrom(key), this.#rows.get(key).terms, button);
    return this.choose([changeOf(audienceFrom(key), choice)], button);
  }

  /** Grants an audience under the terms that are shown with it. */
  async #allow(audience, terms, button) {
    let notice;
    try {
      notice = await terms.reference();
    } catch (error) {
      this.#showReceipt("failed", error.message);
      return;
    }
    const until = endChosen(element("validity"));
    const grant = { ...changeOf(audience, "grant"), ...(notice && { notice }), ...(until && { until }) };
    await this.choose([grant, ...this.#lifted(audience)], button);
  }

  /** Taking back every partner site refuses each of them: allowing one again leaves the others undecided. */
  #lifted({ purpose, recipient }) {
    const all = this.#overview?.audiences.find((audience) => keyOf(audience) === anyPartner);
    const isRefused = takenBack.includes(all?.consent);
    return purpose === "live_embed" && recipient && isRefused ? [changeOf(all, "defer")] : [];
  }

  withdrawEverything() {
    const standing = this.#overview?.audiences.filter(isStanding) ?? [];
    return this.choose(standing.map((audience) => changeOf(audience, "withdraw")), element("withdraw-all"));
  }

  /** Records changes and shows the relay's acknowledgement; `button` is out of use in between. */
  async choose(changes, button) {
    if (changes.length === 0) return;
    this.#showReceipt("waiting", "Waiting for the relay to confirm…");
    if (button) button.disabled = true;
    try {
      const answer = await this.#change(changes);
      const isGranted = changes.some((change) => change.choice === "grant");
      const deed = isGranted ? "Allowed" : changes.every(({ choice }) => choice === "refuse") ? "Declined" : "Withdrawn";
      const proof = isGranted ? "" : ": nothing has left the relay after that";
      this.#showReceipt("done", `${deed}. In effect since ${clockTime(answer.effective_at)}${proof}.`);
    } catch (error) {
      this.#showReceipt("failed", error.code === "outdated-notice"
        ? `${error.changes.length < changes.length ? "Recorded only in part" : "Not recorded"}: the terms have changed`
          + " in the meantime. Read them and decide again."
        : `Not confirmed. ${error.message}`);
      if (error.code === "outdated-notice") this.#renewal.refused(error.changes);
    } finally {
      if (button) button.disabled = false;
      element("withdraw-all").disabled = !this.#overview?.audiences.some(isStanding);
    }
  }

  #showReceipt(state, text) {
    const receipt = element("receipt");
    receipt.hidden = false;
    receipt.dataset.state = state;
    receipt.textContent = text;
  }
}

/** Whether there is something to take back. */
function isStanding({ state, consent, reason }) {
  return state !== "withheld"
    || (given.includes(consent) && !["expired", "withdrawn", "refused", "revoked"].includes(reason));
}

/** Sessions that receive; who is counted under a name is not counted again under the whole class. */
function viewersOf(audiences) {
  return audiences.reduce((sum, { viewers, whole_class }) => sum + (whole_class ? 0 : viewers), 0);
}

/** What a word about every partner site says of one that nothing else was said of. */
function coveredBy({ state, consent, reason }) {
  if (state !== "withheld") return { state: "permitted", covered: true };
  const isRefused = takenBack.includes(consent);
  return { state: "withheld", reason: isRefused ? reason : "no-record", covered: isRefused };
}

/** One audience: what happens with it now, the choice, and the words that the choice rests on. */
class AudienceRow {
  root = element("audience-row").content.firstElementChild.cloneNode(true);
  terms = new Terms();

  constructor(audience, decide) {
    this.root.dataset.audience = keyOf(audience);
    this.root.append(this.terms.root);
    for (const button of this.root.querySelectorAll("button")) {
      button.addEventListener("click", () => decide(button.dataset.choice, button));
    }
  }

  show(audience, viewers) {
    const { state, consent, reason, record, covered } = audience;
    const standing = isStanding(audience);
    this.root.dataset.state = state;
    this.root.querySelector("strong").textContent = nameOf(audience);
    const who = this.root.querySelector(".who");
    who.textContent = whoIs(audience);
    who.hidden = who.textContent === "";
    const until = standing && record?.until ? ` · until ${endOf(record.until)}` : "";
    const isRefusedForAll = (covered || given.includes(consent)) && ["withdrawn", "refused"].includes(reason);
    this.root.querySelector(".quiet").textContent =
      state === "live" ? `Receives you now · ${viewers}${until}`
      : state === "permitted" ? `Allowed${covered ? " with every partner site" : ""}`
        + ` · nobody receives you at the moment${until}`
      : isRefusedForAll ? "You took back every partner site."
      : reasons[reason] ?? "Withheld.";
    const [button, decline] = this.root.querySelectorAll("button");
    button.textContent = standing ? "Withdraw" : "Allow";
    button.dataset.choice = standing ? "withdraw" : "grant";
    button.hidden = !standing && !canBeAllowed(audience);
    button.setAttribute("aria-label", `${button.textContent}: ${nameOf(audience)}`);
    decline.hidden = standing || consent !== "ConsentRequested";
    decline.setAttribute("aria-label", `Decline: ${nameOf(audience)}`);
    const agreed = standing && !audience.needs_renewal ? record?.notice : undefined;
    this.terms.title = agreed ? "You agreed to the terms" : "The terms";
    // The banner above has the words of what is to be renewed.
    this.terms.show(agreed ? [board.complete(agreed)] : audience.needs_renewal ? [] : audience.notices);
  }

  remove() {
    this.root.remove();
  }
}
