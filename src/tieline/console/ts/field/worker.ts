// Keeps the shell of the phone page, so that it opens without a network, and sends the queue when the network is back.
// The shell holds nobody's data; that lies in IndexedDB, under the account it belongs to.
import * as box from "./box";
import { send, session } from "./wire";

interface Extendable extends Event { waitUntil(until: Promise<unknown>): void }
interface Fetched extends Extendable { readonly request: Request; respondWith(answer: Promise<Response>): void }
interface Synced extends Extendable { readonly tag: string }
interface Worker extends EventTarget {
  readonly SHELL: { readonly version: string; readonly page: string; readonly files: readonly string[] };
  readonly location: Location;
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
}
const worker = self as unknown as Worker;
const PREFIX = "tieline-field-";
const CACHE = PREFIX + worker.SHELL.version;

worker.addEventListener("install", (event) => {
  const kept = caches.open(CACHE).then((cache) => cache.addAll([worker.SHELL.page, ...worker.SHELL.files]));
  (event as Extendable).waitUntil(kept.then(() => worker.skipWaiting()));
});

worker.addEventListener("activate", (event) => {
  const old = caches.keys().then((names) => Promise.all(names.filter((name) => name.startsWith(PREFIX) && name !== CACHE).map((name) => caches.delete(name))));
  (event as Extendable).waitUntil(old.then(() => worker.clients.claim()));
});

worker.addEventListener("fetch", (event) => {
  const { request } = event as Fetched;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== worker.location.origin) return;
  if (request.mode === "navigate" && url.pathname === worker.SHELL.page) (event as Fetched).respondWith(first(worker.SHELL.page));
  else if (url.pathname.startsWith("/assets/")) (event as Fetched).respondWith(first(request));
});

/** From what is kept; else from the network, and then kept: names of built files change with what is in them. */
async function first(request: Request | string): Promise<Response> {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request);
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request, answer.clone());
  return answer;
}

worker.addEventListener("sync", (event) => {
  if ((event as Synced).tag === "reports") (event as Extendable).waitUntil(flush());
});

async function flush(): Promise<void> {
  const known = await box.person();
  if (!known || !(await box.waiting(known.id)).length) return;
  const entered = await session();
  if (entered.person.id === known.id) await send(entered);
}
