// The banner of the tally panel: something changed after the participant agreed, and asks for a new word.
import { announce, element } from "./page.js";
import { board, differences, preferred, Terms, wordsOf } from "./terms.js";
import { classes, classOf, keyOf, nameOf } from "./words.js";

export class Renewal {
  #agree;
  #refused = new Map();
  #left = new Map();
  #overview;
  #shown = "";

  /** `agree` grants an audience under the terms that are shown to the reader. */
  constructor(agree) {
    this.#agree = agree;
    this.show(undefined);
  }

  /** Takes what the relay says; what is unknown leaves the banner as it is. */
  show(overview) {
    if (overview !== undefined) this.#overview = overview;
    const items = this.#items();
    const shown = JSON.stringify(items.map((item) => [item.key, item.version, item.before?.sha256, item.reason]));
    if (shown === this.#shown) return;
    const isNew = items.some((item) => !this.#shown.includes(JSON.stringify(item.version)));
    this.#shown = shown;
    const banner = element("renewal");
    const hadFocus = banner.contains(document.activeElement);
    banner.hidden = items.length === 0;
    element("renewal-blocks").replaceChildren(...blocksOf(items).map((block) => this.#makeBlock(block)));
    if (items.length > 0) {
      const title = titleOf(items);
      element("renewal-title").textContent = title;
      element("renewal-text").textContent =
        `${items.length === 1 ? "This audience does" : "These audiences do"} not receive you until you agree.`;
      if (isNew) {
        announce(`${title}. ${items.map((item) => nameOf(item.audience)).join(", ")}: not receiving you.`);
        // Nobody is pulled away from what they write.
        if (!document.activeElement?.matches("input, select")) banner.scrollIntoView({ block: "nearest" });
      }
    }
    if (hadFocus) element(items.length > 0 ? "renewal-title" : "tally-title").focus();
  }

  /** The relay did not take these grants, because the terms changed while they were being read. */
  refused(changes) {
    for (const { choice, notice, until: _, ...audience } of changes) {
      if (choice === "grant") this.#refused.set(keyOf(audience), { audience, before: notice });
    }
    this.show();
  }

  #items() {
    const found = [];
    for (const audience of this.#overview?.audiences ?? []) {
      const key = keyOf(audience);
      const isGranted = audience.state !== "withheld";
      if (isGranted) this.#refused.delete(key);
      const refused = this.#refused.get(key);
      if (!audience.needs_renewal && !refused) continue;
      // The board was read anew at the refusal; what the relay last said may still name the words refused.
      const notices = refused ? board.inForce(audience.purpose) : audience.notices ?? [];
      found.push({
        key, audience, notices, reason: audience.reason, before: refused?.before ?? audience.record?.notice,
      });
    }
    for (const [key, { audience, before }] of this.#refused) {
      if (found.some((item) => item.key === key)) continue;
      found.push({ key, audience, notices: board.inForce(audience.purpose), reason: "outdated-notice", before });
    }
    for (const item of found) item.version = item.notices.map(({ sha256 }) => sha256).join() || item.reason;
    const order = Object.keys(classes);
    return found.filter((item) => this.#left.get(item.key) !== item.version)
      .sort((one, other) => order.indexOf(classOf(one.audience)) - order.indexOf(classOf(other.audience)));
  }

  #makeBlock(block) {
    const [first] = block;
    const root = document.createElement("div");
    root.className = "renewal-block";
    const terms = new Terms("Read all of the terms");
    terms.show(first.notices);
    const changes = document.createElement("div");
    changes.className = "changes";
    this.#showChanges(changes, first);
    root.append(changes, terms.root, this.#makeList(block, terms));
    return root;
  }

  async #showChanges(place, { before, notices }) {
    const present = notices.length > 0 ? preferred(notices) : undefined;
    if (!present || !before || before.sha256 === present.sha256) return;
    const earlier = board.complete(before);
    if (earlier.language && earlier.language !== present.language) return;
    let found;
    try {
      found = differences(await wordsOf(before), await wordsOf(present));
    } catch {
      return;
    }
    if (!found || found.length === 0) return;
    const title = document.createElement("h4");
    title.textContent = "What is different";
    const list = document.createElement("ul");
    list.append(...found.map(({ kind, text }) => {
      const item = document.createElement("li");
      const label = document.createElement("strong");
      label.textContent = kind === "removed" ? "No longer: " : "New: ";
      const words = document.createElement(kind === "removed" ? "del" : "ins");
      words.textContent = text;
      words.lang = present.language ?? "";
      item.append(label, words);
      return item;
    }));
    place.append(title, list);
  }

  #makeList(block, terms) {
    const list = document.createElement("ul");
    list.className = "renewal-choices";
    list.append(...block.map((item) => {
      const row = document.createElement("li");
      row.dataset.audience = item.key;
      const name = document.createElement("strong");
      name.textContent = nameOf(item.audience);
      const agree = button("Agree", "primary", `Agree: ${name.textContent}`);
      agree.dataset.choice = "grant";
      agree.addEventListener("click", () => this.#agree(item.audience, terms, agree));
      const leave = button("Leave it", "", `Leave it: ${name.textContent}`);
      leave.dataset.choice = "leave";
      leave.addEventListener("click", () => {
        this.#refused.delete(item.key);
        this.#left.set(item.key, item.version);
        this.show();
      });
      const buttons = document.createElement("div");
      buttons.className = "row";
      buttons.append(agree, leave);
      row.append(name, buttons);
      return row;
    }));
    return list;
  }
}

function button(text, className, label) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = className;
  made.textContent = text;
  made.setAttribute("aria-label", label);
  return made;
}

/** Items that rest on the same terms, and had rested on the same, stand together. */
function blocksOf(items) {
  const blocks = new Map();
  for (const item of items) {
    const key = JSON.stringify([item.version, item.before?.sha256]);
    blocks.set(key, [...blocks.get(key) ?? [], item]);
  }
  return [...blocks.values()];
}

function titleOf(items) {
  if (items.some(({ reason }) => reason === "controller-changed")) return "The service has changed hands";
  if (items.some(({ reason }) => reason !== "outdated-notice")) return "You are asked again";
  return items.some(({ before }) => before) ? "The terms have changed" : "There are terms now";
}
