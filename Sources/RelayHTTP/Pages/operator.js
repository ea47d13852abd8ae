// The operator's page: rooms, the live tally of one of them, why things are withheld, and how the ledger does.
import { linkedJSON, request, requestJSON, roomPath } from "./tally.js";
import { audienceIn, counted, dateAndTime, keyOf, mediaOf, nameOf } from "./words.js";

const refreshMilliseconds = 2000;
// Of a thousand lines each; more than a reader can take in.
const mostPages = 5;

const element = (id) => document.getElementById(id);

// In memory only: what is in an address, a cookie or a store is found by others.
let token;
let chosenRoom;
let timer;

/** Why the door is closed, as the operator reads it. */
const reasons = {
  "no-record": "no word from the participant",
  requested: "asked, not answered",
  deferred: "asked, not decided",
  refused: "declined by the participant",
  withdrawn: "taken back by the participant",
  revoked: "taken back by the operator",
  expired: "the agreement has run out",
  invalidated: "the agreement is void",
  "outdated-notice": "the terms have changed since",
  purpose: "agreed for another purpose only",
  recipient: "agreed to others only",
  media: "agreed to other media only",
  scope: "agreed for another stream or session",
  minor: "not allowed at this age",
  guardian: "a guardian has to agree",
  region: "not allowed in that region",
  "all-party": "somebody else on air has not agreed",
  "not-carried": "not agreed at the relay that it comes from",
  "captured-without": "captured without agreement",
  "controller-changed": "the controller has changed since",
  gpc: "Global Privacy Control",
  "stale-epoch": "the decision is of an earlier epoch",
  "lease-expired": "the permission was not renewed in time",
  "log-unavailable": "the log or the ledger cannot be written",
  hold: "on hold",
  malformed: "the record cannot be read",
};

function made(name, { text, ...properties } = {}) {
  const root = document.createElement(name);
  if (text !== undefined) root.textContent = text;
  return Object.assign(root, properties);
}

/** Replaces content only where it has changed: what is selected or focused stays so. */
function render(place, state, make) {
  const text = JSON.stringify(state);
  if (place.shownState === text) return;
  place.shownState = text;
  place.replaceChildren(...make());
}

function showProblem(text) {
  element("problem").textContent = text ?? "";
  element("problem").hidden = !text;
}

function forget(problem) {
  clearTimeout(timer);
  token = undefined;
  chosenRoom = undefined;
  element("board").hidden = true;
  element("forget").hidden = true;
  element("entry").hidden = false;
  element("link").textContent = "";
  showProblem(problem);
  element("token").focus();
}

// MARK: The parts

function showDenied(place, counts) {
  const lines = Object.entries(counts).filter(([, count]) => count > 0)
    .sort(([one, first], [other, second]) => second - first || one.localeCompare(other));
  render(place, lines, () => lines.map(([reason, count]) => {
    const line = made("li");
    line.dataset.reason = reason;
    line.append(made("strong", { text: String(count) }), made("span", { text: reasons[reason] ?? reason }),
      made("code", { text: reason }));
    return line;
  }));
  return lines.length;
}

/** Sums over the relay are in its metrics, which name no room. */
async function readDenied(asked) {
  const text = await (await request("/metrics", { token: asked })).text();
  const counts = {};
  for (const [, reason, count] of text.matchAll(/^tally_gates_denied\{reason="([^"]+)"\} (\d+)$/gm)) {
    counts[reason] = Number(count);
  }
  return counts;
}

async function readLedger(asked) {
  try {
    return await requestJSON("/v1/ledger", { token: asked });
  } catch (error) {
    if (error.status === 404) return undefined;
    if (error.status === 503) return { failure: error.message };
    throw error;
  }
}

function showLedger(ledger) {
  const state = element("ledger-state");
  const failure = ledger?.failure;
  state.dataset.state = ledger === undefined ? "unknown" : failure ? "failed" : "sound";
  state.lastElementChild.textContent =
    ledger === undefined ? "This relay does not say."
    : failure ? `Failing: ${failure}`
    : "Written and published.";
  const { published } = ledger ?? {};
  const figures = [
    ["Entries", ledger?.leaves],
    ["Published", published?.size],
    ["Last checkpoint", published?.time && dateAndTime(published.time)],
    ["Open intervals", ledger?.open_intervals],
    ["Interrupted", ledger?.interrupted_intervals],
    ["Failed publications", ledger?.publication_failures],
    ["Log", ledger?.origin],
  ].filter(([, value]) => value !== undefined);
  render(element("ledger"), figures, () => figures.map(([title, value]) => {
    const figure = made("div");
    figure.append(made("dt", { text: title }), made("dd", { text: String(value) }));
    return figure;
  }));
}

