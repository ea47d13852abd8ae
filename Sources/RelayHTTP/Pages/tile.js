// A tile of the grid: one stream, or what is said in its place.

// What stands in the place of a picture, by what the relay says of the slot's video.
const covers = {
  withheld: ["Withheld", "This picture is not shown to you."],
  idle: ["Sound only", "There is no camera."],
  joining: ["One moment", "Waiting for the picture."],
  overloaded: ["Picture paused", "Your connection is too slow for it. Sound continues."],
  unsupported: ["No picture", "This browser cannot play its format. Sound continues."],
};

/** One participant's place in the grid, from the template `tile` of the page. */
export class Tile {
  root = document.getElementById("tile").content.firstElementChild.cloneNode(true);
  name;
  #own = false;

  constructor(stream) {
    this.stream = stream;
    this.#video.srcObject = stream;
    this.#video.play().catch(() => {});
  }

  get #video() {
    return this.root.querySelector("video");
  }

  show(slot, own) {
    this.name = slot.name;
    this.#own = own;
    this.root.dataset.slot = String(slot.slot);
    this.root.dataset.stream = slot.stream ?? "";
    const withheld = slot.video === "withheld" || (slot.video !== "live" && slot.audio === "withheld");
    if (withheld) {
      this.withhold();
      return;
    }
    this.root.dataset.state = slot.video === "live" ? "live" : "sound";
    this.#label(own ? `${slot.name ?? "Participant"} (you)` : slot.name ?? "Participant");
    this.#cover(covers[slot.video]);
    this.#hint(slot.audio === "withheld" ? "Sound is withheld" : "");
  }

  withhold() {
    this.name = undefined;
    this.root.dataset.state = "withheld";
    this.#label(this.#own ? "Withheld (you)" : "Withheld");
    this.#cover(covers.withheld);
    this.#hint("");
  }

  #label(text) {
    this.root.querySelector(".name").textContent = text;
    this.root.setAttribute("aria-label", text);
  }

  /** Says in the picture's place why there is none; without it a stopped picture looks like a live one. */
  #cover(text) {
    const cover = this.root.querySelector(".slate");
    cover.hidden = text === undefined;
    if (text === undefined) return;
    cover.querySelector("strong").textContent = text[0];
    cover.querySelector("span").textContent = text[1];
  }

  #hint(text) {
    const hint = this.root.querySelector(".hint");
    hint.textContent = text;
    hint.hidden = text === "";
  }

  setSound(on) {
    // One's own sound coming back would be an echo.
    this.#video.muted = !on || this.#own;
    this.#video.play().catch(() => {
      this.#video.muted = true;
      this.#video.play().catch(() => {});
    });
  }
}
