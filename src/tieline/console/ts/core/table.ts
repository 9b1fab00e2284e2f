// Tables: rows by keyboard, selection, the choice of columns.
import { all, isTyping, number, on, recall, remember } from "./dom";

const TABLE = "[data-table]";
let anchor: HTMLInputElement | null = null;

const rowsOf = (table: Element): HTMLElement[] => all("tbody tr[data-key]", table);
const boxesOf = (table: Element): HTMLInputElement[] => all<HTMLInputElement>("tbody input[data-select]", table);

function currentTable(): HTMLElement | null {
  const sheet = document.querySelector<HTMLElement>(`#sheet ${TABLE}`);
  return document.activeElement?.closest<HTMLElement>(TABLE) ?? sheet ?? document.querySelector<HTMLElement>(TABLE);
}

/** One row is current; only its own links, ages and copy buttons are reached by Tab. */
function makeCurrent(table: Element, row: HTMLElement, focus: boolean): void {
  for (const other of rowsOf(table)) {
    const isCurrent = other === row;
    other.tabIndex = isCurrent ? 0 : -1;
    other.classList.toggle("current", isCurrent);
    for (const chip of all(".age, .copy, [data-tip]", other)) chip.tabIndex = isCurrent ? 0 : -1;
  }
  if (focus) {
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
    row.dispatchEvent(new CustomEvent("tieline:row", { bubbles: true, detail: { key: row.dataset["key"] } }));
  }
}

function move(step: number): void {
  const table = currentTable();
  if (!table) return;
  const rows = rowsOf(table);
  const at = rows.findIndex((row) => row.classList.contains("current") && row.contains(document.activeElement));
  const next = rows[at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + step))];
  if (next) makeCurrent(table, next, true);
}

const focusedRow = (): HTMLElement | null => document.activeElement?.closest<HTMLElement>("tr[data-key]") ?? null;

function openRow(): boolean {
  const link = focusedRow()?.querySelector<HTMLAnchorElement>("a[data-row-link], td a[href]");
  link?.click();
  return Boolean(link);
}

function selectRow(range: boolean): void {
  const box = focusedRow()?.querySelector<HTMLInputElement>("input[data-select]");
  if (box) pick(box, !box.checked, range);
}

function pick(box: HTMLInputElement, checked: boolean, range: boolean): void {
  const table = box.closest(TABLE);
  if (!table) return;
  const boxes = boxesOf(table);
  const [from, to] = [anchor && range ? boxes.indexOf(anchor) : boxes.indexOf(box), boxes.indexOf(box)];
  for (const one of boxes.slice(Math.min(from, to), Math.max(from, to) + 1)) one.checked = checked;
  anchor = box;
  showSelection(table);
}

function showSelection(table: Element): void {
  const boxes = boxesOf(table);
  const chosen = boxes.filter((box) => box.checked).length;
  for (const box of boxes) box.closest("tr")?.setAttribute("aria-selected", String(box.checked));
  const head = table.querySelector<HTMLInputElement>("input[data-select-page]");
  if (head) {
    head.checked = chosen > 0 && chosen === boxes.length;
    head.indeterminate = chosen > 0 && chosen < boxes.length;
  }
  const bar = table.querySelector<HTMLElement>("[data-selection]");
  if (!bar) return;
  const matching = Number(bar.dataset["matching"] ?? "0");
  const everything = bar.querySelector<HTMLInputElement>("input[name=all_matching]");
  if (everything && chosen < boxes.length) everything.value = "";
  const isAll = everything?.value === "1";
  bar.hidden = chosen === 0;
  table.classList.toggle("selecting", chosen > 0);
  const words = bar.querySelector("[data-selected-words]");
  if (words) words.textContent = `${number(isAll ? matching : chosen)} selected`;
  const offer = bar.querySelector<HTMLElement>("[data-select-all]");
  if (offer) offer.hidden = isAll || chosen < boxes.length || matching <= boxes.length;
}

function selectPage(box: HTMLInputElement): void {
  const table = box.closest(TABLE);
  if (!table) return;
  for (const one of boxesOf(table)) one.checked = box.checked;
  showSelection(table);
}

function selectAllMatching(button: HTMLElement): void {
  const table = button.closest(TABLE);
  const everything = table?.querySelector<HTMLInputElement>("input[name=all_matching]");
  if (!table || !everything) return;
  everything.value = "1";
  showSelection(table);
}

function clear(button: HTMLElement): void {
  const table = button.closest(TABLE);
  if (!table) return;
  for (const box of boxesOf(table)) box.checked = false;
  showSelection(table);
}

