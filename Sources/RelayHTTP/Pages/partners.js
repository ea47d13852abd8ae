// The partners that the operator lists: recipients whom participants know by their names.
import { linkedJSON, requestJSON } from "./tally.js";

// Of a thousand each; the relay keeps no more than ten thousand.
const mostPages = 10;

const known = new Map();
let [asked, answered] = [0, 0];

/** Those who may show a room, as the relay lists them; empty until they were read. */
export const partners = {
  list: [],

  async load(room) {
    asked += 1;
    const turn = asked;
    const found = [];
    let next = `/v1/partners?room=${encodeURIComponent(room)}&limit=1000`;
    for (let page = 0; next && page < mostPages; page += 1) {
      const answer = await linkedJSON(next);
      found.push(...answer.body.partners);
      next = answer.next;
    }
    // An answer that was overtaken says nothing new.
    if (turn < answered) return;
    answered = turn;
    this.list = found;
    for (const partner of found) known.set(partner.id, partner);
  },

  /** Finds out who they are that the list does not have: suspended, or of other rooms. */
  async identify(ids) {
    await Promise.all([...new Set(ids)].filter((id) => !known.has(id)).map(async (id) => {
      try {
        known.set(id, await requestJSON(`/v1/partners/${encodeURIComponent(id)}`));
      } catch {
        // One that was removed is known by its identifier alone.
      }
    }));
  },

  named: (id) => known.get(id),

  /** Everything that a participant may choose of them one by one. */
  get audiences() {
    return this.list.flatMap(({ id, purposes }) => ["live_embed", "rebroadcast"]
      .filter((purpose) => purposes.includes(purpose))
      .map((purpose) => ({
        purpose,
        recipient_class: purpose === "live_embed" ? "embed_partner" : "restream_destination",
        recipient: id,
      })));
  },

  /** Whom "any partner site the operator lists" means now, by their legal names. */
  get names() {
    return this.list.filter(({ purposes }) => purposes.includes("live_embed")).map(({ legal_name }) => legal_name);
  },
};
