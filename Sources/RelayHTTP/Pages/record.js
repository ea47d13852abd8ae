// What the relay holds about the participant: what they decided, who received them, and copies of it to keep.
import { element, room } from "./page.js";
import { partners } from "./partners.js";
import { download, linkedJSON, participantPath } from "./tally.js";
import { partnerTotals } from "./totals.js";
import {
  audienceIn, bytesOf, counted, dateAndTime, deeds, durationOf, mediaOf, nameOf, otherEvents, reasons, sources, span,
  whoIs,
} from "./words.js";

const shownAtOnce = 20;
// Of a thousand lines each; who has more than this gets them with the archive.
const mostPages = 20;

export class Record {
  #token;
  #participant;
  #events = [];
  #shownEvents = shownAtOnce;
  #nextDisclosures;
  #readings = { history: 0, disclosures: 0, totals: 0 };

  constructor() {
    element("history").addEventListener("toggle", () => this.refresh());
    element("history-more").addEventListener("click", () => {
      this.#shownEvents += shownAtOnce;
      this.#showHistory();
    });
    element("disclosures").addEventListener("toggle", () => this.#openDisclosures());
    element("disclosures-again").addEventListener("click", () => this.#openDisclosures());
    element("disclosures-more").addEventListener("click", () => this.#readDisclosures(this.#nextDisclosures));
    element("disclosures-download").addEventListener("click", (event) =>
      this.#keep(event.currentTarget, () => this.#downloadDisclosures()));
    element("export").addEventListener("click", (event) =>
      this.#keep(event.currentTarget, () =>
        download(`/v1/participants/${encodeURIComponent(this.#participant)}/export`,
          { token: this.#token, name: `${this.#participant}.tar` })));
  }

  /** Shows the record of whoever holds the token, from now on. */
  open({ token, participant }) {
    if (participant !== this.#participant) {
      this.#events = [];
      this.#shownEvents = shownAtOnce;
      element("history-lines").replaceChildren();
      element("disclosure-lines").replaceChildren();
      element("partner-totals").hidden = true;
    }
    this.#token = token;
    this.#participant = participant;
    element("record").hidden = false;
    this.refresh();
  }

  /** Something was recorded: an open history reads it. */
  async refresh() {
    if (!this.#participant || !element("history").open) return;
    this.#readings.history += 1;
    const reading = this.#readings.history;
    try {
      const events = [];
      let next = participantPath(room, this.#participant, "/history?limit=1000");
      for (let page = 0; next && page < mostPages; page += 1) {
        const answer = await linkedJSON(next, { token: this.#token });
        events.push(...answer.body.events);
        next = answer.next;
      }
      await partners.identify(namedIn(events));
      if (reading !== this.#readings.history) return;
      this.#events = events.reverse();
      this.#showHistory();
      this.#showProblem();
    } catch (error) {
      this.#showProblem(error.message);
    }
  }

  #showHistory() {
    element("history-empty").hidden = this.#events.length > 0;
    element("history-lines").replaceChildren(...this.#events.slice(0, this.#shownEvents).map((event) =>
      this.#historyLine(event)));
    element("history-more").hidden = this.#events.length <= this.#shownEvents;
  }

  #historyLine(event) {
    const line = document.createElement("li");
    line.dataset.sequence = String(event.sequence);
    const text = document.createElement("div");
    const what = document.createElement("strong");
    const how = document.createElement("p");
    how.className = "quiet";
    text.append(what, how);
    line.append(text);
    if (event.kind !== "statement") {
      what.textContent = otherEvents[event.kind] ?? `Recorded: ${event.kind}`;
      how.textContent = dateAndTime(event.time);
      return line;
    }
    line.dataset.state = event.state;
    what.textContent = `${deedOf(event)}: ${nameOf(audienceIn(event))}`;
    how.textContent = [
      dateAndTime(event.time),
      meansOf(event),
      event.until && `until ${dateAndTime(event.until)}`,
      event.notice && `under the terms ${event.notice.id}, version ${event.notice.version}`,
    ].filter(Boolean).join(" · ");
    const receipt = document.createElement("button");
    receipt.type = "button";
    receipt.textContent = "Receipt";
    receipt.setAttribute("aria-label", `Download the receipt: ${what.textContent}, ${dateAndTime(event.time)}`);
    receipt.addEventListener("click", () => this.#keep(receipt, () => {
      const form = element("receipt-form").value;
      const path = participantPath(room, this.#participant, `/receipts/${event.sequence}?form=${form}`);
      return download(path, { token: this.#token, name: `${room}-${event.sequence}-${form}.json` });
    }));
    line.append(receipt);
    return line;
  }

  // MARK: Disclosures

  #openDisclosures() {
    this.#readDisclosures();
    this.#readTotals();
  }

  /** What each partner received, over everything that the ledger accounts for. */
  async #readTotals() {
    if (!this.#participant || !element("disclosures").open) return;
    this.#readings.totals += 1;
    const reading = this.#readings.totals;
    try {
      const disclosures = [];
      let next = this.#disclosuresPath("limit=1000");
      for (let page = 0; next && page < mostPages; page += 1) {
        const answer = await linkedJSON(next, { token: this.#token });
        disclosures.push(...answer.body.disclosures);
        next = answer.next;
      }
      const totals = partnerTotals(disclosures);
      await partners.identify(namedIn(totals.map(({ audience }) => audience)));
      if (reading !== this.#readings.totals) return;
      element("partner-totals").hidden = totals.length === 0;
      element("totals-cut").hidden = next === undefined;
      element("total-lines").replaceChildren(...totals.map(totalLine));
    } catch (error) {
      this.#showProblem(error.message);
    }
  }

  async #readDisclosures(next) {
    if (!this.#participant || !element("disclosures").open) return;
    this.#readings.disclosures += 1;
    const reading = this.#readings.disclosures;
    try {
      const answer = await linkedJSON(next ?? this.#disclosuresPath("limit=100"), { token: this.#token });
      if (reading !== this.#readings.disclosures) return;
      const { disclosures, operator_reads: reads } = answer.body;
      await partners.identify(namedIn(disclosures));
      if (reading !== this.#readings.disclosures) return;
      const lines = disclosures.map(disclosureLine);
      if (next) element("disclosure-lines").append(...lines);
      else element("disclosure-lines").replaceChildren(...lines);
      if (!next) showReads(reads ?? []);
      this.#nextDisclosures = answer.next;
      element("disclosures-more").hidden = !answer.next;
      const count = element("disclosure-lines").childElementCount;
      element("disclosures-empty").hidden = count > 0;
      element("disclosures-table").hidden = count === 0;
      this.#showProblem();
    } catch (error) {
      this.#showProblem(error.message);
    }
  }

  #disclosuresPath(query) {
    return `/v1/participants/${encodeURIComponent(this.#participant)}/disclosures?${query}`;
  }

  /** One document, with everything that proves it: what comes in pages is put together. */
  async #downloadDisclosures() {
    let document;
    for (let next = this.#disclosuresPath("limit=1000&proofs=true"); next;) {
      const answer = await linkedJSON(next, { token: this.#token });
      if (document) document.disclosures.push(...answer.body.disclosures);
      else document = answer.body;
      next = answer.next;
    }
    delete document.next;
    return download(new Blob([JSON.stringify(document, undefined, 2)], { type: "application/json" }),
      { name: `${this.#participant}-disclosures.json` });
  }

  // MARK: Shared

  async #keep(button, body) {
    button.disabled = true;
    try {
      await body();
      this.#showProblem();
    } catch (error) {
      this.#showProblem(`Nothing was downloaded. ${error.message}`);
    } finally {
      button.disabled = false;
    }
  }

  #showProblem(text) {
    element("record-problem").textContent = text ?? "";
    element("record-problem").hidden = !text;
  }
}

function deedOf({ state, entity, source }) {
  const deed = deeds[state] ?? state;
  if (state === "ConsentRequested" || state === "ConsentRevoked") return `The operator ${deed.toLowerCase()}`;
  if (source === "guardian") return `${entity ?? "Your guardian"} ${deed.toLowerCase()}`;
  if (state === "ConsentExpired" || state === "ConsentInvalidated") return deed;
  return `You ${deed.toLowerCase()}`;
}

function meansOf({ source, entity }) {
  return entity === "operator" ? undefined : sources[source] ?? source;
}

function disclosureLine(disclosure) {
  const { from, until, outcome, reason, media, packets, bytes, recipient } = disclosure;
  const line = document.createElement("tr");
  line.dataset.outcome = outcome;
  const when = outcome === "refused" ? dateAndTime(from)
    : outcome === "open" ? `${dateAndTime(from)}, still open`
    : span(from, until);
  const amount = `${packets} packets, ${bytesOf(bytes)}`;
  const cells = [
    ["When", when],
    ["Who", nameOf(audienceIn(disclosure))],
    ["In", disclosure.room],
    ["What", mediaOf(media)],
    ["How much", outcome === "refused" ? `Nothing. ${reasons[reason] ?? reason}`
      : outcome === "interrupted" ? `At least ${amount}: the relay was interrupted`
      : amount],
  ];
  line.append(...cells.map(cellOf));
  if (recipient) line.dataset.recipient = recipient;
  return line;
}

function cellOf([title, text]) {
  const cell = document.createElement("td");
  cell.dataset.title = title;
  cell.textContent = text;
  return cell;
}

function totalLine({ audience, milliseconds, sessions, packets, bytes, isOpen }) {
  const line = document.createElement("tr");
  line.dataset.recipient = audience.recipient;
  line.append(...[
    ["Who", nameOf(audience)],
    ["Received you for", `${durationOf(milliseconds)}${isOpen ? ", still open" : ""}`],
    ["Sessions", counted(sessions, "session", "sessions")],
    ["How much", `${packets} packets, ${bytesOf(bytes)}`],
  ].map(cellOf));
  const who = document.createElement("p");
  who.className = "quiet";
  who.textContent = whoIs(audience);
  line.firstElementChild.append(who);
  return line;
}

/** The partners that lines of the history or the ledger are about. */
function namedIn(lines) {
  return lines.filter(({ purpose, recipient }) => ["live_embed", "rebroadcast"].includes(purpose) && recipient)
    .map(({ recipient }) => recipient);
}

/** Looks at the participant's data are disclosures too. */
function showReads(reads) {
  element("reads").hidden = reads.length === 0;
  element("read-lines").replaceChildren(...reads.map(({ time, role, scope, reason }) => {
    const line = document.createElement("li");
    line.textContent = `${dateAndTime(time)} · ${role} · ${scope}${reason ? ` · ${reason}` : ""}`;
    return line;
  }));
}
