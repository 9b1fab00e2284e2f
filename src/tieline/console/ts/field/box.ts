// The phone's memory (IndexedDB). A report is written before anybody hears of it, and leaves only when it was answered.
import type { Answer, Person, Photo, Refusal, Report, Snapshot, Words } from "./types";

const NAME = "tieline-field";
type Store = "meta" | "orders" | "reports" | "photos";
interface Counter { readonly phone: string; readonly seq: number }
let opened: Promise<IDBDatabase> | undefined;

function open(): Promise<IDBDatabase> {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.addEventListener("upgradeneeded", () => {
      request.result.createObjectStore("meta");
      request.result.createObjectStore("orders", { keyPath: "account" });
      request.result.createObjectStore("reports", { keyPath: "n", autoIncrement: true }).createIndex("account", "account");
      request.result.createObjectStore("photos", { keyPath: "id" }).createIndex("account", "account");
    });
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error ?? new Error("no storage")));
  });
  return opened;
}

function asked<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error ?? new Error("the storage failed")));
  });
}

/** Do something in one transaction; what is given back is there only once it is written. */
async function within<T>(stores: Store[], mode: IDBTransactionMode, work: (tx: IDBTransaction) => Promise<T>): Promise<T> {
  const database = await open();
  const tx = database.transaction(stores, mode, { durability: "strict" });
  const written = new Promise<void>((resolve, reject) => {
    tx.addEventListener("complete", () => resolve());
    tx.addEventListener("abort", () => reject(tx.error ?? new Error("nothing was written")));
  });
  written.catch(() => undefined);
  const result = await work(tx);
  await written;
  return result;
}

export function person(): Promise<Person | undefined> {
  return within(["meta"], "readonly", (tx) => asked<Person | undefined>(tx.objectStore("meta").get("person")));
}

/** From now on the phone is this person's: what it holds of others goes, but for reports that were not sent. */
export function enter(who: Person): Promise<void> {
  return within(["meta", "orders"], "readwrite", async (tx) => {
    tx.objectStore("meta").put(who, "person");
    tx.objectStore("meta").delete("leaving");
    tx.objectStore("meta").delete("refused");
    const orders = tx.objectStore("orders");
    for (const key of await asked(orders.getAllKeys())) if (key !== who.id) orders.delete(key);
  });
}

/** Nobody is signed in: orders go at once. Reports that were not sent stay, sealed under their author's account. */
export function leave(): Promise<void> {
  return within(["meta", "orders"], "readwrite", async (tx) => {
    tx.objectStore("meta").delete("person");
    tx.objectStore("meta").delete("refused");
    tx.objectStore("orders").clear();
  });
}

/** Remember to end a person's session at the server, which could not be reached when that person signed out. */
export function leaveLater(account: number): Promise<void> {
  return within(["meta"], "readwrite", async (tx) => void tx.objectStore("meta").put(account, "leaving"));
}

/** Whose session is still to be ended. */
export function leaving(): Promise<number | undefined> {
  return within(["meta"], "readonly", (tx) => asked<number | undefined>(tx.objectStore("meta").get("leaving")));
}

export function left(): Promise<void> {
  return within(["meta"], "readwrite", async (tx) => void tx.objectStore("meta").delete("leaving"));
}

export function snapshot(account: number): Promise<Snapshot | undefined> {
  return within(["orders"], "readonly", (tx) => asked<Snapshot | undefined>(tx.objectStore("orders").get(account)));
}

export function keep(found: Snapshot): Promise<void> {
  return within(["orders"], "readwrite", async (tx) => void tx.objectStore("orders").put(found));
}

/** Queue a report with its pictures: number, count and pictures are written together or not at all. */
export function queue(who: Person, site: string, words: Words, photos: readonly Blob[]): Promise<Report> {
  return within(["meta", "reports", "photos"], "readwrite", async (tx) => {
    const meta = tx.objectStore("meta");
    const key = `phone:${who.id}`;
    const known = await asked<Counter | undefined>(meta.get(key));
    const counter: Counter = { phone: known?.phone ?? crypto.randomUUID(), seq: (known?.seq ?? 0) + 1 };
    meta.put(counter, key);
    const ids = photos.map((blob) => {
      const photo: Photo = { id: crypto.randomUUID(), account: who.id, visit: words.visit, blob };
      tx.objectStore("photos").put(photo);
      return photo.id;
    });
    const report: Report = {
      id: crypto.randomUUID(), account: who.id, phone: counter.phone, seq: counter.seq, at: new Date().toISOString(), site,
      words: ids.length ? { ...words, photos: ids } : words, photos: ids,
    };
    await asked(tx.objectStore("reports").add(report));
    return report;
  });
}

/** What waits of one's own, in order. */
export function waiting(account: number): Promise<Report[]> {
  return within(["reports"], "readonly", (tx) => asked<Report[]>(tx.objectStore("reports").index("account").getAll(account)));
}

/** How many reports of other people wait on this phone until they sign in again. */
export function foreign(account: number): Promise<number> {
  return within(["reports"], "readonly", async (tx) => {
    const reports = tx.objectStore("reports");
    return (await asked(reports.count())) - (await asked(reports.index("account").count(account)));
  });
}

export function photo(id: string): Promise<Photo | undefined> {
  return within(["photos"], "readonly", (tx) => asked<Photo | undefined>(tx.objectStore("photos").get(id)));
}

export function dropPhoto(id: string): Promise<void> {
  return within(["photos"], "readwrite", async (tx) => void tx.objectStore("photos").delete(id));
}

/** The server has answered these: they leave the queue, and what was refused stays until it was read. */
export function answered(reports: readonly Report[], answers: readonly Answer[]): Promise<void> {
  return within(["meta", "reports"], "readwrite", async (tx) => {
    const refused = await asked<Refusal[] | undefined>(tx.objectStore("meta").get("refused"));
    const told = answers.filter((one) => one.state === "refused").flatMap(({ id, sentence, advice }) => reports.filter((report) => report.id === id).map((report) => ({ report, sentence, advice })));
    if (told.length) tx.objectStore("meta").put([...(refused ?? []), ...told], "refused");
    for (const report of reports) if (report.n !== undefined) tx.objectStore("reports").delete(report.n);
  });
}

export function refusals(): Promise<Refusal[]> {
  return within(["meta"], "readonly", async (tx) => (await asked<Refusal[] | undefined>(tx.objectStore("meta").get("refused"))) ?? []);
}

/** Its author has read why a report was refused. */
export function read(id: string): Promise<void> {
  return within(["meta"], "readwrite", async (tx) => {
    const meta = tx.objectStore("meta");
    const refused = (await asked<Refusal[] | undefined>(meta.get("refused"))) ?? [];
    meta.put(refused.filter((one) => one.report.id !== id), "refused");
  });
}
