// Pictures that need a script of their own: fetched only on pages that hold one.
import { all, element } from "./dom";

export type Leave = (() => void) | undefined;

/** What an island's module exports: draw into the element, and return how to take it away. */
export interface Island {
  mount(host: HTMLElement): Leave | Promise<Leave>;
}
const mounted = new WeakMap<HTMLElement, () => void>();
const begun = new WeakSet<HTMLElement>();

async function mount(host: HTMLElement): Promise<void> {
  const source = host.dataset["island"];
  if (!source || begun.has(host)) return;
  begun.add(host);
  try {
    await style(host.dataset["islandStyle"]);
    const island = (await import(new URL(source, document.baseURI).href)) as Island;
    if (!host.isConnected) return;
    const leave = await island.mount(host);
    if (leave) mounted.set(host, leave);
    host.dataset["ready"] = "";
  } catch (error) {
    host.replaceChildren(element("p", "island-wait", "This picture could not be drawn. The list beneath holds the same facts."));
    console.error(error);
  }
}

function style(href: string | undefined): Promise<void> {
  if (!href || document.querySelector(`link[rel=stylesheet][href="${href}"]`)) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const link = element("link");
    link.rel = "stylesheet";
    link.href = href;
    link.addEventListener("load", () => resolve());
    link.addEventListener("error", () => reject(new Error(`${href} did not load`)));
    document.head.append(link);
  });
}

export function prepare(root: ParentNode): void {
  if (root instanceof HTMLElement && root.dataset["island"]) void mount(root);
  for (const host of all("[data-island]", root)) void mount(host);
}

export function start(): void {
  prepare(document);
  document.addEventListener("htmx:beforeCleanupElement", (event) => {
    const host = event.target;
    if (!(host instanceof HTMLElement)) return;
    mounted.get(host)?.();
    mounted.delete(host);
  });
}
