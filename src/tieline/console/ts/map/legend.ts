// The legend: what the marks mean, how many there are, and a press hides or shows a kind.
import { colour, element, number } from "../core/dom";
import type { Dimension } from "./data";
import { markCanvas } from "./marks";
import { toneColour } from "./style";

export interface LegendState {
  readonly dimensions: readonly Dimension[];
  readonly colouring: number;
  readonly hidden: readonly ReadonlySet<number>[];
  readonly counts: readonly number[];
  readonly cells: "none" | "off" | "on";
}
export interface LegendActs {
  colourBy(dimension: number): void;
  toggle(kind: number): void;
  toggleCells(): void;
}

export function drawLegend(host: HTMLElement, state: LegendState, acts: LegendActs): void {
  const focused = (document.activeElement as HTMLElement | null)?.dataset["legend"];
  host.replaceChildren();
  if (state.dimensions.length > 1) host.append(dimensionSwitch(state, acts));
  host.append(kinds(state, acts));
  if (state.cells !== "none") host.append(cellSwitch(state, acts));
  if (focused) host.querySelector<HTMLElement>(`[data-legend="${focused}"]`)?.focus();
}

function dimensionSwitch(state: LegendState, acts: LegendActs): HTMLElement {
  const group = element("div", "segmented");
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", "Colour by");
  state.dimensions.forEach((dimension, index) => {
    const button = element("button", "", dimension.label);
    button.type = "button";
    button.dataset["legend"] = `d${index}`;
    button.setAttribute("aria-pressed", String(index === state.colouring));
    button.addEventListener("click", () => acts.colourBy(index));
    group.append(button);
  });
  return group;
}

function kinds(state: LegendState, acts: LegendActs): HTMLElement {
  const list = element("ul", "map-kinds");
  const dimension = state.dimensions[state.colouring];
  const totals = countAll(dimension);
  dimension?.kinds.forEach((kind, index) => {
    if ((totals[index] ?? 0) === 0) return;
    const shown = !state.hidden[state.colouring]?.has(index);
    const button = element("button", "map-kind");
    button.type = "button";
    button.dataset["legend"] = `k${index}`;
    button.setAttribute("aria-pressed", String(shown));
    button.dataset["tip"] = shown ? "Hide these" : "Show these";
    button.append(markCanvas(kind.tone, toneColour(kind.tone), colour("surface")), element("span", "", kind.word));
    button.append(element("span", "num quiet", number(state.counts[index] ?? 0)));
    button.addEventListener("click", () => acts.toggle(index));
    const item = element("li");
    item.append(button);
    list.append(item);
  });
  return list;
}

function countAll(dimension: Dimension | undefined): number[] {
  const totals = new Array<number>(dimension?.kinds.length ?? 0).fill(0);
  for (const value of dimension?.values ?? []) totals[value] = (totals[value] ?? 0) + 1;
  return totals;
}

function cellSwitch(state: LegendState, acts: LegendActs): HTMLElement {
  const button = element("button", "map-kind", "Cells");
  button.type = "button";
  button.dataset["legend"] = "cells";
  button.setAttribute("aria-pressed", String(state.cells === "on"));
  button.addEventListener("click", () => acts.toggleCells());
  return button;
}
