// The global search: / and Ctrl-K from anywhere, arrows through the suggestions.
import { all, isTyping, on } from "./dom";

const input = (): HTMLInputElement | null => document.querySelector<HTMLInputElement>("#search");
const results = (): HTMLElement | null => document.getElementById("search-results");

function step(by: number): void {
  const links = all<HTMLAnchorElement>("#search-results a");
  const at = links.indexOf(document.activeElement as HTMLAnchorElement);
  const next = at + by;
  if (next < 0) input()?.focus();
  else links[Math.min(next, links.length - 1)]?.focus();
}

export function start(): void {
  let chosen: string | null = null;
  document.addEventListener("keydown", (event) => {
    const slash = event.key === "/" && !isTyping(event) && !document.querySelector("dialog[open]");
    const control = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey);
    if (slash || control) {
      event.preventDefault();
      input()?.focus();
      input()?.select();
    }
  });
  on("keydown", ".search", (_, event) => {
    if (event.key === "ArrowDown") step(1);
    else if (event.key === "ArrowUp") step(-1);
    else if (event.key === "Escape") {
      results()?.replaceChildren();
      (document.activeElement as HTMLElement | null)?.blur();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  // Suggestions that were asked for before the search was left come too late.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const detail = (event as CustomEvent<{ target: Element; shouldSwap: boolean }>).detail;
    if (detail.target !== results()) return;
    const active = document.activeElement;
    if (!active?.closest(".search")) detail.shouldSwap = false;
    chosen = active?.closest("#search-results a")?.getAttribute("href") ?? null;
  });
  // The answer to the last letter may come when somebody already walks through those before it: he keeps his place.
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target !== results() || chosen === null) return;
    const links = all<HTMLAnchorElement>("#search-results a");
    (links.find((one) => one.getAttribute("href") === chosen) ?? links[0] ?? input())?.focus();
  });
  document.addEventListener("focusin", (event) => {
    if (!(event.target instanceof Element) || !event.target.closest(".search")) results()?.replaceChildren();
  });
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element) || !event.target.closest(".search")) results()?.replaceChildren();
  });
}
