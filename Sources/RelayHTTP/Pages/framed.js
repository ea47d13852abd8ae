// The page in the frame: shows the participants who agreed to this partner, and slates for the others.
import { BackOff, Problem, requestJSON, sleep, WhepClient } from "./tally.js";
import { Tile } from "./tile.js";

// A site has less room than the relay's own page, and asks for less.
const slotCount = 4;
// Before the end of a grant another one is asked for, so that the picture does not stop in between.
const renewalSeconds = 60;
// How long the embedding page has to answer.
const answerMilliseconds = 10_000;
// What changes again within this is said once, as it then is.
const settlingMilliseconds = 1_000;

const [, , partner, room] = location.pathname.split("/").map(decodeURIComponent);
const element = (id) => document.getElementById(id);

const reasons = {
  "grant-expired": ["This view has ended", "Its time is over."],
  "partner-suspended": ["Not shown here", "The operator of the relay has suspended this site."],
  "partner-removed": ["Not shown here", "This site does not receive the room any more."],
  "origin-removed": ["Not shown here", "This site does not receive the room any more."],
  "key-rotated": ["This view has ended", "The site has to ask for it again."],
  "partner-changed": ["This view has ended", "What this site may show was changed."],
};

/** The grant that came with the address: used once, and out of sight before anything else can read it. */
let brought = new URLSearchParams(location.hash.slice(1)).get("grant") ?? undefined;
if (location.hash) history.replaceState(null, "", location.pathname);

// A browser shows this page under the partner's own sites only (frame-ancestors): its parent is one of them.
function askParent() {
  if (window.parent === window) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    const timer = setTimeout(() => done(undefined), answerMilliseconds);
    function done(grant) {
      clearTimeout(timer);
      window.removeEventListener("message", hear);
      resolve(grant);
    }
    function hear(event) {
      if (event.source !== window.parent || event.data?.type !== "tally:grant") return;
      done(typeof event.data.grant === "string" ? event.data.grant : undefined);
    }
    window.addEventListener("message", hear);
    window.parent.postMessage({ type: "tally:grant-needed" }, "*");
  });
}

async function pageGrant() {
  try {
    const path = `/v1/partners/${encodeURIComponent(partner)}/page-grants`;
    return (await requestJSON(path, { method: "POST", body: { room } })).grant;
  } catch (error) {
    if (error.status === 403) return undefined;
    throw error;
  }
}

async function nextGrant() {
  const grant = brought;
  brought = undefined;
  return grant ?? (await pageGrant()) ?? (await askParent());
}

function secondsLeft(grant) {
  try {
    const claims = JSON.parse(atob(grant.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")));
    return claims.exp - Date.now() / 1000;
  } catch {
    return 0;
  }
}

/** Tells whoever listens to the page, in whole sentences and never the same one twice. */
const speaker = {
  said: "",
  say(text) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      if (text === this.said) return;
      this.said = text;
      element("announce").textContent = text;
    }, settlingMilliseconds);
  },
};

class FramedRoom {
  #tiles = new Map();
  #soundOn = false;
  #session;
  #ended;

