// What canvases share: their size, sharp on every screen, and drawing anew when the theme changes.

import { useLayoutEffect, useState } from "../lib.js";
import { useTheme } from "./palette.js";

/** The width of an element in whole px, and a number that changes with the theme. */
export function useRoom(box) {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const observer = new ResizeObserver(([{ contentRect }]) => setWidth(Math.floor(contentRect.width)));
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  return { width, theme: useTheme() };
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
