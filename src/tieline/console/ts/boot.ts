// Runs before the first paint: what the person chose about looks, so that nothing flashes.
const root = document.documentElement;
for (const key of ["theme", "density", "rail"]) {
  let value: string | null = null;
  try {
    value = localStorage.getItem(`tieline.${key}`);
  } catch {
    break; // Storage is closed to us: the defaults stand.
  }
  if (value) root.dataset[key] = value;
}
