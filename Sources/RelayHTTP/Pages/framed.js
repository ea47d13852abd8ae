// The page in the frame: shows the participants who agreed to this partner, and slates for the others.
import { BackOff, claimsOf, Problem, requestJSON, sleep, WhepClient } from "./tally.js";
import { Tile } from "./tile.js";

// A site has less room than the relay's own page, and asks for less.
const slotCount = 4;
// So long before the end of a grant another one is asked for, so that the picture does not stop in between; of a
// short one that is half of its time.
const renewalMilliseconds = 60_000;
// The relay takes a grant within a minute of its minting, and gives it back while nobody is on air.
const redeemableMilliseconds = 50_000;
// Between two questions to a site that can answer later only.
const longestPauseMilliseconds = 60_000;
// How long the embedding page has to answer; longer than its own server has.
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

/** A grant, whose time is counted from when it was asked for: a visitor's clock may be wrong, and yet go evenly. */
class Grant {
  constructor(text, askedAt) {
    this.text = text;
    this.askedAt = askedAt;
    const { exp, iat } = claimsOf(text);
    this.endsAt = askedAt + (exp > iat ? (exp - iat) * 1000 : 0);
  }

  get isRedeemable() {
    return performance.now() - this.askedAt < redeemableMilliseconds;
  }
}

/** The grant that came with the address: out of sight before anything else can read it. */
const brought = new URLSearchParams(location.hash.slice(1)).get("grant");
if (location.hash) history.replaceState(null, "", location.pathname);

/** Where grants come from; one that opened nothing is good for the next attempt. */
class GrantSource {
  #unused = brought ? new Grant(brought, 0) : undefined;
  #relayMints = true;
  #backOff = new BackOff(longestPauseMilliseconds);

  /** Answers nothing if the site gives out none; throws a Problem that says when to ask again if it may later. */
  async next() {
    if (this.#unused?.isRedeemable) return this.#unused;
    this.#unused = undefined;
    const askedAt = performance.now();
    let answer = { grant: await this.#fromRelay() };
    answer = answer.grant ? answer : await askParent();
    if (answer.outcome === "later") {
      const wait = Math.max(answer.retryAfterSeconds ?? 0, this.#backOff.next() / 1000);
      throw new Problem(503, "grant-later", "The site cannot hand out a view just now.", wait);
    }
    this.#backOff.reset();
    this.#unused = answer.grant && new Grant(answer.grant, askedAt);
    return this.#unused;
  }

  /** A grant is used, or of no use. */
  forget() {
    this.#unused = undefined;
  }

  async #fromRelay() {
    if (!this.#relayMints) return undefined;
    try {
      const path = `/v1/partners/${encodeURIComponent(partner)}/page-grants`;
      return (await requestJSON(path, { method: "POST", body: { room } })).grant;
    } catch (error) {
      if (error.status !== 403) throw error;
      // That is how the partner's terms are, and not asked again.
      if (error.code === "no-page-grants") this.#relayMints = false;
      return undefined;
    }
  }
}

// A browser shows this page under the partner's own sites only (frame-ancestors): its parent is one of them.
function askParent() {
  if (window.parent === window) return Promise.resolve({});
  return new Promise((resolve) => {
    const timer = setTimeout(() => done({}), answerMilliseconds);
    function done(answer) {
      clearTimeout(timer);
      window.removeEventListener("message", hear);
      resolve(answer);
    }
    function hear(event) {
      if (event.source !== window.parent || event.data?.type !== "tally:grant") return;
      const { grant, outcome, retryAfterSeconds } = event.data;
      done({
        grant: typeof grant === "string" ? grant : undefined,
        outcome: typeof grant === "string" ? undefined : outcome,
        retryAfterSeconds: retryAfterSeconds > 0 ? Math.min(retryAfterSeconds, 3600) : undefined,
      });
    }
    window.addEventListener("message", hear);
    window.parent.postMessage({ type: "tally:grant-needed" }, "*");
  });
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
  #grants = new GrantSource();
  #tiles = new Map();
  #soundOn = false;
  #session;
  #ended;

  async run() {
    const backOff = new BackOff();
    for (;;) {
      let wait;
      try {
        const grant = await this.#grants.next();
        if (!grant) {
          await this.#stop("Not available here", "This site has not been given a view of the room.");
          continue;
        }
        this.#ended = undefined;
        const session = new WhepClient(grant.text);
        this.#session = session;
        await session.view(room, slotCount);
        this.#grants.forget();
        backOff.reset();
        this.#keep(session, grant.endsAt);
        const followed = session.follow({ onEvent: (name, data) => this.#onEvent(name, data) });
        await Promise.race([session.ended, followed]);
        session.close();
      } catch (error) {
        this.#session?.close();
        if (error.status === 401) this.#grants.forget();
        // Whatever the reason, who goes on asking asks ever more seldom.
        wait = Math.max(this.#explain(error), backOff.next());
      }
      this.#clear();
      if (this.#ended) await this.#stop(...(reasons[this.#ended] ?? ["This view has ended", ""]));
      else await sleep(wait ?? backOff.next());
    }
  }

  /** Renews the session's grant before it ends, as long as the session lasts. */
  async #keep(session, endsAt) {
    while (endsAt !== undefined && !session.abort.signal.aborted) {
      const left = endsAt - performance.now();
      const pause = Math.max(1000, left - Math.min(left / 2, renewalMilliseconds));
      await sleep(Math.min(pause, 86_400_000), session.abort.signal);
      endsAt = await this.#renew(session, endsAt);
    }
  }

  /** Tries as long as the session has time left; answers when it ends by its new grant. */
  async #renew(session, endsAt) {
    const backOff = new BackOff();
    while (!session.abort.signal.aborted && performance.now() < endsAt) {
      let wait = 0;
      try {
        const grant = await this.#grants.next();
        if (grant) {
          await requestJSON(`${new URL(session.url).pathname}/renewals`, { method: "POST", token: grant.text });
          this.#grants.forget();
          return grant.endsAt;
        }
      } catch (error) {
        if (error.status === 401) this.#grants.forget();
        wait = (error.retryAfterSeconds ?? 0) * 1000;
      }
      const left = Math.max(0, endsAt - performance.now());
      await sleep(Math.min(Math.max(wait, backOff.next()), left), session.abort.signal);
    }
    return undefined;
  }

  /** Says why nothing is shown; answers how many milliseconds it takes at least until that may change. */
  #explain(error) {
    const asked = (error.retryAfterSeconds ?? 0) * 1000;
    if (error.status === 409) {
      this.#say("Nobody is on air", "This view starts by itself as soon as somebody goes live.");
      // With jitter: everybody who waits was told the same.
      return (asked || 2000) * (1 + Math.random() / 4);
    }
    if (error.status === 401 || error.status === 403) {
      this.#say("Not available here", error.message);
      return 3000;
    }
    const detail = error instanceof Problem ? error.message : "This browser refused the answer.";
    this.#say(error.status === 0 ? "The relay cannot be reached" : "The room cannot be shown", detail);
    return asked;
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
