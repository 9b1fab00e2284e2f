// Tooltips, menus, dialogs, the side sheet.
import htmx from "htmx.org";
import { all, element, isTyping, on } from "./dom";

const GAP = 6;

/** One tooltip for the page, shown on hover and on focus, hidden by Escape. */
function tooltips(): void {
  const tip = element("div", "tip");
  tip.id = "tip";
  tip.setAttribute("role", "tooltip");
  tip.hidden = true;
  document.body.append(tip);
  let owner: HTMLElement | null = null;

  const hide = (): void => {
    tip.hidden = true;
    owner?.removeAttribute("aria-describedby");
    owner = null;
  };
  const show = (target: HTMLElement): void => {
    const text = target.dataset["tip"];
    if (!text || target === owner) return;
    hide();
    owner = target;
    // A dialog stands above everything else, so the tip goes into the one that is open.
    (target.closest("dialog") ?? document.body).append(tip);
    tip.textContent = text;
    tip.hidden = false;
    target.setAttribute("aria-describedby", "tip");
    const box = target.getBoundingClientRect();
    const size = tip.getBoundingClientRect();
    if (target.dataset["tipSide"] === "right") {
      tip.style.left = `${box.right + GAP}px`;
      tip.style.top = `${box.top + box.height / 2 - size.height / 2}px`;
      return;
    }
    const left = Math.min(Math.max(4, box.left + box.width / 2 - size.width / 2), innerWidth - size.width - 4);
    const above = box.top - size.height - GAP;
    tip.style.left = `${left}px`;
    tip.style.top = `${above > 4 ? above : box.bottom + GAP}px`;
  };
  on("mouseover", "[data-tip]", show);
  on("focusin", "[data-tip]", (target) => target.matches(":focus-visible") && show(target));
  on("mouseout", "[data-tip]", (target, event) => {
    if (!(event.relatedTarget instanceof Node && target.contains(event.relatedTarget))) hide();
  });
  document.addEventListener("focusout", hide);
  document.addEventListener("htmx:afterSwap", () => owner && !owner.isConnected && hide());
  document.addEventListener("scroll", hide, true);
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
}

/** One menu open at a time; a press outside or Escape closes it and gives the focus back. */
function menus(): void {
  const close = (except: Element | null): void => {
    for (const menu of all<HTMLDetailsElement>("details[data-menu][open]")) {
      if (!except || !menu.contains(except)) menu.open = false;
    }
  };
  document.addEventListener("click", (event) => close(event.target instanceof Element ? event.target : null));
  document.addEventListener("focusin", (event) => close(event.target instanceof Element ? event.target : null));
  document.addEventListener("keydown", (event) => {
    const open = document.querySelector<HTMLDetailsElement>("details[data-menu][open]");
    if (event.key !== "Escape" || !open) return;
    open.open = false;
    open.querySelector("summary")?.focus();
    event.stopImmediatePropagation();
  });
}

function dialogs(): void {
  on("click", "[data-dialog-open]", (button) => {
    const dialog = document.getElementById(button.dataset["dialogOpen"] ?? "");
    if (dialog instanceof HTMLDialogElement) openDialog(dialog);
  });
  on("click", "[data-dialog-close]", (button) => button.closest("dialog")?.close());
  on("click", "dialog", (dialog, event) => {
    if (event.target === dialog && dialog instanceof HTMLDialogElement) dialog.close();
  });
  on("input", "[data-typed-count]", (input) => matchCount(input as HTMLInputElement));
}

function openDialog(dialog: HTMLDialogElement): void {
  for (const menu of all<HTMLDetailsElement>("details[data-menu][open]")) menu.open = false;
  if (!dialog.open) dialog.showModal();
  const input = dialog.querySelector<HTMLInputElement>("[data-typed-count]");
  if (input) {
    input.value = "";
    matchCount(input);
  }
}

/** Above 1,000 things the button stays off until the number is typed; spaces and commas in it do not matter. */
function matchCount(input: HTMLInputElement): void {
  const matches = input.value.replace(/[\s,.'\u202f\u2009]/g, "") === input.dataset["typedCount"];
  const button = input.form?.querySelector<HTMLButtonElement>("[data-needs-count]");
  if (button) button.disabled = !matches;
}

const sheetElement = (): HTMLElement | null => document.getElementById("sheet");
let opener: HTMLElement | null = null;
let listUrl = "";

function openSheet(link: HTMLAnchorElement): void {
  const sheet = sheetElement();
  if (!sheet) return location.assign(link.href);
  if (!sheet.hasChildNodes() || !listUrl) listUrl = location.href;
  opener = link;
  void htmx.ajax("get", link.href, { target: "#sheet", swap: "innerHTML", source: sheet }).then(() => {
    if (!sheet.hasChildNodes()) return;
    history.pushState({ tielineSheet: true }, "", link.dataset["sheetUrl"] ?? link.href);
    sheet.querySelector<HTMLElement>("[data-sheet-title]")?.focus({ preventScroll: true });
    document.dispatchEvent(new CustomEvent("tieline:sheet", { detail: { href: link.href } }));
  });
}

export function closeSheet(push = true): boolean {
  const sheet = sheetElement();
  if (!sheet || !sheet.querySelector("[data-sheet-close]")) return false;
  const back = sheet.querySelector<HTMLElement>("[data-sheet-close]")?.dataset["sheetClose"] || listUrl;
  sheet.replaceChildren();
  if (push && back) history.pushState({}, "", back);
  listUrl = "";
  opener?.focus();
  opener = null;
  return true;
}

/** A link marked data-sheet opens beside the list; its URL goes to the address bar and back again on closing. */
function sheets(): void {
  on("click", "a[data-sheet]", (link, event) => {
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (!plain || !(link instanceof HTMLAnchorElement)) return;
    event.preventDefault();
    openSheet(link);
  });
  on("click", "[data-sheet-close]", () => closeSheet());
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || isTyping(event) || document.querySelector("dialog[open]")) return;
    closeSheet();
  });
  window.addEventListener("popstate", (event) => {
    const state = event.state as { tielineSheet?: boolean } | null;
    if (listUrl) closeSheet(false);
    else if (state?.tielineSheet) location.reload();
  });
}

export function start(): void {
  menus();
  dialogs();
  sheets();
  tooltips();
}
