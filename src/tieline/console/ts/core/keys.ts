// Keys that are the page's as a whole: g and a letter go somewhere, v opens the views, ? tells the keys there are.
import { all, isTyping } from "./dom";

const PATIENCE_MS = 2000;
let begun = -PATIENCE_MS;

const isPlain = (event: KeyboardEvent): boolean => !isTyping(event) && !event.ctrlKey && !event.metaKey && !event.altKey;

/** After g the next letter names a place; nothing else hears it then. */
function go(event: KeyboardEvent): void {
  if (!isPlain(event) || document.querySelector("dialog[open]")) return;
  const waiting = performance.now() - begun < PATIENCE_MS;
  begun = -PATIENCE_MS;
  if (waiting && event.key.length === 1) {
    event.preventDefault();
    event.stopImmediatePropagation();
    all<HTMLAnchorElement>(".rail a[data-go]").find((link) => link.dataset["go"] === event.key.toLowerCase())?.click();
  } else if (event.key === "g") {
    begun = performance.now();
    event.preventDefault();
  }
}

/** The list of keys names those alone that do something on this page. */
function help(): void {
  const dialog = document.getElementById("shortcuts");
  if (!(dialog instanceof HTMLDialogElement) || dialog.open) return;
  for (const part of all("[data-keys-for]", dialog)) part.hidden = !document.querySelector(part.dataset["keysFor"] ?? "");
  dialog.showModal();
}

function views(): void {
  const menu = document.querySelector<HTMLDetailsElement>("[data-views] > details");
  if (!menu) return;
  menu.open = true;
  menu.querySelector<HTMLElement>(".menu-panel a, .menu-panel button")?.focus();
}

/** What a fragment replaces may have held the focus: its like in the new one takes it. */
function keepFocus(): void {
  let held = "";
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target } = (event as CustomEvent<{ target: Element }>).detail;
    const active = document.activeElement;
    held = active && active !== document.body && target.contains(active) ? (active.closest("[id]")?.id ?? "") : "";
  });
  document.addEventListener("htmx:afterSettle", () => {
    const isLost = document.activeElement === null || document.activeElement === document.body;
    if (held && isLost) document.getElementById(held)?.focus({ preventScroll: true });
    held = "";
  });
}

export function start(): void {
  document.addEventListener("keydown", go, { capture: true });
  document.addEventListener("keydown", (event) => {
    if (!isPlain(event) || document.querySelector("dialog[open], details[data-menu][open]")) return;
    if (event.key === "?") help();
    else if (event.key === "v") views();
    else return;
    event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    const opens = event.target instanceof Element && event.target.closest('[data-dialog-open="shortcuts"]');
    if (opens) help();
  }, { capture: true });
  keepFocus();
}
