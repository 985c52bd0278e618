// Light or dark, as the system has it or as one chose.

const KEY = "loadspan.theme";

function stored() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

const system = matchMedia("(prefers-color-scheme: dark)");

/** Puts the choice of before into effect, or follows the system. */
export function applyTheme() {
  document.documentElement.dataset.theme = stored() ?? (system.matches ? "dark" : "light");
}

system.addEventListener("change", () => {
  applyTheme();
  dispatchEvent(new Event("themechange"));
});

/** Whether the page is dark now. */
function isDark() {
  const theme = document.documentElement.dataset.theme;
  return theme ? theme === "dark" : system.matches;
}

/** The other one. */
export function toggleTheme() {
  const theme = isDark() ? "light" : "dark";
  document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // It holds for this page then.
  }
  dispatchEvent(new Event("themechange"));
}

/** A colour or length of the style sheet, for canvases. */
export function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
