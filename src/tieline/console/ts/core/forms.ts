// Filter bar, file drop, copying, and forms that must not be sent twice.
import { all, isTyping, on } from "./dom";

/** A filter's form leaves empty fields out, so that the URL says only what is asked. */
function tidyFilters(form: HTMLFormElement): void {
  for (const field of all<HTMLInputElement | HTMLSelectElement>("input[name], select[name]", form)) {
    if (field.value === "") field.disabled = true;
  }
  // Back from the next page the browser shows this one again: its fields must work then.
  addEventListener("pageshow", () => {
    for (const field of all<HTMLInputElement>("input[name]", form)) field.disabled = false;
  }, { once: true });
}

function addFilter(button: HTMLElement): void {
  const chip = document.getElementById(button.dataset["addFilter"] ?? "");
  if (!(chip instanceof HTMLDetailsElement)) return;
  chip.hidden = false;
  const menu = button.closest<HTMLDetailsElement>("details[data-menu]");
  if (menu) menu.open = false;
  chip.open = true;
  chip.querySelector<HTMLElement>("input, select")?.focus();
}

async function copy(button: HTMLElement): Promise<void> {
  const text = button.dataset["copy"] ?? "";
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    copyBySelection(text); // Plain HTTP gives no clipboard; the older way still works there.
  }
  button.dataset["done"] = "";
  button.querySelector("use")?.setAttribute("href", iconHref("check"));
  setTimeout(() => {
    delete button.dataset["done"];
    button.querySelector("use")?.setAttribute("href", iconHref("copy"));
  }, 1500);
}

const iconHref = (name: string): string => `${document.body.dataset["sprite"] ?? ""}#${name}`;

function copyBySelection(text: string): void {
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

/** Says which file was chosen, and refuses at once what the server would refuse: too large, or another kind. */
function showFile(input: HTMLInputElement): void {
  const drop = input.closest<HTMLElement>("[data-drop]");
  const words = drop?.querySelector<HTMLElement>("[data-drop-words]");
  if (!drop || !words) return;
  const file = input.files?.[0];
  const limit = Number(drop.dataset["limit"] ?? "0");
  const kinds = (drop.dataset["kinds"] ?? "").split(" ").filter(Boolean);
  const tooLarge = file !== undefined && limit > 0 && file.size > limit;
  const wrongKind = file !== undefined && kinds.length > 0 && !kinds.some((kind) => file.name.toLowerCase().endsWith(kind));
  delete drop.dataset["refused"];
  words.classList.toggle("refusal", tooLarge || wrongKind);
  if (tooLarge || wrongKind) {
    drop.dataset["refused"] = "";
    words.textContent = tooLarge
      ? `${file?.name} is larger than ${drop.dataset["limitWords"] ?? "allowed"}.`
      : `${file?.name} is not one of ${kinds.join(", ")}.`;
    input.value = "";
  } else if (file) {
    words.textContent = `${file.name} · ${size(file.size)}`;
  }
}

function size(octets: number): string {
  const units = ["B", "kB", "MB", "GB"];
  let at = 0;
  let value = octets;
  while (value >= 1000 && at < units.length - 1) {
    value /= 1000;
    at += 1;
  }
  return `${value.toFixed(at === 0 || value >= 100 ? 0 : 1)}\u202f${units[at] ?? ""}`;
}

function drops(): void {
  on("dragover", "[data-drop]", (drop) => (drop.dataset["over"] = ""));
  on("dragleave", "[data-drop]", (drop) => delete drop.dataset["over"]);
  on("drop", "[data-drop]", (drop) => delete drop.dataset["over"]);
  on("change", "[data-drop] input[type=file]", (input) => showFile(input as HTMLInputElement));
}

/** A second press on a submit button sends nothing twice. */
function onceOnly(form: HTMLFormElement, event: Event): void {
  if (form.method !== "post") return;
  if (form.dataset["sent"] !== undefined) event.preventDefault();
  form.dataset["sent"] = "";
  addEventListener("pageshow", () => delete form.dataset["sent"], { once: true });
  setTimeout(() => delete form.dataset["sent"], 10_000);
}

export function start(): void {
  on("submit", "form[data-filters]", (form) => tidyFilters(form as HTMLFormElement));
  on("submit", "form:not([method=dialog])", (form, event) => onceOnly(form as HTMLFormElement, event));
  on("click", "[data-add-filter]", addFilter);
  on("click", "[data-copy]", (button) => void copy(button));
  on("click", "[data-print]", () => print());
  drops();
  document.addEventListener("keydown", (event) => {
    if (event.key !== "f" || isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
    const menu = document.querySelector<HTMLDetailsElement>("[data-filter-menu]");
    if (!menu || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    menu.open = true;
    menu.querySelector<HTMLElement>("button")?.focus();
  });
}
