// The crew's orders as a list, and the queue.
import { icon } from "../core/dom";
import { KIND_WORDS, stateOf } from "./local";
import { at, badge, big, box, day, moment, note, plural, way } from "./parts";
import type { State } from "./state";
import type { Order, Storm, Visit } from "./types";

/** Storm mode, above the orders and each visit while it lasts: what it means for who stands at a site. */
export function stormNotes(state: State): HTMLElement[] {
  return (state.mine?.storms ?? []).map((storm) =>
    note("warn", "zap", box("strong", "", `Storm mode ${where(storm)}: ${storm.reason}`), box("p", "", storm.spares_crews ? "Cards that you fit go over all the same; their tests run." : "Cards that you fit there go over only when it has ended, and their tests wait until then. Ask the dispatcher before you begin."), storm.ends_at !== null && box("p", "muted", `Until ${moment(storm.ends_at)}, or until it is ended.`)),
  );
}

/** Reports that were refused and have no visit here any more that could say so. */
export function refusedNotes(state: State): HTMLElement[] {
  return state.refusedElsewhere().map(({ report, sentence, advice }) =>
    note("bad", "octagon-alert", box("strong", "", `${report.site}, ${KIND_WORDS[report.words.kind]} (${at(report.at)}): ${sentence}`), box("p", "", advice), big("I have read it", "check", "quiet", () => state.read(report.id))),
  );
}

function where(storm: Storm): string {
  return storm.regions.length ? `in ${storm.regions.join(", ")}` : "everywhere";
}

export function listScreen(state: State): Node[] {
  if (!state.mine) return [box("p", "field-wait", state.link === "away" ? "There is no network, and this phone has no orders yet." : "Fetching your orders…")];
  if (!state.mine.crew) return [note("warn", "users", box("strong", "", "You are in no crew yet."), box("p", "", "Ask the dispatcher to add you to one; your orders then appear here."))];
  if (!state.mine.orders.length) {
    return [box("h1", "", state.mine.crew), note("off", "calendar-clock", box("strong", "", "No orders for today."), box("p", "", "When the dispatcher plans some for your crew, they appear here."))];
  }
  return [box("h1", "", state.mine.crew), ...state.mine.orders.map((order) => orderPart(order, state))];
}

function orderPart(order: Order, state: State): HTMLElement {
  const visits = order.visits.map((visit) => state.ahead(visit));
  const over = visits.filter((visit) => visit.state === "finished").length;
  const going = visits.filter((visit) => visit.state !== "cancelled").length;
  const hours = `${Math.floor(order.minutes / 60)} h ${order.minutes % 60} min`;
  return box(
    "section",
    "field-order",
    box("h2", "", day(order.day, state.mine?.today ?? "")),
    box("p", "muted", `${over} of ${plural(going, "visit")} finished · ${order.km} km · ${hours}`),
    box("ol", "field-stops", ...visits.map((visit, at) => stop(visit, at + 1))),
  );
}

function stop(visit: Visit, number: number): HTMLElement {
  const [word, tone, sign] = stateOf(visit);
  const far = visit.km === null ? "" : `${visit.km} km from the last`;
  const link = box(
    "a",
    "field-stop",
    box("span", "field-number", String(number)),
    box(
      "span",
      "field-stop-text",
      box("strong", "", visit.site.name),
      box("span", "muted", [visit.site.postcode, far].filter(Boolean).join(" · ")),
      box("span", "field-stop-state", badge(word, tone, sign), visit.refused.length > 0 && badge(plural(visit.refused.length, "report refused", "reports refused"), "bad", "octagon-alert")),
    ),
    icon("chevron-right"),
  );
  link.href = `#visit/${visit.id}`;
  if (visit.state === "finished" || visit.state === "cancelled") link.classList.add("over");
  return box("li", "", link);
}

/** What waits on this phone, in the order in which it will go. */
export function queueScreen(state: State): Node[] {
  const rows = state.queue.map((report) =>
    box("li", "field-waiting", box("strong", "", KIND_WORDS[report.words.kind]), box("span", "", report.site), box("span", "muted num", at(report.at)), report.photos.length > 0 && box("span", "muted", plural(report.photos.length, "picture"))),
  );
  return [
    way("Back to the list", "#", "arrow-left", "quiet"),
    box("h1", "", "What waits on this phone"),
    rows.length ? box("ol", "field-queue", ...rows) : note("ok", "circle-check", box("p", "", "Nothing waits: everything you reported has arrived.")),
    state.queue.length > 0 && big("Try to send now", "refresh-cw", "primary", () => state.meet()),
    state.foreign > 0 && note("held", "lock", box("p", "", `${plural(state.foreign, "report")} of somebody else wait here, unseen, until that person signs in on this phone.`)),
  ].filter((one): one is HTMLElement => Boolean(one));
}
