// The room page: views the room by itself, and publishes when the participant chooses to.
import { Broadcast } from "./broadcast.js";
import { announce, element, room, showProblem } from "./page.js";
import { Record } from "./record.js";
import { Setup } from "./setup.js";
import { Viewing } from "./viewing.js";

const viewing = new Viewing();
const record = new Record();
const setup = new Setup(goLive);
let broadcast;

async function goLive(identity, choices, onConnected) {
  const next = new Broadcast({
    ...identity,
    onOverview: (overview) => {
      viewing.ownStream = overview.stream;
      next.panel.ownAudience = viewing.ownAudience;
    },
    onConsent: () => record.refresh(),
    onEnd: (problem) => showOffAir(problem),
  });
  element("receipt").hidden = true;
  await next.start(choices);
  broadcast = next;
  viewing.ownName = identity.name;
  record.open(identity);
  showProblem();
  onConnected();
  element("self").srcObject = identity.stream;
  element("tally").hidden = false;
  element("stage").classList.add("with-tally");
  element("go-live").hidden = true;
  for (const id of ["microphone", "camera"]) element(id).setAttribute("aria-pressed", "false");
  showSwitches();
  element("tally-title").focus();
}

function showOffAir(problem) {
  broadcast = undefined;
  viewing.ownName = undefined;
  viewing.ownStream = undefined;
  element("self").srcObject = null;
  element("tally").hidden = true;
  element("stage").classList.remove("with-tally");
  element("go-live").hidden = false;
  element("go-live").focus();
  element("receipt").hidden = true;
  document.title = `${room} · Tally`;
  announce("You have left. Your camera and microphone are off.");
  showProblem(problem);
}

function showSwitches() {
  for (const [id, on, off] of [["microphone", "Unmute", "Mute"], ["camera", "Camera on", "Camera off"]]) {
    element(id).textContent = element(id).getAttribute("aria-pressed") === "true" ? on : off;
  }
}

function bindSwitch(id, kind) {
  element(id).addEventListener("click", () => {
    const isOff = broadcast?.toggle(kind) ?? false;
    element(id).setAttribute("aria-pressed", String(isOff));
    showSwitches();
  });
}

element("room-name").textContent = room;
document.title = `${room} · Tally`;
element("sound").addEventListener("click", () => viewing.toggleSound());
element("go-live").addEventListener("click", () => setup.open());
element("leave").addEventListener("click", () => broadcast?.leave());
element("withdraw-all").addEventListener("click", () => broadcast?.panel.withdrawEverything());
bindSwitch("microphone", "audio");
bindSwitch("camera", "video");
addEventListener("pagehide", () => {
  broadcast?.close();
  viewing.close();
});

viewing.run();
