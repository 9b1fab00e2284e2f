// How a visit stands here and now: as the server last said, with what waits on the phone on top of it.
import type { Kind, Report, Step, StepState, Visit, VisitState } from "./types";

export const KIND_WORDS: Readonly<Record<Kind, string>> = {
  arrived: "Arrived", fitted: "Card fitted", "test-asked": "Test asked for", finished: "Finished", trouble: "Something is wrong", left: "Left",
};

/** The visit as it will be once the server has taken what waits, as far as a phone can know. */
export function ahead(visit: Visit, queue: readonly Report[]): Visit {
  return queue.filter((report) => report.words.visit === visit.id).reduce(after, visit);
}

function after(visit: Visit, report: Report): Visit {
  const { words } = report;
  const there: VisitState = visit.state === "planned" || visit.state === "left" ? "on_site" : visit.state;
  switch (words.kind) {
    case "arrived":
      return { ...visit, state: there };
    case "fitted":
      return { ...visit, state: there, router: String(words["router"]), steps: changed(visit.steps, words["step"], "fitted", String(words["iccid"])) };
    case "test-asked":
      return { ...visit, state: there, steps: changed(visit.steps, words["step"], "testing") };
    case "finished":
      return { ...visit, state: "finished", outcome: String(words["outcome"]) };
    case "left":
      return visit.state === "on_site" ? { ...visit, state: "left" } : visit;
    default:
      return visit;
  }
}

function changed(steps: readonly Step[], key: unknown, state: StepState, iccid?: string): Step[] {
  return steps.map((step) => (step.key === key ? { ...step, state, fitted: iccid ?? step.fitted, checks: [], said: "" } : step));
}

/** The step to work on: the first that has not passed. */
export function current(visit: Visit): Step | undefined {
  return visit.steps.find((step) => step.state !== "passed");
}

/** What is wrong with a card for a step, by what the phone knows; empty when nothing is. */
export function wrongCard(visit: Visit, step: Step, iccid: string, others: readonly Visit[]): string {
  if (step.iccid === iccid || !step.iccid) return "";
  const own = visit.steps.find((one) => one.iccid === iccid);
  if (own) return `This is card ${own.position} (operator ${own.operator}). Take the other card.`;
  const meant = others.find((one) => one.id !== visit.id && one.steps.some((each) => each.iccid === iccid));
  if (meant) return `This card is for ${meant.site.name}, not for ${visit.site.name}. Are you at the right site?`;
  return `The planned card ends ${step.iccid.slice(-6)}; this one ends ${iccid.slice(-6)}. Take the planned card.`;
}

export const STATE_WORDS: Readonly<Record<VisitState, readonly [word: string, tone: string, icon: string]>> = {
  planned: ["Planned", "off", "circle-dashed"],
  on_site: ["You are here", "busy", "circle-dot"],
  left: ["Left, not finished", "warn", "triangle-alert"],
  finished: ["Finished", "ok", "circle-check"],
  cancelled: ["Cancelled: do not go", "held", "circle-slash"],
};
export const OUTCOME_WORDS: Readonly<Record<string, string>> = { done: "Done", again: "Someone comes again", "not-possible": "Not possible" };

/** One's state in words: a finished visit says how. */
export function stateOf(visit: Visit): readonly [word: string, tone: string, icon: string] {
  if (visit.state === "finished" && visit.outcome && visit.outcome !== "done") return [OUTCOME_WORDS[visit.outcome] ?? "Finished", "warn", "triangle-alert"];
  return STATE_WORDS[visit.state];
}
