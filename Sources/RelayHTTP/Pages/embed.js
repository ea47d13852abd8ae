// <tally-room room="…" partner="…" grant-url="…">: shows a room of this relay on a partner's page.
//
// It makes a plain frame of the relay's own page and hands it grants; no media ever reaches the embedding page.
const relay = new URL("/", import.meta.url);

const themed = ["background", "text", "quiet", "accent", "radius", "font", "gap"].map((name) => `--tally-${name}`);

class TallyRoom extends HTMLElement {
  static observedAttributes = ["room", "partner"];
  #frame;
  #hear = (event) => this.#onMessage(event);

  connectedCallback() {
    window.addEventListener("message", this.#hear);
    this.#show();
  }

  disconnectedCallback() {
    window.removeEventListener("message", this.#hear);
    this.#frame?.remove();
    this.#frame = undefined;
  }

  attributeChangedCallback() {
    if (this.isConnected) this.#show();
  }

  async #show() {
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    const [room, partner] = [this.getAttribute("room"), this.getAttribute("partner")];
    this.#frame?.remove();
    this.#frame = undefined;
    if (!room || !partner) return;
    const grant = await this.#grant();
    // Somebody may have changed the attributes meanwhile, or have taken the element away.
    if (!this.isConnected || this.#frame || room !== this.getAttribute("room")) return;
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

  /** Asks the page's own server, which has the grant minted with the partner's key. */
  async #grant() {
    const url = this.getAttribute("grant-url");
    if (!url) return undefined;
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ room: this.getAttribute("room") }),
      });
      if (!response.ok) return undefined;
      return (await response.json()).grant;
    } catch {
      return undefined;
    }
  }

  async #onMessage(event) {
    if (!this.#frame || event.source !== this.#frame.contentWindow || event.origin !== relay.origin) return;
    const frame = this.#frame;
    if (event.data?.type === "tally:grant-needed") {
      const grant = await this.#grant();
      frame.contentWindow?.postMessage({ type: "tally:grant", grant }, relay.origin);
    } else if (event.data?.type === "tally:ready") {
      const style = getComputedStyle(this);
      const values = Object.fromEntries(
        themed.map((name) => [name, style.getPropertyValue(name).trim()]).filter(([, value]) => value));
      frame.contentWindow?.postMessage({ type: "tally:theme", values }, relay.origin);
    }
  }
}

if (!customElements.get("tally-room")) customElements.define("tally-room", TallyRoom);
