// Two plots of the last hour, a bar or a dot a minute, each with the same numbers as a table.

import { draw, make } from "./dom.js";
import { duration, minuteTime } from "./times.js";

const WIDTH = 480;
const HEIGHT = 132;
const LEFT = 50;
const BOTTOM = 18;
const TOP = 8;
const MINUTES = 60;
const STEP = (WIDTH - LEFT) / MINUTES;

// An axis for counts: from nothing to the next number that reads well, as does its half.
function countAxis(values) {
  const highest = Math.max(4, ...values);
  const size = 10 ** Math.floor(Math.log10(highest));
  const top = size * [1, 2, 4, 10].find((each) => highest <= each * size);
  return { ticks: [0, top / 2, top], part: (value) => value / top, label: (value) => value.toLocaleString() };
}

// An axis for times, on which a tenth of a second and an hour can both be seen.
function timeAxis(values) {
  const least = 0.1;
  const top = [10, 60, 600, 3600, 36_000].find((each) => Math.max(0, ...values) <= each) ?? 360_000;
  const part = (value) => Math.log(Math.max(value, least) / least) / Math.log(top / least);
  return { ticks: [least, 1, 10, 60, 600, 3600, 36_000].filter((each) => each <= top), part, label: duration };
}

class Plot {
  constructor(title, series, columns, axis) {
    Object.assign(this, { series, axis });
    this.picture = draw("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", class: "plot" });
    this.sentence = make("p", { class: "plot-said" });
    this.rows = make("tbody", {});
    this.element = make("figure", { class: "card" },
      make("figcaption", {}, make("h2", {}, title), make("p", { class: "legend" }, series.map(([name, tone]) => make("span", { class: tone }, name)))),
      this.picture, this.sentence,
      make("details", {}, make("summary", {}, "As a table"),
        make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `${title}, as a table` },
          make("table", {}, make("thead", {}, make("tr", {}, ["Minute", ...columns].map((name) => make("th", { scope: "col" }, name)))), this.rows))));
  }

  show(overview, values, cells, sentence) {
    const began = Date.parse(overview.since);
    const slot = (minute) => Math.round((Date.parse(minute.at) - began) / 60_000);
    const axis = this.axis(overview.minutes.flatMap(values).filter((each) => each !== null));
    const y = (value) => HEIGHT - BOTTOM - axis.part(value) * (HEIGHT - BOTTOM - TOP);
    const label = (value, at) => draw("text", { x: LEFT - 6, y: at + 4, class: "axis", "text-anchor": "end" }, axis.label(value));
    const from = overview.complete_since > overview.since ? slot(overview.minutes[0]) : 0;
    this.picture.replaceChildren(
      draw("title", {}, sentence),
      draw("rect", { x: LEFT, y: TOP, width: Math.max(0, from) * STEP, height: HEIGHT - BOTTOM - TOP, class: "unknown" }),
      ...axis.ticks.flatMap((value) => [draw("line", { x1: LEFT, x2: WIDTH, y1: y(value), y2: y(value), class: "grid" }), label(value, y(value))]),
      ...[0, 15, 30, 45].map((each) => draw("text", { x: LEFT + each * STEP, y: HEIGHT - 4, class: "axis" }, minuteTime(began + each * 60_000))),
      draw("text", { x: WIDTH, y: HEIGHT - 4, class: "axis", "text-anchor": "end" }, "now"),
      ...overview.minutes.flatMap((minute) => this.marks(LEFT + slot(minute) * STEP, values(minute), y)),
    );
    this.sentence.textContent = sentence;
    this.rows.replaceChildren(...overview.minutes.toReversed().map((minute) =>
      make("tr", {}, make("th", { scope: "row" }, minuteTime(minute.at)), cells(minute).map((cell) => make("td", {}, cell)))));
  }
}

class Bars extends Plot {
  marks(x, values, y) {
    return values.map((value, index) => value > 0 && draw("rect", {
      x: x + 1 + index * ((STEP - 1.5) / 2), y: y(value), width: (STEP - 1.5) / 2, height: HEIGHT - BOTTOM - y(value), class: this.series[index][1] })).filter(Boolean);
  }
}

class Dots extends Plot {
  marks(x, [half, high], y) {
    if (half === null) return [];
    return [
      draw("line", { x1: x + STEP / 2, x2: x + STEP / 2, y1: y(half), y2: y(high), class: "span" }),
      draw("circle", { cx: x + STEP / 2, cy: y(high), r: 2.4, class: this.series[1][1] }),
      draw("circle", { cx: x + STEP / 2, cy: y(half), r: 2.4, class: this.series[0][1] }),
    ];
  }
}

export class Throughput {
  plot = new Bars("Throughput", [["accepted", "series-a"], ["handed over", "series-b"]], ["Accepted", "Handed over"], countAxis);

  show(overview) {
    const sum = (name) => overview.minutes.reduce((total, minute) => total + minute[name], 0).toLocaleString();
    this.plot.show(overview, (minute) => [minute.accepted, minute.handed_over], (minute) => [minute.accepted, minute.handed_over],
      `${sum("accepted")} accepted and ${sum("handed_over")} handed over, by the minute.`);
  }
}

export class HandOver {
  plot = new Dots("Time to hand-over", [["half within", "series-b"], ["95 % within", "series-c"]], ["Half within", "95 % within"], timeAxis);

  show(overview) {
    const latest = overview.minutes.filter((minute) => minute.seconds).at(-1);
    this.plot.show(overview, (minute) => [minute.seconds?.p50 ?? null, minute.seconds?.p95 ?? null],
      (minute) => (minute.seconds ? [duration(minute.seconds.p50), duration(minute.seconds.p95)] : ["–", "–"]),
      latest ? `At ${minuteTime(latest.at)} half were with Twilio within ${duration(latest.seconds.p50)}, 95 % within ${duration(latest.seconds.p95)}.` : "Nothing was handed over in this hour.");
  }
}
