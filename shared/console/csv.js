// CSV: read from a file that somebody chose, written for the app and for a spreadsheet.

const UTF16 = new Map([["255,254", "utf-16le"], ["254,255", "utf-16be"]]);

export class CsvError extends Error {}

// The text of a file: UTF-8, or UTF-16 with a byte-order mark.
export function decode(bytes) {
  const [first, second] = new Uint8Array(bytes);
  const utf16 = UTF16.get(`${first},${second}`);
  try {
    return new TextDecoder(utf16 ?? "utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new CsvError("The file is not UTF-8 (perhaps Windows-1252). Save it as “CSV UTF-8” and choose it again.");
  }
}

// Header and rows: [{line, cells}], without blank lines; a row's line is the one that it begins on.
export function parse(text) {
  const separator = separatorOf(text);
  const body = text.replace(/^sep=.(?=\r?\n)/i, ""); // its line still counts
  const rows = [];
  let [cells, cell, quoted, wasQuoted, line, begun] = [[], "", false, false, 1, 1];
  const endRow = () => {
    cells.push(cell);
    if (cells.some(Boolean)) rows.push({ line: begun, cells });
    [cells, cell, wasQuoted] = [[], "", false];
  };
  for (let at = 0; at < body.length; at++) {
    let letter = body[at];
    if (letter === "\r" && body[at + 1] === "\n") letter += body[++at];
    const endsLine = /[\r\n]/.test(letter);
    if (endsLine) line++;
    if (quoted && letter === '"' && body[at + 1] === '"') cell += body[++at];
    else if (quoted && letter === '"') quoted = false;
    else if (quoted) cell += letter;
    else if (letter === '"' && cell === "" && !wasQuoted) quoted = wasQuoted = true;
    else if (letter === separator) {
      cells.push(cell);
      [cell, wasQuoted] = ["", false];
    } else if (endsLine) {
      endRow();
      begun = line;
    } else cell += letter;
  }
  if (quoted) throw new CsvError(`A quotation mark that begins on line ${begun} is never closed.`);
  endRow();
  if (rows.length < 2) throw new CsvError("The file needs a header row and at least one recipient.");
  const [header, ...others] = rows;
  return { columns: header.cells.map((name) => name.trim()), rows: others };
}

// The one that the header has most often; `sep=;` names it.
function separatorOf(text) {
  const named = /^sep=(.)\r?\n/i.exec(text)?.[1];
  if (named) return named;
  const header = text.slice(0, text.search(/[\r\n]|$/)).replace(/"[^"]*"/g, "");
  return [",", ";", "\t"].reduce((best, each) => (header.split(each).length > header.split(best).length ? each : best));
}

const quote = (cell) => (/[",\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
const row = (cells) => cells.map(quote).join(",");

// For the app: every row on the line that it had, so that what the app says of a line is found there.
export function write(columns, rows) {
  const texts = [row(columns)];
  let line = 1; // on which the text so far ends
  for (const { line: begun, cells } of rows) {
    texts.push("\n".repeat(begun - line), row(cells));
    line = begun + cells.join("").split(/\r\n|\r|\n/).length - 1;
  }
  return texts.join("");
}

// For a spreadsheet: a cell that looks like a formula is kept a text; a phone number stays one.
export const spreadsheet = (rows) => rows.map((cells) => row(cells.map((cell) => {
  const text = String(cell ?? "");
  return /^[=@\t\r-]|^\+(?!\d+$)/.test(text) ? `'${text}` : text;
}))).join("\r\n");

// Let the browser save a text as a file.
export function save(name, text) {
  const url = URL.createObjectURL(new Blob(["\ufeff", text], { type: "text/csv" }));
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
