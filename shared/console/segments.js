// How many SMS segments a text takes; shared/ counts the same way, and a test compares the two.

const BASIC = new Set("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
  + "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà");
// Sent as an escape and a letter, which count as two.
const EXTENSION = new Set("\f^{}\\[~]|€");

export function segments(text) {
  const letters = [...text];
  const isGsm = letters.every((letter) => BASIC.has(letter) || EXTENSION.has(letter));
  const [single, each] = isGsm ? [160, 153] : [70, 67];
  const widths = letters.map((letter) => (isGsm ? 1 + EXTENSION.has(letter) : letter.length));
  if (widths.reduce((total, width) => total + width, 0) <= single) return 1;
  let [number, used] = [1, 0];
  for (const width of widths) { // what counts as two is never split
    if (used + width > each) [number, used] = [number + 1, 0];
    used += width;
  }
  return number;
}
