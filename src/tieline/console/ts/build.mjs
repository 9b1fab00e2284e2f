// Builds the console's static files into assets/built: hashed names, and manifest.json which maps a plain name to
// the hashed one. Run by `npm run build`; `npm run watch` builds again whenever a source changes.
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, watch, writeFile } from "node:fs/promises";
import { basename, dirname, extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { feature } from "topojson-client";

const HERE = dirname(fileURLToPath(import.meta.url));
const CONSOLE = resolve(HERE, "..");
const ROOT = resolve(CONSOLE, "../../..");
const OUT = join(CONSOLE, "assets/built");
const MODULES = join(ROOT, "node_modules");

// Plain name -> source. "boot" runs before the first paint and "field-worker" in a worker, so they are classic scripts;
// the others are modules.
const SCRIPTS = { core: "ts/core/index.ts", map: "ts/map/index.ts", chart: "ts/chart.ts", timeline: "ts/timeline/index.ts", ribbon: "ts/ribbon.ts", field: "ts/field/index.ts" };
const STYLES = { core: "assets/css/core.css", gallery: "assets/css/gallery.css", field: "assets/css/field.css" };
const COPIES = {
  "mark.svg": join(CONSOLE, "assets/mark.svg"),
  "world.json": join(MODULES, "world-atlas/countries-10m.json"),
  "map-worker.js": join(MODULES, "maplibre-gl/dist/maplibre-gl-worker.mjs"),
};

const COMMON = {
  bundle: true,
  minify: true,
  write: false,
  metafile: true,
  legalComments: "none",
  target: ["es2022"],
  loader: { ".woff2": "file", ".svg": "file" },
  entryNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  outdir: OUT,
  absWorkingDir: ROOT,
  logLevel: "warning",
};

async function bundle(entries, extra) {
  const entryPoints = Object.entries(entries).map(([out, path]) => ({ out, in: join(CONSOLE, path) }));
  const result = await build({ ...COMMON, ...extra, entryPoints });
  const named = {};
  for (const [path, output] of Object.entries(result.metafile.outputs)) {
    const file = basename(path);
    const entry = output.entryPoint ?? "";
    if (entry) named[plainName(file)] = file;
    if (output.cssBundle) named[plainName(basename(output.cssBundle))] = basename(output.cssBundle);
  }
  for (const file of result.outputFiles) await writeFile(file.path, file.contents);
  return named;
}

function plainName(file) {
  const extension = extname(file);
  return basename(file, extension).replace(/-[A-Z0-9]{8}$/, "") + extension;
}

async function emit(name, contents) {
  const hash = createHash("sha256").update(contents).digest("hex").slice(0, 8).toUpperCase();
  const extension = extname(name);
  const file = `${basename(name, extension)}-${hash}${extension}`;
  await writeFile(join(OUT, file), contents);
  return file;
}

/** One SVG file of <symbol>s, made from the icons named in assets/icons.txt. */
async function sprite() {
  const text = await readFile(join(CONSOLE, "assets/icons.txt"), "utf8");
  const names = text.split("\n").map((line) => line.trim()).filter((line) => line && !line.startsWith("#"));
  const symbols = [];
  for (const name of names) {
    const source = await readFile(join(MODULES, "lucide-static/icons", `${name}.svg`), "utf8");
    const body = source.replace(/^[\s\S]*?<svg[^>]*>/, "").replace(/<\/svg>\s*$/, "").replace(/\s*\n\s*/g, "");
    symbols.push(`<symbol id="${name}" viewBox="0 0 24 24">${body}</symbol>`);
  }
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`;
}

/** The licence texts of everything that goes into the built files. */
async function licences() {
  const manifest = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
  const parts = [];
  for (const name of Object.keys(manifest.dependencies)) {
    const about = JSON.parse(await readFile(join(MODULES, name, "package.json"), "utf8"));
    const file = name === "maplibre-gl" ? "LICENSE.txt" : "LICENSE";
    const text = await readFile(join(MODULES, name, file), "utf8");
    parts.push(`${name} ${about.version} (${about.license})\n\n${text.trim()}\n`);
  }
  return parts.join(`\n${"=".repeat(78)}\n\n`);
}

/** The countries with the box around each, so that a map makes polygons only of those that it shows. */
function boxed(text) {
  const world = JSON.parse(text);
  for (const geometry of world.objects.countries.geometries) {
    const box = [Infinity, Infinity, -Infinity, -Infinity];
    for (const [x, y] of feature(world, geometry).geometry.coordinates.flat(geometry.type === "Polygon" ? 1 : 2)) {
      [box[0], box[1], box[2], box[3]] = [Math.min(box[0], x), Math.min(box[1], y), Math.max(box[2], x), Math.max(box[3], y)];
    }
    geometry.bbox = box.map((edge) => Math.round(edge * 1000) / 1000);
  }
  return JSON.stringify(world);
}

async function buildAll() {
  const started = performance.now();
  await rm(OUT, { recursive: true, force: true });
  await mkdir(OUT, { recursive: true });
  const manifest = {
    ...(await bundle({ boot: "ts/boot.ts", "field-worker": "ts/field/worker.ts" }, { format: "iife" })),
    ...(await bundle(SCRIPTS, { format: "esm" })),
    ...(await bundle(STYLES, {})),
    "sprite.svg": await emit("sprite.svg", await sprite()),
  };
  for (const [name, path] of Object.entries(COPIES)) {
    const read = await readFile(path, "utf8");
    const contents = name === "world.json" ? boxed(read) : read;
    manifest[name] = await emit(name, contents.replace(/\n\/\/# sourceMappingURL=.*\s*$/, "\n"));
  }
  await writeFile(join(OUT, "THIRD-PARTY.txt"), await licences());
  const sorted = Object.fromEntries(Object.entries(manifest).sort(([a], [b]) => a.localeCompare(b)));
  await writeFile(join(OUT, "manifest.json"), `${JSON.stringify(sorted, null, 2)}\n`);
  console.log(`${Object.keys(sorted).length} files in ${Math.round(performance.now() - started)} ms`);
}

await buildAll();
if (process.argv.includes("--watch")) {
  const own = ["ts", "assets/css"].map((folder) => watch(join(CONSOLE, folder), { recursive: true }));
  await Promise.all(own.map(async (changes) => {
    for await (const _ of changes) await buildAll().catch((error) => console.error(error.message));
  }));
}
