// The plain words of the pages for what the API names: audiences, classes, reasons, records.
import { partners } from "./partners.js";

/** The recipient that stands for the relay's own recorder. */
export const ownRecorder = "recorder";

/** Key of the audience that stands for every partner site. */
export const anyPartner = "live_embed:*";

/** Classes of recipients, in the order in which pages list them. */
export const classes = {
  room_viewer: "People in this room",
  embed_partner: "Visitors of partner sites",
  recorder: "Recorders",
  restream_destination: "Re-broadcasters",
  service_provider: "Service providers",
  replay_viewer: "Viewers of recordings",
  operator: "The operator",
  authority: "Authorities",
};

// Who receives for a purpose unless a class is named.
const usualClass = {
  live_room: "room_viewer",
  live_embed: "embed_partner",
  recording: "recorder",
  replay_room: "replay_viewer",
  rebroadcast: "restream_destination",
  download: "replay_viewer",
  transcription: "service_provider",
  analysis: "service_provider",
  aggregate: "operator",
  identify: "room_viewer",
};

const namedClasses = new Set(["embed_partner", "recorder", "restream_destination", "service_provider", "authority"]);

export const classOf = ({ purpose, recipient_class }) => recipient_class ?? usualClass[purpose];

/** An audience in one text, as the ledger spells it; `*` stands for every recipient of a class. */
export function keyOf({ purpose, recipient_class, recipient, whole_class }) {
  const isUsual = recipient_class === undefined || recipient_class === usualClass[purpose];
  const head = isUsual ? purpose : `${purpose}/${recipient_class}`;
  return whole_class ? `${head}:*` : recipient ? `${head}:${recipient}` : head;
}

export function audienceFrom(key) {
  const colon = key.indexOf(":");
  const [purpose, recipient_class] = (colon < 0 ? key : key.slice(0, colon)).split("/");
  const recipient = colon < 0 ? undefined : key.slice(colon + 1);
  return {
    purpose,
    ...(recipient_class && { recipient_class }),
    ...(recipient === "*" ? { whole_class: true } : recipient && { recipient }),
  };
}

/** The audience of a line of the history or the ledger, which do not say that a whole class was meant. */
export function audienceIn({ purpose, recipient_class, recipient }) {
  const whole_class = recipient === undefined && namedClasses.has(recipient_class);
  return { purpose, recipient_class, recipient, whole_class };
}

/** One line of a request for a change. */
export function changeOf(audience, choice) {
  const { purpose, recipient, whole_class } = audience;
  // Only partner sites can be allowed without a name; taking back needs none.
  if (whole_class) return { purpose, choice, ...(purpose === "live_embed" && { whole_class }) };
  return { ...audienceFrom(keyOf({ ...audience, recipient })), choice };
}

/** Whether the page may offer to allow an audience: nobody allows a recorder or a provider without its name. */
export function canBeAllowed({ purpose, recipient_class, whole_class }) {
  return recipient_class !== "authority" && (!whole_class || purpose === "live_embed");
}

const recorderName = (recipient) => (recipient === ownRecorder ? "this relay" : recipient);

/** A partner by its legal name, where the relay says who it is. */
const partnerName = (recipient) => partners.named(recipient)?.legal_name ?? recipient;

const wholeClass = {
  embed_partner: "Any partner site the operator lists",
  recorder: "Any recorder",
  restream_destination: "Any re-broadcaster",
  service_provider: "Any service provider",
};

export function nameOf(audience) {
  const { purpose, recipient, whole_class } = audience;
  const recipientClass = classOf(audience);
  if (recipientClass === "authority") return `${recipient ?? "An authority"}, by legal demand`;
  if (whole_class && purpose !== "identify") return wholeClass[recipientClass];
  switch (purpose) {
    case "live_room":
      return recipientClass === "operator" ? "The operator, watching this room" : "People watching this room";
    case "live_embed": return `Viewers on the site of ${partnerName(recipient)}`;
    case "recording": return `Recording by ${recorderName(recipient)}`;
    case "rebroadcast": return `Re-broadcast by ${partnerName(recipient)}`;
    case "transcription": return `Speech turned into text by ${recipient}`;
    case "analysis": return `Analysis by ${recipient}`;
    case "replay_room": return "People watching recordings of this room";
    case "download": return "People who keep a copy of a recording";
    case "aggregate": return "Statistics over many people";
    case "identify": return `Your profile, shown to ${recipient ?? classes[recipientClass].toLowerCase()}`;
    default: return keyOf(audience);
  }
}

export function explanationOf({ purpose, recipient, whole_class }) {
  switch (purpose) {
    case "live_room": return "Anyone who opens this room sees and hears you, live.";
    case "live_embed":
      return whole_class
        ? "Visitors of every partner site see and hear you there, live: of those that are listed now and of those that "
          + "are added later. You are told here when one is added, and can refuse it."
        : `Visitors of the site of ${partnerName(recipient)} see and hear you there, live.`;
    case "recording": return `If ${recorderName(recipient)} records, what you show and say is kept.`;
    case "rebroadcast": return `${partnerName(recipient)} passes you on, live, to its own audience.`;
    default: return "";
  }
}

