// Notices: the words that a choice rests on, shown beside it, and the reference to exactly what was shown.
import { element, room } from "./page.js";
import { Problem, request, requestJSON, roomPath } from "./tally.js";

const texts = new Map();

/** The words of a notice, checked against the digest that names them. */
export function wordsOf({ sha256 }) {
  let text = texts.get(sha256);
  if (text) return text;
  text = readWords(sha256);
  texts.set(sha256, text);
  text.catch(() => texts.delete(sha256));
  return text;
}

async function readWords(sha256) {
  const response = await request(`/v1/notices/${encodeURIComponent(sha256)}`, { cache: "default" });
  const bytes = await response.arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const found = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  if (found !== sha256) throw new Problem(0, "damaged-notice", "The terms arrived damaged.");
  return new TextDecoder().decode(bytes);
}

/** The notice in the language that the reader prefers, as far as there is one. */
export function preferred(notices) {
  for (const wanted of navigator.languages) {
    const exact = notices.find(({ language }) => language?.toLowerCase() === wanted.toLowerCase());
    if (exact) return exact;
    const primary = wanted.toLowerCase().split("-")[0];
    const near = notices.find(({ language }) => language?.toLowerCase().split("-")[0] === primary);
    if (near) return near;
  }
  return notices[0];
}

export const referenceTo = ({ id, version, sha256 }) => ({ id, version, sha256 });

/** The room's notices, as far as they were asked for. */
export const board = {
  notices: [],

  async load(token) {
    this.notices = (await requestJSON(roomPath(room, "/notices"), { token })).notices;
  },

  /** What a grant for a purpose has to name now: one notice, in each of its languages. */
  inForce(purpose) {
    return this.notices.filter((notice) => notice.in_force.includes(purpose));
  },

  /** A notice with all that was published about it; records name it by reference only. */
  complete(notice) {
    return { ...this.notices.findLast(({ sha256 }) => sha256 === notice.sha256), ...notice };
  },
};

function titleOf({ controller, version }) {
  return `${controller ? `of ${controller}, ` : ""}version ${version}`;
}

function languageName(tag) {
  try {
    return new Intl.DisplayNames(undefined, { type: "language" }).of(tag);
  } catch {
    return tag;
  }
}

/** The words of a notice, folded up beside the choice that rests on them. */
export class Terms {
  root = element("terms").content.firstElementChild.cloneNode(true);
  #shown;
  #offered = "";

  constructor(title = "The terms") {
    this.title = title;
    this.root.hidden = true;
    this.#languages.addEventListener("change", () => {
      this.#display(this.notices[Number(this.#languages.value)]);
    });
  }

  get #languages() {
    return this.root.querySelector("select");
  }

  /** Offers one notice in each of its languages; nothing where none is needed. */
  show(notices = []) {
    this.notices = notices;
    this.root.hidden = notices.length === 0;
    const offered = JSON.stringify([this.title, notices]);
    if (offered === this.#offered) return;
    this.#offered = offered;
    this.#shown = undefined;
    if (notices.length === 0) return;
    this.#languages.closest("label").hidden = notices.length < 2;
    const first = preferred(notices);
    this.#languages.replaceChildren(...notices.map((notice, index) =>
      new Option(languageName(notice.language ?? ""), String(index), false, notice === first)));
    this.#display(first);
  }

  async #display(notice) {
    this.#shown = notice;
    this.root.dataset.notice = notice.sha256;
    this.root.querySelector("summary").textContent = `${this.title} ${titleOf(notice)}`;
    const words = this.root.querySelector(".words");
    words.lang = notice.language ?? "";
    let text;
    try {
      text = await wordsOf(notice);
    } catch (error) {
      text = `They cannot be shown at the moment. ${error.message}`;
    }
    if (this.#shown === notice) words.textContent = text;
  }

  /** The reference of what is shown here, once its words are; undefined where nothing is needed. */
  async reference() {
    const shown = this.#shown;
    if (!shown) return undefined;
    try {
      await wordsOf(shown);
    } catch (error) {
      throw new Problem(error.status ?? 0, "terms-not-shown",
        `The terms cannot be shown, so that nobody can agree to them. ${error.message}`);
    }
    return referenceTo(shown);
  }
}

// Above this the words are best read as a whole.
const longestCompared = 400;

/** What one text has that the other has not, in sentences: `[{ kind: "removed" | "added", text }]`. */
export function differences(before, after) {
  const [old, present] = [before, after].map((text) =>
    text.split(/(?<=[.!?:;])\s+|\s*\n+\s*/).map((part) => part.trim()).filter(Boolean));
  if (old.length > longestCompared || present.length > longestCompared) return undefined;
  // The longest common part of what begins at each pair of places.
  const common = Array.from({ length: old.length + 1 }, () => new Uint16Array(present.length + 1));
  for (let one = old.length - 1; one >= 0; one -= 1) {
    for (let two = present.length - 1; two >= 0; two -= 1) {
      common[one][two] = old[one] === present[two]
        ? common[one + 1][two + 1] + 1
        : Math.max(common[one + 1][two], common[one][two + 1]);
    }
  }
  const found = [];
  let [one, two] = [0, 0];
  while (one < old.length || two < present.length) {
    if (one < old.length && two < present.length && old[one] === present[two]) {
      [one, two] = [one + 1, two + 1];
    } else if (two >= present.length || (one < old.length && common[one + 1][two] >= common[one][two + 1])) {
      found.push({ kind: "removed", text: old[one] });
      one += 1;
    } else {
      found.push({ kind: "added", text: present[two] });
      two += 1;
    }
  }
  return found;
}