/** Columns that the person hid stay hidden on this machine, for this table. */
function showColumns(table: HTMLElement, hidden: readonly string[]): void {
  for (const cell of all("[data-col]", table)) cell.hidden = hidden.includes(cell.dataset["col"] ?? "");
  for (const box of all<HTMLInputElement>("input[data-column]", table)) {
    box.checked = !hidden.includes(box.dataset["column"] ?? "");
  }
}

function chooseColumns(box: HTMLElement): void {
  const table = box.closest<HTMLElement>(TABLE);
  if (!table) return;
  const hidden = all<HTMLInputElement>("input[data-column]:not(:checked)", table).map((one) => one.dataset["column"] ?? "");
  showColumns(table, hidden);
  // With a view open, other columns are kept in the view or not at all; the list without it stays as it was.
  if (table.dataset["view"] === undefined) remember(`columns.${table.id}`, hidden.join(" "));
  else for (const form of all("[data-view-changed]")) form.hidden = false;
}

/** A view keeps the columns, too: those of the page's first table. */
function tellColumns(form: HTMLElement): void {
  const field = form.querySelector<HTMLInputElement>("[data-hidden-columns-of-page]");
  const table = document.querySelector<HTMLElement>(`main ${TABLE}`);
  if (!field || !table?.querySelector("input[data-column]")) return;
  const hidden = all<HTMLInputElement>("input[data-column]:not(:checked)", table);
  field.value = hidden.map((box) => box.dataset["column"] ?? "").join(" ");
  field.disabled = false;
}

function page(direction: "newer" | "older"): void {
  currentTable()?.querySelector<HTMLAnchorElement>(`a[data-page="${direction}"]`)?.click();
}

function keys(event: KeyboardEvent): void {
  if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.querySelector("dialog[open], details[data-menu][open]")) return;
  const act: Record<string, () => void> = {
    j: () => move(1),
    k: () => move(-1),
    x: () => selectRow(false),
    X: () => selectRow(true),
    "[": () => page("newer"),
    "]": () => page("older"),
  };
  const onRow = document.activeElement?.matches("tr[data-key]") ?? false;
  if (onRow) Object.assign(act, { ArrowDown: () => move(1), ArrowUp: () => move(-1), Enter: openRow, " ": () => selectRow(false), Home: () => move(-Infinity), End: () => move(Infinity) });
  const handler = act[event.key];
  if (!handler) return;
  event.preventDefault();
  handler();
}

export function prepare(root: ParentNode): void {
  const tables = all(TABLE, root);
  const own = root instanceof Element ? root.closest<HTMLElement>(TABLE) : null;
  for (const table of own ? [own, ...tables] : tables) {
    const stored = table.dataset["view"] === undefined ? recall(`columns.${table.id}`) : null;
    const initial = (table.dataset["hiddenColumns"] ?? "").split(" ").filter(Boolean);
    showColumns(table, stored === null ? initial : stored.split(" ").filter(Boolean));
    const first = table.querySelector<HTMLElement>("tbody tr.current[data-key]") ?? rowsOf(table)[0];
    if (first) makeCurrent(table, first, false);
    showSelection(table);
  }
}

export function start(): void {
  prepare(document);
  document.addEventListener("keydown", keys);
  on("focusin", `${TABLE} tr[data-key]`, (row) => {
    const table = row.closest(TABLE);
    if (table && !row.classList.contains("current")) makeCurrent(table, row, false);
  });
  on("click", `${TABLE} input[data-select]`, (box, event) => {
    pick(box as HTMLInputElement, (box as HTMLInputElement).checked, event.shiftKey);
  });
  on("change", "input[data-select-page]", (box) => selectPage(box as HTMLInputElement));
  on("change", "input[data-column]", chooseColumns);
  on("submit", "form[data-view-form]", tellColumns);
  on("click", "[data-select-all]", selectAllMatching);
  on("click", "[data-select-none]", clear);
  on("mouseover", `${TABLE} tr[data-key]`, (row) => {
    row.dispatchEvent(new CustomEvent("tieline:row-hover", { bubbles: true, detail: { key: row.dataset["key"] } }));
  });
}

/** Used by the map: mark the row of what was chosen there, and bring it into sight. */
export function reveal(key: string): void {
  for (const row of all(`${TABLE} tr[data-key]`)) {
    const table = row.closest(TABLE);
    if (row.dataset["key"] === key && table) {
      makeCurrent(table, row, false);
      row.scrollIntoView({ block: "nearest" });
    }
  }
}
