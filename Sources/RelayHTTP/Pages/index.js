import { requestJSON } from "./tally.js";

const refreshMilliseconds = 5000;
const list = document.getElementById("rooms");
const empty = document.getElementById("empty");
const problem = document.getElementById("problem");
let shown = "";

function counted(number, one, many) {
  return `${number} ${number === 1 ? one : many}`;
}

function row({ room, publishers, viewers }) {
  const link = document.createElement("a");
  link.href = `/rooms/${encodeURIComponent(room)}`;
  link.classList.toggle("on-air", publishers > 0);
  const lamp = document.createElement("span");
  lamp.className = "lamp";
  lamp.setAttribute("aria-hidden", "true");
  const name = document.createElement("strong");
  name.textContent = room;
  const state = document.createElement("span");
  state.className = "quiet";
  state.textContent = publishers === 0
    ? "nobody on air"
    : `${publishers} on air · ${counted(viewers, "viewer", "viewers")}`;
  link.append(lamp, name, state);
  const item = document.createElement("li");
  item.append(link);
  return item;
}

async function refresh() {
  try {
    const { rooms } = await requestJSON("/v1/rooms?limit=1000");
    rooms.sort((one, other) => other.publishers - one.publishers || one.room.localeCompare(other.room));
    const text = JSON.stringify(rooms);
    // Replacing unchanged rows would take the keyboard focus away from the reader.
    if (text !== shown) list.replaceChildren(...rooms.map(row));
    shown = text;
    empty.hidden = rooms.length > 0;
    problem.hidden = true;
  } catch (error) {
    problem.textContent = `${error.message} Trying again.`;
    problem.hidden = false;
  }
  setTimeout(refresh, refreshMilliseconds);
}

document.getElementById("open").addEventListener("submit", (event) => {
  event.preventDefault();
  location.href = `/rooms/${encodeURIComponent(document.getElementById("name").value)}`;
});

refresh();