function showRooms(rooms) {
  element("rooms-empty").hidden = rooms.length > 0;
  render(element("rooms"), [rooms, chosenRoom], () => rooms.map(({ room, publishers, viewers }) => {
    const button = made("button", { type: "button" });
    button.setAttribute("aria-pressed", String(room === chosenRoom));
    button.dataset.room = room;
    button.classList.toggle("on-air", publishers > 0);
    const lamp = made("span", { className: "lamp" });
    lamp.setAttribute("aria-hidden", "true");
    button.append(lamp, made("strong", { text: room }),
      made("span", { text: `${publishers} on air · ${counted(viewers, "viewer", "viewers")}` }));
    button.addEventListener("click", () => {
      chosenRoom = room;
      refresh();
    });
    const item = made("li");
    item.append(button);
    return item;
  }));
}

/** Sound and picture toward one audience stand in one line where the door treats them alike. */
function merged(lines) {
  const found = new Map();
  for (const line of lines) {
    const { media, place: _, receiving, ...rest } = line;
    const key = JSON.stringify(rest);
    const present = found.get(key);
    if (present) {
      present.media.push(media);
      present.receiving = Math.max(present.receiving, receiving);
    } else {
      found.set(key, { ...rest, media: [media], receiving });
    }
  }
  return [...found.values()];
}

function audienceLine(line) {
  const row = made("tr");
  row.dataset.audience = keyOf(audienceIn(line));
  row.dataset.state = line.state;
  if (line.reason) row.dataset.reason = line.reason;
  const name = line.region ? `${nameOf(audienceIn(line))} (${line.region})` : nameOf(audienceIn(line));
  const door = made("span");
  door.append(made("strong", { text: line.state === "open" ? "Open" : "Withheld" }));
  if (line.reason) door.append(` ${reasons[line.reason] ?? line.reason} `, made("code", { text: line.reason }));
  row.append(...[
    ["Audience", made("span", { text: name })],
    ["Media", made("span", { text: mediaOf(line.media.toSorted()) })],
    ["Door", door],
    ["Receiving", made("span", { text: `${line.receiving} of ${counted(line.viewers, "viewer", "viewers")}` })],
  ].map(([title, content]) => {
    const cell = made("td");
    cell.dataset.title = title;
    cell.append(content);
    return cell;
  }));
  return row;
}

function showRoom(room, { denied, disclosures }) {
  element("room").hidden = room === undefined;
  if (room === undefined) return;
  element("room-title").textContent = room;
  showDenied(element("room-denied"), denied);
  element("room-empty").hidden = disclosures.length > 0;
  const streams = Map.groupBy(merged(disclosures), ({ stream }) => stream);
  render(element("streams"), [room, [...streams]], () => [...streams].map(([stream, lines]) => {
    const root = element("stream").content.firstElementChild.cloneNode(true);
    root.dataset.stream = stream;
    root.classList.toggle("on-air", lines.some(({ receiving }) => receiving > 0));
    root.querySelector(".participant").textContent = lines[0].participant;
    root.querySelector(".name").textContent = `Stream ${stream}`;
    root.querySelector("tbody").append(...lines.map(audienceLine));
    return root;
  }));
}

async function readRoom(room, asked) {
  const whole = { denied: {}, disclosures: [] };
  let next = roomPath(room, "/disclosures?limit=1000");
  for (let page = 0; next && page < mostPages; page += 1) {
    const answer = await linkedJSON(next, { token: asked });
    whole.denied = answer.body.denied;
    whole.disclosures.push(...answer.body.disclosures);
    next = answer.next;
  }
  return whole;
}

// MARK: Refreshing

async function refresh() {
  clearTimeout(timer);
  const asked = token;
  try {
    const [{ rooms }, denied, ledger] = await Promise.all([
      requestJSON("/v1/rooms?limit=1000", { token: asked }), readDenied(asked), readLedger(asked),
    ]);
    rooms.sort((one, other) => other.publishers - one.publishers || one.room.localeCompare(other.room));
    chosenRoom ??= rooms[0]?.room;
    const room = chosenRoom;
    const tally = room === undefined ? undefined : await readRoom(room, asked);
    // Another room was chosen, or the token forgotten, while this was on its way.
    if (asked !== token || room !== chosenRoom) return;
    showRooms(rooms);
    element("relay-empty").hidden = showDenied(element("relay-denied"), denied) > 0;
    showLedger(ledger);
    showRoom(room, tally);
    element("board").hidden = false;
    element("entry").hidden = true;
    element("forget").hidden = false;
    element("link").textContent = "Every two seconds";
    element("link").dataset.state = "linked";
    showProblem();
  } catch (error) {
    if (asked !== token) return;
    if (error.status === 401 || error.status === 403) {
      forget(error.message);
      return;
    }
    element("link").textContent = "Not current";
    element("link").dataset.state = "lost";
    showProblem(`${error.message} Trying again.`);
  }
  clearTimeout(timer);
  timer = setTimeout(refresh, refreshMilliseconds);
}

element("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  token = element("token").value.trim();
  element("token").value = "";
  refresh();
});
element("forget").addEventListener("click", () => forget());
