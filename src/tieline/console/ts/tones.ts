/** The colour token of a tone: `ok` is `ok-fill`, `ramp3` is `ramp-3`. */
export const toneToken = (tone: string): string => (tone.startsWith("ramp") ? `ramp-${tone.slice(4)}` : `${tone}-fill`);