/** Who stands behind an audience: whom a whole class means now, or a partner's identifier and contact. */
export function whoIs(audience) {
  const { purpose, recipient, whole_class } = audience;
  if (keyOf(audience) === anyPartner) {
    const { names } = partners;
    return names.length > 0 ? `Now that is: ${listed(names)}.` : "Now none is listed.";
  }
  const isPartner = !whole_class && ["live_embed", "rebroadcast"].includes(purpose);
  const partner = isPartner ? partners.named(recipient) : undefined;
  return partner ? `Known here as ${partner.id}. Contact: ${partner.contact}` : "";
}

const lists = new Intl.ListFormat("en", { type: "conjunction" });

export const listed = (names) => lists.format(names);

export const reasons = {
  "no-record": "You have not agreed to this.",
  requested: "You have been asked and have not answered.",
  deferred: "You have been asked and have not decided.",
  refused: "You declined this.",
  withdrawn: "You took this back.",
  revoked: "The operator took this back.",
  expired: "Your agreement has run out.",
  invalidated: "Your agreement is no longer valid.",
  "outdated-notice": "The terms have changed since you agreed.",
  purpose: "You agreed to something else, not to this.",
  recipient: "You agreed to somebody else, not to this one.",
  media: "You agreed to other media.",
  scope: "You agreed for another room or session.",
  minor: "Not allowed at your age.",
  guardian: "A guardian has to agree first.",
  region: "Not allowed in the region of the receiver.",
  "all-party": "Somebody else on air has not agreed.",
  "not-carried": "You have not agreed to it at the service that this comes from.",
  "captured-without": "Captured while you had not agreed.",
  "controller-changed": "The service changed hands since you agreed.",
  gpc: "Your browser's privacy signal says no.",
  "stale-epoch": "The relay is catching up with your choice.",
  "lease-expired": "Closed by itself: the relay could not confirm your choice in time.",
  "log-unavailable": "Closed by itself: the relay cannot write its record.",
  hold: "On hold.",
  malformed: "The record of your choice cannot be read.",
};

/** What a record says that somebody did; without a subject where a rule did it. */
export const deeds = {
  ConsentGiven: "Agreed",
  RenewedConsentGiven: "Agreed again",
  ConsentUnknown: "Lifted an earlier refusal",
  ConsentRequested: "Asked",
  ConsentRequestDeferred: "Put off",
  ConsentRefused: "Declined",
  ConsentWithdrawn: "Took back",
  ConsentRevoked: "Revoked",
  ConsentExpired: "Ran out",
  ConsentInvalidated: "Made void",
};

/** By what means a record was made. */
export const sources = {
  page: "on this page",
  api: "through the API",
  token: "with the token of an encoder",
  guardian: "by your guardian",
  "sdp-recordpref": "by the recording preference of your encoder",
  gpc: "by your browser's privacy signal (GPC)",
};

/** Events of a history that are no choice of anybody's. */
export const otherEvents = {
  status: "The operator recorded who you are as a person",
  hold: "The operator put something on hold, or lifted that",
  demand: "A legal demand was recorded, or lifted",
  profile: "What others see of you was corrected",
  erased: "You were erased",
};

const mediaWords = { audio: "sound", video: "picture", screen: "screen", chat: "chat", display_name: "name" };

export function mediaOf(media) {
  return media.map((kind) => mediaWords[kind] ?? kind).join(" and ");
}

export function counted(number, one, many) {
  return `${number} ${number === 1 ? one : many}`;
}

export function bytesOf(number) {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let [value, unit] = [number, 0];
  while (value >= 1000 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** A time of the API; browsers read milliseconds at most. */
export const timeOf = (text) => new Date(typeof text === "string" ? text.replace(/(\.\d{3})\d+/, "$1") : text);

const dates = new Intl.DateTimeFormat(undefined, {
  year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit",
});

export function dateAndTime(text) {
  const date = timeOf(text);
  return Number.isNaN(date.getTime()) ? String(text) : dates.format(date);
}

/** How long something took, in its two largest units. */
export function durationOf(milliseconds) {
  const seconds = Math.round(milliseconds / 1000);
  const parts = [[Math.floor(seconds / 3600), "h"], [Math.floor(seconds / 60) % 60, "min"], [seconds % 60, "s"]];
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return "under 1 s";
  return parts.slice(first, first + 2).filter(([count]) => count > 0).map((part) => part.join(" ")).join(" ");
}

/** From one time to another, without saying the day twice. */
export function span(from, until) {
  const [start, end] = [timeOf(from), timeOf(until)];
  if (Number.isNaN(start.getTime()) || Number.isNaN(end.getTime())) return `${from} – ${until}`;
  return dates.formatRange(start, end);
}

export function clockTime(text) {
  const date = timeOf(text);
  if (Number.isNaN(date.getTime())) return String(text);
  const part = (number, width) => String(number).padStart(width, "0");
  return `${part(date.getHours(), 2)}:${part(date.getMinutes(), 2)}:${part(date.getSeconds(), 2)}`
    + `.${part(date.getMilliseconds(), 3)}`;
}

/** When something ends: the hour alone where that is today. */
export function endOf(text) {
  const date = timeOf(text);
  const isToday = date.toDateString() === new Date().toDateString();
  const day = isToday ? {} : { month: "short", day: "numeric" };
  return date.toLocaleString(undefined, { ...day, hour: "2-digit", minute: "2-digit" });
}
