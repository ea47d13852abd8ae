// What each partner received of a participant, added up from the lines of the ledger.
import { audienceIn, keyOf, timeOf } from "./words.js";

const partnerPurposes = ["live_embed", "rebroadcast"];

/** One total for each audience of a partner, the newest first; `now` is the end of what is still open. */
export function partnerTotals(disclosures, now = Date.now()) {
  const totals = new Map();
  for (const disclosure of disclosures) {
    const { purpose, recipient, outcome, session, packets, bytes } = disclosure;
    if (!partnerPurposes.includes(purpose) || !recipient || outcome === "refused") continue;
    const audience = audienceIn(disclosure);
    const key = keyOf(audience);
    const total = totals.get(key)
      ?? { audience, spans: [], sessions: new Set(), packets: 0, bytes: 0, isOpen: false };
    totals.set(key, total);
    const isOpen = outcome === "open";
    total.spans.push([timeOf(disclosure.from).getTime(), isOpen ? now : timeOf(disclosure.until).getTime()]);
    total.sessions.add(session);
    total.packets += packets;
    total.bytes += bytes;
    total.isOpen ||= isOpen;
  }
  return [...totals.values()]
    .map(({ spans, sessions, ...rest }) => ({
      ...rest,
      sessions: sessions.size,
      milliseconds: covered(spans),
      last: Math.max(...spans.map(([, end]) => end)),
    }))
    .sort((one, other) => other.last - one.last);
}

/** The time in which at least one of the spans was; several viewers at once count once. */
function covered(spans) {
  let [sum, reached] = [0, -Infinity];
  for (const [start, end] of spans.sort(([one], [other]) => one - other)) {
    sum += Math.max(0, end - Math.max(start, reached));
    reached = Math.max(reached, end);
  }
  return sum;
}
