// The phone page. All of it is drawn from what the phone holds, so that it works in a cellar.
import { icon } from "../core/dom";
import { listScreen, queueScreen, refusedNotes, stormNotes } from "./list";
import { at, big, box, note, plural, way } from "./parts";
import { State } from "./state";
import { VisitScreen } from "./visit";

const main = document.querySelector<HTMLElement>("#main")!;
const bar = document.querySelector<HTMLElement>("#queue")!;
const who = document.querySelector<HTMLElement>("#who")!;
const drafts = new Map<string, string>();
const photos = new Map<number, Blob[]>();
let drawn = "";
let place = "";
const state = new State(draw);

/** Draw what is shown anew, if it differs; what was typed and where the person is stay. */
function draw(): void {
  drawBar();
  drawPerson();
  const key = JSON.stringify([location.hash, state.person, state.mine, state.queue.map((one) => one.id), state.sent.map((one) => one.id), state.link === "signed-out", state.link === "away", state.foreign, state.refusedElsewhere().map((one) => one.report.id), photosHere().length]);
  if (key === drawn) return;
  drawn = key;
  const focused = document.activeElement?.id;
  main.replaceChildren(...screen());
  if (location.hash !== place) {
    place = location.hash;
    main.focus({ preventScroll: true }); // else it would scroll until the bar lies over its first line
    scrollTo(0, 0);
  } else if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  document.documentElement.dataset["ready"] = "";
}

function screen(): Node[] {
  if (state.link === "signed-out" || (!state.person && state.link !== "unknown" && state.link !== "away")) return signedOut();
  const [name, id, part] = location.hash.slice(1).split("/");
  if (name === "queue") return queueScreen(state);
  if (name !== "visit") return [...stormNotes(state), ...refusedNotes(state), ...listScreen(state)];
  const visit = state.visit(Number(id));
  if (!visit) return [way("Back to the list", "#", "arrow-left", "quiet"), note("warn", "triangle-alert", box("p", "", "This visit is not in your orders any more."))];
  const made = new VisitScreen(state, visit, drafts);
  if (part === "trouble") return made.trouble(photosHere(), draw);
  return part === "stop" ? made.stop() : [...stormNotes(state), ...made.parts()];
}

function photosHere(): Blob[] {
  const id = Number(location.hash.split("/")[1] ?? 0);
  const found = photos.get(id) ?? [];
  photos.set(id, found);
  return found;
}

function signedOut(): Node[] {
  const waits = state.foreign;
  const entrance = way("Sign in", "/sign-in?next=/field/", "log-out", "primary");
  entrance.addEventListener("click", (event) => {
    event.preventDefault();
    void state.gone().finally(() => location.assign(entrance.href));
  });
  return [
    box("h1", "", "Field work"),
    note("off", "lock", box("strong", "", "You are signed out."), box("p", "", "This phone holds no orders now."), waits > 0 && box("p", "", `${plural(waits, "report")} ${waits === 1 ? "waits here and goes" : "wait here and go"} out when the author signs in.`)),
    entrance,
  ];
}

/** The state of the queue, always in sight. */
function drawBar(): void {
  const waits = state.queue.length;
  const away = state.link === "away";
  const words = waits
    ? `${plural(waits, "report")} ${waits === 1 ? "waits" : "wait"} for the network`
    : away
      ? `No network · orders of ${state.fetched ? at(state.fetched) : "–"}`
      : state.link === "online" ? "Everything is sent" : "Looking for the network…";
  const shown = state.sending ? `Sending ${plural(waits, "report")}…` : words;
  const tone = waits ? "warn" : away ? "held" : state.link === "online" ? "ok" : "off";
  const sign = waits ? "hourglass" : away ? "wifi-off" : state.link === "online" ? "circle-check" : "loader";
  bar.hidden = state.link === "signed-out";
  bar.className = `field-bar tone-${tone}`;
  const text = bar.querySelector("span");
  if (text?.textContent === shown) return;
  bar.replaceChildren(icon(sign), box("span", "", shown), icon("chevron-right"));
}

function drawPerson(): void {
  const name = state.person?.name ?? "";
  if (who.dataset["name"] === name) return;
  who.dataset["name"] = name;
  who.replaceChildren(...(name ? [box("span", "muted", name), big("Sign out", "log-out", "quiet", leave)] : []));
}

async function leave(): Promise<void> {
  const waits = state.queue.length;
  if (waits && !confirm(`${plural(waits, "report")} were not sent yet. They stay on this phone and go out when you sign in here again. Sign out?`)) return;
  drafts.clear();
  photos.clear();
  await state.signOut();
}

addEventListener("hashchange", draw);
void navigator.serviceWorker?.register("/field/worker.js", { scope: "/field/", updateViaCache: "none" });
void navigator.storage?.persist?.();
void state.begin();
