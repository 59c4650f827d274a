// A batch from a CSV file: its columns, the first three texts, what cannot be sent, and then the rest.

import { cost } from "./account.js";
import { post } from "./api.js";
import { CsvError, decode, parse, write } from "./csv.js";
import { count } from "./data.js";
import { confirm } from "./dialogs.js";
import { field, make, options } from "./dom.js";
import { number } from "./mask.js";
import { readNumber } from "./phone_number.js";
import { segments } from "./segments.js";
import { noun } from "./statuses.js";

const PREVIEWED = 3;
const MAX_LISTED = 20;
const PLACEHOLDER = /\{\{\s*([\p{L}\p{N}_]+)\s*\}\}/gu;
const NUMBER_COLUMN = /^(to|phone|mobile|cell|tel|number|recipient|telefon|handy)/i;
const FIELDS = { message: "body", call: "say" };

export function uploadForm() {
  const file = make("input", { type: "file", accept: ".csv,.txt,.tsv,text/csv", change: choose });
  const kind = make("select", { change: show }, options([["message", "Texts"], ["call", "Calls"]], "message"));
  const to = make("select", { change: show });
  const text = make("textarea", { rows: 3, required: true, input: show, value: "Hello" });
  const preview = make("div", {});
  const problem = make("p", { class: "problem", role: "alert" });
  const submit = make("button", { type: "submit", class: "primary writes" }, "Send…");
  const details = make("div", { hidden: true },
    field("Kind", kind), field("Column with the numbers", to), field("What it says", text, "A column in braces, such as {{name}}, is filled in for each recipient."),
    preview, submit);
  let table = null;

  async function choose() {
    problem.textContent = "";
    details.hidden = true;
    try {
      table = parse(decode(await file.files[0].arrayBuffer()));
    } catch (error) {
      if (!(error instanceof CsvError)) throw error;
      problem.textContent = error.message;
      return;
    }
    const guess = Math.max(0, table.columns.findIndex((name) => NUMBER_COLUMN.test(name)));
    to.replaceChildren(...options(table.columns.map((name, index) => [String(index), name]), String(guess)));
    details.hidden = false;
    show();
  }

  // Each row with its number, its text, and what is wrong with it.
  function read() {
    const isText = kind.value === "message";
    return table.rows.map(({ line, cells }) => {
      const address = readNumber(cells[to.value] ?? "");
      const problems = address.problem ? [`the number ${address.problem}`] : [];
      if (cells.length > table.columns.length) problems.push(`has ${cells.length} cells, and the header has ${table.columns.length}`);
      const filled = text.value.replace(PLACEHOLDER, (whole, name) => {
        const value = cells[table.columns.indexOf(name)] ?? "";
        if (!value) problems.push(`needs a value for {{${name}}}`);
        return value;
      });
      return { line, cells, to: address.number, text: filled, segments: isText && !address.number.includes(":") ? segments(filled) : null, problems };
    });
  }

  function show() {
    const rows = read();
    const unknown = [...text.value.matchAll(PLACEHOLDER)].filter(([, name]) => !table.columns.includes(name)).map(([whole]) => whole);
    const bad = rows.filter((row) => row.problems.length);
    const good = rows.filter((row) => !row.problems.length);
    const total = good.reduce((sum, row) => sum + (row.segments ?? 0), 0);
    preview.replaceChildren(
      make("p", {}, `Columns: ${table.columns.join(", ")}. ${count(rows.length, "row")}, of which ${good.length.toLocaleString()} can be sent`,
        total ? ` in ${count(total, "segment")}.` : "."),
      make("ol", { class: "preview" }, good.slice(0, PREVIEWED).map((row) => make("li", {},
        make("p", { class: "meta" }, `Line ${row.line} · `, number(row.to), row.segments && ` · ${count(row.segments, "segment")}`),
        make("p", { class: "text" }, row.text)))),
      ...(unknown.length ? [make("p", { class: "problem" }, `The text names ${unknown.join(", ")}, which is not a column.`)] : []),
      ...(bad.length && !unknown.length ? [
        make("h3", {}, `${count(bad.length, "row")} cannot be sent`),
        make("ul", { class: "plain" }, bad.slice(0, MAX_LISTED).map((row) => make("li", {}, `Line ${row.line}: ${row.problems.join("; ")}`)),
          bad.length > MAX_LISTED && make("li", {}, `and ${bad.length - MAX_LISTED} more`)),
      ] : []));
    submit.disabled = good.length === 0;
    submit.textContent = `Send to ${good.length.toLocaleString()}…`;
  }

  function ask() {
    const rows = read();
    const good = rows.filter((row) => !row.problems.length);
    const left = rows.length - good.length;
    const many = count(good.length, noun(kind.value));
    // Without the rows that cannot be sent; the app skips what only it can tell.
    const csv = write(table.columns.map((name, index) => (String(index) === to.value ? "to" : name)),
      good.map(({ line, cells, to: address }) => ({ line, cells: cells.map((cell, index) => (String(index) === to.value ? address : cell)) })));
    confirm({
      heading: `Send ${many}?`,
      lines: [[`${many}, from the app's default sender`, "go"],
        ...(left ? [[`${count(left, "row")} left out`, "stay"]] : []),
        [cost("Real people are reached, and each is charged"), "stay"]],
      label: `Send ${many}`,
      act: async () => receiptLines(await post("batches", {
        csv, query: { kind: kind.value, [FIELDS[kind.value]]: text.value, on_invalid: "skip", metadata: '{"from":"console"}' },
      }), kind.value),
    });
  }

  return make("form", { class: "card upload", "aria-label": "Batch from a CSV file", submit: (event) => {
    event.preventDefault();
    ask();
  } }, make("h2", {}, "Batch from a CSV file"),
  field("File", file, "A header row, and a column with numbers. Separated by commas, semicolons or tabs."), problem, details);
}

// What the app says that it accepted.
function receiptLines({ id, count: number, segments: total, duplicates, skipped }, kind) {
  return [
    [[`${count(number, noun(kind))} accepted${total ? `, ${count(total, "segment")}` : ""}: `, make("a", { href: `#/batches/batch/${id}` }, "follow it")], "go"],
    ...(duplicates.length ? [[`${count(duplicates.length, "row")} left out: the number is there twice (line ${duplicates.map((each) => each.line).slice(0, MAX_LISTED).join(", ")})`, "stay"]] : []),
    ...skipped.slice(0, MAX_LISTED).map(({ line, message }) => [`Line ${line} left out: ${message}`, "stay"]),
    ...(skipped.length > MAX_LISTED ? [[`and ${skipped.length - MAX_LISTED} more`, "stay"]] : []),
  ];
}
