// The banner of the tally panel: who has come under a grant to any partner site since it was given.
import { announce, element } from "./page.js";
import { partners } from "./partners.js";
import { anyPartner, dateAndTime, keyOf, timeOf } from "./words.js";

const undecided = ["ConsentUnknown", undefined];

export class Listing {
  #refuse;
  #kept = new Set();
  #overview;
  #shown = "";

  /** `refuse` records that a partner site is refused: an audience and the button that was pressed. */
  constructor(refuse) {
    this.#refuse = refuse;
    this.show(undefined);
  }

  /** Takes what the relay says; what is unknown leaves the banner as it is. */
  show(overview) {
    if (overview !== undefined) this.#overview = overview;
    const items = this.#items();
    const shown = JSON.stringify(items.map(({ version }) => version));
    if (shown === this.#shown) return;
    const added = items.filter(({ version }) => !this.#shown.includes(JSON.stringify(version)));
    this.#shown = shown;
    const banner = element("listing");
    const hadFocus = banner.contains(document.activeElement);
    banner.hidden = items.length === 0;
    element("listing-title").textContent = items.length === 1 ? "A partner site was added" : "Partner sites were added";
    element("listing-lines").replaceChildren(...items.map((item) => this.#line(item)));
    if (added.length > 0) announce(added.map(textOf).join(" "));
    if (hadFocus) element(items.length > 0 ? "listing-title" : "tally-title").focus();
  }

  #items() {
    const audiences = this.#overview?.audiences ?? [];
    const grant = audiences.find((audience) => keyOf(audience) === anyPartner);
    if (!grant || grant.state === "withheld" || !grant.record) return [];
    const agreedAt = timeOf(grant.record.time);
    return partners.list
      .filter(({ purposes, listed_at }) => purposes.includes("live_embed") && listed_at && timeOf(listed_at) > agreedAt)
      .map((partner) => ({
        partner,
        version: `${partner.id} ${partner.listed_at}`,
        audience: { purpose: "live_embed", recipient: partner.id },
      }))
      .filter(({ version, audience }) => !this.#kept.has(version)
        && undecided.includes(audiences.find((other) => keyOf(other) === keyOf(audience))?.consent));
  }

  #line(item) {
    const row = document.createElement("li");
    row.dataset.audience = keyOf(item.audience);
    const text = document.createElement("p");
    text.textContent = textOf(item);
    const refuse = button("Refuse it", "refuse", item);
    refuse.addEventListener("click", () => this.#refuse(item.audience, refuse));
    const keep = button("Keep it", "keep", item);
    keep.addEventListener("click", () => {
      this.#kept.add(item.version);
      this.show();
    });
    const buttons = document.createElement("div");
    buttons.className = "row";
    buttons.append(refuse, keep);
    row.append(text, buttons);
    return row;
  }
}

function textOf({ partner }) {
  return `${partner.legal_name} was added on ${dateAndTime(partner.listed_at)}. What you allowed covers it.`;
}

function button(text, choice, { partner }) {
  const made = document.createElement("button");
  made.type = "button";
  made.dataset.choice = choice;
  made.textContent = text;
  made.setAttribute("aria-label", `${text}: ${partner.legal_name}`);
  return made;
}
