// The map of things: clusters with the worst state's ring, a legend that filters, a list in step.
import { Map as Chart, setWorkerUrl, type GeoJSONSource, type MapMouseEvent } from "maplibre-gl";
import type { Point } from "geojson";
import "./map.css";
import { element, icon, number, onTheme } from "../core/dom";
import { districts, graticule, land, liesIn } from "./basemap";
import { betweenSteps, boundsOf, cellFeatures, countWithin, fetchJson, latitude, longitude, nothing, placeFeatures, pointFeatures, type Bounds, type Points, type PointProperties, type Sectors } from "./data";
import { drawLegend } from "./legend";
import { Scale } from "./scale";
import { paint, style } from "./style";

/** How far one can move from the data: wide, so that a wide and low window can still show all of it. */
const AROUND: readonly [lon: number, lat: number] = [30, 8];
const HIT_PIXELS = 5;
const FIT = { padding: 32, duration: 0, maxZoom: 13 };
const WHOLE: Bounds = [-11, 35, 30, 61];

export async function mount(host: HTMLElement): Promise<() => void> {
  const view = new MapView(host);
  await view.load();
  return () => view.leave();
}

class MapView {
  private readonly map: Chart;
  private points: Points = { ids: [], names: [], lon: [], lat: [], dimensions: [] };
  private cells: Sectors | null = null;
  private cellsShown = false;
  private colouring = 0;
  private hidden: Set<number>[] = [];
  private home: Bounds = WHOLE;
  private charted = true; // Whether any known coast lies near; an invented country has none.
  private readonly stops: (() => void)[] = [];
  private readonly tip = element("div", "map-tip");
  private readonly scale = new Scale();

