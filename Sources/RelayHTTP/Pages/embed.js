// <tally-room room="…" partner="…" grant-url="…">: shows a room of this relay on a partner's page.
//
// It makes a plain frame of the relay's own page and hands it grants; no media ever reaches the embedding page.
const relay = new URL("/", import.meta.url);

// What a site may set of the look, on the element or above it; anything but plain values is left out by the frame:
//   --tally-background, --tally-text, --tally-quiet (small print), --tally-accent (focus): colours
//   --tally-radius, --tally-gap: lengths     --tally-font: a list of font families of the viewer's own
const themed = ["background", "text", "quiet", "accent", "radius", "font", "gap"].map((name) => `--tally-${name}`);

// Answers that another one may follow, when the page's server or the relay has room again.
const passing = (status) => [408, 425, 429].includes(status) || status >= 500;
// Sooner than the frame stops listening.
const answerMilliseconds = 8_000;

class TallyRoom extends HTMLElement {
  static observedAttributes = ["room", "partner"];
  #frame;
  #isShown = false;
  // Counts what was to be shown: what takes longer than the next is not.
  #turn = 0;
  #hear = (event) => this.#onMessage(event);
  // A site's colours follow the viewer's preference as often as not.
  #scheme = matchMedia("(prefers-color-scheme: dark)");
  #recolour = () => this.#sendTheme();

  connectedCallback() {
    this.#isShown = true;
    window.addEventListener("message", this.#hear);
    this.#scheme.addEventListener("change", this.#recolour);
    this.#show();
  }

  disconnectedCallback() {
    window.removeEventListener("message", this.#hear);
    this.#scheme.removeEventListener("change", this.#recolour);
    this.#isShown = false;
    this.#turn += 1;
    this.#frame?.remove();
    this.#frame = undefined;
  }

  attributeChangedCallback(_, before, after) {
    // What the element comes with is shown when it is connected, once: every grant asked for is one minted.
    if (this.#isShown && before !== after) this.#show();
  }

  async #show() {
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    const [room, partner] = [this.getAttribute("room"), this.getAttribute("partner")];
    this.#turn += 1;
    const turn = this.#turn;
    this.#frame?.remove();
    this.#frame = undefined;
    if (!room || !partner) return;
    const { grant } = await this.#grant();
    // Somebody may have changed the attributes meanwhile, or have taken the element away.
    if (turn !== this.#turn) return;
    const frame = document.createElement("iframe");
    frame.title = this.getAttribute("title") ?? `Live room ${room}`;
    frame.referrerPolicy = "no-referrer";
    frame.allow = "autoplay; fullscreen";
    // Scripts of the relay's own origin: without it, the relay could not tell its page from anybody's.
    frame.setAttribute("sandbox", "allow-scripts allow-same-origin");
    Object.assign(frame.style, { border: "0", width: "100%", height: "100%", display: "block" });
    this.style.display ||= "block";
    this.style.aspectRatio ||= "16 / 10";
    const path = `embed/${encodeURIComponent(partner)}/${encodeURIComponent(room)}`;
    frame.src = new URL(path, relay).href + (grant ? `#grant=${grant}` : "");
    this.#frame = frame;
    root.replaceChildren(frame);
  }

  /**
   * Asks the page's own server, which has the grant minted with the partner's key.
   *
   * Without a grant, `outcome` says whether asking again is of use: `later`, or `none`.
   */
  async #grant() {
    const url = this.getAttribute("grant-url");
    if (!url) return { outcome: "none" };
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ room: this.getAttribute("room") }),
        signal: AbortSignal.timeout(answerMilliseconds),
      });
      if (passing(response.status)) {
        const retryAfterSeconds = Number.parseFloat(response.headers.get("Retry-After") ?? "") || undefined;
        return { outcome: "later", retryAfterSeconds };
      }
      const grant = response.ok ? (await response.json()).grant : undefined;
      return grant ? { grant } : { outcome: "none" };
    } catch (error) {
      return { outcome: error instanceof SyntaxError ? "none" : "later" };
    }
  }

  async #onMessage(event) {
    if (!this.#frame || event.source !== this.#frame.contentWindow || event.origin !== relay.origin) return;
    const frame = this.#frame;
    if (event.data?.type === "tally:grant-needed") {
      const answer = await this.#grant();
      frame.contentWindow?.postMessage({ type: "tally:grant", ...answer }, relay.origin);
    } else if (event.data?.type === "tally:ready") {
      this.#sendTheme();
    }
  }

  #sendTheme() {
    const style = getComputedStyle(this);
    const values = Object.fromEntries(
      themed.map((name) => [name, style.getPropertyValue(name).trim()]).filter(([, value]) => value));
    this.#frame?.contentWindow?.postMessage({ type: "tally:theme", values }, relay.origin);
  }
}

if (!customElements.get("tally-room")) customElements.define("tally-room", TallyRoom);
