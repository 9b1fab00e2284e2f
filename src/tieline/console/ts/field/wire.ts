// Between the phone and the server: who is signed in, the orders, and the queue on its way. Also runs in the worker.
import * as box from "./box";
import type { Answer, Mine, Person, Report } from "./types";

const API = "/api/v1";
const AT_ONCE = 40;
const PATIENCE_MS = 20_000;
const GONE = new Set([400, 404, 409, 413, 422]);

/** No answer came: the network, or the server, is away. */
export class Away extends Error {}
/** Somebody has to sign in first. */
export class SignedOut extends Error {}

async function call(path: string, init: RequestInit = {}): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(API + path, { credentials: "same-origin", cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS), ...init });
  } catch (error) {
    throw new Away(String(error));
  }
  if (answer.status === 401 && (answer.headers.get("Content-Type") ?? "").startsWith("application/problem+json")) throw new SignedOut();
  if (answer.status >= 500 || answer.status === 401 || answer.status === 429) throw new Away(`status ${answer.status}`);
  return answer;
}

interface Session { readonly me: { readonly id: number; readonly name: string; readonly display_name: string }; readonly csrf_token: string }

export interface Entered { readonly person: Person; readonly token: string }

/** Who is signed in, and the token that goes with everything that is sent. */
export async function session(): Promise<Entered> {
  const answer = await call("/session");
  if (!answer.ok) throw new SignedOut();
  const found = (await answer.json()) as Session;
  return { person: { id: found.me.id, name: found.me.display_name || found.me.name }, token: found.csrf_token };
}

export async function signOut(token: string): Promise<void> {
  await call("/session", { method: "DELETE", headers: { "X-CSRF-Token": token } });
}

/** The crew's orders, none for who is in no crew; undefined when they are as the phone has them. */
export async function orders(etag: string): Promise<{ etag: string; mine: Mine } | undefined> {
  const answer = await call("/field/mine", { headers: etag ? { "If-None-Match": etag } : {} });
  if (answer.status === 304) return undefined;
  if (answer.status === 403) return { etag: "", mine: { crew: null, today: "", orders: [] } };
  if (!answer.ok) throw new Away(`status ${answer.status}`);
  return { etag: answer.headers.get("ETag") ?? "", mine: (await answer.json()) as Mine };
}

/** Send what waits, in order. One sender at a time, whichever tab or worker it is. */
export async function send(entered: Entered): Promise<void> {
  if (!navigator.locks) return drain(entered);
  return navigator.locks.request("tieline-field-send", () => drain(entered));
}

async function drain(entered: Entered): Promise<void> {
  for (;;) {
    const reports = (await box.waiting(entered.person.id)).slice(0, AT_ONCE);
    if (!reports.length) return;
    for (const report of reports) for (const id of report.photos) await sendPhoto(entered, id);
    const answers = await sendReports(entered, reports);
    const known = new Set(answers.map((one) => one.id));
    const done = reports.filter((report) => known.has(report.id));
    if (!done.length) throw new Away("none was answered");
    await box.answered(done, answers);
  }
}

async function sendReports(entered: Entered, reports: readonly Report[]): Promise<Answer[]> {
  const flat = reports.map(({ id, at, phone, seq, words }) => ({ ...words, id, at, phone, seq }));
  const body = JSON.stringify({ sent_at: new Date().toISOString(), reports: flat });
  const headers = { "Content-Type": "application/json", "X-CSRF-Token": entered.token };
  const answer = await call("/field/reports", { method: "POST", headers, body });
  if (!answer.ok) throw new Away(`status ${answer.status}`);
  return ((await answer.json()) as { answers: Answer[] }).answers;
}

/** A picture goes before the report that speaks of it; one that the server will never take is let go. */
async function sendPhoto(entered: Entered, id: string): Promise<void> {
  const photo = await box.photo(id);
  if (!photo) return;
  const headers = { "Content-Type": photo.blob.type || "image/jpeg", "X-CSRF-Token": entered.token };
  const answer = await call(`/field/photos/${id}?visit=${photo.visit}`, { method: "PUT", headers, body: photo.blob });
  if (!answer.ok && !GONE.has(answer.status)) throw new Away(`status ${answer.status}`);
  await box.dropPhoto(id);
}