  async run() {
    const backOff = new BackOff();
    for (;;) {
      let wait;
      try {
        const grant = await nextGrant();
        if (!grant) {
          await this.#stop("Not available here", "This site has not been given a view of the room.");
          continue;
        }
        this.#ended = undefined;
        const session = new WhepClient(grant);
        this.#session = session;
        await session.view(room, slotCount);
        backOff.reset();
        this.#keep(session, secondsLeft(grant));
        const followed = session.follow({ onEvent: (name, data) => this.#onEvent(name, data) });
        await Promise.race([session.ended, followed]);
        session.close();
      } catch (error) {
        this.#session?.close();
        wait = this.#explain(error);
      }
      this.#clear();
      if (this.#ended) await this.#stop(...(reasons[this.#ended] ?? ["This view has ended", ""]));
      else await sleep(wait ?? backOff.next());
    }
  }

  /** Renews the session's grant before it ends, as long as the session lasts. */
  async #keep(session, seconds) {
    while (!session.abort.signal.aborted) {
      await sleep(Math.max(5, Math.min(seconds - renewalSeconds, 86_400)) * 1000, session.abort.signal);
      if (session.abort.signal.aborted) return;
      const grant = await nextGrant().catch(() => undefined);
      if (!grant) return;
      try {
        await requestJSON(`${new URL(session.url).pathname}/renewals`, { method: "POST", token: grant });
        seconds = secondsLeft(grant);
      } catch {
        return;
      }
    }
  }

  #explain(error) {
    if (error.status === 409) {
      this.#say("Nobody is on air", "This view starts by itself as soon as somebody goes live.");
      return Math.min(error.retryAfterSeconds ?? 2, 5) * 1000;
    }
    if (error.status === 401 || error.status === 403) {
      this.#say("Not available here", error.message);
      return 3000;
    }
    const detail = error instanceof Problem ? error.message : "This browser refused the answer.";
    this.#say(error.status === 0 ? "The relay cannot be reached" : "The room cannot be shown", detail);
    return error.retryAfterSeconds ? error.retryAfterSeconds * 1000 : undefined;
  }

  #onEvent(name, data) {
    if (name === "slots") this.#arrange(data.slots ?? []);
    else if (name === "ended") this.#ended = data.reason ?? "ended";
    else if (name === "reconnect") setTimeout(() => this.#session.close(), Math.random() * 1000);
  }

  #arrange(slots) {
    const seen = new Set();
    for (const slot of slots) {
      const stream = this.#session.streams[slot.slot];
      if (!stream || (slot.audio === "idle" && slot.video === "idle")) continue;
      seen.add(slot.slot);
      let tile = this.#tiles.get(slot.slot);
      if (tile?.stream !== stream) {
        tile?.root.remove();
        tile = new Tile(stream);
        this.#tiles.set(slot.slot, tile);
        element("grid").append(tile.root);
      }
      tile.show(slot, false);
      tile.setSound(this.#soundOn);
    }
    for (const [slot, tile] of this.#tiles) {
      if (seen.has(slot)) continue;
      tile.root.remove();
      this.#tiles.delete(slot);
    }
    element("grid").hidden = this.#tiles.size === 0;
    element("empty").hidden = this.#tiles.size > 0;
    if (this.#tiles.size === 0) {
      this.#say("Nobody is on air", "This view starts by itself as soon as somebody goes live.");
    } else {
      this.#tellTiles();
    }
  }

  /** Who is on air, for those who cannot see it. */
  #tellTiles() {
    const tiles = [...this.#tiles.values()];
    const names = tiles.map(({ name }) => name).filter(Boolean);
    const withheld = tiles.filter(({ root }) => root.dataset.state === "withheld").length;
    const parts = [
      names.length > 0 && `On air: ${names.join(", ")}.`,
      withheld > 0 && (withheld === 1 ? "One picture is not shown here." : `${withheld} pictures are not shown here.`),
    ];
    speaker.say(parts.filter(Boolean).join(" "));
  }

  #clear() {
    for (const tile of this.#tiles.values()) tile.root.remove();
    this.#tiles.clear();
    element("grid").hidden = true;
    element("empty").hidden = false;
  }

  #say(title, text) {
    element("empty-title").textContent = title;
    element("empty-text").textContent = text;
    speaker.say(`${title}. ${text}`);
  }

  /** Ends until somebody asks again. */
  #stop(title, text) {
    this.#say(title, text);
    const again = element("again");
    again.hidden = false;
    return new Promise((resolve) => {
      again.addEventListener("click", () => {
        again.hidden = true;
        // The button is gone: what has the focus is said next.
        this.#say("Connecting", "");
        element("empty-title").focus();
        resolve();
      }, { once: true });
    });
  }

  toggleSound() {
    this.#soundOn = !this.#soundOn;
    for (const tile of this.#tiles.values()) tile.setSound(this.#soundOn);
    element("sound").setAttribute("aria-pressed", String(this.#soundOn));
  }
}

// What a site may set of the look, and the values that can do nothing but look.
const themed = /^--tally-(background|text|quiet|accent|radius|font|gap)$/;
const plain = /^[\w\s#.,%()'"-]{1,100}$/;

window.addEventListener("message", (event) => {
  if (event.source !== window.parent || event.data?.type !== "tally:theme") return;
  for (const [name, value] of Object.entries(event.data.values ?? {})) {
    if (themed.test(name) && typeof value === "string" && plain.test(value) && !/url/i.test(value)) {
      document.documentElement.style.setProperty(name, value);
    }
  }
});

async function showTallyLine() {
  const { legal_name: name, operator } = await requestJSON(`/v1/partners/${encodeURIComponent(partner)}`);
  const relay = operator ? `${operator} (${location.host})` : location.host;
  element("tally-line").textContent = `Relay: ${relay}. Received by: ${name}.`;
}

document.title = `${room} · live`;
element("title").textContent = `Live room ${room}`;
element("tally-line").textContent = `Relay: ${location.host}. Received by: ${partner}.`;
showTallyLine().catch(() => {});
const framed = new FramedRoom();
element("sound").addEventListener("click", () => framed.toggleSound());
if (window.parent !== window) window.parent.postMessage({ type: "tally:ready" }, "*");
framed.run();
