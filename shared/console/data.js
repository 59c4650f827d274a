// Small helpers for data that came from outside.

// A table's own entry: a name such as "constructor" never finds what every object inherits.
export const own = (table, name, otherwise) => (Object.hasOwn(table, name) ? table[name] : otherwise);

// The total of the counts that have one of these names.
export const sum = (counts, names) => names.reduce((total, name) => total + own(counts, name, 0), 0);

export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

export const count = (number, one, many = `${one}s`) => `${number.toLocaleString()} ${number === 1 ? one : many}`;
