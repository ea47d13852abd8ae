// Client side of the relay: WHIP (RFC 9725), WHEP and event streams. Shared by the pages.

/** A refused request, in the relay's own words (RFC 9457). */
export class Problem extends Error {
  constructor(status, code, detail, retryAfterSeconds) {
    super(detail);
    this.status = status;
    this.code = code;
    this.retryAfterSeconds = retryAfterSeconds;
  }

  static async from(response) {
    let body = {};
    try {
      body = await response.json();
    } catch {
      // A proxy in between may answer in its own format.
    }
    const code = body.code ?? (typeof body.type === "string" ? body.type.split(/[/:#]/).pop() : "");
    const detail = body.detail ?? body.title ?? `The server answered ${response.status}.`;
    const retryAfter = Number.parseFloat(response.headers.get("Retry-After") ?? "");
    return new Problem(response.status, code, detail, Number.isFinite(retryAfter) ? retryAfter : undefined);
  }
}

/** A request to the relay: throws a Problem unless the answer is a success. */
export async function request(path, { token, type, ...options } = {}) {
  const headers = new Headers(options.headers);
  if (token) headers.set("Authorization", `Bearer ${token}`);
  if (type) headers.set("Content-Type", type);
  let response;
  try {
    response = await fetch(path, { cache: "no-store", ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, "unreachable", "The server cannot be reached.");
  }
  if (!response.ok) throw await Problem.from(response);
  return response;
}

export async function requestJSON(path, { body, ...options } = {}) {
  const json = body === undefined ? {} : { body: JSON.stringify(body), type: "application/json" };
  return (await request(path, { ...options, ...json })).json();
}

/** A page of a list: its body, and the path of the next page if there is one. */
export async function linkedJSON(path, options) {
  const response = await request(path, options);
  const link = /<([^>]*)>; rel="next"/.exec(response.headers.get("Link") ?? "")?.[1];
  const url = link && new URL(link, response.url);
  return { body: await response.json(), next: url && url.pathname + url.search };
}

/** Hands a Blob, or what a path answers, to the reader as a file. */
export async function download(source, { token, name }) {
  let [blob, suggested] = [source, undefined];
  if (typeof source === "string") {
    const response = await request(source, { token });
    suggested = /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition") ?? "")?.[1];
    blob = await response.blob();
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = suggested ?? name;
  link.click();
  // The browser reads it after the click has returned.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

export function roomPath(room, rest = "") {
  return `/v1/rooms/${encodeURIComponent(room)}${rest}`;
}

export function participantPath(room, participant, rest = "") {
  return roomPath(room, `/participants/${encodeURIComponent(participant)}${rest}`);
}

/** The claims of a token, unverified: the page needs them only to know what to ask for. */
export function claimsOf(token) {
  try {
    const text = atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"));
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(text, (letter) => letter.charCodeAt(0))));
  } catch {
    return {};
  }
}

/** Delays that double from half a second to the longest, with jitter so that clients do not return in step. */
export class BackOff {
  #attempt = 0;
  #longest;

  constructor(longestMilliseconds = 10_000) {
    this.#longest = longestMilliseconds;
  }

  next() {
    const longest = Math.min(this.#longest, 500 * 2 ** this.#attempt);
    this.#attempt += 1;
    return longest * (0.5 + Math.random() / 2);
  }

  reset() {
    this.#attempt = 0;
  }
}

export function sleep(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds);
    function done() {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    }
    if (signal?.aborted) done();
    else signal?.addEventListener("abort", done);
  });
}

/** Reads a `text/event-stream` body; EventSource cannot send an Authorization header. */
async function* eventsIn(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let event = { name: "message", id: undefined, data: [] };
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const lines = (rest + value).split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop();
      for (const line of lines) {
        if (line === "") {
          if (event.data.length > 0) yield { ...event, data: event.data.join("\n") };
          event = { name: "message", id: undefined, data: [] };
          continue;
        }
        const colon = line.indexOf(":");
        const field = colon < 0 ? line : line.slice(0, colon);
        const text = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
        if (field === "event") event.name = text;
        else if (field === "data") event.data.push(text);
        else if (field === "id") event.id = text;
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/**
 * Follows an event stream until `signal` aborts, resuming after the last event when the connection breaks.
 * Returns when the stream is gone for good (its session ended or access was refused).
 */
export async function followEvents(url, { token, signal, onEvent, onOpen, onLost }) {
  const backOff = new BackOff();
  let lastEvent;
  while (!signal.aborted) {
    try {
      const headers = { Accept: "text/event-stream" };
      if (lastEvent !== undefined) headers["Last-Event-ID"] = lastEvent;
      const response = await request(url, { token, signal, headers });
      onOpen?.();
      for await (const event of eventsIn(response.body)) {
        backOff.reset();
        lastEvent = event.id ?? lastEvent;
        let data = {};
        try {
          data = JSON.parse(event.data);
        } catch {
          continue;
        }
        onEvent(event.name, data);
      }
    } catch (error) {
      if (signal.aborted) return;
      if ([401, 403, 404, 410].includes(error.status)) {
        onLost?.(error);
        return error;
      }
    }
    if (signal.aborted) return;
    onLost?.();
    await sleep(backOff.next(), signal);
  }
}

/** The session's address on the server that the page came from, which is the one the page may talk to. */
function sessionURL(response) {
  const location = response.headers.get("Location");
  if (!location) throw new Problem(response.status, "no-location", "The server gave no session address.");
  const target = new URL(location, response.url);
  return new URL(target.pathname + target.search, response.url).href;
}

/** Browsers decode Opus to mono unless both descriptions ask for stereo. */
function askForStereo(sdp) {
  return sdp.replace(/(a=fmtp:\d+ [^\r\n]*useinbandfec=1)(?![^\r\n]*stereo)/g, "$1;stereo=1");
}

// A pair that only reports `disconnected` often comes back by itself within a few seconds.
const disconnectedGraceMilliseconds = 3000;

/** What publishing and viewing share: one peer connection, one session URL, one end. */
class Session {
  connection = new RTCPeerConnection({ bundlePolicy: "max-bundle", iceServers: [] });
  abort = new AbortController();
  url;
  #token;

  constructor(token) {
    this.#token = token;
  }

  get token() {
    return this.#token;
  }

  /** Resolves when the connection is lost or the session was closed. */
  get ended() {
    const { connection, abort } = this;
    return new Promise((resolve) => {
      let timer;
      const check = () => {
        clearTimeout(timer);
        if (["failed", "closed"].includes(connection.connectionState)) resolve();
        if (connection.connectionState === "disconnected") {
          timer = setTimeout(resolve, disconnectedGraceMilliseconds);
        }
      };
      connection.addEventListener("connectionstatechange", check);
      abort.signal.addEventListener("abort", () => resolve());
      if (abort.signal.aborted) resolve();
    });
  }

  async negotiate(path, transform = (sdp) => sdp) {
    const { connection, abort } = this;
    try {
      const offer = await connection.createOffer();
      await connection.setLocalDescription({ type: "offer", sdp: transform(offer.sdp) });
      // Sent without waiting for candidates: the relay learns ours from the first check it receives.
      const response = await request(path, {
        method: "POST",
        token: this.#token,
        type: "application/sdp",
        body: connection.localDescription.sdp,
        signal: abort.signal,
      });
      this.url = sessionURL(response);
      await connection.setRemoteDescription({ type: "answer", sdp: await response.text() });
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Ends the session here and on the relay; safe to call twice. */
  close() {
    this.abort.abort();
    this.connection.close();
    if (!this.url) return;
    request(this.url, { method: "DELETE", token: this.#token, keepalive: true }).catch(() => {});
    this.url = undefined;
  }
}

/** Publishes a stream into a room (WHIP). */
export class WhipClient extends Session {
  async publish(room, stream) {
    for (const track of stream.getTracks()) {
      if (track.kind === "video") track.contentHint = "motion";
      this.connection.addTransceiver(track, { direction: "sendonly", streams: [stream] });
    }
    await this.negotiate(roomPath(room, "/whip"));
  }
}

// What happens to a slot, whatever the reason, is in `slots`.
const viewerEvents = ["viewercount", "slots", "reconnect", "ended"];

/** Views a room (WHEP): `slots` pairs of one audio and one video line, which the relay fills with streams. */
export class WhepClient extends Session {
  /** One MediaStream for each slot, in the order of the lines of the offer. */
  streams = [];

  async view(room, slots) {
    for (let slot = 0; slot < slots; slot += 1) {
      const audio = this.connection.addTransceiver("audio", { direction: "recvonly" });
      const video = this.connection.addTransceiver("video", { direction: "recvonly" });
      this.streams.push(new MediaStream([audio.receiver.track, video.receiver.track]));
    }
    await this.negotiate(roomPath(room, "/whep"), askForStereo);
  }

  /** Follows the session's events; resolves when the session is gone. `handlers` as for `followEvents`. */
  async follow(handlers) {
    const { token, abort } = this;
    const backOff = new BackOff();
    while (!abort.signal.aborted) {
      try {
        const response = await request(`${this.url}/events`, {
          method: "POST",
          token,
          type: "application/json",
          body: JSON.stringify(viewerEvents),
          signal: abort.signal,
        });
        return await followEvents(sessionURL(response), { ...handlers, token, signal: abort.signal });
      } catch (error) {
        if (abort.signal.aborted || [401, 403, 404, 410].includes(error.status)) return error;
      }
      await sleep(backOff.next(), abort.signal);
    }
  }
}
