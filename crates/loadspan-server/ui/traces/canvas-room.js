// What canvases of this page share: their size, sharp on every screen, and drawing anew when the theme changes.

import { useLayoutEffect, useState } from "../lib.js";

/** The width of an element in whole px, and a number that changes with the theme. */
export function useCanvasRoom(box) {
  const [width, setWidth] = useState(0);
  const [theme, setTheme] = useState(0);
  useLayoutEffect(() => {
    const observer = new ResizeObserver(([{ contentRect }]) => setWidth(Math.round(contentRect.width)));
    observer.observe(box.current);
    const changed = () => setTheme((before) => before + 1);
    addEventListener("themechange", changed);
    return () => {
      observer.disconnect();
      removeEventListener("themechange", changed);
    };
  }, []);
  return { width, theme };
}

/** The context of a canvas of so many px, empty. */
export function cleared(canvas, width, height) {
  const ratio = devicePixelRatio || 1;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  return context;
}
