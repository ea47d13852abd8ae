// Publishes the participant's camera and microphone, and keeps them on air across a restart of the relay.
import { TallyPanel } from "./panel.js";
import { room, showProblem } from "./page.js";
import { partners } from "./partners.js";
import { board } from "./terms.js";
import { BackOff, followEvents, participantPath, requestJSON, sleep, WhipClient } from "./tally.js";

// The relay says within a second of the first media that a participant is on air. Later than this, it has
// lost the session (a restart), however sound the connection looks from here.
const offAirGraceMilliseconds = 4000;

export class Broadcast {
  #abort = new AbortController();
  #session;
  #lost;
  #offAirTimer;
  #listings = 0;
  #onOverview;
  #onConsent;
  #onEnd;

  constructor({ token, participant, stream, name, onOverview, onConsent, onEnd }) {
    this.token = token;
    this.participant = participant;
    this.stream = stream;
    this.name = name;
    this.#onOverview = onOverview;
    this.#onConsent = onConsent;
    this.#onEnd = onEnd;
    this.panel = new TallyPanel((changes) => this.#record(changes));
  }

  async #record(changes) {
    try {
      return await requestJSON(participantPath(room, this.participant, "/consents"), {
        method: "PUT", token: this.token, body: { changes },
      });
    } catch (error) {
      if (error.code !== "outdated-notice") throw error;
      await this.#readNotices();
      // What rests on words that still count is recorded all the same.
      const isOutdated = ({ choice, purpose, notice }) => choice === "grant"
        && !board.inForce(purpose).some(({ sha256 }) => sha256 === notice?.sha256)
        && board.inForce(purpose).length > 0;
      error.changes = changes.filter(isOutdated);
      const rest = changes.filter((change) => !isOutdated(change));
      if (rest.length > 0 && error.changes.length > 0) await this.#record(rest);
      throw error;
    }
  }

  async #readNotices() {
    try {
      await board.load(this.token);
    } catch {
      return;
    }
    this.panel.showNotices();
  }

  /** Reads who is listed, until that works: whoever came under a grant must not stay unseen. */
  async #readPartners() {
    const { signal } = this.#abort;
    const backOff = new BackOff();
    this.#listings += 1;
    const turn = this.#listings;
    while (!signal.aborted && turn === this.#listings) {
      try {
        await partners.load(room);
        this.panel.showPartners();
        return;
      } catch {
        await sleep(backOff.next(), signal);
      }
    }
  }

  /** Connects once, so that a refusal reaches the dialog; then keeps the session up until `leave`.
   *  `choices` are changes, as the relay takes them. */
  async start(choices) {
    await this.#connect();
    this.panel.show(undefined);
    this.#keepConnected();
    this.#followTally();
    this.#readNotices();
    this.panel.choose(choices);
  }

  async #connect() {
    this.#session = new WhipClient(this.token);
    this.#lost = new Promise((resolve) => { this.reconnect = resolve; });
    await this.#session.publish(room, this.stream);
  }

  async #keepConnected() {
    const backOff = new BackOff();
    const { signal } = this.#abort;
    for (;;) {
      await Promise.race([this.#session.ended, this.#lost]);
      this.#session.close();
      if (signal.aborted) return;
      this.panel.show(undefined);
      for (let connected = false; !connected;) {
        await sleep(backOff.next(), signal);
        if (signal.aborted) return;
        try {
          await this.#connect();
          connected = true;
        } catch (error) {
          if (signal.aborted) return;
          if (error.status === 401 || error.status === 403) {
            this.leave(`You are no longer on air. ${error.message}`);
            return;
          }
        }
      }
      backOff.reset();
      showProblem();
    }
  }

  async #followTally() {
    const url = participantPath(room, this.participant, "/events");
    const { signal } = this.#abort;
    const error = await followEvents(url, {
      token: this.token,
      signal,
      onEvent: (name, data) => this.#onEvent(name, data),
      // What was listed while nobody told is read anew.
      onOpen: () => this.#readPartners(),
      onLost: () => this.panel.show(undefined),
    });
    if (error) this.leave(`You are no longer on air. ${error.message}`);
  }

  #onEvent(name, data) {
    if (name === "audience") {
      this.#onOverview(data);
      this.panel.show(data);
      this.#watchOnAir(data.on_air);
    } else if (name === "notice") {
      this.#readNotices();
    } else if (name === "partner") {
      this.#readPartners();
    } else if (name === "consent") {
      this.#onConsent();
    } else if (name === "reconnect") {
      setTimeout(() => this.reconnect(), Math.random() * 1000);
    }
  }

  #watchOnAir(onAir) {
    if (onAir !== false) {
      clearTimeout(this.#offAirTimer);
      this.#offAirTimer = undefined;
    } else {
      this.#offAirTimer ??= setTimeout(() => {
        this.#offAirTimer = undefined;
        this.reconnect();
      }, offAirGraceMilliseconds);
    }
  }

  leave(problem) {
    if (this.#abort.signal.aborted) return;
    this.#abort.abort();
    clearTimeout(this.#offAirTimer);
    this.#session.close();
    for (const track of this.stream.getTracks()) track.stop();
    this.#onEnd(problem);
  }

  /** Switches one kind of media off at its source, and back on. */
  toggle(kind) {
    const [track] = this.stream.getTracks().filter((candidate) => candidate.kind === kind);
    if (!track) return false;
    track.enabled = !track.enabled;
    return !track.enabled;
  }

  close() {
    this.#session.close();
  }
}
