// The dialog before going live: camera, microphone, screen name and who may receive them.
import { Composer, endChosen } from "./composer.js";
import { access, element, guestToken, participantIn, room, viewToken } from "./page.js";
import { partners } from "./partners.js";
import { board, Terms } from "./terms.js";
import { claimsOf } from "./tally.js";
import { audienceFrom, changeOf, explanationOf, keyOf, nameOf, ownRecorder, whoIs } from "./words.js";

// Partners that are offered one by one; whoever wants another names it.
const mostOffered = 24;

export class Setup {
  #stream;
  #choices = new Map();
  #participant;
  #goLive;

  /** `goLive` connects with an identity and the choices made, and calls back once connected. */
  constructor(goLive) {
    this.#goLive = goLive;
    new Composer(element("choice-composer"), "Add to the list", (audience) => this.#offer(audience, true));
    element("setup-cancel").addEventListener("click", () => element("setup").close());
    element("setup").addEventListener("close", () => this.#release());
    element("camera-choice").addEventListener("change", () => this.#openMedia());
    element("microphone-choice").addEventListener("change", () => this.#openMedia());
    element("setup-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
  }

  async open() {
    this.#choices.clear();
    element("choices").replaceChildren();
    this.#offer({ purpose: "live_room" });
    this.#offer({ purpose: "recording", recipient: ownRecorder });
    element("name-field").hidden = access.publish !== undefined;
    element("screen-name").required = access.publish === undefined;
    element("setup").showModal();
    this.#showProblem();
    this.#showOutcome();
    await Promise.all([this.#openMedia(), this.#readNotices(), this.#readPartners()]);
  }

  /** Offers each partner by its name, and all of them together. */
  async #readPartners() {
    try {
      await partners.load(room);
    } catch {
      return;
    }
    Composer.suggestPartners();
    if (partners.names.length > 0) this.#offer({ purpose: "live_embed", whole_class: true });
    for (const audience of partners.audiences.slice(0, mostOffered)) this.#offer(audience);
    for (const [key, { describe }] of this.#choices) describe(audienceFrom(key));
  }

  /** Without them a choice that needs one is refused by the relay, and asked again in the panel. */
  async #readNotices() {
    try {
      await board.load(access.publish ?? await viewToken());
    } catch {
      return;
    }
    for (const [key, { terms }] of this.#choices) terms.show(board.inForce(audienceFrom(key).purpose));
  }

  #showProblem(text) {
    element("setup-problem").textContent = text ?? "";
    element("setup-problem").hidden = !text;
  }

  async #openMedia() {
    this.#release();
    const camera = element("camera-choice").value;
    const microphone = element("microphone-choice").value;
    const audio = { echoCancellation: true, ...(microphone && { deviceId: { exact: microphone } }) };
    const video = {
      width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 },
      ...(camera && { deviceId: { exact: camera } }),
    };
    element("setup-start").disabled = true;
    try {
      if (!navigator.mediaDevices) {
        throw new DOMException("Camera and microphone need a secure (https) page.", "SecurityError");
      }
      const stream = await navigator.mediaDevices.getUserMedia({ audio, video });
      if (!element("setup").open) {
        for (const track of stream.getTracks()) track.stop();
        return;
      }
      this.#stream = stream;
      element("preview").srcObject = stream;
      element("setup-start").disabled = false;
      this.#showProblem();
      await this.#listDevices();
    } catch (error) {
      this.#showProblem(mediaProblem(error));
    }
  }

  async #listDevices() {
    const devices = await navigator.mediaDevices.enumerateDevices();
    for (const [kind, id] of [["videoinput", "camera-choice"], ["audioinput", "microphone-choice"]]) {
      const used = this.#stream.getTracks()
        .find((track) => (track.kind === "video") === (kind === "videoinput"))?.getSettings().deviceId;
      const options = devices.filter((device) => device.kind === kind).map((device, index) =>
        new Option(device.label || `Device ${index + 1}`, device.deviceId, false, device.deviceId === used));
      element(id).replaceChildren(...options);
    }
  }

  /** Lists an audience, never chosen beforehand. */
  #offer(audience, focus = false) {
    const key = keyOf(audience);
    let { box } = this.#choices.get(key) ?? {};
    if (!box) {
      box = document.createElement("input");
      box.type = "checkbox";
      box.value = key;
      box.addEventListener("change", () => this.#showOutcome());
      const text = document.createElement("span");
      const name = document.createElement("strong");
      const explanation = document.createElement("span");
      explanation.className = "quiet";
      // Heard as a name and what belongs to it, and not as one long name.
      name.id = `choice-name-${this.#choices.size}`;
      explanation.id = `choice-text-${this.#choices.size}`;
      box.setAttribute("aria-labelledby", name.id);
      box.setAttribute("aria-describedby", explanation.id);
      const describe = (described) => {
        name.textContent = nameOf(described);
        explanation.textContent = [explanationOf(described), whoIs(described)].filter(Boolean).join(" ");
      };
      describe(audience);
      text.append(name, explanation);
      const label = document.createElement("label");
      label.append(box, text);
      const terms = new Terms();
      terms.show(board.inForce(audience.purpose));
      const item = document.createElement("li");
      item.append(label, terms.root);
      element("choices").append(item);
      this.#choices.set(key, { box, terms, describe });
    }
    if (focus) box.focus();
  }

  get #chosen() {
    return [...this.#choices].filter(([, { box }]) => box.checked);
  }

  /** What is chosen as the relay takes it, each with the reference of the terms that are shown with it. */
  async #changes() {
    const until = endChosen(element("setup-validity"));
    return Promise.all(this.#chosen.map(async ([key, { terms }]) => {
      const notice = await terms.reference();
      return { ...changeOf(audienceFrom(key), "grant"), ...(notice && { notice }), ...(until && { until }) };
    }));
  }

  #showOutcome() {
    const names = this.#chosen.map(([key]) => nameOf(audienceFrom(key)));
    element("outcome").textContent = names.length === 0
      ? "As chosen now, nobody will receive you."
      : `Will receive you: ${names.join(", ")}.`;
  }

  async #submit() {
    const start = element("setup-start");
    start.disabled = true;
    this.#showProblem();
    try {
      const changes = await this.#changes();
      element("validity").value = element("setup-validity").value;
      const { token, participant } = await this.#publisher();
      const name = element("screen-name").value.trim() || claimsOf(token).name || participant;
      const stream = this.#stream;
      await this.#goLive({ token, participant, name, stream }, changes, () => {
        this.#stream = undefined;
        element("setup").close();
      });
    } catch (error) {
      this.#showProblem(error.message);
    } finally {
      start.disabled = false;
    }
  }

  async #publisher() {
    const pasted = element("publish-token").value.trim();
    if (pasted) access.publish = pasted;
    if (access.publish) return { token: access.publish, participant: participantIn(access.publish) };
    try {
      this.#participant ??= await guestToken({ kind: "publish", name: element("screen-name").value.trim() });
      return this.#participant;
    } catch (error) {
      if (error.status === 403) {
        element("token-field").hidden = false;
        element("publish-token").focus();
      }
      throw error;
    }
  }

  #release() {
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = undefined;
    element("preview").srcObject = null;
  }
}

function mediaProblem(error) {
  switch (error.name) {
    case "NotAllowedError":
      return "The browser may not use your camera and microphone. Allow it in the address bar and try again.";
    case "NotFoundError":
      return "No camera or microphone was found.";
    case "NotReadableError":
      return "Camera or microphone is in use by another program.";
    case "OverconstrainedError":
      return "That camera or microphone is no longer there.";
    default:
      return error.message;
  }
}
