// A bar that says how long a kilometre is: without a street map nothing else tells it.
import type { Map as Chart } from "maplibre-gl";
import { element } from "../core/dom";

const EQUATOR_M = 40_075_017;
const TILE = 512;
const LONGEST = 96;

export class Scale {
  readonly host = element("p", "map-scale");

  show(map: Chart): void {
    const perPixel = (EQUATOR_M * Math.cos((map.getCenter().lat * Math.PI) / 180)) / (TILE * 2 ** map.getZoom());
    const length = round(perPixel * LONGEST);
    this.host.style.width = `${length / perPixel}px`;
    this.host.textContent = length >= 1000 ? `${length / 1000}\u202fkm` : `${length}\u202fm`;
  }
}

/** The largest of 1, 2, 5 times a power of ten that is not longer. */
function round(metres: number): number {
  const power = 10 ** Math.floor(Math.log10(metres));
  return power * ([5, 2, 1].find((step) => step * power <= metres) ?? 1);
}