  constructor(private readonly host: HTMLElement) {
    setWorkerUrl(new URL(this.setting("worker"), location.href).href);
    const canvas = this.part("[data-map-canvas]");
    this.map = new Chart({
      container: canvas,
      style: style(),
      attributionControl: false,
      fadeDuration: 0,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      renderWorldCopies: false,
      bounds: this.startBounds() ?? [...WHOLE],
      cooperativeGestures: false,
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.getCanvas().setAttribute("aria-label", `${host.getAttribute("aria-label") ?? "Map"}. Arrow keys move, plus and minus zoom; the list holds the same things.`);
    this.tip.hidden = true;
    canvas.append(this.tip, this.buttons(), this.scale.host, element("p", "map-credit", `© ${this.setting("attribution")}`));
  }

  async load(): Promise<void> {
    const [points] = await Promise.all([fetchJson<Points>(this.setting("points")), this.map.once("load")]);
    this.points = points;
    this.hidden = points.dimensions.map(() => new Set<number>());
    this.home = this.startBounds() ?? boundsOf(points) ?? WHOLE;
    const [west, south, east, north] = this.home;
    const around: Bounds = [west - AROUND[0], south - AROUND[1], east + AROUND[0], north + AROUND[1]];
    this.map.fitBounds([...this.home], FIT);
    this.map.setMaxBounds([...around]);
    this.repaint();
    this.redraw();
    this.source("places").setData(placeFeatures(points));
    const ground = await land(this.setting("world"), around);
    this.source("land").setData(ground);
    this.source("graticule").setData(graticule(around));
    this.charted = liesIn(ground, this.home);
    this.repaint();
    const districtsHref = this.host.dataset["districts"];
    if (districtsHref) this.source("districts").setData(await districts(districtsHref));
    if ("cellsShown" in this.host.dataset) await this.toggleCells();
    this.listen();
    this.tell();
    this.map.triggerRepaint();
    void this.map.once("idle").then(() => (this.host.dataset["drawn"] = "")); // for whoever takes pictures
  }

  leave(): void {
    for (const stop of this.stops) stop();
    this.map.remove();
  }

  private listen(): void {
    this.map.on("moveend", () => this.tell());
    this.map.on("move", () => this.scale.show(this.map));
    this.map.on("mousemove", (event) => this.hover(event));
    this.map.on("mouseout", () => (this.tip.hidden = true));
    this.map.on("click", (event) => void this.press(event));
    this.stops.push(onTheme(() => this.repaint()));
    const onRow = (event: Event): void => this.choose((event as CustomEvent<{ key: string }>).detail.key);
    for (const name of ["tieline:row", "tieline:row-hover"]) {
      document.addEventListener(name, onRow);
      this.stops.push(() => document.removeEventListener(name, onRow));
    }
    const onStale = (): void => void this.renew();
    document.addEventListener("tieline:map-stale", onStale);
    this.stops.push(() => document.removeEventListener("tieline:map-stale", onStale));
  }

  /** Draw newer points, with what the legend hides still hidden; the list is asked for again by what is in view then. */
  private async renew(): Promise<void> {
    const points = await fetchJson<Points>(this.setting("points"));
    if (points.version === this.points.version || !this.host.isConnected) return;
    const hidden = this.points.dimensions.map((one, d) => new Set([...(this.hidden[d] ?? [])].map((kind) => one.kinds[kind]?.key)));
    this.points = points;
    this.hidden = points.dimensions.map((one, d) => new Set(one.kinds.flatMap((kind, index) => (hidden[d]?.has(kind.key) ? [index] : []))));
    this.redraw();
    this.repaint();
    this.source("places").setData(placeFeatures(points));
    this.tell();
  }

  private redraw(): void {
    this.source("points").setData(pointFeatures(this.points, this.colouring, this.hidden));
  }

  private repaint(): void {
    paint(this.map, this.points.dimensions[this.colouring]?.kinds ?? [], this.cells?.dimensions[0]?.kinds ?? [], this.charted);
    this.legend();
  }

  private legend(): void {
    const counts = countWithin(this.points, this.colouring, this.hidden.map((set, d) => (d === this.colouring ? new Set<number>() : set)), this.visible());
    const cells = this.host.dataset["cells"] ? (this.cellsShown ? "on" : "off") : "none";
    drawLegend(this.part("[data-map-legend]"), { dimensions: this.points.dimensions, colouring: this.colouring, hidden: this.hidden, counts: counts.kinds, cells }, {
      colourBy: (dimension) => {
        this.colouring = dimension;
        this.redraw();
        this.repaint();
        this.tell();
      },
      toggle: (kind) => {
        const set = this.hidden[this.colouring];
        if (set && !set.delete(kind)) set.add(kind);
        this.redraw();
        this.tell();
      },
      toggleCells: () => void this.toggleCells(),
    });
  }

  private async toggleCells(): Promise<void> {
    this.cellsShown = !this.cellsShown;
    this.cells ??= await fetchJson<Sectors>(this.setting("cells"));
    const drawn = cellFeatures(this.cells, 0);
    this.source("sectors").setData(this.cellsShown ? drawn.sectors : nothing());
    this.source("dots").setData(this.cellsShown ? drawn.dots : nothing());
    this.repaint();
  }

  /** Say what is in view, in words and in the fields of the list that is kept in step. */
  private tell(): void {
    const bounds = this.visible();
    this.scale.show(this.map);
    const { total, kinds } = countWithin(this.points, this.colouring, this.hidden, bounds);
    this.legend();
    const noun = this.setting("noun");
    const shown = `${number(total)} of ${number(this.points.ids.length)} ${noun}s in view`;
    const limited = this.points.truncated ? "; not all are on the map, narrow the filter" : "";
    this.part("[data-map-words]").textContent = this.points.ids.length ? shown + limited : `No ${noun} has a position yet. Import positions to see them here.`;
    const bbox = bounds.map((edge) => edge.toFixed(6)).join(",");
    this.fields(bbox);
    this.host.dispatchEvent(new CustomEvent("tieline:map-bounds", { bubbles: true, detail: { bounds, bbox, total, kinds } }));
  }

  private fields(bbox: string): void {
    const form = this.part("[data-map-fields]");
    const inputs = [input("bbox", bbox)];
    this.points.dimensions.forEach((dimension, d) => {
      const hidden = this.hidden[d];
      if (!hidden?.size) return;
      dimension.kinds.forEach((kind, index) => hidden.has(index) || inputs.push(input(dimension.key, kind.key)));
    });
    form.replaceChildren(...inputs, ...(this.points.version ? [input("drawn", this.points.version)] : []));
    const list = this.host.querySelector<HTMLAnchorElement>("[data-map-list]");
    const href = this.host.dataset["list"];
    if (!list || !href) return;
    const url = new URL(href, location.href);
    for (const one of inputs) url.searchParams.append(one.name, one.value);
    list.href = url.pathname + url.search;
  }

  private hover(event: MapMouseEvent): void {
    const [first] = this.at(event);
    this.map.getCanvas().style.cursor = first ? "pointer" : "";
    this.tip.hidden = first === undefined;
    if (first === undefined) return;
    this.tip.textContent = first.cluster ? `${number(first.count)} ${this.setting("noun")}s` : this.describe(first.i);
    this.tip.style.left = `${event.point.x}px`;
    this.tip.style.top = `${event.point.y}px`;
  }

  private describe(i: number): string {
    const kinds = this.points.dimensions.map((one) => one.kinds[one.values[i] ?? 0]?.word ?? "");
    return [this.points.names[i] ?? "", ...kinds].filter(Boolean).join(" · ");
  }

  private async press(event: MapMouseEvent): Promise<void> {
    const found = this.at(event);
    const [first] = found;
    if (!first) return;
    if (first.cluster) {
      const zoom = await this.source("points").getClusterExpansionZoom(first.cluster);
      this.map.easeTo({ center: first.coordinates, zoom, duration: 250 });
      return;
    }
    const ids = found.map((one) => this.points.ids[one.i] ?? "");
    this.choose(ids[0] ?? "");
    this.host.dispatchEvent(new CustomEvent("tieline:map-select", { bubbles: true, detail: { ids } }));
    const thing = this.host.dataset["thing"];
    if (thing && ids[0]) open(thing.replace("{id}", encodeURIComponent(ids[0])));
  }

  private at(event: MapMouseEvent): Hit[] {
    const { x, y } = event.point;
    const box: [[number, number], [number, number]] = [[x - HIT_PIXELS, y - HIT_PIXELS], [x + HIT_PIXELS, y + HIT_PIXELS]];
    return this.map.queryRenderedFeatures(box, { layers: ["points", "clusters"] }).map((one) => {
      const properties = one.properties as PointProperties & { cluster_id?: number; point_count?: number };
      const coordinates = (one.geometry as Point).coordinates as [number, number];
      return { i: properties.i, cluster: properties.cluster_id ?? 0, count: properties.point_count ?? 1, coordinates };
    });
  }

  /** Ring the point of a row that is looked at in the list. */
  private choose(id: string): void {
    const i = this.points.ids.indexOf(id);
    const features = i < 0 ? [] : [{ type: "Feature" as const, properties: {}, geometry: { type: "Point" as const, coordinates: [longitude(this.points, i), latitude(this.points, i)] } }];
    this.source("chosen").setData({ type: "FeatureCollection", features });
  }

  private buttons(): HTMLElement {
    const box = element("div", "map-buttons");
    const add = (name: string, label: string, act: () => void): void => {
      const button = element("button", "button icon-only");
      button.type = "button";
      button.setAttribute("aria-label", label);
      button.dataset["tip"] = label;
      button.append(icon(name));
      button.addEventListener("click", act);
      box.append(button);
    };
    add("plus", "Zoom in", () => this.map.zoomIn({ duration: 150 }));
    add("minus", "Zoom out", () => this.map.zoomOut({ duration: 150 }));
    add("crosshair", "Show everything", () => this.map.fitBounds([...this.home], FIT));
    return box;
  }

  /** What is in view; also what the list is asked for, so that both count the same. */
  private visible(): Bounds {
    const bounds = this.map.getBounds();
    const [west, south, east, north] = [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()].map(betweenSteps);
    return [west ?? 0, south ?? 0, east ?? 0, north ?? 0];
  }

  private startBounds(): [number, number, number, number] | null {
    const edges = (this.host.dataset["bounds"] ?? "").split(",").map(Number);
    return edges.length === 4 && edges.every(Number.isFinite) ? (edges as [number, number, number, number]) : null;
  }

  private setting(name: string): string {
    return this.host.dataset[name] ?? "";
  }

  private source(name: string): GeoJSONSource {
    const found = this.map.getSource<GeoJSONSource>(name);
    if (!found) throw new Error(`the map has no source ${name}`);
    return found;
  }

  private part(selector: string): HTMLElement {
    const found = this.host.querySelector<HTMLElement>(selector);
    if (!found) throw new Error(`the map lacks ${selector}`);
    return found;
  }
}

interface Hit {
  readonly i: number;
  readonly cluster: number;
  readonly count: number;
  readonly coordinates: [number, number];
}

function input(name: string, value: string): HTMLInputElement {
  const made = element("input");
  made.type = "hidden";
  made.name = name;
  made.value = value;
  return made;
}

/** Open a thing in the side sheet, as a link of the list would. */
function open(href: string): void {
  const link = element("a");
  link.href = href;
  link.dataset["sheet"] = "";
  link.hidden = true;
  document.body.append(link);
  link.click();
  link.remove();
}
