// The one script on every page: htmx under a strict policy, and the behaviours that parts share.
import htmx from "htmx.org";
import * as forms from "./forms";
import * as islands from "./islands";
import * as keys from "./keys";
import * as looks from "./looks";
import * as notices from "./notices";
import * as overlays from "./overlays";
import * as search from "./search";
import * as table from "./table";
import * as time from "./time";

Object.assign(htmx.config, {
  allowEval: false,
  allowScriptTags: false,
  includeIndicatorStyles: false,
  selfRequestsOnly: true,
  historyCacheSize: 0,
  refreshOnHistoryMiss: true,
  scrollBehavior: "instant",
  defaultSwapDelay: 0,
  timeout: 30_000,
  responseHandling: [
    { code: "204", swap: false },
    { code: "[23]..", swap: true },
    { code: "422", swap: true },
    { code: "[45]..", swap: false, error: true },
  ],
});

let waiting = 0;
function loading(step: 1 | -1): void {
  waiting = Math.max(0, waiting + step);
  // Shown only when an answer takes longer than a moment: what is quick does not flicker.
  setTimeout(() => {
    if (waiting > 0) document.documentElement.dataset["loading"] = "";
    else delete document.documentElement.dataset["loading"];
  }, step > 0 ? 250 : 0);
}

/** A poll waits while the person has a menu open in what it would replace; the next turn brings the news. */
function isIdlePoll(event: CustomEvent<{ elt: Element; requestConfig: { triggeringEvent?: Event } }>): boolean {
  const { elt, requestConfig } = event.detail;
  return !requestConfig.triggeringEvent && elt.id !== "sheet" && elt.querySelector("details[data-menu][open]") !== null;
}

function start(): void {
  for (const part of [keys, looks, overlays, table, forms, search, notices, time, islands]) part.start();
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (isIdlePoll(event as CustomEvent<{ elt: Element; requestConfig: { triggeringEvent?: Event } }>)) event.preventDefault();
    else loading(1);
  });
  document.addEventListener("htmx:afterRequest", () => loading(-1));
  document.addEventListener("htmx:configRequest", (event) => {
    const token = document.querySelector<HTMLMetaElement>("meta[name=csrf-token]")?.content;
    const { headers } = (event as CustomEvent<{ headers: Record<string, string> }>).detail;
    if (token) headers["X-CSRF-Token"] = token;
  });
  document.addEventListener("htmx:load", (event) => {
    const root = (event as CustomEvent<{ elt: Element }>).detail.elt;
    table.prepare(root);
    islands.prepare(root);
  });
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
else start();
