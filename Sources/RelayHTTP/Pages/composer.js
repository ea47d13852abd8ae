// The small form that names somebody else who may receive a participant.
import { element } from "./page.js";
import { partners } from "./partners.js";
import { board, Terms } from "./terms.js";

// A partner site that need not be named.
const anyPartner = "any_partner";

export class Composer {
  #container;
  #terms;

  /** Calls `onAdd` with the audience that was named, and with the terms shown here if there is a place for them. */
  constructor(container, buttonText, onAdd, { showsTerms = false } = {}) {
    this.#container = container;
    container.append(element("composer").content.cloneNode(true));
    if (showsTerms) {
      this.#terms = new Terms();
      container.querySelector(".add").before(this.#terms.root);
    }
    const button = container.querySelector(".add");
    button.textContent = buttonText;
    button.type = "button";
    const add = () => {
      const audience = this.#audience();
      if (audience) onAdd(audience, this.#terms, button);
    };
    button.addEventListener("click", add);
    this.#purpose.addEventListener("change", () => this.refresh());
    this.#recipient.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      add();
    });
  }

  /** Lets the field for a name suggest the partners that are listed. */
  static suggestPartners() {
    element("partner-names").replaceChildren(...partners.list.map(({ id, legal_name }) => {
      const option = new Option(legal_name, id);
      option.label = legal_name;
      return option;
    }));
  }

  get #purpose() {
    return this.#container.querySelector(".purpose");
  }

  get #recipient() {
    return this.#container.querySelector(".recipient");
  }

  /** Shows what the chosen purpose asks for; also to be called when notices have changed. */
  refresh() {
    const isAny = this.#purpose.value === anyPartner;
    this.#recipient.closest("label").hidden = isAny;
    this.#terms?.show(board.inForce(isAny ? "live_embed" : this.#purpose.value));
  }

  #audience() {
    if (this.#purpose.value === anyPartner) return { purpose: "live_embed", whole_class: true };
    const input = this.#recipient;
    input.required = true;
    const isUsable = input.reportValidity();
    input.required = false;
    if (!isUsable) return undefined;
    const recipient = input.value.trim();
    input.value = "";
    return { purpose: this.#purpose.value, recipient };
  }
}

const minute = 60_000;

/** The end of validity that a select asks for, in the API's form; undefined for none. */
export function endChosen(select) {
  const now = new Date();
  switch (select.value) {
    case "hour": return new Date(now.getTime() + 60 * minute).toISOString();
    case "day": return new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1).toISOString();
    default: return undefined;
  }
}
