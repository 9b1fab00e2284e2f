// Theme, density, rail: chosen by the person, remembered on this machine.
import { all, on, recall, remember } from "./dom";

const root = document.documentElement;

function choose(key: "theme" | "density", value: string): void {
  if (value === "auto" || value === "dense") delete root.dataset[key];
  else root.dataset[key] = value;
  remember(key, value === "auto" || value === "dense" ? "" : value);
  press(key);
  if (key === "theme") document.dispatchEvent(new CustomEvent("tieline:theme"));
}

function press(key: "theme" | "density"): void {
  const attribute = `data-set-${key}`;
  const current = root.dataset[key] ?? (key === "theme" ? "auto" : "dense");
  for (const button of all(`[${attribute}]`)) {
    button.setAttribute("aria-pressed", String(button.getAttribute(attribute) === current));
  }
}

function foldRail(folded: boolean): void {
  if (folded) root.dataset["rail"] = "folded";
  else delete root.dataset["rail"];
  remember("rail", folded ? "folded" : "");
  showFold(folded);
}

/** Folded, each item's word is a tooltip. */
function showFold(folded: boolean): void {
  for (const item of all("[data-rail-label]")) {
    if (folded) item.dataset["tip"] = item.dataset["railLabel"] ?? "";
    else delete item.dataset["tip"];
  }
  for (const button of all("[data-rail-fold]")) button.setAttribute("aria-pressed", String(folded));
}

function openNav(open: boolean): void {
  if (open) root.dataset["nav"] = "open";
  else delete root.dataset["nav"];
  for (const button of all("[data-nav-open]")) {
    button.setAttribute("aria-expanded", String(open));
    if (!open && document.activeElement?.closest(".rail")) button.focus();
  }
  const item = (which: string): HTMLElement | null => document.querySelector<HTMLElement>(`.rail a.item${which}`);
  if (open) (item("[aria-current]") ?? item(""))?.focus();
}

export function start(): void {
  press("theme");
  press("density");
  showFold(recall("rail") === "folded");
  on("click", "[data-set-theme]", (button) => choose("theme", button.dataset["setTheme"] ?? "auto"));
  on("click", "[data-set-density]", (button) => choose("density", button.dataset["setDensity"] ?? "dense"));
  on("click", "[data-rail-fold]", () => foldRail(root.dataset["rail"] !== "folded"));
  on("click", "[data-nav-open]", () => openNav(root.dataset["nav"] !== "open"));
  on("click", "[data-nav-close]", () => openNav(false));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && root.dataset["nav"] === "open") openNav(false);
  });
}
