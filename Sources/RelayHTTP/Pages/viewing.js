// Views the room: one WHEP session, a tile for each stream, and reconnecting when the session ends.
import { access, announce, element, room, showProblem, viewToken } from "./page.js";
import { BackOff, claimsOf, Problem, sleep, WhepClient } from "./tally.js";
import { Tile } from "./tile.js";
import { counted, keyOf } from "./words.js";

// Streams that one viewer can show at a time; each is one audio and one video line of the offer.
const slotCount = 9;

export class Viewing {
  #tiles = new Map();
  #watching;
  #linked = false;
  #soundOn = false;
  #session;
  /** The opaque name of the participant's own stream, where the relay tells it. */
  ownStream;
  /** The participant's own screen name while on air. */
  ownName;

  /** Key of the audience that this page is one of; `undefined` while it receives nothing. */
  get ownAudience() {
    const { purpose, recipient } = claimsOf(access.view ?? "");
    return this.#linked && purpose ? keyOf({ purpose, recipient }) : undefined;
  }

  async run() {
    const backOff = new BackOff();
    for (;;) {
      let wait;
      try {
        const session = new WhepClient(await viewToken());
        this.#session = session;
        await session.view(room, slotCount);
        backOff.reset();
        showProblem();
        this.#setLinked(true);
        const followed = session.follow({
          onEvent: (name, data) => this.#onEvent(name, data),
          onOpen: () => this.#setLinked(true),
          onLost: () => this.#setLinked(false),
        });
        await Promise.race([session.ended, followed]);
        session.close();
      } catch (error) {
        this.#session?.close();
        wait = await this.#explain(error);
      }
      this.#clear();
      this.#setLinked(false);
      await sleep(wait ?? backOff.next());
    }
  }

  /** Says why there is no picture; answers the milliseconds to wait where the reason sets them. */
  async #explain(error) {
    if (error.code === "room-not-live" || error.status === 409) {
      this.#showEmpty("Nobody is on air", "This page starts by itself as soon as somebody goes live.");
      element("link").textContent = "Waiting";
      return Math.min(error.retryAfterSeconds ?? 2, 5) * 1000;
    }
    if (error.status === 401 || error.status === 403) {
      access.view = undefined;
      await this.#askForToken(error);
      return 0;
    }
    if (error.status === 0) {
      this.#showEmpty("The relay cannot be reached", "Trying again until it answers.");
      return undefined;
    }
    const detail = error instanceof Problem ? error.message : `This browser refused the answer: ${error.message}`;
    this.#showEmpty("The room cannot be shown", detail);
    return error.retryAfterSeconds ? error.retryAfterSeconds * 1000 : undefined;
  }

  #askForToken(error) {
    this.#showEmpty("This room is not open to everyone", error.message);
    element("link").textContent = "No access";
    const form = element("paste");
    form.hidden = false;
    return new Promise((resolve) => {
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        access.view = element("pasted").value.trim();
        form.hidden = true;
        resolve();
      }, { once: true });
    });
  }

  #onEvent(name, data) {
    if (name === "slots") this.#arrange(data.slots ?? []);
    else if (name === "viewercount") this.#watching = data.viewers ?? data.viewercount;
    else if (name === "reconnect") {
      // Spread over a second so that a drained relay's viewers do not arrive at the next one together.
      setTimeout(() => this.#session.close(), Math.random() * 1000);
    }
    this.#showLink();
  }

  #arrange(slots) {
    const before = new Set([...this.#tiles.values()].map((tile) => tile.name).filter(Boolean));
    const seen = new Set();
    for (const slot of slots) {
      const stream = this.#session.streams[slot.slot];
      if (!stream || (slot.audio === "idle" && slot.video === "idle")) continue;
      seen.add(slot.slot);
      let tile = this.#tiles.get(slot.slot);
      if (tile && tile.stream !== stream) tile.root.remove();
      if (tile?.stream !== stream) {
        tile = new Tile(stream);
        this.#tiles.set(slot.slot, tile);
        element("grid").append(tile.root);
      }
      tile.show(slot, this.#isOwn(slot));
      tile.setSound(this.#soundOn);
    }
    for (const [slot, tile] of this.#tiles) {
      if (seen.has(slot)) continue;
      tile.root.remove();
      this.#tiles.delete(slot);
    }
    const arrived = [...this.#tiles.values()].filter((tile) => tile.name && !before.has(tile.name));
    if (arrived.length > 0) announce(`On air: ${arrived.map((tile) => tile.name).join(", ")}.`);
    element("grid").dataset.count = String(Math.min(this.#tiles.size, slotCount));
    element("grid").hidden = this.#tiles.size === 0;
    element("empty").hidden = this.#tiles.size > 0;
    if (this.#tiles.size === 0) {
      this.#showEmpty("Nobody is on air", "This page starts by itself as soon as somebody goes live.");
    }
  }

  #isOwn(slot) {
    if (this.ownStream !== undefined) return slot.stream === this.ownStream;
    return this.ownName !== undefined && slot.name === this.ownName;
  }

  #clear() {
    for (const tile of this.#tiles.values()) tile.root.remove();
    this.#tiles.clear();
    element("grid").hidden = true;
    element("empty").hidden = false;
  }

  #showEmpty(title, text) {
    element("empty-title").textContent = title;
    element("empty-text").textContent = text;
    element("empty").hidden = this.#tiles.size > 0;
  }

  #setLinked(linked) {
    this.#linked = linked;
    this.#showLink();
  }

  #showLink() {
    const link = element("link");
    link.dataset.state = this.#linked ? "linked" : "lost";
    if (!this.#linked) {
      if (!["Waiting", "No access"].includes(link.textContent)) link.textContent = "Reconnecting…";
      return;
    }
    const text = this.#watching === undefined ? "Connected" : counted(this.#watching, "viewer", "viewers");
    if (link.textContent !== text) link.textContent = text;
  }

  toggleSound() {
    this.#soundOn = !this.#soundOn;
    for (const tile of this.#tiles.values()) tile.setSound(this.#soundOn);
    element("sound").textContent = this.#soundOn ? "Sound is on" : "Turn on sound";
    element("sound").setAttribute("aria-pressed", String(this.#soundOn));
  }

  close() {
    this.#session?.close();
  }
}
