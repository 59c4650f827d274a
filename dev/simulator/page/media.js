// The media of a text. Nothing is fetched from another host before somebody clicks.

import { el } from "./element.js";

const PICTURE = /\.(png|jpe?g|gif|webp|svg)$/i;

const picture = (url) => el("img.picture", { src: url, alt: "Picture of the text", referrerpolicy: "no-referrer" });

function address(url) {
  try {
    return new URL(url);
  } catch {
    return null;
  }
}

/** A picture behind a click, or a link. */
export function media(url) {
  const parsed = address(url);
  if (!parsed || !/^https?:$/.test(parsed.protocol)) return el("div.media", {}, url);
  const here = parsed.origin === location.origin;
  const shown = PICTURE.test(parsed.pathname) && (here || parsed.protocol === "https:");
  if (shown && here) return el("div.media", {}, picture(url));
  const link = el("a", { href: url, target: "_blank", rel: "noreferrer noopener" }, parsed.pathname.split("/").pop() || parsed.host);
  const box = el("div.media", {}, link);
  if (shown) {
    const show = el("button.button", { type: "button", onclick: () => show.replaceWith(picture(url)) }, `Show the picture from ${parsed.host}`);
    box.prepend(show);
  }
  return box;
}
